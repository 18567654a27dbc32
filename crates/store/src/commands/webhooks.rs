//! Webhook endpoints and webhooks. Of one payment and endpoint only the first that waits, the *head*, stands
//! among those that may be sent: once it no longer waits, the next takes its place.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::{
    MERCHANTS, PAYMENTS, WEBHOOK_ENDPOINTS, WEBHOOK_ENDPOINTS_OF_MERCHANT, WEBHOOKS, WEBHOOKS_DEAD,
    WEBHOOKS_DUE, WEBHOOKS_OLDEST, WEBHOOKS_SETTLED, WEBHOOKS_WAITING,
};
use model::{MerchantId, PaymentId, Timestamp, WebhookEndpointId, WebhookId};
use records::{
    AuditEntry, ChangeWebhookEndpoint, CreateWebhookEndpoint, Outcome, SettleWebhook, Waiting, Webhook,
    WebhookState,
};

pub(super) fn create_endpoint(
    session: &mut impl Session,
    command: CreateWebhookEndpoint,
) -> Result<Outcome, Fault> {
    let CreateWebhookEndpoint { expected_others, endpoint, audit } = command;
    if endpoint.version != 1 {
        return Err(Fault::wrong("a new endpoint is at version 1"));
    }
    if session.has(WEBHOOK_ENDPOINTS, &endpoint.id)? {
        return Ok(Outcome::Exists);
    }
    // Who holds the merchant holds its list of endpoints.
    session.has(MERCHANTS, &endpoint.merchant)?;
    if count_of_merchant(session, endpoint.merchant)? != expected_others {
        return Ok(Outcome::Conflict);
    }
    session.put(WEBHOOK_ENDPOINTS, &endpoint.id, &endpoint)?;
    session.put(WEBHOOK_ENDPOINTS_OF_MERCHANT, &(endpoint.merchant, endpoint.id), &endpoint.id)?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

fn count_of_merchant(session: &mut impl Session, merchant: MerchantId) -> Result<usize, Fault> {
    let first = (merchant, WebhookEndpointId::from_u128(0));
    let last = (merchant, WebhookEndpointId::from_u128(u128::MAX));
    session.count(WEBHOOK_ENDPOINTS_OF_MERCHANT, &first, &last)
}

pub(super) fn change_endpoint(
    session: &mut impl Session,
    command: ChangeWebhookEndpoint,
) -> Result<Outcome, Fault> {
    let ChangeWebhookEndpoint { expected_version, endpoint, audit } = command;
    if expected_version.checked_add(1) != Some(endpoint.version) {
        return Err(Fault::wrong("the endpoint's version does not follow the one seen"));
    }
    let Some(stored) = session.get(WEBHOOK_ENDPOINTS, &endpoint.id)? else {
        return Ok(Outcome::Missing);
    };
    if stored.version != expected_version {
        return Ok(Outcome::Conflict);
    }
    if stored.merchant != endpoint.merchant {
        return Err(Fault::wrong("an endpoint stays its merchant's"));
    }
    session.put(WEBHOOK_ENDPOINTS, &endpoint.id, &endpoint)?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

pub(super) fn remove_endpoint(
    session: &mut impl Session,
    id: WebhookEndpointId,
    audit: AuditEntry,
) -> Result<Outcome, Fault> {
    let Some(stored) = session.get(WEBHOOK_ENDPOINTS, &id)? else {
        return Ok(Outcome::Missing);
    };
    session.remove(WEBHOOK_ENDPOINTS, &id);
    session.remove(WEBHOOK_ENDPOINTS_OF_MERCHANT, &(stored.merchant, id));
    session.audit(audit)?;
    Ok(Outcome::Done)
}

/// Refuses webhooks that do not tell of this version of this payment, each to another endpoint.
pub(super) fn check(webhooks: &[Webhook], payment: PaymentId, sequence: u32) -> Result<(), Fault> {
    for (place, webhook) in webhooks.iter().enumerate() {
        if webhook.payment != payment || webhook.sequence != sequence {
            return Err(Fault::wrong("a webhook tells of another event"));
        }
        if webhook.waiting().is_none() {
            return Err(Fault::wrong("a new webhook does not wait"));
        }
        if webhooks[..place].iter().any(|other| other.endpoint == webhook.endpoint) {
            return Err(Fault::wrong("an endpoint is told of one event twice"));
        }
    }
    Ok(())
}

/// Stages webhooks that [`check`] let through. Gives whether their ids were free.
pub(super) fn add(session: &mut impl Session, webhooks: &[Webhook]) -> Result<bool, Fault> {
    for webhook in webhooks {
        if session.has(WEBHOOKS, &webhook.id)? {
            return Ok(false);
        }
        let Some(waiting) = webhook.waiting() else { continue };
        begin_to_wait(session, webhook, waiting)?;
    }
    Ok(true)
}

pub(super) fn settle(session: &mut impl Session, command: SettleWebhook) -> Result<Outcome, Fault> {
    let SettleWebhook { payment, webhook: id, expected_attempts, state } = command;
    let Some(stored) = of_payment(session, payment, id)? else {
        return Ok(Outcome::Missing);
    };
    let Some(waited) = stored.waiting().filter(|waiting| waiting.attempts == expected_attempts) else {
        return Ok(Outcome::Conflict);
    };
    let is_head = head(session, &stored)?.is_some_and(|first| first == id);
    session.remove(WEBHOOKS_DUE, &(stored.endpoint, waited.due_at, id));
    let settled = Webhook { state, ..stored.clone() };
    session.put(WEBHOOKS, &id, &settled)?;
    match (settled.waiting(), settled.settled_at()) {
        (Some(waiting), _) => {
            if waiting.since != waited.since {
                return Err(Fault::wrong("a webhook waits since another time than it did"));
            }
            if is_head {
                session.put(WEBHOOKS_DUE, &(settled.endpoint, waiting.due_at, id), &id)?;
            }
        }
        (None, settled_at) => {
            end_to_wait(session, &stored, waited.since);
            let at = settled_at.unwrap_or(stored.at);
            session.put(WEBHOOKS_SETTLED, &(at, id), &id)?;
            if settled.is_dead() {
                session.put(WEBHOOKS_DEAD, &(settled.endpoint, id), &id)?;
            }
            if is_head {
                promote_next(session, &stored)?;
            }
        }
    }
    Ok(Outcome::Done)
}

pub(super) fn resend(
    session: &mut impl Session,
    payment: PaymentId,
    id: WebhookId,
    at: Timestamp,
    give_up_at: Timestamp,
) -> Result<Outcome, Fault> {
    let Some(stored) = of_payment(session, payment, id)? else {
        return Ok(Outcome::Missing);
    };
    let Some(settled_at) = stored.settled_at() else {
        return Ok(Outcome::Conflict);
    };
    session.remove(WEBHOOKS_SETTLED, &(settled_at, id));
    session.remove(WEBHOOKS_DEAD, &(stored.endpoint, id));
    let waiting = Waiting::from(at, give_up_at);
    let webhook = Webhook { state: WebhookState::Waiting(waiting.clone()), ..stored };
    begin_to_wait(session, &webhook, &waiting)?;
    Ok(Outcome::Done)
}

/// A webhook of this payment. The payment is looked at first: who holds it holds what waits for it.
fn of_payment(
    session: &mut impl Session,
    payment: PaymentId,
    id: WebhookId,
) -> Result<Option<Webhook>, Fault> {
    if !session.has(PAYMENTS, &payment)? {
        return Ok(None);
    }
    Ok(session.get(WEBHOOKS, &id)?.filter(|webhook| webhook.payment == payment))
}

pub(super) fn forget(session: &mut impl Session, ids: &[WebhookId]) -> Result<Outcome, Fault> {
    for id in ids {
        let Some(stored) = session.get(WEBHOOKS, id)? else { continue };
        let Some(settled_at) = stored.settled_at() else { continue };
        session.remove(WEBHOOKS, id);
        session.remove(WEBHOOKS_SETTLED, &(settled_at, *id));
        session.remove(WEBHOOKS_DEAD, &(stored.endpoint, *id));
    }
    Ok(Outcome::Done)
}

/// Stages a webhook that begins to wait, as the head if nothing of its payment waits before it.
fn begin_to_wait(session: &mut impl Session, webhook: &Webhook, waiting: &Waiting) -> Result<(), Fault> {
    let id = webhook.id;
    let before = head(session, webhook)?.map(|head| session.get(WEBHOOKS, &head)).transpose()?.flatten();
    let is_first = before.as_ref().is_none_or(|head| head.sequence > webhook.sequence);
    if is_first {
        if let Some((head, due_at)) = before.as_ref().and_then(|head| Some((head, head.waiting()?.due_at))) {
            session.remove(WEBHOOKS_DUE, &(head.endpoint, due_at, head.id));
        }
        session.put(WEBHOOKS_DUE, &(webhook.endpoint, waiting.due_at, id), &id)?;
    }
    session.put(WEBHOOKS_WAITING, &(webhook.endpoint, webhook.payment, webhook.sequence), &id)?;
    session.put(WEBHOOKS_OLDEST, &(waiting.since, id), &id)?;
    session.put(WEBHOOKS, &id, webhook)
}

fn end_to_wait(session: &mut impl Session, webhook: &Webhook, since: Timestamp) {
    session.remove(WEBHOOKS_WAITING, &(webhook.endpoint, webhook.payment, webhook.sequence));
    session.remove(WEBHOOKS_OLDEST, &(since, webhook.id));
}

/// The first of those that wait for the same endpoint about the same payment.
fn head(session: &mut impl Session, webhook: &Webhook) -> Result<Option<WebhookId>, Fault> {
    first_from(session, webhook, 0)
}

/// Lets the one be sent that waits next behind `webhook`.
fn promote_next(session: &mut impl Session, webhook: &Webhook) -> Result<(), Fault> {
    let Some(from) = webhook.sequence.checked_add(1) else { return Ok(()) };
    let Some(next) = first_from(session, webhook, from)? else { return Ok(()) };
    let Some(row) = session.get(WEBHOOKS, &next)? else { return Ok(()) };
    let Some(waiting) = row.waiting() else { return Ok(()) };
    session.put(WEBHOOKS_DUE, &(row.endpoint, waiting.due_at, next), &next)
}

fn first_from(session: &mut impl Session, webhook: &Webhook, from: u32) -> Result<Option<WebhookId>, Fault> {
    let (endpoint, payment) = (webhook.endpoint, webhook.payment);
    session.first(WEBHOOKS_WAITING, &(endpoint, payment, from), &(endpoint, payment, u32::MAX))
}
