//! Policies as they were activated, each version once and for ever.

use crate::{Actor, AuditEntry};
use data_encoding::HEXLOWER;
use model::Timestamp;
use serde::{Deserialize, Serialize};

/// A signed policy. What is in it, and whether it is genuine, is for `security`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolicyRow {
    /// Its version; each is above all before.
    pub version: u32,
    /// From when it holds.
    pub valid_from: Timestamp,
    /// The signed policy as it came: document and signature, JSON.
    pub signed: String,
    /// When it was activated.
    pub activated_at: Timestamp,
    /// The operator who did it.
    pub activated_by: String,
}

impl PolicyRow {
    /// What the audit trail calls an activation.
    pub const ACTIVATED: &str = "policy.activated";

    /// What the audit trail says of the activation: it names the policy by SHA-256, so that the one is proof of the
    /// other.
    #[must_use]
    pub fn audit_entry(&self) -> AuditEntry {
        let hash = HEXLOWER.encode(&crypto::hash::sha256(&[self.signed.as_bytes()]));
        AuditEntry {
            at: self.activated_at,
            actor: Actor::Operator(self.activated_by.clone()),
            action: Self::ACTIVATED.to_owned(),
            subject: self.version.to_string(),
            detail: format!("holds from {}; SHA-256 {hash}", self.valid_from),
        }
    }
}
