//! The steps of a payment whose time operators look at, and who is told when one ended.
//!
//! Whoever does a step says that it ended; how long it took is for whoever holds a clock.

/// A step of a payment, in the order in which they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentStep {
    /// The code was opened, and its enrolment looked up.
    Open,
    /// The device's signature was checked, and that its counter is new.
    Signature,
    /// The PIN was checked.
    Pin,
    /// Time, method, cap, till, evidence and limits were checked.
    Policy,
    /// Something was committed to the store.
    Store,
    /// The provider was asked for the amount.
    Bank,
}

impl PaymentStep {
    /// Its name for operators.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Signature => "signature",
            Self::Pin => "pin",
            Self::Policy => "policy",
            Self::Store => "store",
            Self::Bank => "bank",
        }
    }
}

/// Who is told when each step ended. It must take the same time whether a step went well or not.
pub trait Watch: Send + Sync {
    /// A step ended just now; `is_good` tells how.
    fn ended(&self, step: PaymentStep, is_good: bool);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn ended(&self, _step: PaymentStep, _is_good: bool) {}
}
