//! What stands before every route: a limit on requests at once and on their time, one log line each, and the
//! answers to what has no route.

use super::problem::Told;
use crate::Bank;
use crate::failpoints::fail_point;
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bank_api::{ProblemType, REQUEST_BYTES_MAX};
use core::time::Duration;
use http::StatusCode;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Requests at once at one door; more are told to come back.
const REQUESTS_MAX: usize = 512;
/// Longest that a request may take, its body included.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(15);

#[derive(Clone)]
struct Gate {
    door: &'static str,
    places: Arc<Semaphore>,
}

/// The routes behind their gate, with `/healthz` and `/readyz` beside it.
pub(crate) fn gated(door: &'static str, routes: Router<Bank>, bank: Bank) -> Router {
    let gate = Gate { door, places: Arc::new(Semaphore::new(REQUESTS_MAX)) };
    let nothing = || async { Told::from(ProblemType::NotFound) };
    let guarded = routes
        .fallback(nothing)
        .method_not_allowed_fallback(nothing)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(from_fn_with_state(gate, pass));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .merge(guarded)
        .with_state(bank)
}

async fn ready(State(bank): State<Bank>) -> Response {
    match &*bank.failure().borrow() {
        None => "ready\n".into_response(),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store has failed\n").into_response(),
    }
}

async fn pass(State(gate): State<Gate>, path: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let response = match gate.places.try_acquire() {
        Err(_) => Told::from(ProblemType::Unavailable).into_response(),
        Ok(_place) => match timeout(REQUEST_TIME_MAX, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Told::from(ProblemType::TimedOut).into_response(),
        },
    };
    // The pattern, not the address: what stands in addresses is the callers' affair.
    let route = path.as_ref().map_or("none", MatchedPath::as_str);
    let (door, status, took_us) = (gate.door, response.status().as_u16(), began.elapsed().as_micros());
    tracing::info!(door, %method, route, status, took_us, "request");
    fail_point("bank-before-answer");
    response
}
