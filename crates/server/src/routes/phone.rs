//! What phones ask: activate, stand, methods, confirmations.

use crate::callers::{PhoneCaller, Source};
use crate::confirmations::{self, Sealer};
use crate::fail::{Fail, Reply};
use crate::input::{InPath, InQuery, LIST_MAX, malformed, parse_json, whole_body};
use crate::routes::apps::notice;
use crate::state::Shared;
use api::phone::{
    ChallengeView, ConfirmationPage, ConfirmationView, EnrolmentStatusName, EnrolmentView, MethodPage,
    MethodRequest, MethodStateName, MethodView, ProofRequest, ResyncRequest,
};
use api::problem::{Problem, ProblemType};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use crypto::SystemRandom;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use model::{MethodSlot, ProviderId, Timestamp};
use payments::LinkAnswer;
use records::{Enrolment, EnrolmentStatus, LockReason, Method, MethodState, Page};
use security::{PhoneTold, ProvedAccount};
use serde::Deserialize;
use utoipa::IntoParams;

/// A challenge for an activation.
#[utoipa::path(post, path = "/v1/activations/challenge", tag = "phone",
    responses((status = 200, body = ChallengeView), (status = 429, body = Problem)))]
pub(crate) async fn challenge(State(shared): State<Shared>, source: Source) -> Reply<Json<ChallengeView>> {
    let (challenge, expires_at) =
        shared.security.make_challenge(&source.0.to_string(), shared.now(), &mut SystemRandom)?;
    Ok(Json(ChallengeView {
        challenge: BASE64URL_NOPAD.encode(challenge.as_bytes()),
        expires_at_ms: expires_at.ms(),
    }))
}

/// Activates a phone: a sealed request, a sealed reply (`spec/activation.md`). The same request again gets
/// the same reply.
#[utoipa::path(post, path = "/v1/activations", tag = "phone", request_body = Object,
    responses((status = 200, body = Object), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 429, body = Problem)))]
pub(crate) async fn activate(
    State(shared): State<Shared>,
    source: Source,
    request: Request,
) -> Reply<Response> {
    let body = whole_body(request.into_body()).await?;
    let source = source.0.to_string();
    let reply = shared.security.activate(&body, &source, shared.now(), &mut SystemRandom).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], reply).into_response())
}

/// What the phone tells of itself.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EnrolmentQuery {
    /// The phone's own clock, uncorrected, in milliseconds since the Unix epoch: from it the server learns how
    /// that clock runs, so that codes made offline are dated rightly.
    device_time_ms: Option<i64>,
    /// The version of the app that the phone runs now.
    app_version: Option<String>,
    /// SHA-256 of that app's package, 64 lower-case hex digits, where the app can know it.
    app_digest: Option<String>,
}

/// How the phone stands with the server.
#[utoipa::path(get, path = "/v1/enrolment", tag = "phone", security(("phone_signature" = [])),
    params(EnrolmentQuery), responses((status = 200, body = EnrolmentView), (status = 401, body = Problem)))]
pub(crate) async fn enrolment(
    State(shared): State<Shared>,
    InQuery(query): InQuery<EnrolmentQuery>,
    caller: PhoneCaller,
) -> Reply<Json<EnrolmentView>> {
    let told = PhoneTold {
        device_time: query.device_time_ms.map(Timestamp::from_ms),
        app_version: query.app_version.as_deref(),
        app_digest: query.app_digest.as_deref().map(digest).transpose()?,
    };
    let device = shared.security.learn(&caller.device, &told, shared.now()).await?;
    view(&shared, device.enrolment()).await.map(Json)
}

fn digest(text: &str) -> Reply<[u8; 32]> {
    let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| malformed("Give app_digest as SHA-256: 64 lower-case hex digits."))
}

pub(super) async fn view(shared: &Shared, enrolment: &Enrolment) -> Reply<EnrolmentView> {
    let now = shared.now();
    let key_bundle = serde_json::to_value(shared.security.key_bundle(now)?).map_err(Fail::ours)?;
    let blocked_until = enrolment.pin.blocked_until.filter(|until| now < *until);
    Ok(EnrolmentView {
        status: status_name(&enrolment.status),
        counter: enrolment.counter.0,
        pin_tries_left: shared.security.pin_tries_left(enrolment),
        pin_generation: enrolment.pin.generation,
        pin_blocked_until_ms: blocked_until.map(Timestamp::ms),
        certificate_not_after_ms: enrolment.certificate_not_after.ms(),
        certificate_renewable_until_ms: shared.security.renewable_until(enrolment).ms(),
        server_time_ms: now.ms(),
        last_confirmation: confirmations::last_sequence(shared, enrolment.id).await?,
        app: shared.security.app_standing(enrolment, now).await?.as_ref().map(notice),
        rule_list: shared.security.rule_list_version(now).await?,
        key_bundle,
    })
}

