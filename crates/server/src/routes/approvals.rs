//! Approvals on the phone: what phones are asked and answer, and what banks have their customers asked.

use crate::callers::{OperatorCaller, PhoneCaller};
use crate::fail::{Fail, Reply};
use crate::input::{Body, InPath, InQuery, malformed};
use crate::state::Shared;
use api::approval::{
    AnsweredView, ApprovalRequest, ApprovalStateName, ApprovalView, QuestionPage, QuestionView, RequestKind,
};
use api::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use crypto::SystemRandom;
use data_encoding::BASE64URL_NOPAD;
use model::{ApprovalId, CustomerId, EnrolmentId, Money, Timestamp};
use protocol::approval::{ApprovalKind, Subject};
use protocol::short_text::ShortText;
use records::{Approval, ApprovalState, Enrolment};
use security::Answered;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use utoipa::IntoParams;

/// The longest name that a bank gives a question, bytes.
const REFERENCE_LEN_MAX: usize = 64;
/// How long a customer may be given to answer a bank, seconds.
const WITHIN_S: std::ops::RangeInclusive<u32> = 15..=86_400;
/// The longest that a bank is let wait for an answer, seconds.
const WAIT_S_MAX: u8 = 20;
/// How often it is looked for the answer meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What waits for this phone's answer, latest first.
#[utoipa::path(get, path = "/v1/approvals", tag = "phone", security(("phone_signature" = [])),
    responses((status = 200, body = QuestionPage), (status = 401, body = Problem)))]
pub(crate) async fn questions(
    State(shared): State<Shared>,
    caller: PhoneCaller,
) -> Reply<Json<QuestionPage>> {
    let device = caller.device.enrolment();
    let waiting = shared.security.waiting_approvals(device.id, shared.now()).await?;
    let approvals =
        waiting.iter().map(|approval| question_view(&shared, device, approval)).collect::<Reply<_>>()?;
    Ok(Json(QuestionPage { approvals }))
}

/// A question as its phone is given it.
pub(crate) fn question_view(shared: &Shared, device: &Enrolment, approval: &Approval) -> Reply<QuestionView> {
    let sealed = shared.security.seal_question(device, approval, &mut SystemRandom)?;
    Ok(QuestionView {
        id: approval.id,
        sealed: BASE64URL_NOPAD.encode(sealed.as_bytes()),
        expires_at_ms: approval.expires_at.ms(),
    })
}

/// Approves, with the PIN, or refuses what this phone was asked (`spec/approval.md`). The same again is answered as done.
#[utoipa::path(post, path = "/v1/approvals/{id}", tag = "phone", security(("phone_signature" = [])),
    params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = AnsweredView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn answer(
    State(shared): State<Shared>,
    InPath(id): InPath<ApprovalId>,
    caller: PhoneCaller,
) -> Reply<Json<AnsweredView>> {
    let now = shared.now();
    shared.security.refuse_blocked_app(&caller.device, now).await?;
    let answered = shared.security.answer_approval(&caller.device, id, &caller.body, now).await?;
    let approval = match answered {
        Answered::Request(approval) | Answered::Before(approval) => *approval,
        Answered::Payment(answered) => {
            let moving = shared.clone();
            // To its end also if the phone goes: its customer has decided.
            let moved = tokio::spawn(async move { moving.payments.approval_answered(*answered).await });
            moved.await.map_err(Fail::ours)??;
            shared.security.approval(caller.device.id(), id).await?
        }
    };
    Ok(Json(AnsweredView { id, state: state_name(&approval, now) }))
}

