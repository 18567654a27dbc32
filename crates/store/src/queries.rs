//! What is read for each question, whichever store is asked.

mod devices;
mod webhooks;

pub(crate) use devices::{
    activation_codes_of, approval, approvals, certificate, code_uses, devices, notices,
};
pub(crate) use webhooks::{
    dead_webhooks, webhook, webhook_endpoint, webhook_endpoints, webhook_totals, webhooks_due,
    webhooks_settled,
};

use crate::fault::Fault;
use crate::key::ByTime;
use crate::look::{Look, Order, all, page as page_of, until};
use crate::stored::StoredEvent;
use crate::tables as t;
use core::ops::Bound::{Excluded, Included, Unbounded};
use model::{
    CheckoutId, Counter, CustomerId, EffectId, EnrolmentId, IdempotencyKey, MerchantId, MethodSlot, Payment,
    PaymentId, TerminalNumber, Timestamp,
};
use records::{
    ActivationCodeRow, App, AuditHead, AuditRow, CheckMark, Checkout, CodeUse, ConfirmationRow, Customer,
    Effect, Enrolment, EventRow, IdempotencyRow, Merchant, Method, OperatorTask, Page, PolicyRow, PostingRow,
    RuleListRow, Velocity, VerdictRow,
};

/// Calls `$implement` with every question but those of the balances and the audit chain, which each store keeps up in
/// its own way, as `name(argument: type, …) -> answer;`.
macro_rules! each_query {
    ($implement:ident) => {
        $implement! {
            customer(id: CustomerId) -> Option<Customer>;
            customers(page: Page<CustomerId>) -> Vec<Customer>;
            activation_code(code_hash: [u8; 32]) -> Option<ActivationCodeRow>;
            activation_codes_of(customer: CustomerId) -> Vec<ActivationCodeRow>;
            devices(customer: CustomerId) -> Option<Devices>;
            notices(customer: CustomerId, page: Page<u32>) -> Vec<NoticeRow>;
            certificate(serial: [u8; 16]) -> Option<CertificateRow>;
            enrolment(id: EnrolmentId) -> Option<Enrolment>;
            enrolments(page: Page<EnrolmentId>) -> Vec<Enrolment>;
            method(customer: CustomerId, slot: MethodSlot) -> Option<Method>;
            methods(customer: CustomerId) -> Vec<Method>;
            merchant(id: MerchantId) -> Option<Merchant>;
            merchants(page: Page<MerchantId>) -> Vec<Merchant>;
            checkout(id: CheckoutId) -> Option<Checkout>;
            checkout_by_key(api_key_hash: [u8; 32]) -> Option<Checkout>;
            checkout_of_terminal(terminal: TerminalNumber) -> Option<CheckoutId>;
            velocity(enrolment: EnrolmentId) -> Option<Velocity>;
            policies(page: Page<u32>) -> Vec<PolicyRow>;
            policy(version: u32) -> Option<PolicyRow>;
            apps() -> Vec<App>;
            rule_list(version: u32) -> Option<RuleListRow>;
            latest_rule_list() -> Option<RuleListRow>;
            code_use(enrolment: EnrolmentId, counter: Counter) -> Option<CodeUse>;
            code_uses(enrolment: EnrolmentId, page: Page<Counter>) -> Vec<CodeUse>;
            payment(id: PaymentId) -> Option<Payment>;
            payments(page: Page<PaymentId>) -> Vec<Payment>;
            payments_of_merchant(merchant: MerchantId, page: Page<PaymentId>) -> Vec<Payment>;
            verdict(payment: PaymentId) -> Option<VerdictRow>;
            judged(shard: u16, page: Page<PaymentId>) -> Vec<(Payment, VerdictRow)>;
            events(payment: PaymentId) -> Vec<EventRow>;
            postings(payment: PaymentId) -> Vec<PostingRow>;
            begin_request(payment: PaymentId) -> Option<IdempotencyRow>;
            request(checkout: CheckoutId, key: IdempotencyKey) -> Option<IdempotencyRow>;
            payments_to_wake(now: Timestamp, limit: usize) -> Vec<PaymentId>;
            effects_due(now: Timestamp, limit: usize) -> Vec<Effect>;
            effects_of(payment: PaymentId) -> Vec<Effect>;
            task(id: EffectId) -> Option<OperatorTask>;
            tasks(page: Page<EffectId>) -> Vec<OperatorTask>;
            confirmations(enrolment: EnrolmentId, page: Page<u32>) -> Vec<ConfirmationRow>;
            approval(enrolment: EnrolmentId, id: ApprovalId) -> Option<Approval>;
            approvals(enrolment: EnrolmentId, page: Page<ApprovalId>) -> Vec<Approval>;
            audit_heads(page: Page<u64>) -> Vec<AuditHead>;
            changed(page: Page<PaymentId>) -> Vec<(PaymentId, u32)>;
            check_mark() -> Option<CheckMark>;
            webhook_endpoint(id: WebhookEndpointId) -> Option<WebhookEndpoint>;
            webhook_endpoints(merchant: MerchantId) -> Vec<WebhookEndpoint>;
            webhook(id: WebhookId) -> Option<Webhook>;
            webhooks_due(now: Timestamp, each_max: usize, page: Page<WebhookEndpointId>) -> Vec<Webhook>;
            webhooks_settled(until: Timestamp, page: Page<(Timestamp, WebhookId)>) -> Vec<Webhook>;
            dead_webhooks(page: Page<(WebhookEndpointId, WebhookId)>) -> Vec<Webhook>;
            webhook_totals() -> WebhookTotals;
        }
    };
}
pub(crate) use each_query;

