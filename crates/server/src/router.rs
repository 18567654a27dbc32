//! Every route there is.

use crate::input::{BODY_BYTES_MAX, read_body};
use crate::observe::observe;
use crate::routes::{admin, books, checks, payments, phone, system, webhooks};
use crate::state::Shared;
use crate::{fail, fail::Fail};
use api::problem::ProblemType;
use axum::body::{Body, HttpBody};
use axum::error_handling::HandleErrorLayer;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::{BoxError, Router, middleware};
use std::time::Duration;
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The longest that a request may take; what listens for confirmations is answered at once and goes on.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// The route table.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    work().merge(operation())
}

fn work() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        // checkouts
        .routes(routes!(payments::whoami))
        .routes(routes!(payments::begin, payments::list))
        .routes(routes!(payments::show))
        .routes(routes!(payments::capture))
        .routes(routes!(payments::void))
        .routes(routes!(payments::refund))
        .routes(routes!(payments::cancel))
        // phones
        .routes(routes!(phone::challenge))
        .routes(routes!(phone::activate))
        .routes(routes!(phone::enrolment))
        .routes(routes!(phone::resync))
        .routes(routes!(phone::lock))
        .routes(routes!(phone::methods, phone::add_method))
        .routes(routes!(phone::prove_method))
        .routes(routes!(phone::remove_method))
        .routes(routes!(phone::confirmations))
        .routes(routes!(phone::stream))
        // operators
        .routes(routes!(admin::add_customer))
        .routes(routes!(admin::issue_activation_code))
        .routes(routes!(admin::add_merchant))
        .routes(routes!(admin::add_checkout))
        .routes(routes!(admin::enrolments))
        .routes(routes!(admin::enrolment))
        .routes(routes!(admin::lock))
        .routes(routes!(admin::unlock))
        .routes(routes!(admin::payment))
        .routes(routes!(admin::steps))
        .routes(routes!(checks::checks, checks::start_check))
        .routes(routes!(books::balances))
        .routes(routes!(books::set_terms))
        .routes(routes!(books::tasks))
        .routes(routes!(books::settle_task))
        .routes(routes!(books::dispute))
        .routes(routes!(books::dispute_won))
        .routes(routes!(books::dispute_lost))
        .routes(routes!(webhooks::add_endpoint, webhooks::endpoints))
        .routes(routes!(webhooks::remove_endpoint))
        .routes(routes!(webhooks::rotate_secret))
        .routes(routes!(webhooks::disable_endpoint))
        .routes(routes!(webhooks::enable_endpoint))
        .routes(routes!(webhooks::dead_webhooks))
        .routes(routes!(webhooks::resend))
        .routes(routes!(webhooks::resend_all))
}

/// What is answered also while there is too much work: who watches the server must see that.
fn operation() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(system::healthz))
        .routes(routes!(system::readyz))
        .routes(routes!(system::metrics))
        .routes(routes!(system::openapi))
}

/// The route table with its limits, and web pages beside it.
pub(crate) fn router(shared: Shared, pages: Router) -> Router {
    let shed = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(too_busy))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(shared.limits.requests_at_once_max));
    let (work, _) = work().split_for_parts();
    let (operation, _) = operation().split_for_parts();
    // Each layer goes around those before it.
    work.layer(shed)
        .layer(middleware::from_fn(whole_body))
        .merge(operation)
        // Files are answered at once, also while there is too much work.
        .merge(pages.with_state(()))
        .fallback(system::no_such_route)
        .method_not_allowed_fallback(system::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(within_time))
        .layer(CatchPanicLayer::custom(fail::panicked))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, NOT_STORED))
        .layer(middleware::from_fn_with_state(shared.clone(), observe))
        .with_state(shared)
}

/// Answers hold keys, activation codes and payments.
const NOT_STORED: HeaderValue = HeaderValue::from_static("no-store");

/// Waits for a request's body before the request takes a place among those at work: whoever sends slowly, or never,
/// keeps nobody out.
async fn whole_body(request: Request, next: Next) -> Result<Response, Fail> {
    if request.body().is_end_stream() {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let body = read_body(Request::from_parts(parts.clone(), body), &()).await?;
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

/// Ends what takes too long. A stream's events come after its answer and are not cut.
async fn within_time(request: Request, next: Next) -> Result<Response, Fail> {
    let answer = timeout(REQUEST_TIME_MAX, next.run(request)).await;
    answer.map_err(|_| Fail::ours("a request was not answered in time"))
}

async fn too_busy(_error: BoxError) -> Fail {
    Fail::new(
        ProblemType::Unavailable,
        "The payment server is busy, and nothing happened. Ask again in a moment.",
    )
}
