//! What is asked about webhooks.

use super::Answer;
use crate::look::{Look, Order, all, page as page_of};
use crate::tables as t;
use core::ops::Bound::{Excluded, Included, Unbounded};
use model::{MerchantId, Timestamp, WebhookEndpointId, WebhookId};
use records::{Page, Webhook, WebhookEndpoint, WebhookTotals};

const FIRST: WebhookId = WebhookId::from_u128(0);
const LAST: WebhookId = WebhookId::from_u128(u128::MAX);
const BEGINNING_OF_TIME: Timestamp = Timestamp::from_ms(i64::MIN);
const END_OF_TIME: Timestamp = Timestamp::from_ms(i64::MAX);

pub(crate) async fn webhook_endpoint(
    look: &impl Look,
    id: WebhookEndpointId,
) -> Answer<Option<WebhookEndpoint>> {
    look.get(t::WEBHOOK_ENDPOINTS, &id).await
}

pub(crate) async fn webhook_endpoints(
    look: &impl Look,
    merchant: MerchantId,
) -> Answer<Vec<WebhookEndpoint>> {
    let first = (merchant, WebhookEndpointId::from_u128(0));
    let last = (merchant, WebhookEndpointId::from_u128(u128::MAX));
    let ids = all(look, t::WEBHOOK_ENDPOINTS_OF_MERCHANT, first, last).await?;
    look.pointed(t::WEBHOOK_ENDPOINTS, &ids).await
}

pub(crate) async fn webhook(look: &impl Look, id: WebhookId) -> Answer<Option<Webhook>> {
    look.get(t::WEBHOOKS, &id).await
}

/// Jumps from endpoint to endpoint, so that one for which much waits costs no more than another.
pub(crate) async fn webhooks_due(
    look: &impl Look,
    now: Timestamp,
    each_max: usize,
    page: Page<WebhookEndpointId>,
) -> Answer<Vec<Webhook>> {
    let mut due = Vec::new();
    let mut after = page.after;
    while due.len() < page.size() {
        let behind = after.map_or(Unbounded, |endpoint| Excluded((endpoint, END_OF_TIME, LAST)));
        let next = look.list(t::WEBHOOKS_DUE, (behind, Unbounded), 1, Order::Rising).await?;
        let Some(next) = look.pointed(t::WEBHOOKS, &next).await?.pop() else { break };
        let endpoint = next.endpoint;
        let span = (Included((endpoint, BEGINNING_OF_TIME, FIRST)), Included((endpoint, now, LAST)));
        let limit = each_max.min(page.size() - due.len());
        let ids = look.list(t::WEBHOOKS_DUE, span, limit, Order::Rising).await?;
        due.extend(look.pointed(t::WEBHOOKS, &ids).await?);
        after = Some(endpoint);
    }
    Ok(due)
}

pub(crate) async fn webhooks_settled(
    look: &impl Look,
    until: Timestamp,
    page: Page<(Timestamp, WebhookId)>,
) -> Answer<Vec<Webhook>> {
    let behind = match page.after {
        // The engine refuses a range that ends before it begins.
        Some((at, _)) if at > until => return Ok(Vec::new()),
        Some(seen) if seen == (until, LAST) => return Ok(Vec::new()),
        Some(seen) => Excluded(seen),
        None => Unbounded,
    };
    let span = (behind, Included((until, LAST)));
    let ids = look.list(t::WEBHOOKS_SETTLED, span, page.size(), Order::Rising).await?;
    look.pointed(t::WEBHOOKS, &ids).await
}

pub(crate) async fn dead_webhooks(
    look: &impl Look,
    page: Page<(WebhookEndpointId, WebhookId)>,
) -> Answer<Vec<Webhook>> {
    let ids = page_of(look, t::WEBHOOKS_DEAD, page).await?;
    look.pointed(t::WEBHOOKS, &ids).await
}

pub(crate) async fn webhook_totals(look: &impl Look) -> Answer<WebhookTotals> {
    let oldest = look.list(t::WEBHOOKS_OLDEST, (Unbounded, Unbounded), 1, Order::Rising).await?;
    let oldest = look.pointed(t::WEBHOOKS, &oldest).await?.pop();
    Ok(WebhookTotals {
        waiting: look.count(t::WEBHOOKS_WAITING).await?,
        dead: look.count(t::WEBHOOKS_DEAD).await?,
        oldest_since: oldest.and_then(|webhook| Some(webhook.waiting()?.since)),
    })
}
