//! What a customer may ask for by law: all that is stored of them, and its erasure.

use crate::callers::OperatorCaller;
use crate::fail::{Fail, Reply};
use crate::input::{InPath, InQuery, LIST_MAX};
use crate::routes::phone::status_name;
use crate::routes::policy::decision_view;
use crate::state::Shared;
use api::problem::{Problem, ProblemType};
use axum::Json;
use axum::extract::State;
use data_encoding::{BASE64, HEXLOWER};
use model::{Counter, Currency, CustomerId, EnrolmentId, Payment, Timestamp};
use records::{
    ActivationCodeRow, ActivationPurpose, Actor, Approval, ApprovalState, AuditRow, CodeUse, ConfirmationRow,
    Enrolment, Method, MethodState, NoticeRow, PAGE_LIMIT_MAX, Page, Spent, Velocity, Window,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashSet;
use utoipa::IntoParams;

/// The most questions of one device that an export has, the latest.
const APPROVALS_MAX: usize = 10_000;

/// All that is stored of a customer but payments, confirmations and audit entries, which come in pages of their own; with each
/// device what it paid lately, by slices of time, while a policy counts that. Secrets are left out: PIN keys, hashes of codes.
#[utoipa::path(get, path = "/v1/admin/customers/{id}/export", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn export(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(id): InPath<CustomerId>,
) -> Reply<Json<Value>> {
    let customer = shared.store.customer(id).await?.ok_or_else(|| Fail::not_found("customer"))?;
    let known = shared.store.devices(id).await?;
    let mut devices = Vec::new();
    for device in known.iter().flat_map(|known| &known.devices) {
        if let Some(enrolment) = shared.store.enrolment(device.enrolment).await? {
            let mut exported = device_json(&enrolment);
            exported["name"] = json!(device.name);
            let lately = shared.store.velocity(device.enrolment).await?;
            exported["paid_lately"] = lately.iter().flat_map(Velocity::kept).map(spent_json).collect();
            exported["approvals"] = approvals_of(&shared, device.enrolment).await?.into();
            devices.push(exported);
        }
    }
    let methods = shared.store.methods(id).await?;
    let codes = shared.store.activation_codes_of(id).await?;
    let notices = shared.store.notices(id, Page::first(PAGE_LIMIT_MAX)).await?;
    Ok(Json(json!({
        "version": 1,
        "exported_at_ms": shared.now().ms(),
        "customer": {
            "id": customer.id,
            "name": customer.name,
            "created_at_ms": customer.created_at.ms(),
            "erased_at_ms": known.and_then(|known| known.erased_at).map(Timestamp::ms),
        },
        "devices": devices,
        "methods": methods.iter().map(method_json).collect::<Vec<_>>(),
        "activation_codes": codes.iter().map(code_json).collect::<Vec<_>>(),
        "notices": notices.iter().map(notice_json).collect::<Vec<_>>(),
    })))
}

/// Which page of a device's.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeviceQuery {
    /// Whose.
    #[param(value_type = String)]
    enrolment: EnrolmentId,
    /// After this counter or sequence; 0 for the first page.
    #[serde(default)]
    after: u32,
}

/// The payments that codes of one of the customer's devices began, by the codes' counters, with what policy decided of each.
#[utoipa::path(get, path = "/v1/admin/customers/{id}/export/payments", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path), DeviceQuery),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn export_payments(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(id): InPath<CustomerId>,
    InQuery(query): InQuery<DeviceQuery>,
) -> Reply<Json<Value>> {
    own_enrolment(&shared, id, query.enrolment).await?;
    let uses = shared.store.code_uses(query.enrolment, Page::after(Counter(query.after), LIST_MAX)).await?;
    let mut payments = Vec::with_capacity(uses.len());
    for used in &uses {
        if let Some(payment) = shared.store.payment(used.payment).await? {
            payments.push(payment_json(&shared, used, &payment).await?);
        }
    }
    let next_after = next_after(&uses, LIST_MAX, |last| last.counter.0);
    Ok(Json(json!({ "payments": payments, "next_after": next_after })))
}

/// What one of the customer's devices was told of payments.
#[utoipa::path(get, path = "/v1/admin/customers/{id}/export/confirmations", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path), DeviceQuery),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn export_confirmations(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(id): InPath<CustomerId>,
    InQuery(query): InQuery<DeviceQuery>,
) -> Reply<Json<Value>> {
    own_enrolment(&shared, id, query.enrolment).await?;
    let rows = shared.store.confirmations(query.enrolment, Page::after(query.after, LIST_MAX)).await?;
    let next_after = next_after(&rows, LIST_MAX, |last| last.sequence);
    let confirmations: Vec<Value> = rows.iter().map(confirmation_json).collect();
    Ok(Json(json!({ "confirmations": confirmations, "next_after": next_after })))
}