pub(crate) fn status_name(status: &EnrolmentStatus) -> EnrolmentStatusName {
    match status {
        EnrolmentStatus::Active => EnrolmentStatusName::Active,
        EnrolmentStatus::Unsynchronised { .. } => EnrolmentStatusName::Unsynchronised,
        EnrolmentStatus::Revoked { .. } => EnrolmentStatusName::Revoked,
        EnrolmentStatus::Locked { reason, .. } => match reason {
            LockReason::PinFailures => EnrolmentStatusName::LockedPin,
            LockReason::Clone => EnrolmentStatusName::LockedClone,
            LockReason::Operator | LockReason::Policy => EnrolmentStatusName::LockedOperator,
            LockReason::Customer => EnrolmentStatusName::LockedCustomer,
        },
    }
}

/// Where to go on counting, after the phone's counter went back.
#[utoipa::path(post, path = "/v1/enrolment/resync", tag = "phone", security(("phone_signature" = [])),
    request_body = ResyncRequest,
    responses((status = 200, body = EnrolmentView), (status = 401, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn resync(State(shared): State<Shared>, caller: PhoneCaller) -> Reply<Json<EnrolmentView>> {
    let asked: ResyncRequest = parse_json(&caller.body)?;
    let highest = shared.security.resync(&caller.device, shared.now()).await?;
    let enrolment =
        shared.store.enrolment(caller.device.id()).await?.ok_or_else(|| Fail::not_found("enrolment"))?;
    let mut view = view(&shared, &enrolment).await?;
    view.counter = highest.0.0.max(asked.counter);
    Ok(Json(view))
}

/// Locks this phone. Only an operator unlocks it.
#[utoipa::path(post, path = "/v1/enrolment/lock", tag = "phone", security(("phone_signature" = [])),
    responses((status = 200, body = EnrolmentView), (status = 401, body = Problem)))]
pub(crate) async fn lock(State(shared): State<Shared>, caller: PhoneCaller) -> Reply<Json<EnrolmentView>> {
    let enrolment = shared.security.lock_by_device(&caller.device, shared.now()).await?;
    view(&shared, &enrolment).await.map(Json)
}

/// Changes the PIN: the new one's key, sealed, with a proof that the one so far is known (`spec/pin-change.md`). The same
/// request again is answered as done. A wrong proof counts as a wrong PIN.
#[utoipa::path(post, path = "/v1/enrolment/pin", tag = "phone", security(("phone_signature" = [])), request_body = Object,
    responses((status = 200, body = EnrolmentView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn change_pin(
    State(shared): State<Shared>,
    caller: PhoneCaller,
) -> Reply<Json<EnrolmentView>> {
    let now = shared.now();
    shared.security.refuse_blocked_app(&caller.device, now).await?;
    let enrolment = shared.security.change_pin(&caller.device, &caller.body, now, &mut SystemRandom).await?;
    view(&shared, &enrolment).await.map(Json)
}

/// The customer's payment methods.
#[utoipa::path(get, path = "/v1/methods", tag = "phone", security(("phone_signature" = [])),
    responses((status = 200, body = MethodPage), (status = 401, body = Problem)))]
pub(crate) async fn methods(State(shared): State<Shared>, caller: PhoneCaller) -> Reply<Json<MethodPage>> {
    let methods = shared.store.methods(caller.device.customer()).await?;
    let kept = methods.iter().filter(|method| !matches!(method.state, MethodState::Removed { .. }));
    let methods = kept.map(|method| method_view(&shared, method)).collect();
    let mut providers: Vec<ProviderId> = shared.payments.provider_ids().cloned().collect();
    providers.sort();
    Ok(Json(MethodPage { methods, providers }))
}

