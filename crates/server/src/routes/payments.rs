//! What checkouts ask: begin, look, capture, void, refund, cancel.

use crate::answer::{Stored, request_hash};
use crate::callers::CheckoutCaller;
use crate::fail::{Fail, Reply};
use crate::input::{Body, InPath, InQuery, Key, LIST_MAX, malformed};
use crate::state::Shared;
use crate::steps::{Stopwatch, provider_verdict};
use api::checkout::CheckoutView;
use api::payment::{
    CancellationRequest, CancellationView, CaptureRequest, CaptureView, PaymentPage, PaymentRequest,
    PaymentView, RefundRequest, RefundView,
};
use api::problem::{Problem, ProblemType};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::{Money, Order, PaymentId, PaymentStep, Watch};
use payments::{Begun, Cancelled, Changed, Refusal, Wanted};
use protocol::confirmation::Cause;
use protocol::payment_code::{FormError, PaymentCode};
use protocol::verdict::Verdict;
use records::{IdempotencyRow, Page, RequestId};
use security::{RefusedCode, Verification};
use serde::Deserialize;
use utoipa::IntoParams;

/// The largest amount of one payment, in minor units.
const AMOUNT_MINOR_MAX: i64 = 100_000_000;
/// How often a code is verified again because its enrolment changed meanwhile.
const VERIFY_TRIES_MAX: usize = 32;

/// Who the server takes the caller for.
#[utoipa::path(get, path = "/v1/checkout", tag = "checkout", security(("checkout_key" = [])),
    responses((status = 200, body = CheckoutView), (status = 401, body = Problem)))]
pub(crate) async fn whoami(
    State(shared): State<Shared>,
    caller: CheckoutCaller,
) -> Reply<Json<CheckoutView>> {
    let checkout = caller.0;
    let merchant = shared.store.merchant(checkout.merchant).await?;
    let merchant = merchant.ok_or_else(|| Fail::ours(format!("{} has no merchant", checkout.id)))?;
    Ok(Json(CheckoutView {
        id: checkout.id,
        name: checkout.name,
        merchant: merchant.id,
        merchant_name: merchant.name,
        terminals: checkout.terminals,
    }))
}

/// Checks a customer's code and holds the amount.
#[utoipa::path(post, path = "/v1/payments", tag = "checkout", security(("checkout_key" = [])),
    request_body = PaymentRequest, params(("idempotency-key" = String, Header, description = "Stored by you before you send; new for each sale.")),
    responses((status = 201, body = PaymentView, description = "Authorised: capture it."),
        (status = 202, body = PaymentView, description = "Under way, or waiting for the customer to approve it on the phone (`awaiting_approval`): ask again with the same key, or look."),
        (status = 402, body = Problem, description = "Declined, with what to tell the customer."),
        (status = 422, body = Problem, description = "The code or the order is not possible; nothing happened.")))]
pub(crate) async fn begin(
    State(shared): State<Shared>,
    caller: CheckoutCaller,
    Key(key): Key,
    Body(asked): Body<PaymentRequest>,
) -> Reply<Response> {
    let checkout = caller.0;
    let order = Order {
        merchant: checkout.merchant,
        checkout: checkout.id,
        terminal: asked.terminal,
        amount: Money::new(asked.amount_minor, asked.currency),
    };
    if !checkout.terminals.contains(&order.terminal) {
        let detail = "This checkout has no till of that number. `GET /v1/checkout` lists its tills.";
        return Err(Fail::new(ProblemType::TerminalUnknown, detail));
    }
    if !(1..=AMOUNT_MINOR_MAX).contains(&asked.amount_minor) {
        let detail = format!("An amount is 1 to {AMOUNT_MINOR_MAX} minor units.");
        return Err(Fail::new(ProblemType::AmountRefused, detail));
    }
    let code = PaymentCode::from_text(&asked.code, shared.emv_profile.as_ref())
        .map_err(|error| misread(&shared, error))?;
    let request_hash = request_hash(&[
        b"begin",
        &code.hash().0,
        &order.amount.amount_minor.to_be_bytes(),
        order.amount.currency.code().as_bytes(),
        &order.terminal.get().to_be_bytes(),
    ]);
    let request = RequestId { checkout: checkout.id, key, request_hash };
    if let Some(row) = shared.store.request(request.checkout, request.key.clone()).await? {
        return known(&shared, row, &request).await;
    }
    verify_and_begin(&shared, request, &code, order).await
}