/// What the page after this one begins with; none if this one, not being full, is the last.
fn next_after<T, N>(page: &[T], limit: usize, of: impl FnOnce(&T) -> N) -> Option<N> {
    page.last().filter(|_| page.len() == limit).map(of)
}

/// Which page of the audit trail.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Entries after this one; 0 for the first page.
    #[serde(default)]
    after: u64,
}

/// Audit entries about the customer or a device of theirs, of a thousand entries of the trail at a time.
#[utoipa::path(get, path = "/v1/admin/customers/{id}/export/audit", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path), AuditQuery),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
pub(crate) async fn export_audit(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(id): InPath<CustomerId>,
    InQuery(query): InQuery<AuditQuery>,
) -> Reply<Json<Value>> {
    shared.store.customer(id).await?.ok_or_else(|| Fail::not_found("customer"))?;
    let known = shared.store.devices(id).await?;
    let mut names: HashSet<String> = HashSet::from([id.to_string()]);
    names.extend(known.iter().flat_map(|known| &known.devices).map(|device| device.enrolment.to_string()));
    let rows = shared.store.audit(Page::after(query.after, PAGE_LIMIT_MAX)).await?;
    let is_about = |row: &&AuditRow| {
        let actor = match &row.entry.actor {
            Actor::Device(name) => Some(name),
            _ => None,
        };
        names.contains(&row.entry.subject) || actor.is_some_and(|name| names.contains(name))
    };
    let entries: Vec<Value> = rows.iter().filter(is_about).map(audit_json).collect();
    let next_after = next_after(&rows, PAGE_LIMIT_MAX, |last| last.sequence);
    Ok(Json(json!({ "audit": entries, "next_after": next_after })))
}

/// Erases a customer: names and facts of devices and what they paid lately are wiped, devices revoked, methods removed. Payments, books and the audit
/// trail stay, under the customer's id. Refused while a payment is open.
#[utoipa::path(post, path = "/v1/admin/customers/{id}/erase", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn erase(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<CustomerId>,
) -> Reply<Json<Value>> {
    let Some(erasure) = shared.security.begin_erasure(id).await? else {
        return Ok(Json(json!({ "erased": id })));
    };
    // A payment that begins from now on changes its enrolment, and the erasure is refused.
    for enrolment in erasure.enrolments() {
        if let Some(payment) = shared.payments.open_payment_of(enrolment).await? {
            let detail =
                format!("{payment} of this customer is not at its end. Settle it first, then erase.");
            return Err(Fail::new(ProblemType::WrongState, detail));
        }
    }
    shared.security.erase(erasure, &operator.name, shared.now()).await?;
    Ok(Json(json!({ "erased": id })))
}

async fn own_enrolment(shared: &Shared, customer: CustomerId, id: EnrolmentId) -> Reply<Enrolment> {
    let enrolment = shared.store.enrolment(id).await?.filter(|enrolment| enrolment.customer == customer);
    enrolment.ok_or_else(|| Fail::not_found("enrolment of this customer"))
}

/// What a device was asked and answered, latest first; who at the bank asked is not the customer's.
async fn approvals_of(shared: &Shared, enrolment: EnrolmentId) -> Reply<Vec<Value>> {
    let mut approvals = Vec::new();
    let mut page = Page::first(PAGE_LIMIT_MAX);
    loop {
        let rows = shared.store.approvals(enrolment, page).await?;
        approvals.extend(rows.iter().map(approval_json));
        match rows.last() {
            Some(last) if rows.len() == PAGE_LIMIT_MAX && approvals.len() < APPROVALS_MAX => {
                page = Page::after(last.id, PAGE_LIMIT_MAX);
            }
            _ => return Ok(approvals),
        }
    }
}

fn approval_json(approval: &Approval) -> Value {
    let state = match &approval.state {
        ApprovalState::Waiting => "waiting",
        ApprovalState::Approved { .. } => "approved",
        ApprovalState::Refused { .. } => "refused",
        ApprovalState::Withdrawn { .. } => "withdrawn",
    };
    json!({
        "id": approval.id,
        "question": serde_json::from_slice::<Value>(&approval.question).unwrap_or_default(),
        "state": state,
        "answered_at_ms": approval.state.ended_at().map(Timestamp::ms),
        "payment": approval.purpose.payment(),
        "reference": approval.purpose.reference(),
    })
}

fn device_json(enrolment: &Enrolment) -> Value {
    json!({
        "enrolment": enrolment.id,
        "status": status_name(&enrolment.status),
        "level": enrolment.level,
        "platform": enrolment.platform,
        "app": enrolment.app.as_ref().map(|app| format!("{} {}", app.id, app.version)),
        "app_digest": enrolment.app.as_ref().and_then(|app| app.digest).map(|digest| HEXLOWER.encode(&digest)),
        "counter": enrolment.counter.0,
        "pin_generation": enrolment.pin.generation,
        "pin_failures": enrolment.pin.failures,
        "clock_offset_ms": enrolment.clock_offset_ms,
        "activated_at_ms": enrolment.activated_at.ms(),
        "last_online_at_ms": enrolment.last_online_at.ms(),
        "device_key": HEXLOWER.encode(&enrolment.device_key),
        "online_key": HEXLOWER.encode(&enrolment.online_key),
        "confirmation_key": HEXLOWER.encode(&enrolment.confirmation_key),
        "certificate": BASE64.encode(&enrolment.certificate),
        "certificate_not_after_ms": enrolment.certificate_not_after.ms(),
    })
}

