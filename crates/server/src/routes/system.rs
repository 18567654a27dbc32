//! What operators' machines ask: is it alive, is it ready, how does it do, what can it do.

use crate::fail::{Fail, Reply};
use crate::openapi::openapi_json;
use crate::state::Shared;
use api::problem::{Problem, ProblemType};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use records::Page;

/// Whether the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, body = String)))]
pub(crate) async fn healthz() -> &'static str {
    "alive\n"
}

/// Whether the server takes work: its store answers and it is not shutting down.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, body = String), (status = 503, body = Problem)))]
pub(crate) async fn readyz(State(shared): State<Shared>) -> Reply<&'static str> {
    if shared.live.is_draining() {
        return Err(Fail::new(ProblemType::Unavailable, "The server is shutting down."));
    }
    shared.store.merchants(Page::first(1)).await?;
    Ok("ready\n")
}

/// Figures in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses((status = 200, body = String)))]
pub(crate) async fn metrics(State(shared): State<Shared>) -> Reply<impl IntoResponse> {
    shared.metrics.listeners.set(i64::try_from(shared.live.listeners()).unwrap_or(i64::MAX));
    shared.metrics.set_webhooks(shared.store.webhook_totals().await?, shared.now());
    let text = shared.metrics.text().map_err(Fail::ours)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text))
}

/// This API's description.
#[utoipa::path(get, path = "/openapi.json", tag = "operation", responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi_json())
}

/// The address is not repeated: whoever builds it wrongly may have put anything there.
pub(crate) async fn no_such_route() -> Fail {
    Fail::new(ProblemType::NoSuchRoute, "The API's description is at /openapi.json.")
}

pub(crate) async fn no_such_method() -> Fail {
    Fail::new(ProblemType::MethodNotAllowed, "The API's description is at /openapi.json.")
}
