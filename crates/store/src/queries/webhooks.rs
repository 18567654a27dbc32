//! What is asked about webhooks.

use crate::fault::Fault;
use crate::snapshot::Snapshot;
use crate::tables as t;
use core::ops::Bound::{Excluded, Included, Unbounded};
use model::{MerchantId, Timestamp, WebhookEndpointId, WebhookId};
use records::{Page, Webhook, WebhookEndpoint, WebhookTotals};

const FIRST: WebhookId = WebhookId::from_u128(0);
const LAST: WebhookId = WebhookId::from_u128(u128::MAX);
const BEGINNING_OF_TIME: Timestamp = Timestamp::from_ms(i64::MIN);
const END_OF_TIME: Timestamp = Timestamp::from_ms(i64::MAX);

pub(super) fn endpoints(snapshot: &Snapshot, merchant: MerchantId) -> Result<Vec<WebhookEndpoint>, Fault> {
    let first = (merchant, WebhookEndpointId::from_u128(0));
    let last = (merchant, WebhookEndpointId::from_u128(u128::MAX));
    let ids = snapshot.all(t::WEBHOOK_ENDPOINTS_OF_MERCHANT, Included(first), Included(last))?;
    ids.iter().map(|id| snapshot.pointed(t::WEBHOOK_ENDPOINTS, id)).collect()
}

/// Jumps from endpoint to endpoint, so that one for which much waits costs no more than another.
pub(super) fn due(
    snapshot: &Snapshot,
    now: Timestamp,
    each_max: usize,
    page: Page<WebhookEndpointId>,
) -> Result<Vec<Webhook>, Fault> {
    let mut due = Vec::new();
    let mut after = page.after;
    while due.len() < page.size() {
        let behind = after.map_or(Unbounded, |endpoint| Excluded((endpoint, END_OF_TIME, LAST)));
        let next = snapshot.list(t::WEBHOOKS_DUE, behind, Unbounded, 1)?;
        let Some(next) = next.first() else { break };
        let endpoint = snapshot.pointed(t::WEBHOOKS, next)?.endpoint;
        let (first, last) = ((endpoint, BEGINNING_OF_TIME, FIRST), (endpoint, now, LAST));
        let limit = each_max.min(page.size() - due.len());
        let ids = snapshot.list(t::WEBHOOKS_DUE, Included(first), Included(last), limit)?;
        due.extend(pointed(snapshot, &ids)?);
        after = Some(endpoint);
    }
    Ok(due)
}

pub(super) fn settled(
    snapshot: &Snapshot,
    until: Timestamp,
    page: Page<(Timestamp, WebhookId)>,
) -> Result<Vec<Webhook>, Fault> {
    let last = (until, LAST);
    let behind = match page.after {
        // The engine refuses a range that ends before it begins.
        Some((at, _)) if at > until => return Ok(Vec::new()),
        Some(seen) if seen == last => return Ok(Vec::new()),
        Some(seen) => Excluded(seen),
        None => Unbounded,
    };
    let ids = snapshot.list(t::WEBHOOKS_SETTLED, behind, Included(last), page.size())?;
    pointed(snapshot, &ids)
}

pub(super) fn dead(
    snapshot: &Snapshot,
    page: Page<(WebhookEndpointId, WebhookId)>,
) -> Result<Vec<Webhook>, Fault> {
    let ids = snapshot.page(t::WEBHOOKS_DEAD, page)?;
    pointed(snapshot, &ids)
}

pub(super) fn totals(snapshot: &Snapshot) -> Result<WebhookTotals, Fault> {
    let oldest = snapshot.list(t::WEBHOOKS_OLDEST, Unbounded, Unbounded, 1)?;
    let oldest = oldest.first().map(|id| snapshot.pointed(t::WEBHOOKS, id)).transpose()?;
    Ok(WebhookTotals {
        waiting: snapshot.count(t::WEBHOOKS_WAITING)?,
        dead: snapshot.count(t::WEBHOOKS_DEAD)?,
        oldest_since: oldest.as_ref().and_then(Webhook::waiting).map(|waiting| waiting.since),
    })
}

fn pointed(snapshot: &Snapshot, ids: &[WebhookId]) -> Result<Vec<Webhook>, Fault> {
    ids.iter().map(|id| snapshot.pointed(t::WEBHOOKS, id)).collect()
}