fn spent_json((window, since, currency, spent): (Window, Timestamp, Currency, Spent)) -> Value {
    json!({
        "window": window.name(),
        "since_ms": since.ms(),
        "currency": currency,
        "payments": spent.payments,
        "sum_minor": spent.sum_minor,
    })
}

fn method_json(method: &Method) -> Value {
    let mut exported = json!({
        "slot": method.slot,
        "provider": method.provider,
        "added_at_ms": method.added_at.ms(),
    });
    let (name, more) = match &method.state {
        MethodState::Unproved { link, expires_at } => {
            ("unproved", json!({ "link": link, "prove_by_ms": expires_at.ms() }))
        }
        MethodState::Active { account_ref, currency, label } => {
            ("active", json!({ "account_ref": account_ref, "currency": currency, "label": label }))
        }
        MethodState::Removed { at } => ("removed", json!({ "removed_at_ms": at.ms() })),
    };
    exported["state"] = json!(name);
    exported["details"] = more;
    exported
}

fn code_json(code: &ActivationCodeRow) -> Value {
    let (purpose, about) = match code.purpose {
        ActivationPurpose::NewDevice => ("new_device", None),
        ActivationPurpose::Replace(id) => ("replace", Some(id)),
        ActivationPurpose::ResetPin(id) => ("reset_pin", Some(id)),
    };
    json!({
        "purpose": purpose,
        "about": about,
        "issued_at_ms": code.issued_at.ms(),
        "expires_at_ms": code.expires_at.ms(),
        "used_at_ms": code.used.as_ref().map(|used| used.at.ms()),
        "enrolment": code.used.as_ref().map(|used| used.enrolment),
    })
}

fn notice_json(row: &NoticeRow) -> Value {
    let told = &row.notice;
    json!({
        "sequence": row.sequence,
        "kind": told.kind,
        "about": told.about,
        "device_name": told.device_name,
        "by": told.by,
        "at_ms": told.at.ms(),
    })
}

async fn payment_json(shared: &Shared, used: &CodeUse, payment: &Payment) -> Reply<Value> {
    let verdict = shared.store.verdict(payment.id).await?;
    let events = shared.store.events(payment.id).await?;
    let decision = match verdict.as_ref().and_then(|row| row.decision.as_ref()) {
        Some(decision) => Some(decision_view(shared, payment.order.amount, decision).await?),
        None => None,
    };
    let event =
        |row: &records::EventRow| json!({ "at_ms": row.at.ms(), "event": format!("{:?}", row.event) });
    let payer = payment.payer.as_ref();
    Ok(json!({
        "id": payment.id,
        "enrolment": used.enrolment,
        "counter": used.counter.0,
        "at_ms": payment.received_at.ms(),
        "merchant": payment.order.merchant,
        "terminal": payment.order.terminal,
        "amount_minor": payment.order.amount.amount_minor,
        "currency": payment.order.amount.currency,
        "method": payer.map(|payer| payer.method),
        "provider": payer.map(|payer| &payer.provider),
        "account_ref": payer.map(|payer| &payer.account_ref),
        "state": payment.state.name(),
        "captured_minor": payment.captured_minor,
        "refunded_minor": payment.refunded_minor,
        "charged_back_minor": payment.charged_back_minor,
        "verdict": verdict.map(|row| row.verdict.name()),
        "decision": decision,
        "events": events.iter().map(event).collect::<Vec<_>>(),
    }))
}

fn confirmation_json(row: &ConfirmationRow) -> Value {
    let told = &row.confirmation;
    json!({
        "sequence": row.sequence,
        "kind": told.kind.name(),
        "payment": told.payment,
        "counter": told.counter.0,
        "at_ms": told.at.ms(),
        "amount_minor": told.amount.amount_minor,
        "currency": told.amount.currency,
        "merchant": told.merchant_name,
        "terminal": told.terminal,
        "cause": told.cause.map(|cause| cause.to_string()),
    })
}

fn audit_json(row: &AuditRow) -> Value {
    let entry = &row.entry;
    let actor = match &entry.actor {
        Actor::Server => "server".to_owned(),
        // Who works there is not the customer's.
        Actor::Operator(_) => "operator".to_owned(),
        Actor::Device(name) => format!("device {name}"),
        Actor::Checkout(name) => format!("checkout {name}"),
    };
    json!({
        "sequence": row.sequence,
        "at_ms": entry.at.ms(),
        "actor": actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
    })
}
