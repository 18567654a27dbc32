//! How patient a till is, and what a problem means for what it asked. Constants and pure functions.

use api::problem::ProblemType;

/// From the scan: when no answer is known by then, the sale is cancelled. Longer than the server's own time for
/// an answer (30 s, `spec/payment-states.md`).
pub const SALE_DEADLINE_MS: i64 = 45_000;
/// The most that a customer who is asked on the phone adds to that.
pub const APPROVAL_MS_MAX: i64 = 300_000;
/// How long a server that cannot even be connected to is tried.
pub const CONNECT_PATIENCE_MS: i64 = 10_000;
/// How long a cancel is tried before it is left for `resume`.
pub const CANCEL_PATIENCE_MS: i64 = 15_000;
/// How long a capture, void or refund is tried before it is left for `resume`.
pub const OPERATION_PATIENCE_MS: i64 = 20_000;
/// Longest wait for one answer to a request that moves money.
pub const ACT_DEADLINE_MS: i64 = 10_000;
/// Longest wait for one answer to a question.
pub const ASK_DEADLINE_MS: i64 = 5_000;
/// Shortest wait worth a request.
pub const REQUEST_DEADLINE_MIN_MS: i64 = 1_000;
/// Tries of one thing in one run, whatever the clock says.
pub const ATTEMPTS_MAX: u32 = 400;

const PAUSE_FIRST_MS: i64 = 250;
pub(crate) const PAUSE_MAX_MS: i64 = 2_000;

/// The pause before try number `attempt` + 1: 250 ms, doubling up to 2 s.
#[must_use]
pub const fn pause_ms(attempt: u32) -> i64 {
    let doublings = if attempt == 0 { 0 } else { attempt - 1 };
    if doublings > 8 {
        return PAUSE_MAX_MS;
    }
    let pause = PAUSE_FIRST_MS << doublings;
    if pause > PAUSE_MAX_MS { PAUSE_MAX_MS } else { pause }
}

/// What a problem says about the request that got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Declined: the payment's end.
    Declined,
    /// Known and under way.
    UnderWay,
    /// Cancelled before it came.
    Cancelled,
    /// Not done, since the payment's state or amounts do not allow it. Asking again changes nothing.
    NotAllowed,
    /// Not done, for the request's form or its sender. Says nothing about an earlier try.
    NotTaken,
    /// Not looked at; nothing happened.
    Busy,
    /// It may have been done.
    Unsure,
}

/// What a problem says about the request that got it.
#[must_use]
pub const fn meaning(problem: ProblemType) -> Meaning {
    match problem {
        ProblemType::PaymentDeclined => Meaning::Declined,
        ProblemType::InProgress => Meaning::UnderWay,
        ProblemType::RequestCancelled => Meaning::Cancelled,
        ProblemType::WrongState
        | ProblemType::AmountExceeded
        | ProblemType::TooLate
        | ProblemType::AmountRefused
        | ProblemType::NotFound => Meaning::NotAllowed,
        ProblemType::TooManyRequests => Meaning::Busy,
        ProblemType::MalformedRequest
        | ProblemType::NoSuchRoute
        | ProblemType::MethodNotAllowed
        | ProblemType::BodyTooLarge
        | ProblemType::Unauthenticated
        | ProblemType::Forbidden
        | ProblemType::AlreadyExists
        | ProblemType::IdempotencyKeyMissing
        | ProblemType::IdempotencyKeyReused
        | ProblemType::CodeMisread
        | ProblemType::CodeUnsupported
        | ProblemType::CodeUnknownKey
        | ProblemType::TerminalUnknown
        | ProblemType::ActivationRefused
        | ProblemType::AppRefused
        | ProblemType::ChallengeExpired
        | ProblemType::ProofRefused => Meaning::NotTaken,
        // `unavailable` promises that nothing happened, but a till does not stake money on that word alone.
        _ => Meaning::Unsure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let pauses: Vec<i64> = (0..12).map(pause_ms).collect();
        assert!(pauses.is_sorted() && pauses[1] == PAUSE_FIRST_MS && pauses[11] == PAUSE_MAX_MS);
        assert_eq!(pause_ms(u32::MAX), PAUSE_MAX_MS);
    }

    #[test]
    fn failures_of_server_and_provider_never_count_as_not_done() {
        for problem in ProblemType::ALL.iter().filter(|problem| problem.status() >= 500) {
            assert_eq!(meaning(*problem), Meaning::Unsure, "{problem:?}");
        }
        assert_eq!(meaning(ProblemType::Other), Meaning::Unsure);
    }
}
