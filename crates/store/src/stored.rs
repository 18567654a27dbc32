//! Rows that hold more than callers see in one piece: what is always written together is one row, since each row
//! costs its look-ups and its place.

use crate::fault::Fault;
use core::marker::PhantomData;
use model::{CheckoutId, EffectId, IdempotencyKey, Payment, PaymentEvent, PaymentId, Posting, Timestamp};
use records::{Effect, EventRow, PostingRow, StoreError, VerdictRow};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The most events that stand in a payment's own row. A sale has three; one that has many more moves them out in
/// chunks, so that each of them is rewritten a few times and no more.
const RECENT_MAX: u32 = 16;

/// A payment as it stands, and how it came to that.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredPayment {
    pub(crate) payment: Payment,
    /// What security management found.
    pub(crate) verdict: VerdictRow,
    /// Who asked for it, and what that request is called.
    pub(crate) request: (CheckoutId, IdempotencyKey),
    /// When it must be looked at: where it stands in `wakes`.
    pub(crate) wake_at: Option<Timestamp>,
    /// Its effects that are not known to be done, by id.
    pub(crate) effects: Vec<Effect>,
    /// Its last events, up to the one that led to its version. Those before are in `events`.
    pub(crate) recent: Series<StoredEvent>,
}

impl StoredPayment {
    pub(crate) fn effect(&self, id: EffectId) -> Option<&Effect> {
        self.effects.iter().find(|effect| effect.id == id)
    }

    /// The version that the last of the events in `events` led to; none if all stand here.
    pub(crate) fn older_events_until(&self) -> Option<u32> {
        // The first event led to version 2.
        Some(self.payment.version.saturating_sub(self.recent.count)).filter(|last| *last > 1)
    }

    /// Adds the event that leads to the next version. Gives the events that have to move to `events`, if there are too
    /// many.
    pub(crate) fn add(&mut self, event: &StoredEvent) -> Result<Option<Series<StoredEvent>>, Fault> {
        let full = self.recent.count >= RECENT_MAX;
        let moved = full.then(|| core::mem::take(&mut self.recent));
        self.recent.push(event)?;
        Ok(moved)
    }
}

/// An event and what it booked.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    version: u32,
    at: Timestamp,
    event: PaymentEvent,
    confirmation: Option<u32>,
    postings: Vec<Posting>,
}

impl StoredEvent {
    pub(crate) fn new(event: EventRow, postings: Vec<Posting>) -> Self {
        let EventRow { payment: _, version, at, event, confirmation } = event;
        Self { version, at, event, confirmation, postings }
    }

    /// The event by itself.
    pub(crate) fn into_event(self, payment: PaymentId) -> EventRow {
        let Self { version, at, event, confirmation, .. } = self;
        EventRow { payment, version, at, event, confirmation }
    }

    /// Its postings, each in its place.
    pub(crate) fn into_postings(self, payment: PaymentId) -> impl Iterator<Item = PostingRow> {
        let version = self.version;
        // As many as have a place were booked.
        (0..=u8::MAX).zip(self.postings).map(move |(place, posting)| PostingRow {
            payment,
            version,
            place,
            posting,
        })
    }
}

/// Values one behind the other as bytes, so that whoever adds one need not read the others.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Series<T> {
    count: u32,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    #[serde(skip)]
    of: PhantomData<fn() -> T>,
}

impl<T> Default for Series<T> {
    fn default() -> Self {
        Self { count: 0, bytes: Vec::new(), of: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned> Series<T> {
    fn push(&mut self, value: &T) -> Result<(), Fault> {
        postcard::to_io(value, &mut self.bytes)
            .map_err(|error| Fault::wrong(format!("a series cannot be written: {error}")))?;
        self.count += 1;
        Ok(())
    }

    /// All of them, first to last.
    pub(crate) fn read(&self) -> Result<Vec<T>, Fault> {
        let damaged = |what: &str| Fault::Refused(StoreError::Damaged(format!("a series of a row: {what}")));
        let mut rest = self.bytes.as_slice();
        let mut all = Vec::new();
        while !rest.is_empty() {
            let (value, after) =
                postcard::take_from_bytes(rest).map_err(|error| damaged(&error.to_string()))?;
            all.push(value);
            rest = after;
        }
        if all.len() == self.count as usize { Ok(all) } else { Err(damaged("it has not as many as it says")) }
    }
}

#[cfg(test)]
mod tests {
    use records::TrustLevel;
    use records::{DecisionRow, Facts, Ground, Ruling, Spent};

    #[test]
    fn a_decision_takes_few_bytes() {
        let day = Spent { payments: 40, sum_minor: 200_000 };
        let facts = |lately| Facts {
            level: TrustLevel::Hardware,
            evidence: u16::MAX,
            attested_s: 2 * 365 * 86_400,
            offline_s: 30 * 86_400,
            is_bound: true,
            category: model::MerchantCategory::new(9_999),
            provider: "bank".parse().unwrap(),
            lately,
        };
        let row = |lately| DecisionRow {
            policy_version: 100_000,
            ground: Ground::Rule(127),
            ruling: Ruling::Decline,
            facts: facts(lately),
        };
        let len = |lately| postcard::to_allocvec(&row(lately)).unwrap().len();
        assert!(len(None) <= 32, "{}", len(None));
        assert!(len(Some([day; 3])) <= 50, "{}", len(Some([day; 3])));
    }
}