/// Adds an account at a provider; the customer proves it there, then hands the proof in.
#[utoipa::path(post, path = "/v1/methods", tag = "phone", security(("phone_signature" = [])),
    request_body = MethodRequest,
    responses((status = 201, body = MethodView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn add_method(
    State(shared): State<Shared>,
    caller: PhoneCaller,
) -> Reply<(StatusCode, Json<MethodView>)> {
    let asked: MethodRequest = parse_json(&caller.body)?;
    if shared.payments.provider(&asked.provider).is_err() {
        return Err(Fail::not_found("provider"));
    }
    let now = shared.now();
    shared.security.refuse_blocked_app(&caller.device, now).await?;
    let method = shared.security.add_method(&caller.device, asked.provider, now, &mut SystemRandom).await?;
    Ok((StatusCode::CREATED, Json(method_view(&shared, &method))))
}

/// Hands in what the provider gave the customer; the method can be used from then on.
#[utoipa::path(post, path = "/v1/methods/{slot}/proof", tag = "phone", security(("phone_signature" = [])),
    params(("slot" = u8, Path)), request_body = ProofRequest,
    responses((status = 200, body = MethodView), (status = 404, body = Problem), (status = 422, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn prove_method(
    State(shared): State<Shared>,
    InPath(slot): InPath<MethodSlot>,
    caller: PhoneCaller,
) -> Reply<Json<MethodView>> {
    let asked: ProofRequest = parse_json(&caller.body)?;
    shared.security.refuse_blocked_app(&caller.device, shared.now()).await?;
    let method = shared.store.method(caller.device.customer(), slot).await?;
    let method = method.ok_or_else(|| Fail::not_found("method"))?;
    let link = match method.state {
        MethodState::Unproved { link, expires_at } if expires_at > shared.now() => link,
        MethodState::Unproved { .. } => {
            return Err(Fail::new(
                ProblemType::TooLate,
                "The time to prove this account has passed. Add it again.",
            ));
        }
        MethodState::Active { .. } => return Ok(Json(method_view(&shared, &method))),
        MethodState::Removed { .. } => return Err(Fail::not_found("method")),
    };
    let account = match shared.payments.provider(&method.provider)?.link(link, &asked.proof).await {
        LinkAnswer::Linked(account) => account,
        LinkAnswer::Refused => {
            let detail = "The bank did not take the proof. Add the account again and log in at the bank.";
            return Err(Fail::new(ProblemType::ProofRefused, detail));
        }
        LinkAnswer::Silent => {
            let detail = "The bank cannot be reached. Hand the same proof in again in a moment.";
            return Err(Fail::new(ProblemType::ProviderUnavailable, detail));
        }
    };
    let account =
        ProvedAccount { account_ref: account.account_ref, currency: account.currency, label: account.label };
    let method = shared.security.record_proof(&caller.device, slot, &account, shared.now()).await?;
    Ok(Json(method_view(&shared, &method)))
}

/// Takes a method away.
#[utoipa::path(delete, path = "/v1/methods/{slot}", tag = "phone", security(("phone_signature" = [])),
    params(("slot" = u8, Path)), responses((status = 200, body = MethodView), (status = 404, body = Problem)))]
pub(crate) async fn remove_method(
    State(shared): State<Shared>,
    InPath(slot): InPath<MethodSlot>,
    caller: PhoneCaller,
) -> Reply<Json<MethodView>> {
    let method = shared.security.remove_method(&caller.device, slot, shared.now()).await?;
    Ok(Json(method_view(&shared, &method)))
}

fn method_view(shared: &Shared, method: &Method) -> MethodView {
    let mut view = MethodView {
        slot: method.slot,
        provider: method.provider.clone(),
        state: MethodStateName::Removed,
        label: None,
        currency: None,
        link: None,
        proof_url: None,
        proof_page_url: None,
        partner: None,
        prove_by_ms: None,
    };
    match &method.state {
        MethodState::Unproved { link, expires_at } => {
            view.state = MethodStateName::Unproved;
            view.link = Some(*link);
            view.prove_by_ms = Some(expires_at.ms());
            if let Ok(provider) = shared.payments.provider(&method.provider) {
                view.proof_url = Some(provider.proof_url().to_owned());
                view.proof_page_url = provider.proof_page_url().map(str::to_owned);
                view.partner = Some(provider.partner_name().to_owned());
            }
        }
        MethodState::Active { currency, label, .. } => {
            view.state = MethodStateName::Active;
            view.currency = Some(*currency);
            view.label = Some(label.clone());
        }
        MethodState::Removed { .. } => {}
    }
    view
}

/// Which confirmations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConfirmationsQuery {
    /// Those after this sequence; 0 for all.
    #[serde(default)]
    after: u32,
}

/// Confirmations that the phone does not have yet.
#[utoipa::path(get, path = "/v1/confirmations", tag = "phone", security(("phone_signature" = [])),
    params(ConfirmationsQuery), responses((status = 200, body = ConfirmationPage), (status = 401, body = Problem)))]
pub(crate) async fn confirmations(
    State(shared): State<Shared>,
    InQuery(query): InQuery<ConfirmationsQuery>,
    caller: PhoneCaller,
) -> Reply<Json<ConfirmationPage>> {
    let rows = shared.store.confirmations(caller.device.id(), Page::after(query.after, LIST_MAX)).await?;
    let sealer = Sealer::new(&shared, caller.device.enrolment());
    let confirmations: Vec<ConfirmationView> =
        rows.iter().map(|row| sealer.seal(row)).collect::<Reply<_>>()?;
    let has_more = rows.len() == LIST_MAX;
    Ok(Json(ConfirmationPage { confirmations, has_more }))
}

/// Confirmations as they come (server-sent events): first those after `after`, then each new one.
#[utoipa::path(get, path = "/v1/confirmations/stream", tag = "phone", security(("phone_signature" = [])),
    params(ConfirmationsQuery),
    responses((status = 200, description = "Events whose data are ConfirmationView; those of the type `approval` are QuestionView.", content_type = "text/event-stream"),
        (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn stream(
    State(shared): State<Shared>,
    InQuery(query): InQuery<ConfirmationsQuery>,
    caller: PhoneCaller,
) -> Reply<Response> {
    let Some(place) = shared.live.listen(caller.device.id()) else {
        let detail = "Too many phones listen. Ask for confirmations with `GET /v1/confirmations` instead.";
        return Err(Fail::new(ProblemType::Unavailable, detail));
    };
    let events = confirmations::events(shared.clone(), caller.device.enrolment().clone(), query.after, place);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}
