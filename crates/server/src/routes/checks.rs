//! What operators ask of the check of what is stored.

use crate::callers::OperatorCaller;
use crate::checks::{Extent, start};
use crate::fail::{Fail, Reply};
use crate::input::Body;
use crate::state::Shared;
use api::check::{CheckRequest, ChecksView};
use api::problem::{Problem, ProblemType};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

/// The check that goes on, and what the last ones found.
#[utoipa::path(get, path = "/v1/admin/checks", tag = "operator", security(("operator_key" = [])),
    responses((status = 200, body = ChecksView)))]
pub(crate) async fn checks(State(shared): State<Shared>, _operator: OperatorCaller) -> Json<ChecksView> {
    Json(shared.checks.view())
}

/// Begins a check while payments go on; `GET` tells when it has ended.
#[utoipa::path(post, path = "/v1/admin/checks", tag = "operator", security(("operator_key" = [])),
    request_body = CheckRequest,
    responses((status = 202, body = ChecksView), (status = 409, body = Problem)))]
pub(crate) async fn start_check(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    Body(asked): Body<CheckRequest>,
) -> Reply<(StatusCode, Json<ChecksView>)> {
    let extent = if asked.whole { Extent::Whole } else { Extent::Changes };
    if start(&shared, extent) {
        return Ok((StatusCode::ACCEPTED, Json(shared.checks.view())));
    }
    Err(Fail::new(ProblemType::WrongState, "A check goes on. Ask again when it has ended."))
}
