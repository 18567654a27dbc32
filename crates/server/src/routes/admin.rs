//! What operators ask, with the operator's key.

use crate::callers::OperatorCaller;
use crate::fail::{Fail, Reply};
use crate::input::{Body, InPath, InQuery, LIST_MAX, malformed};
use crate::routes::phone::status_name;
use crate::routes::policy::decision_view;
use crate::state::{Shared, SystemIds};
use api::admin::{
    ActivationCodeView, CheckoutRequest, CustomerRequest, CustomerView, EnrolmentAdminPage,
    EnrolmentAdminView, MerchantRequest, MerchantView, NewCheckoutView, PaymentStory, RevocationReasonName,
    RevocationRequest, StepsPage,
};
use api::problem::{Problem, ProblemType};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use crypto::hash::sha256;
use crypto::x509::Certificate;
use crypto::{Random, SystemRandom};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use model::{CheckoutId, CustomerId, EnrolmentId, MerchantId, PaymentId, TerminalNumber, Timestamp};
use payments::IdSource;
use records::{
    Actor, AuditEntry, Checkout, Command, Customer, Enrolment, EnrolmentStatus, Merchant, Outcome, Page,
    RevocationReason,
};
use security::{IssuedCode, KnownDevice};
use serde::Deserialize;
use std::collections::HashSet;
use utoipa::IntoParams;

/// The longest name of anything, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The most tills of one checkout.
const TERMINALS_MAX: usize = 1_000;

/// Adds a customer.
#[utoipa::path(post, path = "/v1/admin/customers", tag = "operator", security(("operator_key" = [])),
    request_body = CustomerRequest, responses((status = 201, body = CustomerView), (status = 400, body = Problem)))]
pub(crate) async fn add_customer(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    Body(asked): Body<CustomerRequest>,
) -> Reply<(StatusCode, Json<CustomerView>)> {
    let now = shared.now();
    let home = SystemIds.random() % u64::from(shared.limits.homes.max(1));
    let id = CustomerId::derive(u16::try_from(home).unwrap_or(0), now, SystemIds.random());
    let customer = Customer { id, name: name(asked.name)?, created_at: now };
    let audit = entry(&operator, now, "customer.created", id);
    created(shared.store.commit(Command::CreateCustomer(customer.clone(), audit)).await?)?;
    Ok((StatusCode::CREATED, Json(CustomerView { id, name: customer.name })))
}

/// Issues an activation code. It is told once, here.
#[utoipa::path(post, path = "/v1/admin/customers/{id}/activation-codes", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)),
    responses((status = 201, body = ActivationCodeView), (status = 404, body = Problem)))]
pub(crate) async fn issue_activation_code(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<CustomerId>,
) -> Reply<(StatusCode, Json<ActivationCodeView>)> {
    let actor = Actor::Operator(operator.name);
    let issued = shared.security.issue_activation_code(id, actor, shared.now(), &mut SystemRandom).await?;
    Ok((StatusCode::CREATED, Json(code_view(&issued))))
}

/// Adds a merchant.
#[utoipa::path(post, path = "/v1/admin/merchants", tag = "operator", security(("operator_key" = [])),
    request_body = MerchantRequest, responses((status = 201, body = MerchantView), (status = 400, body = Problem)))]
pub(crate) async fn add_merchant(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    Body(asked): Body<MerchantRequest>,
) -> Reply<(StatusCode, Json<MerchantView>)> {
    let now = shared.now();
    let id = MerchantId::derive(0, now, SystemIds.random());
    let (name, category) = (name(asked.name)?, asked.category);
    let merchant = Merchant { id, name, terms: Vec::new(), created_at: now, category };
    let audit = entry(&operator, now, "merchant.created", id);
    created(shared.store.commit(Command::CreateMerchant(merchant.clone(), audit)).await?)?;
    Ok((StatusCode::CREATED, Json(MerchantView { id, name: merchant.name, category })))
}

