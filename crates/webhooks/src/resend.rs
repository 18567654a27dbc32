//! Dead letters, and sending again what was delivered or given up.

use crate::endpoints::entry;
use crate::{WebhookError, Webhooks};
use futures_util::future::try_join_all;
use model::{Timestamp, WebhookEndpointId, WebhookId};
use payments::WEBHOOK_TRIED_FOR_S;
use records::{Actor, Command, Outcome, PAGE_LIMIT_MAX, Page, Webhook};
use std::collections::HashMap;

/// The most webhooks that one call sends again.
pub const RESEND_MAX: usize = 1_000;
/// How many of them share a sync of the store.
const LOT_MAX: usize = 64;

/// Which webhooks are to be sent again, of those that do not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which {
    /// Those of this endpoint only.
    pub endpoint: Option<WebhookEndpointId>,
    /// Those that were delivered or given up at this moment or later.
    pub since: Timestamp,
    /// Those that were delivered or given up by then: what is sent again and settled anew is not meant.
    pub until: Timestamp,
    /// Those that were delivered too.
    pub include_delivered: bool,
}

/// How many are sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resent {
    /// How many wait again.
    pub resent: usize,
    /// Whether there are more than [`RESEND_MAX`]: ask again with the same `until`.
    pub has_more: bool,
}

impl Webhooks {
    /// Dead letters after the one `seen` last, at most `limit`; of one endpoint, or of all.
    ///
    /// # Errors
    /// [`WebhookError::NotFound`] if the one seen last is not kept any more.
    pub async fn dead_letters(
        &self,
        endpoint: Option<WebhookEndpointId>,
        seen: Option<WebhookId>,
        limit: usize,
    ) -> Result<Vec<Webhook>, WebhookError> {
        let after = match seen {
            Some(id) => {
                let seen = self.store.webhook(id).await?.ok_or(WebhookError::NotFound("webhook"))?;
                Some((seen.endpoint, id))
            }
            None => beginning(endpoint),
        };
        let mut dead = self.store.dead_webhooks(Page { after, limit }).await?;
        dead.retain(|webhook| endpoint.is_none_or(|endpoint| webhook.endpoint == endpoint));
        Ok(dead)
    }

    /// Sends one webhook again, with the same id and body.
    ///
    /// # Errors
    /// [`WebhookError`]: it is not there, waits already, or its endpoint is told nothing.
    pub async fn resend(&self, id: WebhookId, actor: Actor) -> Result<(), WebhookError> {
        let webhook = self.store.webhook(id).await?.ok_or(WebhookError::NotFound("webhook"))?;
        if webhook.waiting().is_some() {
            return Err(WebhookError::WrongState("the webhook is being sent already"));
        }
        if !self.is_told(webhook.endpoint).await? {
            return Err(WebhookError::WrongState("the webhook's endpoint is disabled or removed"));
        }
        let audit = entry(&actor, self.clock.now(), "webhook.resent", id);
        self.store.commit(Command::Record(audit)).await?;
        match self.let_wait_again(&webhook).await? {
            Outcome::Done => Ok(()),
            Outcome::Missing => Err(WebhookError::NotFound("webhook")),
            _ => Err(WebhookError::WrongState("the webhook is being sent already")),
        }
    }

