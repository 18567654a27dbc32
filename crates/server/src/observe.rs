//! One line in the log and one count for each request; ids, keys, bodies and queries stay out of both.

use crate::failpoint::fail_point;
use crate::state::Shared;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;

pub(crate) async fn observe(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_label(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status();
    let elapsed = started.elapsed();
    shared.metrics.requests.with_label_values(&[route.as_str(), status.as_str()]).inc();
    shared.metrics.request_seconds.with_label_values(&[route.as_str()]).observe(elapsed.as_secs_f64());
    let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(method, route, status = status.as_u16(), elapsed_us, "request");
    if method == Method::POST {
        fail_point("server-before-answer");
    }
    response
}

/// A method's name; strangers' own inventions stay out of the log.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
