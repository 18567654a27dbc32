//! The partners' door. Who calls is who the client certificate says.

use super::gate::gated;
use super::parsed::{Named, Parsed};
use super::problem::{Answer, Told};
use crate::Bank;
use axum::extract::{FromRequestParts, State};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bank_api::{
    AccountRef, CaptureAnswer, CaptureRequest, HoldAnswer, HoldId, HoldRequest, HoldStatus, LinkAnswer,
    LinkRequest, PartnerName, ProblemType, RefundAnswer, RefundRequest, ReleaseAnswer, ReleaseRequest,
};
use http::StatusCode;
use http::request::Parts;
use https::PeerCertificate;

pub(crate) fn partner_routes(bank: Bank) -> Router {
    let routes = Router::new()
        .route("/v1/links", post(link))
        .route("/v1/links/{account_ref}", delete(unlink))
        .route("/v1/holds", post(place_hold))
        .route("/v1/holds/{hold_id}", get(hold_status))
        .route("/v1/holds/{hold_id}/captures", post(capture))
        .route("/v1/holds/{hold_id}/release", post(release))
        .route("/v1/holds/{hold_id}/refunds", post(refund));
    gated("partner", routes, bank)
}

/// The partner that calls, if the bank knows it.
struct Caller(PartnerName);

impl FromRequestParts<Bank> for Caller {
    type Rejection = Told;

    async fn from_request_parts(parts: &mut Parts, bank: &Bank) -> Result<Self, Told> {
        let certificate = parts.extensions.get::<PeerCertificate>();
        let name = certificate.and_then(PeerCertificate::common_name);
        let name: Option<PartnerName> = name.and_then(|name| name.parse().ok());
        let name = name.ok_or(ProblemType::PartnerUnknown)?;
        if !bank.is_partner(&name)? {
            return Err(ProblemType::PartnerUnknown.into());
        }
        Ok(Self(name))
    }
}

async fn link(
    State(bank): State<Bank>,
    Caller(partner): Caller,
    Parsed(request): Parsed<LinkRequest>,
) -> Answer<(StatusCode, Json<LinkAnswer>)> {
    Ok((StatusCode::CREATED, Json(bank.link(&partner, request).await?)))
}

async fn unlink(
    State(bank): State<Bank>,
    Caller(partner): Caller,
    Named(account_ref): Named<AccountRef>,
) -> Answer<StatusCode> {
    bank.unlink(&partner, account_ref).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn place_hold(
    State(bank): State<Bank>,
    Caller(partner): Caller,
    Parsed(request): Parsed<HoldRequest>,
) -> Answer<(StatusCode, Json<HoldAnswer>)> {
    Ok((StatusCode::CREATED, Json(bank.place_hold(&partner, request).await?)))
}

async fn hold_status(
    State(bank): State<Bank>,
    Caller(partner): Caller,
    Named(hold_id): Named<HoldId>,
) -> Answer<Json<HoldStatus>> {
    Ok(Json(bank.hold_status(&partner, &hold_id)?))
}

async fn capture(
    State(bank): State<Bank>,
    Caller(partner): Caller,
    Named(hold_id): Named<HoldId>,
    Parsed(request): Parsed<CaptureRequest>,
) -> Answer<(StatusCode, Json<CaptureAnswer>)> {
    Ok((StatusCode::CREATED, Json(bank.capture(&partner, hold_id, request).await?)))
}

async fn release(
    State(bank): State<Bank>,
    Caller(partner): Caller,
    Named(hold_id): Named<HoldId>,
    Parsed(ReleaseRequest {}): Parsed<ReleaseRequest>,
) -> Answer<Json<ReleaseAnswer>> {
    Ok(Json(bank.release_hold(&partner, hold_id).await?))
}

async fn refund(
    State(bank): State<Bank>,
    Caller(partner): Caller,
    Named(hold_id): Named<HoldId>,
    Parsed(request): Parsed<RefundRequest>,
) -> Answer<(StatusCode, Json<RefundAnswer>)> {
    Ok((StatusCode::CREATED, Json(bank.refund(&partner, hold_id, request).await?)))
}
