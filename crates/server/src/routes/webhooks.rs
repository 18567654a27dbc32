//! What operators ask about webhooks, with the operator's key.

use crate::callers::OperatorCaller;
use crate::fail::{Fail, Reply};
use crate::input::{Body, InPath, InQuery, LIST_MAX, malformed};
use crate::state::Shared;
use api::problem::{Problem, ProblemType};
use api::webhook::{
    DeadWebhookPage, DeadWebhookView, EndpointStatusName, NewSecretView, ResendRequest, ResentView,
    WebhookEndpointList, WebhookEndpointRequest, WebhookEndpointView,
};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use crypto::SystemRandom;
use model::{MerchantId, Timestamp, WebhookEndpointId, WebhookId};
use records::{Actor, EndpointStatus, Webhook, WebhookEndpoint, WebhookState};
use serde::Deserialize;
use utoipa::IntoParams;
use webhooks::{NewSecret, Webhooks, Which};

/// Registers a webhook endpoint of a merchant. Its secret is told once, here.
#[utoipa::path(post, path = "/v1/admin/merchants/{id}/webhook-endpoints", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)), request_body = WebhookEndpointRequest,
    responses((status = 201, body = NewSecretView), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub(crate) async fn add_endpoint(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<MerchantId>,
    Body(asked): Body<WebhookEndpointRequest>,
) -> Reply<(StatusCode, Json<NewSecretView>)> {
    let actor = Actor::Operator(operator.name);
    let made = webhooks(&shared)?.add_endpoint(id, asked.url, actor, &mut SystemRandom).await?;
    Ok((StatusCode::CREATED, Json(secret_view(&shared, &made))))
}

/// A merchant's webhook endpoints.
#[utoipa::path(get, path = "/v1/admin/merchants/{id}/webhook-endpoints", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = WebhookEndpointList), (status = 404, body = Problem)))]
pub(crate) async fn endpoints(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(id): InPath<MerchantId>,
) -> Reply<Json<WebhookEndpointList>> {
    let endpoints = webhooks(&shared)?.endpoints(id).await?;
    let endpoints = endpoints.iter().map(|endpoint| view(&shared, endpoint)).collect();
    Ok(Json(WebhookEndpointList { endpoints }))
}

/// Takes a webhook endpoint away. What waits for it becomes a dead letter.
#[utoipa::path(delete, path = "/v1/admin/webhook-endpoints/{id}", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove_endpoint(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<WebhookEndpointId>,
) -> Reply<StatusCode> {
    webhooks(&shared)?.remove_endpoint(id, Actor::Operator(operator.name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a webhook endpoint a new secret, told once, here. The old one signs beside it for a day.
#[utoipa::path(post, path = "/v1/admin/webhook-endpoints/{id}/rotate", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = NewSecretView), (status = 404, body = Problem)))]
pub(crate) async fn rotate_secret(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<WebhookEndpointId>,
) -> Reply<Json<NewSecretView>> {
    let actor = Actor::Operator(operator.name);
    let made = webhooks(&shared)?.rotate_secret(id, actor, &mut SystemRandom).await?;
    Ok(Json(secret_view(&shared, &made)))
}

/// Tells a webhook endpoint nothing any more. What waits for it becomes a dead letter.
#[utoipa::path(post, path = "/v1/admin/webhook-endpoints/{id}/disable", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = WebhookEndpointView), (status = 404, body = Problem)))]
pub(crate) async fn disable_endpoint(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<WebhookEndpointId>,
) -> Reply<Json<WebhookEndpointView>> {
    let endpoint = webhooks(&shared)?.disable_endpoint(id, Actor::Operator(operator.name)).await?;
    Ok(Json(view(&shared, &endpoint)))
}

/// Tells a webhook endpoint of what happens from now on.
#[utoipa::path(post, path = "/v1/admin/webhook-endpoints/{id}/enable", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = WebhookEndpointView), (status = 404, body = Problem)))]
pub(crate) async fn enable_endpoint(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<WebhookEndpointId>,
) -> Reply<Json<WebhookEndpointView>> {
    let endpoint = webhooks(&shared)?.enable_endpoint(id, Actor::Operator(operator.name)).await?;
    Ok(Json(view(&shared, &endpoint)))
}

/// Which dead letters.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadQuery {
    /// Those of this endpoint only.
    #[param(value_type = Option<String>)]
    endpoint: Option<WebhookEndpointId>,
    /// Those after this one.
    #[param(value_type = Option<String>)]
    after: Option<WebhookId>,
}

/// Webhooks that were given up, by endpoint.
#[utoipa::path(get, path = "/v1/admin/webhooks/dead", tag = "operator", security(("operator_key" = [])),
    params(DeadQuery), responses((status = 200, body = DeadWebhookPage), (status = 404, body = Problem)))]
