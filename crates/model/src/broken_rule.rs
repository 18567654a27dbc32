//! Rules that the simulator breaks on purpose, to prove that it would notice. Compiled in with the feature
//! `broken-rules` alone, which no program that is shipped has.

use core::cell::Cell;

/// A rule that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenRule {
    /// A capture is taken beyond the hold, and a second time.
    DoubleCapture,
    /// A payment that is given up is reversed without telling the provider.
    ForgottenReversal,
    /// A hold that ends is not taken out of the pending sums.
    LostHold,
    /// The store answers before its commit is durable.
    AnswerBeforeCommit,
    /// A wrong PIN is not counted.
    PinFailureUncounted,
    /// A cancel that came before its request is forgotten.
    TombstoneIgnored,
}

impl BrokenRule {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::DoubleCapture,
        Self::ForgottenReversal,
        Self::LostHold,
        Self::AnswerBeforeCommit,
        Self::PinFailureUncounted,
        Self::TombstoneIgnored,
    ];

    /// The rule's name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DoubleCapture => "double-capture",
            Self::ForgottenReversal => "forgotten-reversal",
            Self::LostHold => "lost-hold",
            Self::AnswerBeforeCommit => "answer-before-commit",
            Self::PinFailureUncounted => "pin-failure-uncounted",
            Self::TombstoneIgnored => "tombstone-ignored",
        }
    }

    /// Breaks `rule` on this thread from now on; none keeps them all.
    pub fn break_on_this_thread(rule: Option<Self>) {
        BROKEN.set(rule);
    }

    /// Whether it is broken on this thread.
    #[must_use]
    pub fn is_broken(self) -> bool {
        BROKEN.get() == Some(self)
    }
}

thread_local! {
    static BROKEN: Cell<Option<BrokenRule>> = const { Cell::new(None) };
}
