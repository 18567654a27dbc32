//! Rows that hold more than callers see in one piece: what is always written together is one row, since each row
//! costs its look-ups and its place.

use model::{CheckoutId, EffectId, IdempotencyKey, Payment, Posting, Timestamp};
use records::{Effect, EventRow, PostingRow, VerdictRow};
use serde::{Deserialize, Serialize};

/// A payment as it stands.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredPayment {
    pub(crate) payment: Payment,
    /// When it must be looked at: where it stands in `wakes`.
    pub(crate) wake_at: Option<Timestamp>,
    /// Its effects that are not known to be done, by id.
    pub(crate) effects: Vec<Effect>,
}

impl StoredPayment {
    pub(crate) fn effect(&self, id: EffectId) -> Option<&Effect> {
        self.effects.iter().find(|effect| effect.id == id)
    }
}

/// What security management found, and the request that asked for it.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredVerdict {
    pub(crate) verdict: VerdictRow,
    /// Who asked, and what that request is called.
    pub(crate) request: (CheckoutId, IdempotencyKey),
}

/// An event and what it booked.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    pub(crate) event: EventRow,
    pub(crate) postings: Vec<Posting>,
}

impl StoredEvent {
    /// Its postings, each in its place.
    pub(crate) fn into_postings(self) -> impl Iterator<Item = PostingRow> {
        let EventRow { payment, version, .. } = self.event;
        // As many as have a place were booked.
        (0..=u8::MAX).zip(self.postings).map(move |(place, posting)| PostingRow {
            payment,
            version,
            place,
            posting,
        })
    }
}
