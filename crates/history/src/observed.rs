//! What an answer says, as far as the specification speaks of it.

use crate::operation::{Call, Operation, Outcome};
use api::payment::{CancellationView, CaptureView, PaymentStateName, PaymentView, RefundView};
use api::problem::{Problem, ProblemType};
use model::PaymentId;
use serde::de::DeserializeOwned;

/// What a payment is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    pub(crate) state: PaymentStateName,
    pub(crate) captured_minor: i64,
    pub(crate) refunded_minor: i64,
}

/// The payment that an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) id: PaymentId,
    pub(crate) amount_minor: i64,
    pub(crate) seen: Seen,
}

/// What an answer that is kept for its key says. Two answers that say the same may differ in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Said {
    Authorised(Seen),
    Declined(Seen),
    Captured { amount_minor: i64, after: Seen },
    Voided(Seen),
    Refunded { amount_minor: i64, after: Seen },
}

/// What a client saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    /// No answer: it may have happened at any time, or not at all.
    Nothing,
    /// It did not reach the server.
    NotSent,
    /// An answer that is kept for the request's key.
    Kept { said: Said, shown: Shown },
    /// The request is under way.
    UnderWay(Shown),
    /// Where a payment stands now.
    Standing(Shown),
    /// The cancel is known.
    Cancelled(Option<Shown>),
    /// A refusal.
    Refused(ProblemType),
    /// A failure that does not say whether something happened.
    Unsure,
    /// Nothing that the API knows.
    Strange,
}

impl Observed {
    pub(crate) fn of(operation: &Operation) -> Self {
        match &operation.outcome {
            Outcome::Unknown { .. } => Self::Nothing,
            Outcome::NotSent { .. } => Self::NotSent,
            Outcome::Answered { status: 200..=299, body } => {
                success(operation, body).unwrap_or(Self::Strange)
            }
            Outcome::Answered { status, body } => match read::<Problem>(body) {
                Some(problem) if problem.status == *status => refusal(&problem),
                _ => Self::Strange,
            },
        }
    }
}

/// The payment that an operation's answer shows.
pub(crate) fn shown_in(operation: &Operation) -> Option<Shown> {
    match Observed::of(operation) {
        Observed::Kept { shown, .. }
        | Observed::UnderWay(shown)
        | Observed::Standing(shown)
        | Observed::Cancelled(Some(shown)) => Some(shown),
        _ => None,
    }
}

fn refusal(problem: &Problem) -> Observed {
    match (problem.problem_type, &problem.payment) {
        (ProblemType::PaymentDeclined, Some(view)) => {
            let shown = Shown::from(view);
            Observed::Kept { said: Said::Declined(shown.seen), shown }
        }
        (ProblemType::PaymentDeclined, None) => Observed::Strange,
        (ProblemType::Internal | ProblemType::ProviderUnavailable | ProblemType::Other, _) => {
            Observed::Unsure
        }
        (problem, _) => Observed::Refused(problem),
    }
}

fn success(operation: &Operation, body: &str) -> Option<Observed> {
    let status = match operation.outcome {
        Outcome::Answered { status, .. } => status,
        _ => return None,
    };
    let is_look_up = matches!(operation.call, Call::LookUp { .. });
    Some(match (&operation.call, status) {
        (Call::Authorise { .. } | Call::LookUp { .. }, 202) => Observed::UnderWay(shown(body)?),
        (Call::Cancel { .. }, 200) => {
            let view: CancellationView = read(body)?;
            let payment = view.payment.as_ref().map(Shown::from);
            if view.was_received != payment.is_some() {
                return None;
            }
            Observed::Cancelled(payment)
        }
        (Call::Look { .. }, 200) => Observed::Standing(shown(body)?),
        (Call::Authorise { .. }, 201) => authorised(body)?,
        (Call::Capture { .. }, 201) => captured(body)?,
        (Call::Refund { .. }, 201) => refunded(body)?,
        // By its key any answer that was kept is told again.
        (_, 201) if is_look_up => authorised(body).or_else(|| captured(body)).or_else(|| refunded(body))?,
        (Call::Void { .. } | Call::LookUp { .. }, 200) => {
            let shown = shown(body)?;
            Observed::Kept { said: Said::Voided(shown.seen), shown }
        }
        _ => return None,
    })
}

fn authorised(body: &str) -> Option<Observed> {
    let shown = shown(body)?;
    Some(Observed::Kept { said: Said::Authorised(shown.seen), shown })
}

fn captured(body: &str) -> Option<Observed> {
    let view: CaptureView = read(body)?;
    let shown = Shown::from(&view.payment);
    Some(Observed::Kept {
        said: Said::Captured { amount_minor: view.amount_minor, after: shown.seen },
        shown,
    })
}

fn refunded(body: &str) -> Option<Observed> {
    let view: RefundView = read(body)?;
    let shown = Shown::from(&view.payment);
    Some(Observed::Kept {
        said: Said::Refunded { amount_minor: view.amount_minor, after: shown.seen },
        shown,
    })
}

fn shown(body: &str) -> Option<Shown> {
    read::<PaymentView>(body).as_ref().map(Shown::from)
}

fn read<T: DeserializeOwned>(body: &str) -> Option<T> {
    serde_json::from_str(body).ok()
}

impl From<&PaymentView> for Shown {
    fn from(view: &PaymentView) -> Self {
        let seen = Seen {
            state: view.state,
            captured_minor: view.captured_minor,
            refunded_minor: view.refunded_minor,
        };
        Self { id: view.id, amount_minor: view.amount_minor, seen }
    }
}
