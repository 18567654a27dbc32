//! What all routes share.

use crate::checks::Checks;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::pace::Pace;
use crate::steps::Steps;
use crypto::{Random, SystemRandom};
use model::{Clock, ProviderId, Timestamp};
use payments::{IdSource, Payments, Provider, Terms};
use protocol::payment_code::EmvProfile;
use records::Store;
use security::{KeyStore, Security};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use webhooks::Webhooks;

/// What a payment server is put together from.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The server's keys.
    pub keys: Arc<dyn KeyStore>,
    /// Security management over both.
    pub security: Arc<Security>,
    /// Who pays.
    pub providers: HashMap<ProviderId, Arc<dyn Provider>>,
    /// Who tells the time.
    pub clock: Arc<dyn Clock>,
    /// The intervals of payments.
    pub terms: Terms,
    /// SHA-256 of the operator's API key.
    pub operator_key_hash: [u8; 32],
    /// What the server takes at most.
    pub limits: ServerLimits,
    /// How often what changed in the store is checked; none for never.
    pub check_every: Option<Duration>,
    /// The EMV envelopes that the server takes beside digits; none by default, since it needs a registered
    /// application id.
    pub emv_profile: Option<EmvProfile>,
    /// How webhook endpoints are called; none if this server sends no webhooks.
    pub webhooks: Option<https::Client>,
    /// Web pages at the same door, if the server shows them; routes without a fallback.
    pub pages: Option<axum::Router>,
}

/// What the server takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Requests at work at the same time; more are told to come back.
    pub requests_at_once_max: usize,
    /// Requests per second of one checkout, on average.
    pub checkout_rate_per_s: u32,
    /// Phones that may listen for confirmations at the same time.
    pub listeners_max: usize,
    /// Over how many homes customers are spread: shards of a database cluster; 1 where there is none.
    pub homes: u16,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self { requests_at_once_max: 1_024, checkout_rate_per_s: 200, listeners_max: 10_000, homes: 1 }
    }
}

/// What all routes share; cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) security: Arc<Security>,
    pub(crate) payments: Payments,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) live: Arc<Live>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) webhooks: Option<Arc<Webhooks>>,
    pub(crate) steps: Steps,
    pub(crate) pace: Pace,
    pub(crate) checks: Checks,
    /// The one place for a trial of a policy.
    pub(crate) trials: Semaphore,
    pub(crate) operator_key_hash: [u8; 32],
    pub(crate) limits: ServerLimits,
    pub(crate) emv_profile: Option<EmvProfile>,
}

impl Shared {
    pub(crate) fn new(parts: Parts, ids: Arc<dyn IdSource>) -> Self {
        let live = Arc::new(Live::new(parts.limits.listeners_max));
        parts.store.listen(live.clone());
        let payments = Payments::new(
            parts.store.clone(),
            parts.providers,
            parts.clock.clone(),
            ids,
            live.clone(),
            parts.terms,
        );
        let metrics = Arc::new(Metrics::new());
        let webhooks = parts.webhooks.map(|client| {
            let (store, keys, clock) = (parts.store.clone(), parts.keys.clone(), parts.clock.clone());
            Arc::new(Webhooks::new(store, keys, clock, client, metrics.clone()))
        });
        Self(Arc::new(Inner {
            store: parts.store,
            keys: parts.keys,
            security: parts.security,
            payments,
            clock: parts.clock,
            live,
            metrics,
            webhooks,
            steps: Steps::default(),
            pace: Pace::new(parts.limits.checkout_rate_per_s),
            checks: Checks::default(),
            trials: Semaphore::new(1),
            operator_key_hash: parts.operator_key_hash,
            limits: parts.limits,
            emv_profile: parts.emv_profile,
        }))
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl core::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Ids from the system's randomness.
pub(crate) struct SystemIds;

impl IdSource for SystemIds {
    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        SystemRandom.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}
