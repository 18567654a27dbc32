//! Problem details (RFC 9457), as both doors tell them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The content type of a [`Problem`].
pub const CONTENT_TYPE_PROBLEM: &str = "application/problem+json";

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Which kind of problem.
    #[serde(rename = "type")]
    pub problem_type: ProblemType,
    /// The kind in a few words.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What happened here, and what to do.
    #[serde(default)]
    pub detail: String,
}

impl Problem {
    /// A problem of this kind; `detail` says what happened and what to do.
    pub fn new(problem_type: ProblemType, detail: impl Into<String>) -> Self {
        Self {
            problem_type,
            title: problem_type.title().to_owned(),
            status: problem_type.status(),
            detail: detail.into(),
        }
    }
}

macro_rules! problem_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// The kinds of problems. Text form: `urn:batzen-bank:problem:` and a name in kebab case.
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
                    $(Self::$name => concat!("urn:batzen-bank:problem:", $text),)*
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
    /// The request's form is wrong; sending it again changes nothing.
    InvalidRequest = "invalid-request", 400, "The request cannot be read";
    /// The body is larger than the bank takes.
    TooLarge = "too-large", 413, "The request is too large";
    /// No such address, or not with this method.
    NotFound = "not-found", 404, "There is nothing here";
    /// The client certificate's name is no partner's.
    PartnerUnknown = "partner-unknown", 403, "The bank does not know this partner";
    /// No such link of this partner or customer.
    UnknownLink = "unknown-link", 404, "There is no such link";
    /// No such hold of this partner.
    UnknownHold = "unknown-hold", 404, "There is no such hold";
    /// No such account of this customer.
    UnknownAccount = "unknown-account", 404, "There is no such account";
    /// The proof is wrong, used, too old, or for another link or partner.
    ProofRefused = "proof-refused", 422, "The proof does not hold";
    /// The id was used before with other content.
    IdempotencyMismatch = "idempotency-mismatch", 409, "The id was used with other content";
    /// Balance and overdraft limit, less what is held, do not suffice.
    InsufficientFunds = "insufficient-funds", 402, "Not enough money";
    /// The account is closed or blocked, has another currency, or is not linked any more.
    AccountUnusable = "account-unusable", 402, "The account cannot be used";
    /// The authentication statement is forged, about something else, too old or too weak.
    AuthenticationRefused = "authentication-refused", 402, "The authentication is refused";
    /// The hold was released before it came.
    HoldCancelled = "hold-cancelled", 409, "The hold was cancelled before it came";
    /// The hold was refused, released or has expired: nothing is left to capture.
    HoldEnded = "hold-ended", 409, "The hold has ended";
    /// More than is still held.
    CaptureExceedsHold = "capture-exceeds-hold", 409, "More than is held";
    /// More than was captured and not yet refunded.
    RefundExceedsCaptures = "refund-exceeds-captures", 409, "More than was captured";
    /// The account that a refund should reach is closed.
    AccountClosed = "account-closed", 409, "The account is closed";
    /// Number or password wrong, or too many tries.
    LoginRefused = "login-refused", 401, "Login refused";
    /// No session, or it has ended.
    SessionEnded = "session-ended", 401, "Please log in again";
    /// The partner has not registered this return address.
    ReturnRefused = "return-refused", 403, "The bank sends nobody back there";
    /// Too many requests from this address.
    TooManyRequests = "too-many-requests", 429, "Too many requests";
    /// The bank cannot store anything now; what was asked for may or may not have been done.
    StorageFailed = "storage-failed", 500, "The bank's storage failed";
    /// The bank is busy or ending; what was asked for was not done.
    Unavailable = "unavailable", 503, "The bank is busy";
    /// No answer in time; what was asked for may or may not be done.
    TimedOut = "timed-out", 504, "The bank took too long";
}

impl Serialize for ProblemType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.urn())
    }
}

impl<'de> Deserialize<'de> for ProblemType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self::ALL.iter().copied().find(|kind| kind.urn() == text).unwrap_or(Self::Other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HoldRequest, LoginRequest, ReleaseRequest};

    #[test]
    fn every_kind_reads_back_and_an_unknown_one_does_not_fail() {
        for kind in ProblemType::ALL {
            let json = serde_json::to_string(kind).unwrap();
            assert_eq!(serde_json::from_str::<ProblemType>(&json).unwrap(), *kind);
        }
        assert_eq!(serde_json::from_str::<ProblemType>("\"urn:x\"").unwrap(), ProblemType::Other);
    }

    #[test]
    fn requests_refuse_what_they_do_not_know_and_what_is_too_large() {
        assert!(serde_json::from_str::<ReleaseRequest>("{}").is_ok());
        assert!(serde_json::from_str::<ReleaseRequest>(r#"{"amount_minor":1}"#).is_err());
        let hold = |amount: i64, payee: &str, more: &str| {
            serde_json::from_str::<HoldRequest>(&format!(
                r#"{{"hold_id":"h","account_ref":"a","amount_minor":{amount},"currency":"CHF","payee":{payee:?},
                    "authentication_statement":"e30","authentication_signature":"{}"{more}}}"#,
                "A".repeat(86)
            ))
        };
        assert!(hold(1, "Shop", "").unwrap().is_well_formed());
        assert!(hold(1, "Shop", r#","x":1"#).is_err());
        for (amount, payee) in [(0, "Shop"), (-1, "Shop"), (i64::MAX, "Shop"), (1, ""), (1, &"x".repeat(71))]
        {
            assert!(!hold(amount, payee, "").unwrap().is_well_formed(), "{amount} {payee}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let json = r#"{"customer_number":"1001","password":"open sesame"}"#;
        let login: LoginRequest = serde_json::from_str(json).unwrap();
        assert!(!format!("{login:?}").contains("sesame"));
    }
}
