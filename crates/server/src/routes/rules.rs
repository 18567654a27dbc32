//! Lists of rules for sensors: operators publish them, phones and their caches fetch them.

use crate::callers::{OperatorCaller, Source};
use crate::fail::{Fail, Reply};
use crate::input::{Body, InQuery, malformed};
use crate::state::Shared;
use api::problem::Problem;
use api::rules::{RulesPage, RulesRequest, RulesView};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use protocol::rule_list::{RuleKind, RuleList};
use serde::Deserialize;
use utoipa::IntoParams;

/// A list holds nothing that is secret, and the version in each answer's name tells it from a later one.
const MAY_BE_KEPT: &str = "public, max-age=300";

/// What the phone has.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RulesQuery {
    /// The version that the phone has, if any: what leads from there is shorter.
    from: Option<u32>,
}

/// The latest list of rules for sensors, signed, or what leads to it from the one that the phone has
/// (`spec/rule-lists.md`).
#[utoipa::path(get, path = "/v1/rules", tag = "phone", params(RulesQuery),
    responses((status = 200, body = Object), (status = 304), (status = 404, body = Problem),
        (status = 429, body = Problem)))]
pub(crate) async fn fetch(
    State(shared): State<Shared>,
    source: Source,
    InQuery(query): InQuery<RulesQuery>,
    headers: HeaderMap,
) -> Reply<Response> {
    let served = shared.security.serve_rules(query.from, &source.0.to_string(), shared.now()).await?;
    let tag = match served.from {
        Some(from) => format!("\"rules-{from}-{}\"", served.version),
        None => format!("\"rules-{}\"", served.version),
    };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let kept = [(header::ETAG, tag), (header::CACHE_CONTROL, MAY_BE_KEPT.to_owned())];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((kept, kind, served.body.to_vec()).into_response())
}

/// Signs and publishes a list of rules for sensors. It takes the place of the one before.
#[utoipa::path(post, path = "/v1/admin/rules", tag = "operator", security(("operator_key" = [])),
    request_body = RulesRequest, responses((status = 201, body = RulesView), (status = 400, body = Problem)))]
pub(crate) async fn publish(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    Body(asked): Body<RulesRequest>,
) -> Reply<(StatusCode, Json<RulesView>)> {
    let wanted = asked.entries.into_iter().map(|(kind, values)| Ok((kind_of(&kind)?, values)));
    let wanted = wanted.collect::<Reply<_>>()?;
    let security = &shared.security;
    security.publish_rules(&wanted, asked.days, &operator.name, shared.now()).await?;
    let latest = shared.store.latest_rule_list().await?.ok_or_else(|| Fail::not_found("rule list"))?;
    Ok((StatusCode::CREATED, Json(view(&latest)?)))
}

/// The lists of rules for sensors that are kept, latest first.
#[utoipa::path(get, path = "/v1/admin/rules", tag = "operator", security(("operator_key" = [])),
    responses((status = 200, body = RulesPage)))]
pub(crate) async fn lists(State(shared): State<Shared>, _operator: OperatorCaller) -> Reply<Json<RulesPage>> {
    let latest = shared.store.latest_rule_list().await?.map_or(0, |latest| latest.version);
    let mut lists = Vec::new();
    for version in (latest.saturating_sub(records::RULE_LISTS_KEPT)..=latest).rev() {
        if let Some(row) = shared.store.rule_list(version).await? {
            lists.push(view(&row)?);
        }
    }
    Ok(Json(RulesPage { lists }))
}

fn kind_of(name: &str) -> Reply<RuleKind> {
    serde_json::from_value(name.into()).map_err(|_| {
        malformed("The kinds of entries are package, installer, path, sha256, library, thread and port.")
    })
}

fn view(row: &records::RuleListRow) -> Reply<RulesView> {
    let list = RuleList::from_kept(&row.list).map_err(Fail::ours)?;
    let head = list.head().map_err(Fail::ours)?;
    Ok(RulesView {
        version: head.list_version,
        entries: list.entries().len(),
        issued_at_ms: head.issued_at.ms(),
        expires_at_ms: head.expires_at.ms(),
        entries_digest: HEXLOWER.encode(&head.entries_digest),
    })
}