pub(crate) async fn dead_webhooks(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InQuery(query): InQuery<DeadQuery>,
) -> Reply<Json<DeadWebhookPage>> {
    let dead = webhooks(&shared)?.dead_letters(query.endpoint, query.after, LIST_MAX).await?;
    let next_after = (dead.len() == LIST_MAX).then(|| dead.last().map(|last| last.id)).flatten();
    Ok(Json(DeadWebhookPage { webhooks: dead.iter().filter_map(dead_view).collect(), next_after }))
}

/// Sends a webhook that was given up, or delivered, again: the same id, the same body.
#[utoipa::path(post, path = "/v1/admin/webhooks/{id}/resend", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)),
    responses((status = 202, body = ResentView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn resend(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<WebhookId>,
) -> Reply<(StatusCode, Json<ResentView>)> {
    webhooks(&shared)?.resend(id, Actor::Operator(operator.name)).await?;
    shared.live.webhooks().notify_one();
    let view = ResentView { resent: 1, has_more: false, until_ms: shared.now().ms() };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Sends many webhooks again: those given up, or also those delivered since some moment.
#[utoipa::path(post, path = "/v1/admin/webhooks/resend", tag = "operator", security(("operator_key" = [])),
    request_body = ResendRequest, responses((status = 202, body = ResentView), (status = 400, body = Problem)))]
pub(crate) async fn resend_all(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    Body(asked): Body<ResendRequest>,
) -> Reply<(StatusCode, Json<ResentView>)> {
    if asked.include_delivered && asked.since_ms.is_none() {
        return Err(malformed("Say with `since_ms` from when on delivered webhooks are to be sent again."));
    }
    let until = asked.until_ms.map_or_else(|| shared.now(), Timestamp::from_ms);
    let which = Which {
        endpoint: asked.endpoint,
        since: Timestamp::from_ms(asked.since_ms.unwrap_or(0)),
        until,
        include_delivered: asked.include_delivered,
    };
    let resent = webhooks(&shared)?.resend_all(which, Actor::Operator(operator.name)).await?;
    shared.live.webhooks().notify_one();
    let view = ResentView {
        resent: u32::try_from(resent.resent).unwrap_or(u32::MAX),
        has_more: resent.has_more,
        until_ms: until.ms(),
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

fn webhooks(shared: &Shared) -> Reply<&Webhooks> {
    shared.webhooks.as_deref().ok_or_else(|| {
        let detail = "This server sends no webhooks. Name the roots of endpoints' certificates under `webhooks` in \
                      its configuration.";
        Fail::new(ProblemType::WrongState, detail)
    })
}

fn view(shared: &Shared, endpoint: &WebhookEndpoint) -> WebhookEndpointView {
    let previous = endpoint.previous_secret.as_ref().map(|previous| previous.valid_until);
    WebhookEndpointView {
        id: endpoint.id,
        merchant: endpoint.merchant,
        url: endpoint.url.clone(),
        status: match endpoint.status {
            EndpointStatus::Enabled => EndpointStatusName::Enabled,
            EndpointStatus::Disabled { is_gone: false, .. } => EndpointStatusName::Disabled,
            EndpointStatus::Disabled { is_gone: true, .. } => EndpointStatusName::Gone,
        },
        previous_secret_until_ms: previous.filter(|until| shared.now() < *until).map(Timestamp::ms),
        created_at_ms: endpoint.created_at.ms(),
    }
}

fn secret_view(shared: &Shared, made: &NewSecret) -> NewSecretView {
    let secret = made.secret.to_text().expose().to_owned();
    NewSecretView { endpoint: view(shared, &made.endpoint), secret }
}

fn dead_view(webhook: &Webhook) -> Option<DeadWebhookView> {
    let WebhookState::Dead { at, attempts, failure } = &webhook.state else { return None };
    Some(DeadWebhookView {
        id: webhook.id,
        endpoint: webhook.endpoint,
        payment: webhook.payment,
        event_type: webhook.event_type.clone(),
        at_ms: webhook.at.ms(),
        dead_at_ms: at.ms(),
        attempts: *attempts,
        failure: failure.clone(),
    })
}
