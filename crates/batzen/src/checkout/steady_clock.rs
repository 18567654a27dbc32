//! The time for one command: the wall clock as it was at the start, moved on by a clock that nobody can set.

use crate::service::SystemClock;
use model::{Clock, Timestamp};
use std::time::Instant;

/// See the module.
pub(super) struct SteadyClock {
    started_at: Timestamp,
    started: Instant,
}

impl SteadyClock {
    pub(super) fn start() -> Self {
        Self { started_at: SystemClock.now(), started: Instant::now() }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        self.started_at.plus_ms(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
