//! Floor 5: where merchants' systems are told of payments, and the telling.
//!
//! A webhook is written by `payments` in the commit of its event; this room sends it until the endpoint takes it
//! or three days are over. The form is Standard Webhooks' (`spec/webhooks.md`). It knows nothing of what an event
//! means, and trusts no address: endpoints are chosen by others, and called with a client that its owner limits.
#![forbid(unsafe_code)]

mod attempt;
mod deliver;
mod endpoints;
mod error;
mod failpoint;
mod pace;
mod resend;
mod schedule;
mod work;

pub use endpoints::{NewSecret, SECRET_OVERLAP_S, URL_BYTES_MAX};
pub use error::WebhookError;
pub use resend::{RESEND_MAX, Resent, Which};
pub use work::KEPT_S;

use https::Client;
use model::Clock;
use records::Store;
use security::KeyStore;
use std::sync::Arc;

/// What became of an attempt, for whoever counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The endpoint took it.
    Delivered,
    /// It failed and is tried again.
    Failed,
    /// It was given up.
    GivenUp,
}

/// Who counts what became of attempts.
pub trait Tally: Send + Sync {
    /// One more ended so.
    fn count(&self, ended: Ended);
}

/// Merchants' endpoints and what they are told.
pub struct Webhooks {
    store: Arc<dyn Store>,
    keys: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    client: Client,
    tally: Arc<dyn Tally>,
}

impl Webhooks {
    /// Webhooks over `store`, with secrets sealed by `keys`, sent through `client`: its roots and its reach say
    /// which endpoints can be called.
    pub fn new(
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
        clock: Arc<dyn Clock>,
        client: Client,
        tally: Arc<dyn Tally>,
    ) -> Self {
        Self { store, keys, clock, client, tally }
    }
}