type Answer<T> = Result<T, Fault>;

pub(crate) async fn customer(look: &impl Look, id: CustomerId) -> Answer<Option<Customer>> {
    look.get(t::CUSTOMERS, &id).await
}

pub(crate) async fn customers(look: &impl Look, page: Page<CustomerId>) -> Answer<Vec<Customer>> {
    page_of(look, t::CUSTOMERS, page).await
}

pub(crate) async fn activation_code(
    look: &impl Look,
    code_hash: [u8; 32],
) -> Answer<Option<ActivationCodeRow>> {
    look.get(t::ACTIVATION_CODES, &code_hash).await
}

pub(crate) async fn enrolment(look: &impl Look, id: EnrolmentId) -> Answer<Option<Enrolment>> {
    look.get(t::ENROLMENTS, &id).await
}

pub(crate) async fn enrolments(look: &impl Look, page: Page<EnrolmentId>) -> Answer<Vec<Enrolment>> {
    page_of(look, t::ENROLMENTS, page).await
}

pub(crate) async fn method(
    look: &impl Look,
    customer: CustomerId,
    slot: MethodSlot,
) -> Answer<Option<Method>> {
    look.get(t::METHODS, &(customer, slot)).await
}

pub(crate) async fn methods(look: &impl Look, customer: CustomerId) -> Answer<Vec<Method>> {
    all(look, t::METHODS, (customer, MethodSlot(0)), (customer, MethodSlot(u8::MAX))).await
}

pub(crate) async fn merchant(look: &impl Look, id: MerchantId) -> Answer<Option<Merchant>> {
    look.get(t::MERCHANTS, &id).await
}

pub(crate) async fn merchants(look: &impl Look, page: Page<MerchantId>) -> Answer<Vec<Merchant>> {
    page_of(look, t::MERCHANTS, page).await
}

pub(crate) async fn checkout(look: &impl Look, id: CheckoutId) -> Answer<Option<Checkout>> {
    look.get(t::CHECKOUTS, &id).await
}

pub(crate) async fn checkout_by_key(look: &impl Look, api_key_hash: [u8; 32]) -> Answer<Option<Checkout>> {
    let Some(id) = look.get(t::CHECKOUT_BY_KEY, &api_key_hash).await? else { return Ok(None) };
    Ok(look.pointed(t::CHECKOUTS, &[id]).await?.pop())
}

pub(crate) async fn checkout_of_terminal(
    look: &impl Look,
    terminal: TerminalNumber,
) -> Answer<Option<CheckoutId>> {
    look.get(t::CHECKOUT_OF_TERMINAL, &terminal).await
}

