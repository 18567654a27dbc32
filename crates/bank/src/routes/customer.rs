//! The customers' door. Who calls is whose session it is.

use super::gate::gated;
use super::page::{page_routes, protected};
use super::parsed::{Bearer, LoggedIn, Named, Parsed};
use super::problem::{Answer, Told};
use crate::throttle::Throttle;
use crate::{Bank, Clock};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bank_api::{
    AccountId, AccountRef, AccountsAnswer, LinksAnswer, LoginAnswer, LoginRequest, PartnerName, PartnerView,
    ProblemType, ProofAnswer, ProofRequest, ReturnAddress, ReturningProofRequest, StatementAnswer,
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
        .route("/v1/logout", post(logout))
        .route("/v1/accounts", get(accounts))
        .route("/v1/accounts/{account_id}/statement", get(statement))
        .route("/v1/proofs", post(make_proof))
        .route("/v1/partners/{partner}", get(partner))
        .route("/v1/partners/{partner}/proofs", post(make_returning_proof))
        .route("/v1/links", get(links))
        .route("/v1/links/{account_ref}", delete(revoke_link))
        .merge(page_routes());
    gated("customer", routes, bank).layer(map_response(protected))
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

async fn login(State(bank): State<Bank>, Parsed(request): Parsed<LoginRequest>) -> Answer<Json<LoginAnswer>> {
    Ok(Json(bank.login(request).await?))
}

async fn logout(State(bank): State<Bank>, Bearer(session): Bearer) -> StatusCode {
    bank.logout(&session);
    StatusCode::NO_CONTENT
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
) -> Answer<(StatusCode, Json<ProofAnswer>)> {
    Ok((StatusCode::CREATED, Json(bank.make_proof(&session, request).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Returning {
    return_to: ReturnAddress,
}

async fn partner(
    State(bank): State<Bank>,
    Named(partner): Named<PartnerName>,
    returning: Result<Query<Returning>, QueryRejection>,
) -> Answer<Json<PartnerView>> {
    let Query(returning) =
        returning.map_err(|wrong| Told::new(ProblemType::InvalidRequest, wrong.body_text()))?;
    Ok(Json(bank.partner_view(partner, &returning.return_to)?))
}

async fn make_returning_proof(
    State(bank): State<Bank>,
    LoggedIn(session): LoggedIn,
    Named(partner): Named<PartnerName>,
    Parsed(request): Parsed<ReturningProofRequest>,
) -> Answer<(StatusCode, Json<ProofAnswer>)> {
    Ok((StatusCode::CREATED, Json(bank.make_returning_proof(&session, partner, request).await?)))
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
