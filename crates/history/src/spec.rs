//! One payment by the specification alone: the table of `spec/payment-states.md` as a client can know it.
//!
//! Operators' disputes are left out: no till can bring one about.
//!
//! The provider is not a client: what it answers, and when deadlines pass, nobody recorded. Those events may have
//! happened unasked at any moment at which the specification allows them ([`Payment::unasked`]).

use crate::observed::{Said, Seen};
use api::payment::PaymentStateName as State;
use api::problem::ProblemType;
use model::PaymentId;

/// The server's times, as far as they let something happen that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// From its beginning a payment is captured, or else expires not sooner than this: microseconds.
    pub capture_window_us: u64,
    /// From its beginning a payment without an answer is given up not sooner than this: microseconds.
    pub answer_deadline_us: u64,
}

impl Default for Terms {
    /// What a server has that nobody configured otherwise: 1 hour and 30 s.
    fn default() -> Self {
        Self { capture_window_us: 3_600_000_000, answer_deadline_us: 30_000_000 }
    }
}

/// A payment as it may stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Payment {
    /// None until an answer has told it.
    pub(crate) id: Option<PaymentId>,
    pub(crate) amount_minor: i64,
    /// Not begun before: microseconds.
    pub(crate) begun_us: u64,
    state: State,
    captured_minor: i64,
    refunded_minor: i64,
    /// Whether a till gave back what was left after a capture.
    was_voided: bool,
}

/// What an allowed change leads to, and what its answer says.
pub(crate) type Changed = Result<(Payment, Said), ProblemType>;

impl Payment {
    /// Verified, and the provider not asked yet.
    pub(crate) const fn received(amount_minor: i64, begun_us: u64) -> Self {
        let state = State::Received;
        Self {
            id: None,
            amount_minor,
            begun_us,
            state,
            captured_minor: 0,
            refunded_minor: 0,
            was_voided: false,
        }
    }

    /// Declined: by the provider, or since its code was refused.
    pub(crate) const fn declined(amount_minor: i64, begun_us: u64) -> Self {
        Self { state: State::Declined, ..Self::received(amount_minor, begun_us) }
    }

    pub(crate) const fn seen(&self) -> Seen {
        Seen { state: self.state, captured_minor: self.captured_minor, refunded_minor: self.refunded_minor }
    }

    /// The answer to the request that began it, if it has just been decided: this is what is kept for its key.
    pub(crate) const fn decision(&self) -> Option<Said> {
        match self.state {
            State::Received | State::Unknown => None,
            State::Declined | State::Reversing | State::Reversed => Some(Said::Declined(self.seen())),
            _ => Some(Said::Authorised(self.seen())),
        }
    }

    /// All that this payment may have become by `late_us` without anybody asking, itself first: each as the chain
    /// of states that led there, since the first decision is kept for the key.
    pub(crate) fn unasked(&self, late_us: u64, terms: &Terms) -> Vec<Vec<Self>> {
        let mut chains = vec![vec![self.clone()]];
        let mut next = 0;
        while next < chains.len() {
            let last = chains[next].last().expect("a chain has a first").clone();
            for after in last.after_event(late_us, terms) {
                chains.push([chains[next].as_slice(), &[after]].concat());
            }
            next += 1;
        }
        chains
    }

    fn after_event(&self, late_us: u64, terms: &Terms) -> Vec<Self> {
        let is_late = |us: u64| late_us >= self.begun_us.saturating_add(us);
        let mut states = Vec::new();
        match self.state {
            State::Received | State::Unknown => {
                states.extend([State::Authorised, State::Declined]);
                if self.state == State::Received {
                    states.push(State::Unknown);
                }
                if is_late(terms.answer_deadline_us) || is_late(terms.capture_window_us) {
                    states.push(State::Reversing);
                }
            }
            State::Authorised if is_late(terms.capture_window_us) => states.push(State::Expired),
            State::PartlyCaptured if is_late(terms.capture_window_us) => states.push(State::Captured),
            State::Reversing => states.push(State::Reversed),
            _ => {}
        }
        states.into_iter().map(|state| self.to(state)).collect()
    }

    pub(crate) fn capture(&self, amount_minor: Option<i64>, is_final: bool) -> Changed {
        if !self.is_held() {
            return Err(ProblemType::WrongState);
        }
        let held_minor = self.amount_minor - self.captured_minor;
        let amount_minor = within(amount_minor.unwrap_or(held_minor), held_minor)?;
        let ends = is_final || amount_minor == held_minor;
        let mut after = self.to(if ends { State::Captured } else { State::PartlyCaptured });
        after.captured_minor += amount_minor;
        let said = Said::Captured { amount_minor, after: after.seen() };
        Ok((after, said))
    }

    /// Whether a capture may be refused since its time has passed.
    pub(crate) fn may_be_too_late(&self, late_us: u64, terms: &Terms) -> bool {
        self.is_held() && late_us >= self.begun_us.saturating_add(terms.capture_window_us)
    }

    pub(crate) fn void(&self) -> Changed {
        let mut after = match self.state {
            State::Received | State::Unknown => self.to(State::Reversing),
            State::Authorised => self.to(State::Voided),
            State::PartlyCaptured => self.to(State::Captured),
            _ => return Err(ProblemType::WrongState),
        };
        after.was_voided = true;
        let said = Said::Voided(after.seen());
        Ok((after, said))
    }

    pub(crate) fn refund(&self, amount_minor: Option<i64>) -> Changed {
        if !matches!(self.state, State::PartlyCaptured | State::Captured) {
            return Err(ProblemType::WrongState);
        }
        let left_minor = self.captured_minor - self.refunded_minor;
        let amount_minor = within(amount_minor.unwrap_or(left_minor), left_minor)?;
        let mut after = self.clone();
        after.refunded_minor += amount_minor;
        let said = Said::Refunded { amount_minor, after: after.seen() };
        Ok((after, said))
    }

    /// What a cancel of the request that began it leads to.
    pub(crate) fn cancel(&self) -> Result<Self, ProblemType> {
        match self.state {
            State::Declined | State::Voided | State::Expired | State::Reversing | State::Reversed => {
                Ok(self.clone())
            }
            State::Captured if self.was_voided => Ok(self.clone()),
            _ => self.void().map(|(after, _)| after),
        }
    }

    const fn is_held(&self) -> bool {
        matches!(self.state, State::Authorised | State::PartlyCaptured)
    }

    fn to(&self, state: State) -> Self {
        Self { state, ..self.clone() }
    }
}

fn within(amount_minor: i64, left_minor: i64) -> Result<i64, ProblemType> {
    match amount_minor {
        ..=0 => Err(ProblemType::AmountRefused),
        amount_minor if amount_minor > left_minor => Err(ProblemType::AmountExceeded),
        amount_minor => Ok(amount_minor),
    }
}