pub(crate) async fn velocity(look: &impl Look, enrolment: EnrolmentId) -> Answer<Option<Velocity>> {
    look.get(t::VELOCITIES, &enrolment).await
}

pub(crate) async fn policies(look: &impl Look, page: Page<u32>) -> Answer<Vec<PolicyRow>> {
    page_of(look, t::POLICIES, page).await
}

pub(crate) async fn policy(look: &impl Look, version: u32) -> Answer<Option<PolicyRow>> {
    look.get(t::POLICIES, &version).await
}

/// All, however many there are.
pub(crate) async fn apps(look: &impl Look) -> Answer<Vec<App>> {
    look.list(t::APPS, (Unbounded, Unbounded), usize::MAX, Order::Rising).await
}

pub(crate) async fn rule_list(look: &impl Look, version: u32) -> Answer<Option<RuleListRow>> {
    look.get(t::RULE_LISTS, &version).await
}

pub(crate) async fn latest_rule_list(look: &impl Look) -> Answer<Option<RuleListRow>> {
    Ok(look.list(t::RULE_LISTS, (Unbounded, Unbounded), 1, Order::Falling).await?.pop())
}

pub(crate) async fn code_use(
    look: &impl Look,
    enrolment: EnrolmentId,
    counter: Counter,
) -> Answer<Option<CodeUse>> {
    look.get(t::CODE_USES, &(enrolment, counter)).await
}

pub(crate) async fn payment(look: &impl Look, id: PaymentId) -> Answer<Option<Payment>> {
    Ok(look.get(t::PAYMENTS, &id).await?.map(|stored| stored.payment))
}

pub(crate) async fn payments(look: &impl Look, page: Page<PaymentId>) -> Answer<Vec<Payment>> {
    let stored = page_of(look, t::PAYMENTS, page).await?;
    Ok(stored.into_iter().map(|stored| stored.payment).collect())
}

pub(crate) async fn payments_of_merchant(
    look: &impl Look,
    merchant: MerchantId,
    page: Page<PaymentId>,
) -> Answer<Vec<Payment>> {
    let first = Included((merchant, ByTime::FIRST));
    let last = match page.after {
        Some(seen) => Excluded((merchant, ByTime(seen))),
        None => Included((merchant, ByTime::LAST)),
    };
    let ids = look.list(t::PAYMENTS_OF_MERCHANT, (first, last), page.size(), Order::Falling).await?;
    let stored = look.pointed(t::PAYMENTS, &ids).await?;
    Ok(stored.into_iter().map(|stored| stored.payment).collect())
}

pub(crate) async fn verdict(look: &impl Look, payment: PaymentId) -> Answer<Option<VerdictRow>> {
    Ok(look.get(t::PAYMENTS, &payment).await?.map(|stored| stored.verdict))
}

pub(crate) async fn judged(
    look: &impl Look,
    shard: u16,
    page: Page<PaymentId>,
) -> Answer<Vec<(Payment, VerdictRow)>> {
    let first = Included(PaymentId::from_u128(0).in_shard(shard));
    let last = match page.after {
        // One of another shard has no place here; its moment has.
        Some(seen) => Excluded(seen.in_shard(shard)),
        None => Included(PaymentId::from_u128(u128::MAX).in_shard(shard)),
    };
    let stored = look.list(t::PAYMENTS, (first, last), page.size(), Order::Falling).await?;
    Ok(stored.into_iter().map(|stored| (stored.payment, stored.verdict)).collect())
}

pub(crate) async fn events(look: &impl Look, payment: PaymentId) -> Answer<Vec<EventRow>> {
    let stored = stored_events(look, payment).await?;
    Ok(stored.into_iter().map(|stored| stored.into_event(payment)).collect())
}

pub(crate) async fn postings(look: &impl Look, payment: PaymentId) -> Answer<Vec<PostingRow>> {
    let stored = stored_events(look, payment).await?;
    Ok(stored.into_iter().flat_map(|stored| stored.into_postings(payment)).collect())
}

