//! Problem details (RFC 9457): what went wrong, in words that say what to do.

use crate::app::AppNotice;
use crate::payment::PaymentView;
use model::CustomerAction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The content type of problem details.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// An error as every route tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem: `urn:batzen:problem:` and a [`ProblemType`].
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "urn:batzen:problem:code-misread")]
    pub problem_type: ProblemType,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, and what to do.
    #[serde(default)]
    pub detail: String,
    /// The neutral thing to tell the customer, where a payment was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub customer_action: Option<CustomerAction>,
    /// What is wrong with the phone's app, where that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppNotice>,
    /// The payment concerned, as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentView>,
}

macro_rules! problem_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// The kinds of problems. Their text form is `urn:batzen:problem:` and the name in kebab case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ProblemType {
            $($(#[$doc])* $name,)*
            /// A kind that this version does not know.
            Other,
        }

        impl ProblemType {
            /// Every kind that this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The kind's URN.
            pub const fn urn(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("urn:batzen:problem:", $text),)*
                    Self::Other => "about:blank",
                }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                    Self::Other => 500,
                }
            }

            /// The kind in a few words.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                    Self::Other => "Something went wrong",
                }
            }
        }
    };
}

problem_types! {
    /// The request is not of the form that the route takes.
    MalformedRequest = "malformed-request", 400, "The request is malformed";
    /// No such route.
    NoSuchRoute = "no-such-route", 404, "There is nothing at this address";
    /// The route is there, the method is not.
    MethodNotAllowed = "method-not-allowed", 405, "This address does not take this method";
    /// The body is larger than the route takes.
    BodyTooLarge = "body-too-large", 413, "The request is too large";
    /// Too many requests; wait.
    TooManyRequests = "too-many-requests", 429, "Too many requests";
    /// Who asks is not known.
    Unauthenticated = "unauthenticated", 401, "The credentials are missing or wrong";
    /// Who asks may not.
    Forbidden = "forbidden", 403, "This is not allowed";
    /// What is asked for is not there, or not for who asks.
    NotFound = "not-found", 404, "Not found";
    /// What should be new is there already.
    AlreadyExists = "already-exists", 409, "It exists already";
    /// The idempotency key is missing or malformed.
    IdempotencyKeyMissing = "idempotency-key-missing", 400, "The idempotency key is missing";
    /// The key was used for another request.
    IdempotencyKeyReused = "idempotency-key-reused", 422, "The idempotency key belongs to another request";
    /// The request was cancelled before it came.
    RequestCancelled = "request-cancelled", 409, "The request was cancelled";
    /// The request is under way; ask again.
    InProgress = "in-progress", 409, "The request is under way";
    /// The code did not read as a payment code: scan again.
    CodeMisread = "code-misread", 422, "The code was misread";
    /// A payment code of a version or suite that this server does not take.
    CodeUnsupported = "code-unsupported", 422, "The code is of a version that is not supported";
    /// A payment code for another realm, or of a retired key.
    CodeUnknownKey = "code-unknown-key", 422, "The code is not for this payment server";
    /// The payment was declined.
    PaymentDeclined = "payment-declined", 402, "The payment was declined";
    /// The amount is not above zero, too large, or not in a currency that the shop takes.
    AmountRefused = "amount-refused", 422, "The amount is not possible";
    /// The till is not one of this checkout's.
    TerminalUnknown = "terminal-unknown", 422, "The till is not registered for this checkout";
    /// The PIN so far was not proved.
    WrongPin = "wrong-pin", 403, "The PIN is wrong";
    /// The payment is in a state that does not allow this.
    WrongState = "wrong-state", 409, "Its state does not allow this";
    /// More than what is held or was captured.
    AmountExceeded = "amount-exceeded", 422, "The amount is more than what is left";
    /// The time for this has passed.
    TooLate = "too-late", 409, "It is too late for this";
    /// The activation was refused.
    ActivationRefused = "activation-refused", 403, "The activation was refused";
    /// The customer has as many phones as allowed.
    TooManyDevices = "too-many-devices", 409, "There are as many phones as allowed";
    /// The customer's last phone would go, and the request does not say that this is meant.
    LastDevice = "last-device", 409, "This is the last phone";
    /// The phone's app is not taken: it must be updated, or is not genuine.
    AppRefused = "app-refused", 403, "This app is not taken";
    /// The challenge has expired or is not one of ours.
    ChallengeExpired = "challenge-expired", 409, "The challenge has expired";
    /// The provider did not take the proof.
    ProofRefused = "proof-refused", 422, "The bank did not take the proof";
    /// The provider cannot be reached.
    ProviderUnavailable = "provider-unavailable", 503, "The bank cannot be reached";
    /// The server is busy or shutting down; nothing happened.
    Unavailable = "unavailable", 503, "The payment server is busy";
    /// Our fault.
    Internal = "internal", 500, "The payment server failed";
}

impl Serialize for ProblemType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.urn())
    }
}

impl<'de> Deserialize<'de> for ProblemType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self::ALL.iter().copied().find(|kind| kind.urn() == text).unwrap_or(Self::Other))
    }
}

impl Problem {
    /// A problem of this kind; `detail` says what happened and what to do.
    pub fn new(problem_type: ProblemType, detail: impl Into<String>) -> Self {
        Self {
            problem_type,
            title: problem_type.title().to_owned(),
            status: problem_type.status(),
            detail: detail.into(),
            customer_action: None,
            app: None,
            payment: None,
        }
    }

    /// A phone's app that is not taken. The operator's words, where there are some, say what to do.
    pub fn app_refused(notice: AppNotice) -> Self {
        let message = notice.message.as_ref().map(|message| message.en.clone());
        let detail = message.unwrap_or_else(|| {
            "This app is too old or not the genuine one. Install its latest version from where you got it.".to_owned()
        });
        Self { app: Some(notice), ..Self::new(ProblemType::AppRefused, detail) }
    }

    /// A declined payment.
    pub fn declined(action: CustomerAction, payment: PaymentView) -> Self {
        let detail = match action {
            CustomerAction::EnterAgain => "Ask the customer to make a new code.",
            CustomerAction::OpenAppOnline => "Ask the customer to open the app where there is a network.",
            CustomerAction::OtherMethod => "Ask the customer to pay with another method.",
        };
        Self {
            customer_action: Some(action),
            payment: Some(payment),
            ..Self::new(ProblemType::PaymentDeclined, detail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_and_an_unknown_one_does_not_fail() {
        for kind in ProblemType::ALL {
            let json = serde_json::to_string(kind).unwrap();
            assert_eq!(serde_json::from_str::<ProblemType>(&json).unwrap(), *kind);
        }
        assert_eq!(serde_json::from_str::<ProblemType>("\"urn:x\"").unwrap(), ProblemType::Other);
    }
}