async fn verify_and_begin(
    shared: &Shared,
    request: RequestId,
    code: &PaymentCode,
    order: Order,
) -> Reply<Response> {
    let id = shared.payments.make_payment_id(0);
    let watch = Stopwatch::start();
    for _ in 0..VERIFY_TRIES_MAX {
        watch.again();
        let verification = shared.security.verify(code, &order, id, shared.now(), &watch).await?;
        let (verdict, begun) = match verification {
            Verification::Accepted(verified) => {
                (verified.verdict(), shared.payments.begin(request.clone(), *verified, &watch).await?)
            }
            Verification::Refused(refused) if refused.verdict() == Verdict::UnknownKey => {
                let verdict = Verdict::UnknownKey.name();
                shared.metrics.verdicts.with_label_values(&[verdict]).inc();
                shared.steps.record(&watch, None, verdict, shared.now(), &shared.metrics);
                let detail =
                    "The code is for another payment server, or was made with a key that is retired.";
                return Err(Fail::new(ProblemType::CodeUnknownKey, detail));
            }
            Verification::Refused(refused) => {
                (refused.verdict(), shared.payments.refuse(request.clone(), refusal(*refused)).await?)
            }
        };
        match begun {
            Begun::VerifyAgain => {}
            Begun::Known(row) => return known(shared, *row, &request).await,
            Begun::Answered(payment, answer) => {
                watch.ended(PaymentStep::Store, true);
                let found = if verdict.is_ok() { provider_verdict(&payment) } else { verdict.name() };
                shared.steps.record(&watch, Some(payment.id), found, shared.now(), &shared.metrics);
                shared.metrics.verdicts.with_label_values(&[verdict.name()]).inc();
                let state = PaymentView::from(&payment).state;
                shared.metrics.payments.with_label_values(&[state_label(state)]).inc();
                return Ok(Stored(answer).into_response());
            }
        }
    }
    Err(Fail::new(
        ProblemType::Unavailable,
        "Too many codes of this customer at once. Ask again in a moment.",
    ))
}

fn refusal(refused: RefusedCode) -> Refusal {
    let action = refused.customer_action();
    let cause = if refused.locks_for_pin() {
        Some(Cause::PIN_LOCKED)
    } else {
        refused.confirmation_cause().and_then(|(_, _, verdict)| Cause::of_verdict(verdict))
    };
    let parts = refused.into_parts();
    Refusal {
        payment: parts.payment,
        order: parts.order,
        action,
        verdict: parts.verdict,
        enrolment: parts.enrolment,
        code_use: parts.code_use,
        cause,
        audit: parts.audit,
    }
}

fn misread(shared: &Shared, error: FormError) -> Fail {
    shared.metrics.verdicts.with_label_values(&[Verdict::from(error).name()]).inc();
    match error {
        FormError::UnsupportedVersion => {
            let detail = "The customer's app makes codes that this payment server does not know.";
            Fail::new(ProblemType::CodeUnsupported, detail)
        }
        _ => Fail::new(ProblemType::CodeMisread, format!("Scan the code again: {error}.")),
    }
}

/// The answer to a request that was seen before.
async fn known(shared: &Shared, row: IdempotencyRow, request: &RequestId) -> Reply<Response> {
    Ok(Stored(shared.payments.begun_before(row, request).await?).into_response())
}

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentsQuery {
    /// The idempotency key of the request that began the payment: looks for that one alone.
    idempotency_key: Option<String>,
    /// Payments before this one, latest first.
    #[param(value_type = Option<String>)]
    after: Option<PaymentId>,
    /// At most this many, 1 to 100.
    limit: Option<usize>,
}

/// The status of one request, or a list of the merchant's payments, latest first.
#[utoipa::path(get, path = "/v1/payments", tag = "checkout", security(("checkout_key" = [])), params(PaymentsQuery),
    responses((status = 200, body = PaymentPage, description = "A list."),
        (status = 201, body = PaymentView, description = "That request was authorised; this was its answer."),
        (status = 202, body = PaymentView, description = "That request is under way."),
        (status = 402, body = Problem, description = "That request was declined."),
        (status = 404, body = Problem, description = "That request never came."),
        (status = 409, body = Problem, description = "That request was cancelled before it came.")))]
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: CheckoutCaller,
    InQuery(query): InQuery<PaymentsQuery>,
) -> Reply<Response> {
    if let Some(key) = query.idempotency_key {
        let key = key.parse().map_err(|_| malformed("The idempotency key is malformed."))?;
        let row = shared.store.request(caller.0.id, key).await?.ok_or_else(|| Fail::not_found("request"))?;
        let request = row.request.clone();
        return known(&shared, row, &request).await;
    }
    let limit = query.limit.unwrap_or(LIST_MAX).clamp(1, LIST_MAX);
    let page = Page { after: query.after, limit };
    let payments = shared.store.payments_of_merchant(caller.0.merchant, page).await?;
    let next_after = (payments.len() == limit).then(|| payments.last().map(|payment| payment.id)).flatten();
    Ok(Json(PaymentPage { payments: payments.iter().map(PaymentView::from).collect(), next_after })
        .into_response())
}

/// A payment of the caller's merchant.
#[utoipa::path(get, path = "/v1/payments/{id}", tag = "checkout", security(("checkout_key" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = PaymentView), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(shared): State<Shared>,
    caller: CheckoutCaller,
    InPath(id): InPath<PaymentId>,
) -> Reply<Json<PaymentView>> {
    let payment = shared.payments.of_merchant(caller.0.merchant, id).await?;
    Ok(Json(PaymentView::from(&payment)))
}

