//! One webhook from being found due to what became of it being written down.

use crate::attempt::Heard;
use crate::failpoint::fail_point;
use crate::schedule::next_try;
use crate::{Ended, WebhookError, Webhooks};
use model::{WebhookEndpointId, WebhookId};
use records::{Command, SettleWebhook, StoreError, Waiting, Webhook, WebhookEndpoint, WebhookState};
use std::time::Duration;
use tokio::time::sleep;

/// The pause before something is written down again that the store did not take.
const WRITE_AGAIN: Duration = Duration::from_secs(1);
/// The longest reason that is kept, in characters.
const FAILURE_CHARS_MAX: usize = 200;

/// What [`Webhooks::deliver`] did.
pub(crate) struct Delivery {
    pub(crate) webhook: WebhookId,
    pub(crate) endpoint: WebhookEndpointId,
    /// Whether the endpoint took it; none if it was not asked.
    pub(crate) worked: Option<bool>,
}

impl Webhooks {
    /// Sends a webhook and writes down what became of it. If the process ends in between, it is sent again after
    /// the next start: an endpoint hears of everything at least once.
    pub(crate) async fn deliver(&self, webhook: Webhook, endpoint_fails: bool) -> Delivery {
        let (id, endpoint) = (webhook.id, webhook.endpoint);
        let worked = match self.try_to_deliver(webhook, endpoint_fails).await {
            Ok(worked) => worked,
            Err(error) => {
                tracing::error!(webhook = %id, %error, "a webhook could not be sent; it is retried");
                sleep(WRITE_AGAIN).await;
                None
            }
        };
        Delivery { webhook: id, endpoint, worked }
    }

    async fn try_to_deliver(
        &self,
        webhook: Webhook,
        endpoint_fails: bool,
    ) -> Result<Option<bool>, WebhookError> {
        let Some(waiting) = webhook.waiting().cloned() else { return Ok(None) };
        let endpoint = self.store.webhook_endpoint(webhook.endpoint).await?;
        let endpoint = match to_be_told(endpoint, &waiting, endpoint_fails && self.is_over(&waiting)) {
            Ok(endpoint) => endpoint,
            Err(failure) => {
                self.give_up(&webhook, &waiting, waiting.attempts, failure).await;
                return Ok(None);
            }
        };
        fail_point("webhooks-before-send");
        let heard = self.attempt(&endpoint, &webhook).await?;
        fail_point("webhooks-after-send");
        let attempts = waiting.attempts.saturating_add(1);
        match heard {
            Heard::Taken => {
                self.tally.count(Ended::Delivered);
                let state = WebhookState::Delivered { at: self.clock.now(), attempts };
                self.write_down(&webhook, &waiting, state).await;
                return Ok(Some(true));
            }
            Heard::Gone => {
                self.endpoint_is_gone(endpoint.id).await?;
                let failure = "it answered that it is gone, and was disabled";
                self.give_up(&webhook, &waiting, attempts, failure.to_owned()).await;
            }
            Heard::Failed { why, retry_after_s } => {
                let why: String = why.chars().take(FAILURE_CHARS_MAX).collect();
                match next_try(webhook.id, &waiting, self.clock.now(), retry_after_s) {
                    None => self.give_up(&webhook, &waiting, attempts, why).await,
                    Some(due_at) => {
                        self.tally.count(Ended::Failed);
                        tracing::debug!(webhook = %webhook.id, endpoint = %endpoint.id, why, "a webhook failed");
                        let again = Waiting { attempts, due_at, last_failure: Some(why), ..waiting.clone() };
                        self.write_down(&webhook, &waiting, WebhookState::Waiting(again)).await;
                    }
                }
            }
        }
        Ok(Some(false))
    }

    fn is_over(&self, waiting: &Waiting) -> bool {
        self.clock.now() >= waiting.give_up_at
    }

    async fn give_up(&self, webhook: &Webhook, waiting: &Waiting, attempts: u32, failure: String) {
        self.tally.count(Ended::GivenUp);
        tracing::warn!(webhook = %webhook.id, endpoint = %webhook.endpoint, %failure, "a webhook is given up");
        let state = WebhookState::Dead { at: self.clock.now(), attempts, failure };
        self.write_down(webhook, waiting, state).await;
    }

    /// Writes down what became of an attempt, again until the store takes it: meanwhile the webhook keeps its place
    /// among those under way and is not sent again.
    async fn write_down(&self, webhook: &Webhook, waiting: &Waiting, state: WebhookState) {
        let command = SettleWebhook {
            payment: webhook.payment,
            webhook: webhook.id,
            expected_attempts: waiting.attempts,
            state,
        };
        loop {
            match self.store.commit(Command::SettleWebhook(Box::new(command.clone()))).await {
                // If it was not done, another server wrote it down first.
                Ok(_) | Err(StoreError::Closed) => return,
                Err(error) => {
                    tracing::error!(webhook = %webhook.id, %error, "an attempt could not be written down; it is retried");
                    sleep(WRITE_AGAIN).await;
                }
            }
        }
    }
}

/// The endpoint, if it is to be told, or why not. One that fails is not asked for what is out of time anyway.
fn to_be_told(
    endpoint: Option<WebhookEndpoint>,
    waiting: &Waiting,
    is_hopeless: bool,
) -> Result<WebhookEndpoint, String> {
    let endpoint = endpoint.ok_or("the endpoint was removed")?;
    if !endpoint.is_enabled() {
        return Err("the endpoint is disabled".to_owned());
    }
    if is_hopeless {
        let last = waiting.last_failure.as_deref().unwrap_or("the endpoint failed all the time");
        return Err(last.to_owned());
    }
    Ok(endpoint)
}
