//! The customers' door. Who calls is whose session it is.

use super::gate::gated;
use super::parsed::{LoggedIn, Named, Parsed};
use super::problem::{Answer, Told};
use crate::throttle::Throttle;
use crate::{Bank, Clock};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bank_api::{
    AccountId, AccountRef, AccountsAnswer, LinksAnswer, LoginAnswer, LoginRequest, ProblemType, ProofAnswer,
    ProofRequest, StatementAnswer,
};
use http::StatusCode;
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;

pub(crate) fn customer_routes(bank: Bank, logins_per_minute: u32) -> Router {
    let logins =
        Logins { throttle: Arc::new(Throttle::new(logins_per_minute)), clock: bank.settings.clock.clone() };
    let routes = Router::new()
        .route("/v1/login", post(login).layer(from_fn_with_state(logins, throttled)))
        .route("/v1/accounts", get(accounts))
        .route("/v1/accounts/{account_id}/statement", get(statement))
        .route("/v1/proofs", post(make_proof))
        .route("/v1/links", get(links))
        .route("/v1/links/{account_ref}", delete(revoke_link));
    gated("customer", routes, bank)
}

#[derive(Clone)]
struct Logins {
    throttle: Arc<Throttle>,
    clock: Clock,
}

async fn throttled(State(logins): State<Logins>, request: Request, next: Next) -> Response {
    match request.extensions().get::<SocketAddr>() {
        Some(from) if logins.throttle.admits(from.ip(), logins.clock.now()) => next.run(request).await,
        _ => Told::from(ProblemType::TooManyRequests).into_response(),
    }
}

async fn login(
    State(bank): State<Bank>,
    Parsed(request): Parsed<LoginRequest>,
) -> Answer<([(http::HeaderName, &'static str); 1], Json<LoginAnswer>)> {
    let answer = bank.login(request).await?;
    Ok(([(http::header::CACHE_CONTROL, "no-store")], Json(answer)))
}

async fn accounts(State(bank): State<Bank>, LoggedIn(session): LoggedIn) -> Answer<Json<AccountsAnswer>> {
    Ok(Json(bank.accounts(&session)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    before: Option<u64>,
    limit: Option<u32>,
}

const PAGE_ENTRIES: u32 = 50;

async fn statement(
    State(bank): State<Bank>,
    LoggedIn(session): LoggedIn,
    account_id: Result<Path<u64>, axum::extract::rejection::PathRejection>,
    page: Result<Query<Page>, QueryRejection>,
) -> Answer<Json<StatementAnswer>> {
    let Path(account_id) = account_id.map_err(|_| ProblemType::UnknownAccount)?;
    let Query(page) = page.map_err(|wrong| Told::new(ProblemType::InvalidRequest, wrong.body_text()))?;
    let limit = page.limit.unwrap_or(PAGE_ENTRIES);
    Ok(Json(bank.statement(&session, AccountId(account_id), page.before, limit)?))
}

async fn make_proof(
    State(bank): State<Bank>,
    LoggedIn(session): LoggedIn,
    Parsed(request): Parsed<ProofRequest>,
) -> Answer<(StatusCode, [(http::HeaderName, &'static str); 1], Json<ProofAnswer>)> {
    let answer = bank.make_proof(&session, request).await?;
    Ok((StatusCode::CREATED, [(http::header::CACHE_CONTROL, "no-store")], Json(answer)))
}

async fn links(State(bank): State<Bank>, LoggedIn(session): LoggedIn) -> Answer<Json<LinksAnswer>> {
    Ok(Json(bank.links(&session)?))
}

async fn revoke_link(
    State(bank): State<Bank>,
    LoggedIn(session): LoggedIn,
    Named(account_ref): Named<AccountRef>,
) -> Answer<StatusCode> {
    bank.revoke_link(&session, account_ref).await?;
    Ok(StatusCode::NO_CONTENT)
}
