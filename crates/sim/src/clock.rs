//! Simulated time: tokio's own, which stands still until everybody waits, seen through clocks that may be wrong.

use model::{Clock, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

/// When every history begins.
pub(crate) const START: Timestamp = Timestamp::from_s(1_790_000_000);

/// The true time of one history. Made inside its runtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    began: Instant,
    from: Timestamp,
}

impl Time {
    pub(crate) fn begin(from: Timestamp) -> Self {
        Self { began: Instant::now(), from }
    }

    /// Milliseconds since the history began.
    pub(crate) fn elapsed_ms(self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn now(self) -> Timestamp {
        self.from.plus_ms(i64::try_from(self.elapsed_ms()).unwrap_or(i64::MAX))
    }
}

/// One machine's clock.
#[derive(Clone, Debug)]
pub(crate) struct MachineClock {
    time: Time,
    ahead_ms: Arc<AtomicI64>,
}

impl MachineClock {
    pub(crate) fn new(time: Time) -> Self {
        Self { time, ahead_ms: Arc::default() }
    }

    /// Sets the clock to be ahead of the true time by so much; behind, if it is below zero.
    pub(crate) fn set_ahead_ms(&self, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::SeqCst);
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        self.time.now().plus_ms(self.ahead_ms.load(Ordering::SeqCst))
    }
}