/// Asks a customer to approve something on the phone: a transfer, a login, or what the bank words itself.
#[utoipa::path(post, path = "/v1/admin/customers/{id}/approvals", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)), request_body = ApprovalRequest,
    responses((status = 201, body = ApprovalView), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub(crate) async fn ask(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(customer): InPath<CustomerId>,
    Body(asked): Body<ApprovalRequest>,
) -> Reply<(StatusCode, Json<ApprovalView>)> {
    let request = request_of(customer, asked)?;
    let now = shared.now();
    let approval = shared.security.ask_approval(&request, &operator.name, now, &mut SystemRandom).await?;
    payments::Observer::confirmation_written(&*shared.live, approval.enrolment);
    Ok((StatusCode::CREATED, Json(approval_view(&shared, &approval).await?)))
}

fn request_of(customer: CustomerId, asked: ApprovalRequest) -> Reply<security::ApprovalRequest> {
    let ApprovalRequest { reference, kind, amount_minor, currency, payee, text, enrolment, within_s } = asked;
    let is_named = (1..=REFERENCE_LEN_MAX).contains(&reference.len())
        && reference.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_named {
        return Err(malformed("`reference` is 1 to 64 printable ASCII characters without spaces."));
    }
    if !WITHIN_S.contains(&within_s) {
        return Err(malformed("`within_s` may be 15 to 86400 seconds."));
    }
    let amount = match (amount_minor, currency) {
        (Some(amount_minor), Some(currency)) => Some(Money::new(amount_minor, currency)),
        (None, None) => None,
        _ => return Err(malformed("`amount_minor` and `currency` come together.")),
    };
    let short = |text: Option<String>, name: &str| match text.as_deref().map(ShortText::new) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(malformed(format!("`{name}` is 1 to 64 characters that can be shown."))),
    };
    let (payee, text) = (short(payee, "payee")?, short(text, "text")?);
    let kind = match kind {
        RequestKind::Transfer if amount.is_none() || payee.is_none() => {
            return Err(malformed("A transfer has `amount_minor`, `currency` and `payee`."));
        }
        RequestKind::Transfer => ApprovalKind::Transfer,
        RequestKind::Login => ApprovalKind::Login,
        RequestKind::Other if text.is_none() => return Err(malformed("Say what is asked in `text`.")),
        RequestKind::Other => ApprovalKind::Other,
    };
    let subject = Subject { kind, amount, payee, text, terminal: None };
    Ok(security::ApprovalRequest { customer, enrolment, reference, subject, within_s })
}

/// How long to wait for an answer.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// Seconds to wait for the customer's answer before it is told that there is none yet, at most 20.
    #[serde(default)]
    wait_s: u8,
}

/// How an approval stands: the answer with the device's signature, once there is one.
#[utoipa::path(get, path = "/v1/admin/approvals/{enrolment}/{id}", tag = "operator",
    security(("operator_key" = [])), params(("enrolment" = String, Path), ("id" = String, Path), WaitQuery),
    responses((status = 200, body = ApprovalView), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath((enrolment, id)): InPath<(EnrolmentId, ApprovalId)>,
    InQuery(query): InQuery<WaitQuery>,
) -> Reply<Json<ApprovalView>> {
    let until = Instant::now() + Duration::from_secs(u64::from(query.wait_s.min(WAIT_S_MAX)));
    loop {
        let approval = shared.security.approval(enrolment, id).await?;
        let is_over = Instant::now() >= until || shared.live.is_draining();
        if is_over || !approval.is_waiting(shared.now()) {
            return Ok(Json(approval_view(&shared, &approval).await?));
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Takes a bank's question back, if it was not answered.
#[utoipa::path(post, path = "/v1/admin/approvals/{enrolment}/{id}/withdraw", tag = "operator",
    security(("operator_key" = [])), params(("enrolment" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = ApprovalView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn withdraw(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath((enrolment, id)): InPath<(EnrolmentId, ApprovalId)>,
) -> Reply<Json<ApprovalView>> {
    let approval = shared.security.withdraw_approval(enrolment, id, &operator.name, shared.now()).await?;
    Ok(Json(approval_view(&shared, &approval).await?))
}

async fn approval_view(shared: &Shared, approval: &Approval) -> Reply<ApprovalView> {
    let enrolment = shared.store.enrolment(approval.enrolment).await?;
    let enrolment = enrolment.ok_or_else(|| Fail::not_found("enrolment"))?;
    Ok(ApprovalView {
        id: approval.id,
        enrolment: approval.enrolment,
        state: state_name(approval, shared.now()),
        payment: approval.purpose.payment(),
        reference: approval.purpose.reference().map(str::to_owned),
        expires_at_ms: approval.expires_at.ms(),
        answered_at_ms: approval.state.ended_at().map(Timestamp::ms),
        question: BASE64URL_NOPAD.encode(&approval.question),
        signature: approval.state.answer().map(|(_, signature)| BASE64URL_NOPAD.encode(signature)),
        certificate: BASE64URL_NOPAD.encode(&enrolment.certificate),
    })
}

fn state_name(approval: &Approval, now: Timestamp) -> ApprovalStateName {
    match approval.state {
        ApprovalState::Waiting if approval.is_waiting(now) => ApprovalStateName::Waiting,
        ApprovalState::Waiting => ApprovalStateName::Expired,
        ApprovalState::Approved { .. } => ApprovalStateName::Approved,
        ApprovalState::Refused { .. } => ApprovalStateName::Refused,
        ApprovalState::Withdrawn { .. } => ApprovalStateName::Withdrawn,
    }
}
