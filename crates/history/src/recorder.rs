//! Notes operations as they happen, from many threads, by one clock that nobody can set.

use crate::operation::{Call, History, Operation, Outcome};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// See the module.
#[derive(Debug)]
pub struct Recorder {
    started: Instant,
    operations: Mutex<Vec<Operation>>,
}

/// An operation that was noted and has no answer yet.
#[derive(Debug)]
#[must_use = "an operation that is not answered stays unknown"]
pub struct Asked(usize);

impl Default for Recorder {
    fn default() -> Self {
        Self { started: Instant::now(), operations: Mutex::default() }
    }
}

impl Recorder {
    /// Notes that `client` is about to ask.
    pub fn ask(&self, client: &str, payer: &str, call: Call) -> Asked {
        let mut operations = self.operations();
        let place = operations.len();
        operations.push(Operation {
            number: place as u64,
            client: client.to_owned(),
            payer: payer.to_owned(),
            call,
            // Under the lock, so that the order of asking is the order of times.
            invoked_us: self.now_us(),
            answered_us: None,
            outcome: Outcome::Unknown { cause: "nobody waited for an answer".to_owned() },
        });
        Asked(place)
    }

    /// Notes what came back.
    pub fn answered(&self, asked: Asked, outcome: Outcome) {
        let now_us = self.now_us();
        let mut operations = self.operations();
        let operation = &mut operations[asked.0];
        operation.answered_us = matches!(outcome, Outcome::Answered { .. }).then_some(now_us);
        operation.outcome = outcome;
    }

    /// What was noted so far.
    #[must_use]
    pub fn history(&self) -> History {
        History(self.operations().clone())
    }

    /// Microseconds since the recording began.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn operations(&self) -> MutexGuard<'_, Vec<Operation>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
