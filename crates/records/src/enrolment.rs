//! A device's enrolment: its keys, its PIN's state, its counter, its trust.

use crate::InstalledApp;
use model::{Counter, CustomerId, EnrolmentId, Timestamp};
use serde::{Deserialize, Serialize};

/// One phone (or browser) that may make payment codes for one customer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Enrolment {
    /// Its id, in every code it makes.
    pub id: EnrolmentId,
    /// Rises by one with each change; the first is 1.
    pub version: u32,
    /// Whose it is.
    pub customer: CustomerId,
    /// SEC1 P-256 key that signs payment codes: uncompressed, 65 bytes, so that reading it costs no square root at each
    /// payment; compressed, 33 bytes, in rows of older programs.
    #[serde(with = "serde_bytes")]
    pub device_key: Vec<u8>,
    /// SEC1 compressed P-256 key that signs online requests, 33 bytes.
    #[serde(with = "serde_bytes")]
    pub online_key: Vec<u8>,
    /// X25519 key that confirmations are sealed to.
    pub confirmation_key: [u8; 32],
    /// The device certificate, DER.
    #[serde(with = "serde_bytes")]
    pub certificate: Vec<u8>,
    /// When that certificate ends.
    pub certificate_not_after: Timestamp,
    /// The PIN's keys and how often it was wrong.
    pub pin: PinState,
    /// Whether it may pay.
    pub status: EnrolmentStatus,
    /// The highest counter consumed.
    pub counter: Counter,
    /// How many codes shared a counter with another code since the last resynchronisation was clean.
    pub forks: u8,
    /// When the last such code came.
    pub last_fork_at: Option<Timestamp>,
    /// Device clock minus ours, milliseconds, learned from authenticated exchanges.
    pub clock_offset_ms: i64,
    /// How well its keys are kept, as proved at activation.
    pub level: TrustLevel,
    /// What kind of device it says it is, for support staff.
    pub platform: String,
    /// When it was activated.
    pub activated_at: Timestamp,
    /// When it was last heard of in an authenticated exchange.
    pub last_online_at: Timestamp,
    /// The app that it last said it runs; none if what it said names no app.
    pub app: Option<InstalledApp>,
}

/// The PIN as the server knows it: keys derived from it, wrapped, by generation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PinState {
    /// How often the PIN was set: the first is 1. Codes carry it modulo 4.
    pub generation: u32,
    /// The present generation's key, wrapped by the key store.
    #[serde(with = "serde_bytes")]
    pub wrapped_key: Vec<u8>,
    /// The generation before, for a while still good for codes under way.
    pub previous: Option<ReplacedPinKey>,
    /// Wrong PINs since the last right one, over all rounds.
    pub failures: u8,
    /// Until when no PIN is looked at, after a round of wrong ones.
    pub blocked_until: Option<Timestamp>,
}

/// A PIN key that another one has replaced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReplacedPinKey {
    /// The key, wrapped by the key store.
    #[serde(with = "serde_bytes")]
    pub wrapped_key: Vec<u8>,
    /// When it was replaced.
    pub replaced_at: Timestamp,
}

/// Whether an enrolment may pay.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum EnrolmentStatus {
    /// It may.
    Active,
    /// Its counter went back once: it must resynchronise online first.
    Unsynchronised {
        /// Since when.
        since: Timestamp,
    },
    /// It may not until an operator unlocks it.
    Locked {
        /// Why.
        reason: LockReason,
        /// Since when.
        since: Timestamp,
    },
    /// It may never again.
    Revoked {
        /// Why.
        reason: RevocationReason,
        /// Since when.
        since: Timestamp,
    },
}

/// Why an enrolment was revoked. Banks are told it with the status of its certificates, so it names nobody.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// It was not said why.
    Unspecified,
    /// The device was lost or stolen.
    Lost,
    /// Its keys may be somebody else's too.
    KeyCompromise,
    /// Another device took its place.
    Replaced,
    /// The customer has no more use for it.
    Retired,
    /// The customer was erased.
    Erased,
}

impl RevocationReason {
    /// The name in the API and in certificate statuses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Lost => "lost",
            Self::KeyCompromise => "key_compromise",
            Self::Replaced => "replaced",
            Self::Retired => "retired",
            Self::Erased => "erased",
        }
    }
}

/// Why an enrolment was locked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockReason {
    /// Too many wrong PINs.
    PinFailures,
    /// Two devices seem to share its keys.
    Clone,
    /// An operator did it.
    Operator,
    /// The customer did it.
    Customer,
    /// A rule of the policy did it.
    Policy,
}

/// How well a device keeps its keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustLevel {
    /// Non-extractable keys of a browser.
    Browser,
    /// Keys in the app's own vault.
    Software,
    /// Keys in hardware, attested.
    Hardware,
}