/// Adds a checkout with its tills. Its API key is told once, here.
#[utoipa::path(post, path = "/v1/admin/checkouts", tag = "operator", security(("operator_key" = [])),
    request_body = CheckoutRequest,
    responses((status = 201, body = NewCheckoutView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn add_checkout(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    Body(asked): Body<CheckoutRequest>,
) -> Reply<(StatusCode, Json<NewCheckoutView>)> {
    if shared.store.merchant(asked.merchant).await?.is_none() {
        return Err(Fail::not_found("merchant"));
    }
    if !(1..=TERMINALS_MAX).contains(&asked.terminals.len()) {
        return Err(malformed(format!("A checkout has 1 to {TERMINALS_MAX} tills.")));
    }
    let terminals: Option<Vec<TerminalNumber>> =
        asked.terminals.iter().copied().map(TerminalNumber::new).collect();
    let terminals = terminals.ok_or_else(|| malformed("A till's number is 1 or more."))?;
    if terminals.iter().collect::<HashSet<_>>().len() < terminals.len() {
        return Err(malformed("A checkout names each of its tills once."));
    }
    let now = shared.now();
    let mut key = [0; 32];
    SystemRandom.fill(&mut key);
    let api_key = format!("bzk_{}", BASE64URL_NOPAD.encode(&key));
    let checkout = Checkout {
        id: CheckoutId::derive(0, now, SystemIds.random()),
        merchant: asked.merchant,
        name: name(asked.name)?,
        api_key_hash: sha256(&[api_key.as_bytes()]),
        terminals: terminals.clone(),
        created_at: now,
    };
    let id = checkout.id;
    let audit = entry(&operator, now, "checkout.created", id);
    match shared.store.commit(Command::CreateCheckout(checkout, audit)).await? {
        Outcome::Exists => {
            let detail =
                "One of these tills belongs to another checkout. A till's number is unique in the realm.";
            Err(Fail::new(ProblemType::AlreadyExists, detail))
        }
        outcome => {
            created(outcome)?;
            Ok((StatusCode::CREATED, Json(NewCheckoutView { id, api_key, terminals })))
        }
    }
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EnrolmentsQuery {
    /// Those after this one.
    #[param(value_type = Option<String>)]
    after: Option<EnrolmentId>,
}

/// Enrolments by id.
#[utoipa::path(get, path = "/v1/admin/enrolments", tag = "operator", security(("operator_key" = [])),
    params(EnrolmentsQuery), responses((status = 200, body = EnrolmentAdminPage)))]
pub(crate) async fn enrolments(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InQuery(query): InQuery<EnrolmentsQuery>,
) -> Reply<Json<EnrolmentAdminPage>> {
    let enrolments = shared.store.enrolments(Page { after: query.after, limit: LIST_MAX }).await?;
    let next_after = (enrolments.len() == LIST_MAX).then(|| enrolments.last().map(|last| last.id)).flatten();
    Ok(Json(EnrolmentAdminPage { enrolments: enrolments.iter().map(enrolment_view).collect(), next_after }))
}

/// An enrolment.
#[utoipa::path(get, path = "/v1/admin/enrolments/{id}", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), responses((status = 200, body = EnrolmentAdminView), (status = 404, body = Problem)))]
pub(crate) async fn enrolment(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(id): InPath<EnrolmentId>,
) -> Reply<Json<EnrolmentAdminView>> {
    let enrolment = shared.store.enrolment(id).await?.ok_or_else(|| Fail::not_found("enrolment"))?;
    Ok(Json(enrolment_view(&enrolment)))
}

/// Locks a phone.
#[utoipa::path(post, path = "/v1/admin/enrolments/{id}/lock", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), responses((status = 200, body = EnrolmentAdminView), (status = 404, body = Problem)))]
pub(crate) async fn lock(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<EnrolmentId>,
) -> Reply<Json<EnrolmentAdminView>> {
    let enrolment = shared.security.lock_by_operator(id, &operator.name, shared.now()).await?;
    Ok(Json(enrolment_view(&enrolment)))
}

/// Unlocks a phone and forgets its wrong PINs.
#[utoipa::path(post, path = "/v1/admin/enrolments/{id}/unlock", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), responses((status = 200, body = EnrolmentAdminView), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub(crate) async fn unlock(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<EnrolmentId>,
) -> Reply<Json<EnrolmentAdminView>> {
    let enrolment = shared.security.unlock(id, &operator.name, shared.now()).await?;
    Ok(Json(enrolment_view(&enrolment)))
}

/// Revokes a phone for good.
#[utoipa::path(post, path = "/v1/admin/enrolments/{id}/revoke", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), request_body = RevocationRequest,
    responses((status = 200, body = EnrolmentAdminView), (status = 404, body = Problem)))]
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<EnrolmentId>,
    Body(asked): Body<RevocationRequest>,
) -> Reply<Json<EnrolmentAdminView>> {
    let reason = match asked.reason {
        RevocationReasonName::Unspecified => RevocationReason::Unspecified,
        RevocationReasonName::Lost => RevocationReason::Lost,
        RevocationReasonName::KeyCompromise => RevocationReason::KeyCompromise,
        RevocationReasonName::Retired => RevocationReason::Retired,
    };
    let enrolment = shared.security.revoke(id, reason, &operator.name, shared.now()).await?;
    Ok(Json(enrolment_view(&enrolment)))
}

