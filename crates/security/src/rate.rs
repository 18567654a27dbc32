//! How often someone may ask: token buckets in memory, by source. Knows nothing of what is asked.
//!
//! The memory is bounded: when too many sources are busy at once, new ones share one bucket until others have
//! refilled. Counts are this process's own and end with it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
};

use model::Timestamp;

use crate::policy::Rate;

/// The most sources that have a bucket of their own.
const SOURCES_MAX: usize = 50_000;
/// A source's text beyond this is cut: it comes from outside.
const SOURCE_LEN_MAX: usize = 128;

/// Token buckets, one for each source.
#[derive(Debug)]
pub(crate) struct RateLimit {
    rate: RwLock<Rate>,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    by_source: HashMap<String, Bucket>,
    shared: Option<Bucket>,
    swept_at: Option<Timestamp>,
}

/// Tokens in thousandths, as of a moment.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    milli: u64,
    at: Timestamp,
}

impl RateLimit {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate: RwLock::new(rate), buckets: Mutex::default() }
    }

    /// Lets sources ask as often as this from now on.
    pub(crate) fn set_rate(&self, rate: Rate) {
        *self.rate.write().unwrap_or_else(PoisonError::into_inner) = rate;
    }

    fn rate(&self) -> Rate {
        *self.rate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a token of `source`; false if none is left.
    pub(crate) fn take(&self, source: &str, now: Timestamp) -> bool {
        let source = cut(source);
        let mut buckets = self.lock();
        if !buckets.by_source.contains_key(source) && buckets.by_source.len() >= SOURCES_MAX {
            self.sweep(&mut buckets, now);
        }
        if let Some(bucket) = buckets.by_source.get_mut(source) {
            return self.take_from(bucket, now);
        }
        let mut bucket = Bucket { milli: self.full_milli(), at: now };
        if buckets.by_source.len() >= SOURCES_MAX {
            return self.take_from(buckets.shared.get_or_insert(bucket), now);
        }
        let taken = self.take_from(&mut bucket, now);
        buckets.by_source.insert(source.to_owned(), bucket);
        taken
    }

    /// Forgets full buckets: they are as good as new ones. At most once a second, since it looks at all.
    fn sweep(&self, buckets: &mut Buckets, now: Timestamp) {
        if buckets.swept_at.is_some_and(|at| (0..1000).contains(&now.ms_since(at))) {
            return;
        }
        buckets.swept_at = Some(now);
        buckets.by_source.retain(|_, bucket| self.refilled(*bucket, now) < self.full_milli());
    }

    fn take_from(&self, bucket: &mut Bucket, now: Timestamp) -> bool {
        let milli = self.refilled(*bucket, now);
        let taken = milli >= 1000;
        *bucket = Bucket { milli: if taken { milli - 1000 } else { milli }, at: now };
        taken
    }

    fn refilled(&self, bucket: Bucket, now: Timestamp) -> u64 {
        let waited_ms = u64::try_from(now.ms_since(bucket.at)).unwrap_or(0);
        let gained = waited_ms.saturating_mul(1000) / u64::from(self.rate().refill_ms.max(1));
        bucket.milli.saturating_add(gained).min(self.full_milli())
    }

    fn full_milli(&self) -> u64 {
        u64::from(self.rate().burst) * 1000
    }

    /// A bucket is whole after every single change, so a thread that died holding the lock did no harm.
    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cut(source: &str) -> &str {
    let mut end = source.len().min(SOURCE_LEN_MAX);
    while !source.is_char_boundary(end) {
        end -= 1;
    }
    &source[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, refill_ms: 1000 };

    #[test]
    fn gives_the_burst_then_one_each_refill_and_keeps_sources_apart() {
        let limit = RateLimit::new(RATE);
        let now = Timestamp::from_s(1_000);
        assert_eq!([(); 4].map(|()| limit.take("a", now)), [true, true, true, false]);
        assert!(limit.take("b", now));
        assert!(!limit.take("a", now.plus_ms(999)));
        assert!(limit.take("a", now.plus_ms(1_100)));
        assert!(!limit.take("a", now.plus_ms(1_100)));
    }

    #[test]
    fn a_clock_set_back_gives_nothing_away() {
        let limit = RateLimit::new(RATE);
        let now = Timestamp::from_s(1_000);
        assert_eq!([(); 3].map(|()| limit.take("a", now)), [true; 3]);
        assert!(!limit.take("a", now.plus_s(-500)));
        assert!(!limit.take("a", now.plus_s(-500)));
    }

    #[test]
    fn memory_is_bounded_whoever_asks() {
        let limit = RateLimit::new(Rate { burst: 1, refill_ms: 60_000 });
        let now = Timestamp::from_s(1_000);
        for number in 0..SOURCES_MAX {
            assert!(limit.take(&number.to_string(), now));
        }
        // One shared token, then none, and no more memory.
        assert!(limit.take("new", now));
        assert!(!limit.take("newer", now));
        assert_eq!(limit.lock().by_source.len(), SOURCES_MAX);
        // Once the others have refilled they are forgotten and new ones stand alone again.
        let later = now.plus_s(61);
        assert!(limit.take("newest", later));
        assert_eq!(limit.lock().by_source.len(), 1);
        assert!(limit.take(&"é".repeat(500), later));
    }
}
