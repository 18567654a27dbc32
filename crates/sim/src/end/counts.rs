//! Every count of wrong PINs that a phone's codes allow, while it is not known when a right PIN for an approval came in
//! between.

use std::collections::BTreeSet;

/// How a phone is locked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lock {
    /// It is not.
    None,
    /// For wrong PINs.
    ForPins,
    /// For something else; whether for wrong PINs before is not known.
    ForOther,
}

/// One way in which things may have gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    failures: u8,
    is_locked: bool,
    /// How many right PINs for approvals came in so far.
    proven: usize,
}

/// All ways in which things may have gone.
pub(super) struct Counts {
    most: u8,
    pins_proven: usize,
    judged: String,
    ways: BTreeSet<Way>,
}

impl Counts {
    pub(super) fn new(most: u8, pins_proven: usize) -> Self {
        let ways = BTreeSet::from([Way { failures: 0, is_locked: false, proven: 0 }]);
        Self { most, pins_proven, judged: String::new(), ways }
    }

    /// The next code was judged.
    pub(super) fn judge(&mut self, is_pin_right: bool) {
        self.judged.push(if is_pin_right { 'r' } else { 'w' });
        let most = self.most;
        let next = self.with_proofs().map(|way| {
            let failures = if is_pin_right { 0 } else { way.failures.saturating_add(1) };
            Way { failures, is_locked: way.is_locked || failures >= most, ..way }
        });
        self.ways = next.collect();
    }

    /// Whether it can have come to this.
    pub(super) fn allow(&self, failures: u8, lock: Lock) -> bool {
        self.with_proofs().any(|way| {
            let is_locked_so = match lock {
                Lock::None => !way.is_locked,
                Lock::ForPins => way.is_locked,
                Lock::ForOther => true,
            };
            way.failures == failures && is_locked_so
        })
    }

    /// What was judged, in words.
    pub(super) fn story(&self) -> String {
        format!("codes judged {:?} (r: right, w: wrong) and {} approvals", self.judged, self.pins_proven)
    }

    /// Each way as it is, and as it is once a right PIN came in; a phone that is locked approves nothing.
    fn with_proofs(&self) -> impl Iterator<Item = Way> {
        self.ways.iter().flat_map(|way| {
            let proof = (!way.is_locked && way.failures > 0 && way.proven < self.pins_proven)
                .then_some(Way { failures: 0, is_locked: false, proven: way.proven + 1 });
            [Some(*way), proof].into_iter().flatten()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(judged: &str, pins_proven: usize) -> Counts {
        let mut counts = Counts::new(3, pins_proven);
        judged.chars().for_each(|one| counts.judge(one == 'r'));
        counts
    }

    #[test]
    fn without_approvals_there_is_one_count() {
        let two = counts("wrww", 0);
        assert!(two.allow(2, Lock::None) && two.allow(2, Lock::ForOther));
        assert!(!two.allow(1, Lock::None) && !two.allow(3, Lock::None) && !two.allow(2, Lock::ForPins));
        let three = counts("www", 0);
        assert!(
            three.allow(3, Lock::ForPins) && !three.allow(3, Lock::None) && !three.allow(2, Lock::ForPins)
        );
    }

    #[test]
    fn an_approval_takes_back_what_came_before_it_and_no_lock() {
        let four = counts("wwww", 1);
        assert!(four.allow(3, Lock::ForPins), "after the first");
        assert!(four.allow(2, Lock::None), "after the second");
        assert!(
            !four.allow(0, Lock::None),
            "after the fourth the phone is locked, if no approval came before"
        );
        assert!(counts("w", 1).allow(0, Lock::None));
        assert!(!counts("wwww", 0).allow(2, Lock::None));
        assert!(!counts("wrwww", 1).allow(0, Lock::None), "nor after a right one");
    }
}