/// Issues a code with which a phone sets a new PIN and keeps its methods. It is told once, here.
#[utoipa::path(post, path = "/v1/admin/enrolments/{id}/pin-reset-codes", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)),
    responses((status = 201, body = ActivationCodeView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn issue_reset_code(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<EnrolmentId>,
) -> Reply<(StatusCode, Json<ActivationCodeView>)> {
    let issued =
        shared.security.issue_reset_code(id, &operator.name, shared.now(), &mut SystemRandom).await?;
    Ok((StatusCode::CREATED, Json(code_view(&issued))))
}

/// Issues an activation code for a phone that takes this one's place: this one is revoked when the code is used. It is told
/// once, here.
#[utoipa::path(post, path = "/v1/admin/enrolments/{id}/replacement-codes", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)),
    responses((status = 201, body = ActivationCodeView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn issue_replacement_code(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<EnrolmentId>,
) -> Reply<(StatusCode, Json<ActivationCodeView>)> {
    let now = shared.now();
    let issued = shared.security.issue_replacement_code(id, &operator.name, now, &mut SystemRandom).await?;
    Ok((StatusCode::CREATED, Json(code_view(&issued))))
}

/// A customer's phones that were not revoked.
#[utoipa::path(get, path = "/v1/admin/customers/{id}/devices", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), responses((status = 200, body = EnrolmentAdminPage), (status = 404, body = Problem)))]
pub(crate) async fn devices(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(id): InPath<CustomerId>,
) -> Reply<Json<EnrolmentAdminPage>> {
    if shared.store.customer(id).await?.is_none() {
        return Err(Fail::not_found("customer"));
    }
    let known = shared.security.living_devices(id).await?;
    let view = |known: &KnownDevice| EnrolmentAdminView {
        name: known.device.name.clone(),
        ..enrolment_view(&known.enrolment)
    };
    Ok(Json(EnrolmentAdminPage { enrolments: known.iter().map(view).collect(), next_after: None }))
}

fn code_view(issued: &IssuedCode) -> ActivationCodeView {
    ActivationCodeView {
        activation_code: issued.code.to_grouped().to_string(),
        expires_at_ms: issued.expires_at.ms(),
    }
}

/// How long each step of the last payments took, latest first. Kept in memory only.
#[utoipa::path(get, path = "/v1/admin/steps", tag = "operator", security(("operator_key" = [])),
    responses((status = 200, body = StepsPage)))]
pub(crate) async fn steps(State(shared): State<Shared>, _operator: OperatorCaller) -> Json<StepsPage> {
    Json(StepsPage { payments: shared.steps.latest() })
}

/// Why a payment went as it did.
#[utoipa::path(get, path = "/v1/admin/payments/{id}", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), responses((status = 200, body = PaymentStory), (status = 404, body = Problem)))]
pub(crate) async fn payment(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(id): InPath<PaymentId>,
) -> Reply<Json<PaymentStory>> {
    let verdict = shared.store.verdict(id).await?.ok_or_else(|| Fail::not_found("payment"))?;
    let decision = match (&verdict.decision, shared.store.payment(id).await?) {
        (Some(decision), Some(payment)) => {
            Some(decision_view(&shared, payment.order.amount, decision).await?)
        }
        _ => None,
    };
    let events = shared.store.events(id).await?;
    let effects = shared.store.effects_of(id).await?;
    Ok(Json(PaymentStory {
        id,
        verdict: verdict.verdict.name().to_owned(),
        decision,
        events: events.iter().map(|row| format!("{} {:?}", row.at, row.event)).collect(),
        open_effects: effects.iter().map(effect_words).collect(),
    }))
}

fn effect_words(effect: &records::Effect) -> String {
    let what = effect.kind.booking().map_or_else(|| "Authorise".to_owned(), |booking| format!("{booking:?}"));
    format!("{what}, tried {} times, next at {}", effect.attempts, effect.due_at)
}

fn enrolment_view(enrolment: &Enrolment) -> EnrolmentAdminView {
    let (since, reason) = match enrolment.status {
        EnrolmentStatus::Active => (None, None),
        EnrolmentStatus::Unsynchronised { since } | EnrolmentStatus::Locked { since, .. } => {
            (Some(since), None)
        }
        EnrolmentStatus::Revoked { reason, since } => (Some(since), Some(reason)),
    };
    let serial = Certificate::read(&enrolment.certificate).ok().map(|certificate| *certificate.serial());
    EnrolmentAdminView {
        id: enrolment.id,
        customer: enrolment.customer,
        status: status_name(&enrolment.status),
        pin_failures: enrolment.pin.failures,
        counter: enrolment.counter.0,
        platform: enrolment.platform.clone(),
        activated_at_ms: enrolment.activated_at.ms(),
        last_online_at_ms: enrolment.last_online_at.ms(),
        name: String::new(),
        status_since_ms: since.map(Timestamp::ms),
        revoked_for: reason.map(|reason| reason.name().to_owned()),
        certificate_serial: serial.map(|serial| HEXLOWER.encode(&serial)).unwrap_or_default(),
        certificate_not_after_ms: enrolment.certificate_not_after.ms(),
    }
}

fn name(name: String) -> Reply<String> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name)
    } else {
        Err(malformed(format!("A name has 1 to {NAME_BYTES_MAX} bytes and no control characters.")))
    }
}

fn created(outcome: Outcome) -> Reply<()> {
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Exists => Err(Fail::new(ProblemType::AlreadyExists, "It exists already.")),
        outcome => Err(Fail::ours(format!("a new row: {outcome:?}"))),
    }
}

pub(super) fn entry(
    operator: &OperatorCaller,
    at: Timestamp,
    action: &str,
    subject: impl ToString,
) -> AuditEntry {
    let (actor, action) = (Actor::Operator(operator.name.clone()), action.to_owned());
    AuditEntry { at, actor, action, subject: subject.to_string(), detail: String::new() }
}
