//! Nonces and challenges seen lately, so that each is taken once. In memory, bounded, this process's own: what
//! must never happen twice is guarded by the store as well.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use model::Timestamp;

/// The most that are remembered at once.
const SEEN_MAX: usize = 200_000;

/// What was seen and is not yet forgotten.
#[derive(Debug, Default)]
pub(crate) struct SeenOnce(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// What was shown, by whom.
    all: HashMap<[u8; 32], [u8; 32]>,
    /// In the order in which they came; each lives for the same time, so also in the order of forgetting.
    by_age: VecDeque<(Timestamp, [u8; 32])>,
}

/// What became of showing something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shown {
    /// For the first time.
    First,
    /// It was shown before, by this one.
    Again([u8; 32]),
    /// Too many are remembered already; nothing can be told.
    Full,
}

impl SeenOnce {
    /// Shows `what` in the name of `by`, to be remembered until `forget_at`.
    pub(crate) fn show(&self, what: [u8; 32], by: [u8; 32], now: Timestamp, forget_at: Timestamp) -> Shown {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while seen.by_age.front().is_some_and(|(at, _)| *at < now) {
            if let Some((_, old)) = seen.by_age.pop_front() {
                seen.all.remove(&old);
            }
        }
        if let Some(before) = seen.all.get(&what) {
            return Shown::Again(*before);
        }
        if seen.all.len() >= SEEN_MAX {
            return Shown::Full;
        }
        seen.all.insert(what, by);
        seen.by_age.push_back((forget_at, what));
        Shown::First
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_first_once_until_forgotten() {
        let seen = SeenOnce::default();
        let (now, end) = (Timestamp::from_s(10), Timestamp::from_s(20));
        assert_eq!(seen.show([1; 32], [7; 32], now, end), Shown::First);
        assert_eq!(seen.show([1; 32], [8; 32], end, end), Shown::Again([7; 32]));
        assert_eq!(seen.show([2; 32], [8; 32], end, end.plus_s(10)), Shown::First);
        assert_eq!(seen.show([1; 32], [8; 32], end.plus_ms(1), end), Shown::First);
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
