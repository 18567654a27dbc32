//! What merchants' own systems are told: endpoints, and webhooks that wait, were delivered or are dead.

use model::{MerchantId, PaymentId, Timestamp, WebhookEndpointId, WebhookId};
use serde::{Deserialize, Serialize};

/// The most endpoints that one merchant may have.
pub const WEBHOOK_ENDPOINTS_MAX: usize = 5;

/// Where a merchant's system is told of its payments.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Rises by one with each change; the first is 1.
    pub version: u32,
    /// Where webhooks are posted to.
    pub url: String,
    /// The secret that they are signed with, sealed by the key store.
    #[serde(with = "serde_bytes")]
    pub sealed_secret: Vec<u8>,
    /// The secret before the last rotation.
    pub previous_secret: Option<PreviousSecret>,
    /// Whether it is told anything.
    pub status: EndpointStatus,
    /// Since when it is known.
    pub created_at: Timestamp,
}

impl WebhookEndpoint {
    /// Whether it is told anything.
    pub fn is_enabled(&self) -> bool {
        self.status == EndpointStatus::Enabled
    }
}

/// A secret that was replaced and signs beside its successor for a while.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PreviousSecret {
    /// Sealed by the key store.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    /// Until when it signs.
    pub valid_until: Timestamp,
}

/// Whether an endpoint is told anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum EndpointStatus {
    /// It is.
    Enabled,
    /// It is not: nothing new is written for it, and what waits for it becomes a dead letter.
    Disabled {
        /// Since when.
        at: Timestamp,
        /// Whether the endpoint itself answered that it is gone; an operator otherwise.
        is_gone: bool,
    },
}

/// One event of a payment for one endpoint. Its bytes are fixed when it is written, in the event's own commit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id: the same however often it is sent.
    pub id: WebhookId,
    /// For whom.
    pub endpoint: WebhookEndpointId,
    /// The payment that it tells of.
    pub payment: PaymentId,
    /// The payment's version after the event: webhooks of one payment are sent in this order.
    pub sequence: u32,
    /// When the event happened.
    pub at: Timestamp,
    /// What kind of event it was, such as `payment.captured`.
    pub event_type: String,
    /// The body, JSON.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
    /// What became of it.
    pub state: WebhookState,
}

/// What became of a webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum WebhookState {
    /// It is still to be delivered.
    Waiting(Waiting),
    /// The endpoint took it.
    Delivered {
        /// When.
        at: Timestamp,
        /// How often it was sent.
        attempts: u32,
    },
    /// It was given up: a dead letter.
    Dead {
        /// When.
        at: Timestamp,
        /// How often it was sent.
        attempts: u32,
        /// Why the last attempt failed, or why none was made; for operators.
        failure: String,
    },
}

/// A webhook that is still to be delivered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// Since when it waits: since the event, or since it was last asked to be sent again.
    pub since: Timestamp,
    /// How often it was sent since then.
    pub attempts: u32,
    /// When it may be sent (again), if nothing of its payment waits before it.
    pub due_at: Timestamp,
    /// When it is given up if it still fails.
    pub give_up_at: Timestamp,
    /// Why the last attempt failed, for operators.
    pub last_failure: Option<String>,
}

impl Waiting {
    /// As it begins to wait at `at`.
    pub const fn from(at: Timestamp, give_up_at: Timestamp) -> Self {
        Self { since: at, attempts: 0, due_at: at, give_up_at, last_failure: None }
    }
}

impl Webhook {
    /// How it waits, if it does.
    pub const fn waiting(&self) -> Option<&Waiting> {
        match &self.state {
            WebhookState::Waiting(waiting) => Some(waiting),
            WebhookState::Delivered { .. } | WebhookState::Dead { .. } => None,
        }
    }

    /// When it was delivered or given up, if it was.
    pub const fn settled_at(&self) -> Option<Timestamp> {
        match self.state {
            WebhookState::Waiting(_) => None,
            WebhookState::Delivered { at, .. } | WebhookState::Dead { at, .. } => Some(at),
        }
    }

    /// Whether it is a dead letter.
    pub const fn is_dead(&self) -> bool {
        matches!(self.state, WebhookState::Dead { .. })
    }
}

/// How webhooks stand altogether.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WebhookTotals {
    /// How many wait.
    pub waiting: u64,
    /// How many are dead letters.
    pub dead: u64,
    /// Since when the one waits that waits longest.
    pub oldest_since: Option<Timestamp>,
}
