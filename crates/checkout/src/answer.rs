//! What the payment server said, or that it said nothing one can rely on.

use crate::event::Action;
use crate::request::{Call, Request};
use api::payment::{CancellationView, CaptureView, PaymentView, RefundView};
use api::problem::Problem;
use serde::Deserialize;

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Where the payment stands.
    Payment(PaymentView),
    /// The request is known and under way; ask again.
    UnderWay,
    /// Money was taken.
    Captured(CaptureView),
    /// Money was given back.
    Refunded(RefundView),
    /// The cancel is known.
    Cancelled(CancellationView),
    /// Something stood in the way.
    Problem(Problem),
    /// The request surely did not arrive.
    NotSent {
        /// Why.
        cause: String,
    },
    /// No answer, or none that makes sense: the request may have arrived.
    Lost {
        /// What happened.
        cause: String,
    },
}

/// Reads the answer to `request`. Whatever does not fit the API counts as lost: something between here and the
/// server may have answered in its place.
#[must_use]
pub fn answer_of(request: &Request, status: u16, body: &[u8]) -> Answer {
    match status {
        202 => match request.call() {
            Call::Authorise { .. } | Call::QueryKey(_) => {
                read(body).map_or(Answer::UnderWay, Answer::Payment)
            }
            _ => Answer::UnderWay,
        },
        200..=299 => success(request.call(), body).unwrap_or_else(|| Answer::Lost {
            cause: format!("the server's answer (status {status}) is not what its API promises"),
        }),
        400..=599 => match read::<Problem>(body) {
            Some(problem) => Answer::Problem(problem),
            None => Answer::Lost { cause: format!("status {status} without problem details") },
        },
        _ => Answer::Lost { cause: format!("an unexpected status {status}") },
    }
}

fn success(call: &Call, body: &[u8]) -> Option<Answer> {
    match call {
        Call::Authorise { .. } | Call::QueryKey(_) | Call::QueryPayment(_) => read(body).map(Answer::Payment),
        Call::Cancel(_) => read(body).map(Answer::Cancelled),
        Call::Operate { operation, .. } => match operation.action {
            Action::Capture { .. } => read(body).map(Answer::Captured),
            Action::Void => read(body).map(Answer::Payment),
            Action::Refund { .. } => read(body).map(Answer::Refunded),
        },
    }
}

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}