/// Takes held money. Final once answered.
#[utoipa::path(post, path = "/v1/payments/{id}/captures", tag = "checkout", security(("checkout_key" = [])),
    request_body = CaptureRequest, params(("id" = String, Path), ("idempotency-key" = String, Header)),
    responses((status = 201, body = CaptureView), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn capture(
    State(shared): State<Shared>,
    caller: CheckoutCaller,
    Key(key): Key,
    InPath(id): InPath<PaymentId>,
    Body(asked): Body<CaptureRequest>,
) -> Reply<Response> {
    let amount = asked.amount_minor.map_or_else(Vec::new, |amount| amount.to_be_bytes().to_vec());
    let hash = request_hash(&[b"capture", id.to_string().as_bytes(), &amount, &[u8::from(asked.is_final)]]);
    let wanted = Wanted::Capture { amount_minor: asked.amount_minor, is_final: asked.is_final };
    let request = RequestId { checkout: caller.0.id, key, request_hash: hash };
    change(&shared, &caller, request, id, wanted).await
}

/// Gives back what is held. Final once answered.
#[utoipa::path(post, path = "/v1/payments/{id}/void", tag = "checkout", security(("checkout_key" = [])),
    params(("id" = String, Path), ("idempotency-key" = String, Header)),
    responses((status = 200, body = PaymentView), (status = 409, body = Problem)))]
pub(crate) async fn void(
    State(shared): State<Shared>,
    caller: CheckoutCaller,
    Key(key): Key,
    InPath(id): InPath<PaymentId>,
) -> Reply<Response> {
    let request_hash = request_hash(&[b"void", id.to_string().as_bytes()]);
    let request = RequestId { checkout: caller.0.id, key, request_hash };
    change(&shared, &caller, request, id, Wanted::Void).await
}

/// Gives captured money back. Final once answered.
#[utoipa::path(post, path = "/v1/payments/{id}/refunds", tag = "checkout", security(("checkout_key" = [])),
    request_body = RefundRequest, params(("id" = String, Path), ("idempotency-key" = String, Header)),
    responses((status = 201, body = RefundView), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(crate) async fn refund(
    State(shared): State<Shared>,
    caller: CheckoutCaller,
    Key(key): Key,
    InPath(id): InPath<PaymentId>,
    Body(asked): Body<RefundRequest>,
) -> Reply<Response> {
    let amount = asked.amount_minor.map_or_else(Vec::new, |amount| amount.to_be_bytes().to_vec());
    let request_hash = request_hash(&[b"refund", id.to_string().as_bytes(), &amount]);
    let request = RequestId { checkout: caller.0.id, key, request_hash };
    change(&shared, &caller, request, id, Wanted::Refund { amount_minor: asked.amount_minor }).await
}

async fn change(
    shared: &Shared,
    caller: &CheckoutCaller,
    request: RequestId,
    id: PaymentId,
    wanted: Wanted,
) -> Reply<Response> {
    match shared.payments.change(request, caller.0.merchant, id, wanted).await? {
        Changed::Answered(_, answer) => Ok(Stored(answer).into_response()),
        Changed::Known(row) => match row.answer {
            Some(answer) => Ok(Stored(answer).into_response()),
            None => {
                Err(Fail::new(ProblemType::InProgress, "This request is under way. Ask again in a moment."))
            }
        },
    }
}

/// Cancels a request to pay, whether it has arrived or not.
#[utoipa::path(post, path = "/v1/cancellations", tag = "checkout", security(("checkout_key" = [])),
    request_body = CancellationRequest,
    responses((status = 200, body = CancellationView), (status = 409, body = Problem)))]
pub(crate) async fn cancel(
    State(shared): State<Shared>,
    caller: CheckoutCaller,
    Body(asked): Body<CancellationRequest>,
) -> Reply<Json<CancellationView>> {
    let key = asked.idempotency_key.parse().map_err(|_| malformed("The idempotency key is malformed."))?;
    let payment = match shared.payments.cancel(caller.0.id, key).await? {
        Cancelled::Received(payment) => Some(PaymentView::from(&payment)),
        Cancelled::Remembered => None,
    };
    Ok(Json(CancellationView { was_received: payment.is_some(), payment }))
}

fn state_label(state: api::payment::PaymentStateName) -> &'static str {
    use api::payment::PaymentStateName as Name;
    match state {
        Name::Received => "received",
        Name::Unknown => "unknown",
        Name::Authorised => "authorised",
        Name::Declined => "declined",
        Name::PartlyCaptured => "partly_captured",
        Name::Captured => "captured",
        Name::Voided => "voided",
        Name::Expired => "expired",
        Name::Reversing => "reversing",
        Name::Reversed => "reversed",
        Name::Disputed => "disputed",
        Name::ChargedBack => "charged_back",
        Name::AwaitingApproval => "awaiting_approval",
    }
}
