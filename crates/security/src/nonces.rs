//! Nonces and challenges seen lately, so that each is taken once. In memory, bounded, this process's own: what
//! must never happen twice is guarded by the store as well.

use core::cmp::Reverse;
use std::{
    collections::{BinaryHeap, HashMap},
    sync::{Mutex, PoisonError},
};

use model::Timestamp;

/// The most that are remembered at once: some 100 bytes each, and over 3 000 requests a second for five minutes.
const SEEN_MAX: usize = 1_000_000;

/// The first half of a hash: enough to tell apart what nobody profits from confusing.
type Mark = [u8; 16];

/// What was seen and is not yet forgotten.
#[derive(Debug, Default)]
pub(crate) struct SeenOnce(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// What was shown, by whom.
    all: HashMap<Mark, Mark>,
    /// When each is forgotten, the next first.
    ends: BinaryHeap<Reverse<(Timestamp, Mark)>>,
}

/// What became of showing something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shown {
    /// For the first time.
    First,
    /// It was shown before.
    Again {
        /// By this very one.
        by_same: bool,
    },
    /// Too many are remembered already; nothing can be told.
    Full,
}

impl SeenOnce {
    /// Shows `what` in the name of `by`, both hashes, to be remembered until `forget_at`.
    pub(crate) fn show(&self, what: [u8; 32], by: [u8; 32], now: Timestamp, forget_at: Timestamp) -> Shown {
        let (what, by) = (mark(&what), mark(&by));
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while seen.ends.peek().is_some_and(|Reverse((at, _))| *at < now) {
            if let Some(Reverse((_, old))) = seen.ends.pop() {
                seen.all.remove(&old);
            }
        }
        if let Some(before) = seen.all.get(&what) {
            return Shown::Again { by_same: *before == by };
        }
        if seen.all.len() >= SEEN_MAX {
            return Shown::Full;
        }
        seen.all.insert(what, by);
        seen.ends.push(Reverse((forget_at, what)));
        Shown::First
    }
}

fn mark(hash: &[u8; 32]) -> Mark {
    *hash.first_chunk().expect("32 bytes begin with 16")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_first_once_until_forgotten() {
        let seen = SeenOnce::default();
        let (now, end) = (Timestamp::from_s(10), Timestamp::from_s(20));
        assert_eq!(seen.show([1; 32], [7; 32], now, end), Shown::First);
        assert_eq!(seen.show([1; 32], [8; 32], end, end), Shown::Again { by_same: false });
        assert_eq!(seen.show([1; 32], [7; 32], end, end), Shown::Again { by_same: true });
        assert_eq!(seen.show([2; 32], [8; 32], end, end.plus_s(10)), Shown::First);
        assert_eq!(seen.show([1; 32], [8; 32], end.plus_ms(1), end), Shown::First);
    }

    #[test]
    fn each_is_forgotten_at_its_own_end_whatever_came_before_it() {
        let seen = SeenOnce::default();
        let at = Timestamp::from_s;
        assert_eq!(seen.show([1; 32], [0; 32], at(10), at(600)), Shown::First);
        assert_eq!(seen.show([2; 32], [0; 32], at(10), at(20)), Shown::First);
        assert_eq!(seen.show([2; 32], [0; 32], at(21), at(40)), Shown::First);
        assert_eq!(seen.show([1; 32], [0; 32], at(600), at(600)), Shown::Again { by_same: true });
    }

    #[test]
    fn a_full_memory_says_so() {
        let seen = SeenOnce::default();
        let now = Timestamp::from_s(10);
        for number in 0..SEEN_MAX as u64 {
            let mut what = [0; 32];
            what[..8].copy_from_slice(&number.to_be_bytes());
            assert_eq!(seen.show(what, [0; 32], now, now), Shown::First);
        }
        let later = now.plus_ms(1);
        assert_eq!(seen.show([0xff; 32], [0; 32], now, now), Shown::Full);
        assert_eq!(seen.show([0xff; 32], [0; 32], later, later), Shown::First);
    }
}