async fn stored_events(look: &impl Look, payment: PaymentId) -> Answer<Vec<StoredEvent>> {
    let Some(stored) = look.get(t::PAYMENTS, &payment).await? else { return Ok(Vec::new()) };
    let mut events = Vec::new();
    if let Some(last) = stored.older_events_until() {
        for chunk in all(look, t::EVENTS, (payment, 0), (payment, last)).await? {
            events.extend(chunk.read()?);
        }
    }
    events.extend(stored.recent.read()?);
    Ok(events)
}

pub(crate) async fn begin_request(look: &impl Look, payment: PaymentId) -> Answer<Option<IdempotencyRow>> {
    let Some(stored) = look.get(t::PAYMENTS, &payment).await? else { return Ok(None) };
    Ok(look.pointed(t::REQUESTS, &[stored.request]).await?.pop())
}

pub(crate) async fn request(
    look: &impl Look,
    checkout: CheckoutId,
    key: IdempotencyKey,
) -> Answer<Option<IdempotencyRow>> {
    let row = look.get(t::REQUESTS, &(checkout, key)).await?;
    #[cfg(feature = "broken-rules")]
    let row = row.filter(|row| !(row.is_tombstone() && model::BrokenRule::TombstoneIgnored.is_broken()));
    Ok(row)
}

pub(crate) async fn payments_to_wake(
    look: &impl Look,
    now: Timestamp,
    limit: usize,
) -> Answer<Vec<PaymentId>> {
    until(look, t::WAKES, (now, PaymentId::from_u128(u128::MAX)), limit).await
}

pub(crate) async fn effects_due(look: &impl Look, now: Timestamp, limit: usize) -> Answer<Vec<Effect>> {
    let last = (now, PaymentId::from_u128(u128::MAX), EffectId::from_u128(u128::MAX));
    let due = until(look, t::EFFECTS_DUE, last, limit).await?;
    let payments: Vec<_> = due.iter().map(|(payment, _)| *payment).collect();
    let stored = look.pointed(t::PAYMENTS, &payments).await?;
    let effect = |(id, stored): (EffectId, crate::stored::StoredPayment)| {
        stored.effect(id).cloned().ok_or_else(|| t::PAYMENTS.leads_nowhere())
    };
    due.into_iter().map(|(_, id)| id).zip(stored).map(effect).collect()
}

pub(crate) async fn effects_of(look: &impl Look, payment: PaymentId) -> Answer<Vec<Effect>> {
    let stored = look.get(t::PAYMENTS, &payment).await?;
    Ok(stored.map_or_else(Vec::new, |stored| stored.effects))
}

pub(crate) async fn task(look: &impl Look, id: EffectId) -> Answer<Option<OperatorTask>> {
    look.get(t::TASKS, &id).await
}

pub(crate) async fn tasks(look: &impl Look, page: Page<EffectId>) -> Answer<Vec<OperatorTask>> {
    page_of(look, t::TASKS, page).await
}

pub(crate) async fn confirmations(
    look: &impl Look,
    enrolment: EnrolmentId,
    page: Page<u32>,
) -> Answer<Vec<ConfirmationRow>> {
    let first = match page.after {
        Some(seen) => Excluded((enrolment, seen)),
        None => Included((enrolment, 0)),
    };
    let last = Included((enrolment, u32::MAX));
    look.list(t::CONFIRMATIONS, (first, last), page.size(), Order::Rising).await
}

pub(crate) async fn audit(look: &impl Look, page: Page<u64>) -> Answer<Vec<AuditRow>> {
    page_of(look, t::AUDIT, page).await
}

pub(crate) async fn audit_heads(look: &impl Look, page: Page<u64>) -> Answer<Vec<AuditHead>> {
    page_of(look, t::AUDIT_HEADS, page).await
}

pub(crate) async fn changed(look: &impl Look, page: Page<PaymentId>) -> Answer<Vec<(PaymentId, u32)>> {
    page_of(look, t::CHANGED, page).await
}

pub(crate) async fn check_mark(look: &impl Look) -> Answer<Option<CheckMark>> {
    look.get(t::CHECK_MARK, &()).await
}
