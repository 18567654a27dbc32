//! How often one checkout may ask.

use model::{CheckoutId, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A checkout may burst as much as it may ask for in this many seconds.
const BURST_S: i64 = 2;
/// Checkouts remembered; beyond that all are forgotten, which errs on the generous side.
const CHECKOUTS_MAX: usize = 100_000;

/// A token bucket for each checkout.
pub(crate) struct Pace {
    per_s: i64,
    buckets: Mutex<HashMap<CheckoutId, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    /// Thousandths of requests that may still be made.
    left: i64,
    at: Timestamp,
}

impl Pace {
    pub(crate) fn new(per_s: u32) -> Self {
        Self { per_s: per_s.into(), buckets: Mutex::default() }
    }

    /// Whether `checkout` may ask now.
    pub(crate) fn allows(&self, checkout: CheckoutId, now: Timestamp) -> bool {
        let full = self.per_s * BURST_S * 1_000;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CHECKOUTS_MAX {
            buckets.clear();
        }
        let bucket = buckets.entry(checkout).or_insert(Bucket { left: full, at: now });
        let refill = now.ms_since(bucket.at).max(0).saturating_mul(self.per_s);
        bucket.left = bucket.left.saturating_add(refill).min(full);
        bucket.at = now;
        if bucket.left < 1_000 {
            return false;
        }
        bucket.left -= 1_000;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_a_flood_is_not() {
        let pace = Pace::new(10);
        let (one, other) = (CheckoutId::from_u128(1), CheckoutId::from_u128(2));
        let now = Timestamp::from_s(1_000);
        assert_eq!((0..100).filter(|_| pace.allows(one, now)).count(), 20);
        assert!(pace.allows(other, now));
        assert_eq!((0..100).filter(|_| pace.allows(one, now.plus_s(1))).count(), 10);
        assert!(!pace.allows(one, now), "a clock set back gives nothing");
    }
}
