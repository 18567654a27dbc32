//! How many commands the next batch shall have, so that a sync is worth its price.
//!
//! A sync costs processor time, whoever waits for it: with many callers, a sync for every two or three commands takes
//! from the cores what the next commands need. So a batch begins when it has what comes in half a millisecond at the
//! present rate, less one: callers that come one by one are never kept waiting.

use std::time::{Duration, Instant};

/// Batches begin about so far apart when commands come quickly.
const INTERVAL: Duration = Duration::from_micros(500);
/// No batch that has anything waits longer than this since the one before.
const INTERVAL_MAX: Duration = Duration::from_millis(1);
/// The rate is counted in such parts of a command for each [`INTERVAL`].
const PARTS: u64 = 256;

pub(crate) struct Pace {
    rate: u64,
    taken_at: Instant,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { rate: 0, taken_at: Instant::now() }
    }

    /// A batch of so many commands was taken.
    pub(crate) fn took(&mut self, commands: usize) {
        self.took_at(commands, Instant::now());
    }

    fn took_at(&mut self, commands: usize, now: Instant) {
        let since_us = micros(now.saturating_duration_since(self.taken_at)).max(micros(INTERVAL) / 10);
        let commands = u64::try_from(commands).unwrap_or(u64::MAX);
        let rate = commands.saturating_mul(PARTS * micros(INTERVAL)) / since_us;
        self.rate = self.rate.saturating_mul(7).saturating_add(rate) / 8;
        self.taken_at = now;
    }

    /// So many commands make the next batch; at least one.
    pub(crate) fn wanted(&self) -> usize {
        usize::try_from(self.rate / PARTS).unwrap_or(usize::MAX).saturating_sub(1).max(1)
    }

    /// How long a smaller batch waits for more.
    pub(crate) fn left(&self) -> Duration {
        INTERVAL_MAX.saturating_sub(self.taken_at.elapsed())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(batches: usize, commands: usize, apart: Duration) -> Pace {
        let mut pace = Pace::new();
        for _ in 0..batches {
            pace.took_at(commands, pace.taken_at + apart);
        }
        pace
    }

    #[test]
    fn who_comes_alone_does_not_wait() {
        assert_eq!(Pace::new().wanted(), 1);
        assert_eq!(after(100, 1, Duration::from_micros(300)).wanted(), 1);
    }

    #[test]
    fn a_crowd_shares_a_sync() {
        assert_eq!(after(100, 2, Duration::from_micros(125)).wanted(), 6);
        assert_eq!(after(100, 16, Duration::from_millis(1)).wanted(), 6, "the same rate");
    }

    #[test]
    fn a_quiet_moment_is_noticed() {
        let mut pace = after(100, 16, Duration::from_millis(1));
        for _ in 0..30 {
            pace.took_at(1, pace.taken_at + Duration::from_millis(1));
        }
        assert_eq!(pace.wanted(), 1);
    }
}
