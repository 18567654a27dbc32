//! What a customer was asked to approve on a device, and the answer: kept as evidence of what was shown and signed.

use model::{ApprovalId, EnrolmentId, PaymentId, Timestamp};
use protocol::approval::Decision;
use serde::{Deserialize, Serialize};

use crate::AuditEntry;

/// A question to one device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// The device that is asked, and alone may answer.
    pub enrolment: EnrolmentId,
    /// Its id.
    pub id: ApprovalId,
    /// Rises by one with each change; the first is 1.
    pub version: u32,
    /// The question's bytes, as `protocol::approval` writes them: what the answer is about.
    #[serde(with = "serde_bytes")]
    pub question: Vec<u8>,
    /// What it is for.
    pub purpose: ApprovalPurpose,
    /// From then on no answer is taken.
    pub expires_at: Timestamp,
    /// How it stands.
    pub state: ApprovalState,
}

/// What an approval is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ApprovalPurpose {
    /// A payment that policy wants approved; the statement that its provider is given says so once it is.
    Payment {
        /// Which.
        payment: PaymentId,
        /// What was found when the code was verified: a statement's bytes, before approval.
        #[serde(with = "serde_bytes")]
        statement: Vec<u8>,
    },
    /// A request of the bank's own.
    Request {
        /// What the bank calls it: asking twice under one reference asks once.
        reference: String,
        /// Which operator asked.
        operator: String,
    },
}

/// How an approval stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ApprovalState {
    /// It was asked. Once `expires_at` has come it counts as not answered.
    Waiting,
    /// The customer approved, with the PIN; this is the device's signature over question and answer.
    Approved {
        /// When.
        at: Timestamp,
        /// r ‖ s.
        #[serde(with = "serde_bytes")]
        signature: Vec<u8>,
    },
    /// The customer refused; this is the device's signature over question and answer.
    Refused {
        /// When.
        at: Timestamp,
        /// r ‖ s.
        #[serde(with = "serde_bytes")]
        signature: Vec<u8>,
    },
    /// Whoever asked no longer wants to know.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
}

impl Approval {
    /// Whether an answer is still taken.
    #[must_use]
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        self.state == ApprovalState::Waiting && now < self.expires_at
    }

    /// What makes it stand so, if it still is as it was seen.
    #[must_use]
    pub fn changed_to(&self, state: ApprovalState) -> ApprovalChange {
        let approval = Self { version: self.version.saturating_add(1), state, ..self.clone() };
        ApprovalChange { expected_version: self.version, approval }
    }
}

impl ApprovalPurpose {
    /// The payment that waits for it.
    #[must_use]
    pub const fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Payment { payment, .. } => Some(*payment),
            Self::Request { .. } => None,
        }
    }

    /// What the bank that asked calls it.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Payment { .. } => None,
            Self::Request { reference, .. } => Some(reference),
        }
    }
}

impl ApprovalState {
    /// What the customer decided, with the device's signature r ‖ s.
    #[must_use]
    pub fn answer(&self) -> Option<(Decision, &[u8])> {
        match self {
            Self::Approved { signature, .. } => Some((Decision::Approve, signature)),
            Self::Refused { signature, .. } => Some((Decision::Refuse, signature)),
            Self::Waiting | Self::Withdrawn { .. } => None,
        }
    }

    /// When it was answered or withdrawn.
    #[must_use]
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting => None,
            Self::Approved { at, .. } | Self::Refused { at, .. } | Self::Withdrawn { at } => Some(*at),
        }
    }
}

/// That policy wants a payment approved on the phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApprovalWanted {
    /// How long the customer may take, seconds.
    pub within_s: u32,
    /// What the provider will be told of the authentication, without the approval.
    pub statement: Vec<u8>,
}

/// An approval as it shall be, if it still is as it was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApprovalChange {
    /// The version seen; 0 for a new one.
    pub expected_version: u32,
    /// As it shall be; its version is `expected_version + 1`.
    pub approval: Approval,
}

/// Asks, or changes, an approval by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PutApproval {
    /// The change.
    pub change: ApprovalChange,
    /// For the record.
    pub audit: AuditEntry,
}