    /// Sends many webhooks again, those of one payment in their order. Endpoints that are told nothing are passed over.
    ///
    /// # Errors
    /// [`WebhookError::Store`].
    pub async fn resend_all(&self, which: Which, actor: Actor) -> Result<Resent, WebhookError> {
        let subject = which.endpoint.map_or_else(|| "all endpoints".to_owned(), |id| id.to_string());
        let mut audit = entry(&actor, self.clock.now(), "webhooks.resent", subject);
        let delivered = if which.include_delivered { ", delivered ones too" } else { "" };
        audit.detail = format!("settled from {} until {}{delivered}", which.since, which.until);
        self.store.commit(Command::Record(audit)).await?;
        let mut resent = Resent::default();
        let mut told = HashMap::new();
        let mut seen: Option<Webhook> = None;
        loop {
            let page = self.settled(which, seen.as_ref()).await?;
            let Some(last) = page.last().cloned() else { return Ok(resent) };
            seen = Some(last);
            let mut lot: Vec<Webhook> = Vec::new();
            for webhook in page {
                if !which.covers(&webhook) || !self.is_told_once(&mut told, webhook.endpoint).await? {
                    continue;
                }
                if resent.resent + lot.len() == RESEND_MAX {
                    resent.resent += self.resend_lot(&mut lot).await?;
                    return Ok(Resent { has_more: true, ..resent });
                }
                let is_next = lot.iter().any(|other| other.payment == webhook.payment);
                if is_next || lot.len() == LOT_MAX {
                    resent.resent += self.resend_lot(&mut lot).await?;
                }
                lot.push(webhook);
            }
            resent.resent += self.resend_lot(&mut lot).await?;
        }
    }

    /// The next page of what may be meant.
    async fn settled(&self, which: Which, seen: Option<&Webhook>) -> Result<Vec<Webhook>, WebhookError> {
        let limit = PAGE_LIMIT_MAX;
        if which.include_delivered {
            let before = (which.since.plus_ms(-1), WebhookId::from_u128(u128::MAX));
            let after = seen.map_or(Some(before), |webhook| Some((webhook.settled_at()?, webhook.id)));
            return Ok(self.store.webhooks_settled(which.until, Page { after, limit }).await?);
        }
        let after =
            seen.map_or_else(|| beginning(which.endpoint), |webhook| Some((webhook.endpoint, webhook.id)));
        let mut dead = self.store.dead_webhooks(Page { after, limit }).await?;
        dead.retain(|webhook| which.endpoint.is_none_or(|endpoint| webhook.endpoint == endpoint));
        Ok(dead)
    }

    async fn resend_lot(&self, lot: &mut Vec<Webhook>) -> Result<usize, WebhookError> {
        let outcomes = try_join_all(lot.iter().map(|webhook| self.let_wait_again(webhook))).await?;
        lot.clear();
        Ok(outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count())
    }

    async fn let_wait_again(&self, webhook: &Webhook) -> Result<Outcome, WebhookError> {
        let (payment, webhook, at) = (webhook.payment, webhook.id, self.clock.now());
        let give_up_at = at.plus_s(WEBHOOK_TRIED_FOR_S);
        Ok(self.store.commit(Command::ResendWebhook { payment, webhook, at, give_up_at }).await?)
    }

    async fn is_told(&self, endpoint: WebhookEndpointId) -> Result<bool, WebhookError> {
        Ok(self.store.webhook_endpoint(endpoint).await?.is_some_and(|endpoint| endpoint.is_enabled()))
    }

    async fn is_told_once(
        &self,
        told: &mut HashMap<WebhookEndpointId, bool>,
        endpoint: WebhookEndpointId,
    ) -> Result<bool, WebhookError> {
        if let Some(is_told) = told.get(&endpoint) {
            return Ok(*is_told);
        }
        let is_told = self.is_told(endpoint).await?;
        told.insert(endpoint, is_told);
        Ok(is_told)
    }
}

impl Which {
    fn covers(self, webhook: &Webhook) -> bool {
        let is_in_time = webhook.settled_at().is_some_and(|at| (self.since..=self.until).contains(&at));
        is_in_time && self.endpoint.is_none_or(|endpoint| endpoint == webhook.endpoint)
    }
}

/// Before the first dead letter of an endpoint.
fn beginning(endpoint: Option<WebhookEndpointId>) -> Option<(WebhookEndpointId, WebhookId)> {
    endpoint.map(|endpoint| (endpoint, WebhookId::from_u128(0)))
}
