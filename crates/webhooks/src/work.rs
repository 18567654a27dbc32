//! The worker: finds what is due, sends it, and forgets what is old. All of it may run twice.

use crate::deliver::Delivery;
use crate::pace::{EACH_MAX, Pace};
use crate::{WebhookError, Webhooks};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use model::{Timestamp, WebhookEndpointId, WebhookId};
use records::{Command, PAGE_LIMIT_MAX, Page, Webhook, Work};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

/// How long webhooks that were delivered or given up are kept, in seconds: 14 days.
pub const KEPT_S: i64 = 14 * 24 * 3_600;

/// How long the worker waits for news before it looks by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How often it looks for what is old enough to be forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// The most that one command forgets.
const FORGET_MAX: usize = 100;
/// How long what is on its way may still take once the server has drained: what is cut off is sent again after the
/// next start.
const LAST_MAX: Duration = Duration::from_secs(5);

type UnderWay<'a> = FuturesUnordered<BoxFuture<'a, Delivery>>;

impl Webhooks {
    /// Delivers webhooks until the server has drained. `news` tells that some were written.
    pub async fn work(&self, news: &Notify, mut drained: watch::Receiver<bool>) {
        let mut under_way = UnderWay::new();
        let mut pace = Pace::default();
        let mut seen = None;
        let mut forget_at = Instant::now();
        while !*drained.borrow_and_update() {
            let (is_ours, looked) = match self.store.take(Work::Webhooks).await {
                Ok(true) => (true, self.take_on(&mut pace, &mut under_way, &mut seen).await),
                // Another server sends them for all.
                Ok(false) => (false, Ok(())),
                Err(error) => (false, Err(error.into())),
            };
            if let Err(error) = looked {
                tracing::error!(%error, "webhooks could not be looked up; it is retried");
            }
            if Instant::now() >= forget_at && is_ours {
                self.forget_old().await;
                forget_at = Instant::now() + FORGET_EVERY;
            }
            tokio::select! {
                Some(delivery) = under_way.next(), if !under_way.is_empty() => self.ended(&mut pace, &delivery),
                () = news.notified() => {}
                () = sleep(LOOK_AGAIN) => {}
                _ = drained.changed() => {}
            }
        }
        let rest = async { while under_way.next().await.is_some() {} };
        if timeout(LAST_MAX, rest).await.is_err() {
            tracing::warn!("webhooks on their way were cut off; they are sent again after the next start");
        }
    }

    fn ended(&self, pace: &mut Pace, delivery: &Delivery) {
        pace.end(delivery.webhook, delivery.endpoint, delivery.worked, self.clock.now());
    }

    /// Takes on what is due, endpoint by endpoint behind the one `seen` last, until no more may be on their way or all
    /// endpoints were seen.
    async fn take_on<'a>(
        &'a self,
        pace: &mut Pace,
        under_way: &mut UnderWay<'a>,
        seen: &mut Option<WebhookEndpointId>,
    ) -> Result<(), WebhookError> {
        while !pace.is_full() {
            let now = self.clock.now();
            let page = Page { after: *seen, limit: PAGE_LIMIT_MAX };
            let due = self.store.webhooks_due(now, EACH_MAX, page).await?;
            *seen = due.last().map(|webhook| webhook.endpoint);
            if due.is_empty() {
                return Ok(());
            }
            for webhook in due {
                if pace.take(webhook.id, webhook.endpoint, now) {
                    let fails = pace.is_failing(webhook.endpoint);
                    under_way.push(Box::pin(self.deliver(webhook, fails)));
                }
            }
        }
        Ok(())
    }

    /// Forgets what was delivered or given up long enough ago, in small lots.
    async fn forget_old(&self) {
        let until = self.clock.now().plus_s(-KEPT_S);
        loop {
            match self.forget_lot(until).await {
                Ok(FORGET_MAX) => {}
                Ok(_) => return,
                Err(error) => {
                    return tracing::error!(%error, "old webhooks could not be forgotten; it is retried");
                }
            }
        }
    }

    async fn forget_lot(&self, until: Timestamp) -> Result<usize, WebhookError> {
        let old = self.store.webhooks_settled(until, Page::first(FORGET_MAX)).await?;
        let ids: Vec<WebhookId> = old.iter().map(|webhook: &Webhook| webhook.id).collect();
        let count = ids.len();
        if count > 0 {
            self.store.commit(Command::ForgetWebhooks(ids)).await?;
        }
        Ok(count)
    }
}
