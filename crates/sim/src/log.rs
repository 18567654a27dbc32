//! What happens in a history: faults are counted, and where somebody wants to read it, told line by line.

use crate::clock::Time;
use crate::fault::{Fault, Tally};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The record of one history.
#[derive(Debug)]
pub(crate) struct Log {
    time: Time,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    tally: Tally,
    /// None where nobody wants to read.
    story: Option<Vec<String>>,
    violations: Vec<Violation>,
    /// Messages to which something happened, by number.
    hit: BTreeSet<u64>,
}

/// What was recorded of a history.
pub(crate) struct Recorded {
    pub(crate) tally: Tally,
    pub(crate) story: Vec<String>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) hit: BTreeSet<u64>,
}

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which kind: two histories that break the same rule have the same.
    pub kind: &'static str,
    /// What is wrong.
    pub what: String,
}

impl Log {
    pub(crate) fn new(time: Time, is_told: bool) -> Self {
        let inner = Inner { story: is_told.then(Vec::new), ..Inner::default() };
        Self { time, inner: Mutex::new(inner) }
    }

    /// Tells something, in plain words.
    pub(crate) fn tell(&self, words: impl FnOnce() -> String) {
        if let Some(story) = &mut self.lock().story {
            story.push(format!("{}  {}", self.moment(), words()));
        }
    }

    /// Remembers that something happened to a message.
    pub(crate) fn hit(&self, message: u64) {
        self.lock().hit.insert(message);
    }

    /// Counts a fault and tells of it.
    pub(crate) fn fault(&self, fault: Fault, words: impl FnOnce() -> String) {
        self.lock().tally.count(fault);
        self.tell(words);
    }

    pub(crate) fn violated(&self, kind: &'static str, what: String) {
        self.tell(|| format!("WRONG ({kind}): {what}"));
        self.lock().violations.push(Violation { kind, what });
    }

    pub(crate) fn has_violations(&self) -> bool {
        !self.lock().violations.is_empty()
    }

    /// All that was recorded; the record is empty afterwards.
    pub(crate) fn take(&self) -> Recorded {
        let inner = std::mem::take(&mut *self.lock());
        let mut names = Names::default();
        let story = inner.story.unwrap_or_default().iter().map(|line| names.shorten(line)).collect();
        Recorded { tally: inner.tally, story, violations: inner.violations, hit: inner.hit }
    }

    /// The time of day, as `14:00:03.120`; every history begins at 14:00.
    fn moment(&self) -> String {
        let ms = self.time.elapsed_ms();
        let (s, ms) = (ms / 1_000, ms % 1_000);
        format!("{:02}:{:02}:{:02}.{ms:03}", 14 + s / 3_600, s / 60 % 60, s % 60)
    }

    /// Every change is made whole, so a task that died holding the lock did no harm.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names for a reader: a payment is called by its number in the story.
#[derive(Default)]
struct Names(Vec<String>);

/// How a payment's id begins, and how long it is.
const PAYMENT_PREFIX: &str = "pay_";
const PAYMENT_LEN: usize = PAYMENT_PREFIX.len() + 26;

impl Names {
    fn shorten(&mut self, line: &str) -> String {
        let mut short = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(at) = rest.find(PAYMENT_PREFIX) {
            let Some(id) = rest.get(at..at + PAYMENT_LEN) else { break };
            let known = self.0.iter().position(|other| other == id);
            let place = known.unwrap_or_else(|| {
                self.0.push(id.to_owned());
                self.0.len() - 1
            });
            short.push_str(&rest[..at]);
            short.push_str(&format!("payment {}", place + 1));
            rest = &rest[at + PAYMENT_LEN..];
        }
        short + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_are_called_by_their_numbers() {
        let mut names = Names::default();
        let id = |last: char| format!("pay_{}{last}", "0".repeat(25));
        assert_eq!(names.shorten(&format!("{} and {}!", id('a'), id('b'))), "payment 1 and payment 2!");
        assert_eq!(names.shorten(&format!("again {}", id('b'))), "again payment 2");
        assert_eq!(names.shorten("pay_cut"), "pay_cut");
    }
}
