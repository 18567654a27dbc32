//! How a route fails: a problem for the caller, and words for the log.

use crate::routes::apps::notice;
use api::problem::{self, Problem, ProblemType};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use payments::{NotAllowed, PaymentError};
use records::StoreError;
use security::{ActivationRefusal, AppStanding, SecurityError};
use webhooks::WebhookError;

/// A route's failure. What the outside is told and what the log is told are two fields.
#[derive(Debug)]
pub(crate) struct Fail {
    problem: Box<Problem>,
    log: Option<String>,
}

/// What a route gives.
pub(crate) type Reply<T> = Result<T, Fail>;

impl Fail {
    /// A problem of this kind; `detail` tells the caller what to do.
    pub(crate) fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self { problem: Box::new(Problem::new(kind, detail)), log: None }
    }

    /// Our fault: the caller is told nothing of it.
    pub(crate) fn ours(log: impl ToString) -> Self {
        let detail = "The payment server failed. What you asked for may or may not have happened; ask again.";
        Self { log: Some(log.to_string()), ..Self::new(ProblemType::Internal, detail) }
    }

    /// The phone's app is not taken.
    fn app_refused(standing: &AppStanding) -> Self {
        Self { problem: Box::new(Problem::app_refused(notice(standing))), log: None }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(ProblemType::NotFound, format!("There is no such {what}."))
    }

    /// Tells the log, if there is something to tell.
    pub(crate) fn log(&self) {
        let (Some(cause), problem) = (&self.log, self.problem.problem_type.urn()) else { return };
        if self.problem.status >= 500 {
            tracing::error!(problem, %cause, "request failed");
        } else {
            tracing::info!(problem, %cause, "request refused");
        }
    }

    fn logged(self, log: impl ToString) -> Self {
        Self { log: Some(log.to_string()), ..self }
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.log();
        let body =
            serde_json::to_vec(&*self.problem).expect("problems have string keys and no failing parts");
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Closed | StoreError::DiskFull => {
                let detail =
                    "The payment server cannot take this now, and nothing happened. Ask again in a moment.";
                Self::new(ProblemType::Unavailable, detail).logged(error)
            }
            _ => Self::ours(error),
        }
    }
}

impl From<PaymentError> for Fail {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::NotFound => Self::not_found("payment"),
            PaymentError::NotAllowed(reason) => not_allowed(reason),
            PaymentError::Money(reason) => Self::new(ProblemType::AmountRefused, sentence(&reason)),
            PaymentError::OtherRequest => {
                let detail =
                    "Another request used this idempotency key. Make a new key for each new request.";
                Self::new(ProblemType::IdempotencyKeyReused, detail)
            }
            PaymentError::Cancelled => {
                let detail = "The request was cancelled before it came. Make a new key to ask again.";
                Self::new(ProblemType::RequestCancelled, detail)
            }
            PaymentError::Contended => Self::new(
                ProblemType::Unavailable,
                "Others are changing this payment. Ask again in a moment.",
            ),
            PaymentError::Store(error) => error.into(),
            error => Self::ours(error),
        }
    }
}

fn not_allowed(reason: NotAllowed) -> Fail {
    let kind = match reason {
        NotAllowed::WrongState | NotAllowed::TooEarly(_) | NotAllowed::TooManyEvents => {
            ProblemType::WrongState
        }
        NotAllowed::TooMuch { .. } => ProblemType::AmountExceeded,
        NotAllowed::TooLate(_) => ProblemType::TooLate,
        _ => ProblemType::AmountRefused,
    };
    Fail::new(kind, sentence(&reason))
}

impl From<SecurityError> for Fail {
    fn from(error: SecurityError) -> Self {
        match error {
            SecurityError::Request(ref reason) => Self::new(ProblemType::MalformedRequest, sentence(reason)),
            SecurityError::ActivationRefused(ref reason @ ActivationRefusal::App { ref standing, .. }) => {
                Self::app_refused(standing).logged(reason)
            }
            SecurityError::AppRefused(ref standing) => Self::app_refused(standing),
            SecurityError::BadApp(_) | SecurityError::BadRules(_) => {
                Self::new(ProblemType::MalformedRequest, sentence(&error))
            }
            SecurityError::ActivationRefused(ref reason) => {
                Self::new(ProblemType::ActivationRefused, sentence(&error)).logged(reason)
            }
            SecurityError::ChallengeExpired => Self::new(ProblemType::ChallengeExpired, sentence(&error)),
            SecurityError::TooManyRequests => Self::new(ProblemType::TooManyRequests, sentence(&error)),
            SecurityError::Unauthenticated(reason) => {
                Self::new(ProblemType::Unauthenticated, sentence(&error)).logged(reason)
            }
            SecurityError::NotFound(_) => Self::new(ProblemType::NotFound, sentence(&error)),
            SecurityError::WrongPin { .. } => Self::new(ProblemType::WrongPin, sentence(&error)),
            SecurityError::WrongState(_) => Self::new(ProblemType::WrongState, sentence(&error)),
            SecurityError::Contended => Self::new(ProblemType::Unavailable, sentence(&error)),
            SecurityError::Store(error) => error.into(),
            error => Self::ours(error),
        }
    }
}

impl From<WebhookError> for Fail {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::NotFound(_) => Self::new(ProblemType::NotFound, sentence(&error)),
            WebhookError::BadUrl(_) => Self::new(ProblemType::MalformedRequest, sentence(&error)),
            WebhookError::TooMany | WebhookError::WrongState(_) => {
                Self::new(ProblemType::WrongState, sentence(&error))
            }
            WebhookError::Contended => Self::new(ProblemType::Unavailable, sentence(&error)),
            WebhookError::Store(error) => error.into(),
            error => Self::ours(error),
        }
    }
}

/// An error as a sentence: capital first, full stop last.
fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
