//! Refusals as problem details.

use crate::{Refusal, StoreError};
use axum::response::{IntoResponse, Response};
use bank_api::{CONTENT_TYPE_PROBLEM, Problem, ProblemType};
use http::{HeaderValue, StatusCode, header};

/// A problem on its way out.
#[derive(Debug)]
pub(crate) struct Told(Problem);

/// What a handler gives.
pub(crate) type Answer<T> = Result<T, Told>;

impl Told {
    pub(crate) fn new(problem: ProblemType, detail: impl Into<String>) -> Self {
        Self(Problem::new(problem, detail))
    }
}

impl From<ProblemType> for Told {
    fn from(problem: ProblemType) -> Self {
        Self::new(problem, advice(problem))
    }
}

impl From<Refusal> for Told {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rule(problem) => problem.into(),
            Refusal::Store(StoreError::Busy) => ProblemType::Unavailable.into(),
            Refusal::Store(error) => {
                tracing::error!(%error, "a request failed in the store");
                ProblemType::StorageFailed.into()
            }
        }
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self.0)).into_response();
        let kind = HeaderValue::from_static(CONTENT_TYPE_PROBLEM);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// What the caller may do about it.
fn advice(problem: ProblemType) -> &'static str {
    match problem {
        ProblemType::InvalidRequest => "A value is outside what is allowed; see the API's description.",
        ProblemType::TooLarge => "A request may have 64 KiB.",
        ProblemType::NotFound => "Check address and method.",
        ProblemType::PartnerUnknown => {
            "The bank must know a partner's certificate name and statement key first."
        }
        ProblemType::UnknownLink => "The account was never linked, or to somebody else.",
        ProblemType::UnknownHold => "The bank never got it; it may be sent again, or released to make sure.",
        ProblemType::UnknownAccount => "Ask for the list of accounts.",
        ProblemType::ProofRefused => "Let the customer make a new proof for this link.",
        ProblemType::IdempotencyMismatch => "Use a new id for something new.",
        ProblemType::InsufficientFunds => "The account does not cover the amount.",
        ProblemType::AccountUnusable => "Let the customer link an account again, or choose another.",
        ProblemType::AuthenticationRefused => "The bank does not accept this authentication for this hold.",
        ProblemType::HoldCancelled => "The hold was released before it came; nothing is held.",
        ProblemType::HoldEnded => "Nothing of the hold is left to capture.",
        ProblemType::CaptureExceedsHold => "Ask how the hold stands, and capture no more than is open.",
        ProblemType::RefundExceedsCaptures => "Ask how the hold stands, and refund no more than is captured.",
        ProblemType::AccountClosed => "The money cannot be given back to this account; settle it otherwise.",
        ProblemType::LoginRefused => {
            "The number or the password is wrong, or there were too many tries. After five, wait 15 minutes."
        }
        ProblemType::SessionEnded => "Log in again.",
        ProblemType::ReturnRefused => "The bank must know where a partner takes its customers back.",
        ProblemType::TooManyRequests => "Wait a minute.",
        ProblemType::StorageFailed => "It may or may not have been done; ask again with the same id.",
        ProblemType::Unavailable => "Nothing was done; try again soon.",
        ProblemType::TimedOut => "It may or may not have been done; ask again with the same id.",
        _ => "",
    }
}
