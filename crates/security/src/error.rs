//! What can go wrong, grouped by whose fault it is. What strangers are told is the `Display`; causes that would
//! help them guess stand in fields for the log only.

use crypto::CryptoError;
use model::AppVersion;
use protocol::error::ProtocolError;
use records::{App, StoreError, VersionState};

use crate::app_standing::{AppFault, AppStanding, AppState};

use crate::PolicyRefusal;

/// Why security management did not do what was asked. A refused payment code is no error but a
/// [`Verification`](crate::Verification).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecurityError {
    /// The device's fault: its message is not what the specification asks for.
    #[error("{0}")]
    Request(ProtocolError),
    /// The caller's: the activation is refused. Why is for the log.
    #[error("the activation was refused; ask for a new activation code")]
    ActivationRefused(ActivationRefusal),
    /// The caller's: the challenge is too old, used, or not one of ours. A new one helps.
    #[error("the challenge has expired; ask for a new one")]
    ChallengeExpired,
    /// The caller's: too often.
    #[error("too many requests; wait a little")]
    TooManyRequests,
    /// The device's: its request is not authentic, or not from a device that may ask. Why is for the log.
    #[error("the request is not signed by an enrolled device")]
    Unauthenticated(AuthenticationRefusal),
    /// The caller's: there is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The caller's: what is asked for does not go with how things are.
    #[error("{0}")]
    WrongState(&'static str),
    /// The caller's: the customer has as many devices as policy allows. The code stays good.
    #[error("this customer has as many phones as allowed; revoke one first, then use the same code again")]
    TooManyDevices,
    /// The device's: it is the customer's last one, and it was not said that this is meant.
    #[error("this is the last phone; say so if it shall go all the same (`last`)")]
    LastDevice,
    /// The device's: the PIN that was to be changed was not known.
    #[error("{}", wrong_pin(*.tries_left))]
    WrongPin {
        /// How many wrong PINs are left before the phone is locked; 0 if it is.
        tries_left: u8,
    },
    /// Nobody's: too many changed the same thing at once. Nothing was changed; trying again helps.
    #[error("this is being changed by others; try again")]
    Contended,
    /// The device's: its app is blocked.
    #[error("this app is too old or not safe; update it")]
    AppRefused(Box<AppStanding>),
    /// The operator's: no app may be like this.
    #[error("{0}")]
    BadApp(&'static str),
    /// The operator's: no list of rules may be like this.
    #[error("{0}")]
    BadRules(String),
    /// The operator's: the policy is not usable.
    #[error("the policy is not usable: {0}")]
    Policy(String),
    /// The operator's: this policy is not taken.
    #[error("{0}")]
    PolicyRefused(#[from] PolicyRefusal),
    /// Ours: the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Ours: the key store.
    #[error("the key store failed: {0}")]
    Keys(CryptoError),
    /// Ours: a stored row does not read as what it should be.
    #[error("a stored {0} is damaged")]
    Damaged(&'static str),
    /// Ours, or worse: the audit chain does not fit together at this row.
    #[error("the audit chain is broken at row {0}; run `batzen check`")]
    AuditBroken(u64),
}

impl From<ProtocolError> for SecurityError {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::KeyStore(words) => Self::Keys(CryptoError::KeyStore(words)),
            error => Self::Request(error),
        }
    }
}

fn wrong_pin(tries_left: u8) -> String {
    match tries_left {
        0 => "the PIN so far is wrong, and this phone is locked now; ask your bank".to_owned(),
        1 => "the PIN so far is wrong; 1 try is left before this phone is locked".to_owned(),
        left => format!("the PIN so far is wrong; {left} tries are left before this phone is locked"),
    }
}

/// Why an activation was refused. All look the same from outside but for what is said of the app, which does not depend on
/// the activation code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActivationRefusal {
    /// No such code.
    #[error("unknown activation code")]
    UnknownCode,
    /// The code's time is over.
    #[error("expired activation code")]
    ExpiredCode,
    /// The code was used by another request.
    #[error("used activation code")]
    UsedCode,
    /// The code is for something else.
    #[error("activation code for another purpose")]
    OtherPurpose,
    /// The device whose place the new one was to take is revoked.
    #[error("nothing to replace")]
    NothingToReplace,
    /// The customer was erased.
    #[error("erased customer")]
    Erased,
    /// Policy refuses what the phone says of itself.
    #[error("refused evidence")]
    Evidence,
    /// What the platform is said to attest is not genuine, or of something else.
    #[error("refused attestation: {0}")]
    Attestation(attestation::Refusal),
    /// The app is not one that may be enrolled.
    #[error("refused app: {fault}")]
    App {
        /// Why.
        fault: AppFault,
        /// What the customer is told.
        standing: Box<AppStanding>,
    },
    /// Attested hardware is asked for, and this is not.
    #[error("no attested hardware: {0}")]
    NotAttested(String),
}

impl ActivationRefusal {
    /// Refused for its app, with the words of the app that is registered, if one is.
    pub(crate) fn app(fault: AppFault, app: Option<&App>) -> Self {
        let standing = AppStanding {
            state: AppState::Blocked(fault),
            offered: app.and_then(newest),
            message: app.map(|app| app.message.clone()).unwrap_or_default(),
        };
        Self::App { fault, standing: Box::new(standing) }
    }
}

/// The newest version that is offered to all.
fn newest(app: &App) -> Option<AppVersion> {
    app.versions.iter().rev().find(|known| known.state == VersionState::Full).map(|known| known.version)
}

/// Why a device's request was refused; all look the same from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticationRefusal {
    /// No such enrolment.
    #[error("unknown enrolment")]
    UnknownEnrolment,
    /// The enrolment is revoked.
    #[error("revoked enrolment")]
    Revoked,
    /// The signature is not that device's over this request.
    #[error("wrong signature")]
    Signature,
    /// Made too long ago, or in the future.
    #[error("outside the time window")]
    Time,
    /// Seen before.
    #[error("replayed")]
    Replayed,
}
