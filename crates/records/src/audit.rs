//! The audit trail: who did what to whom, chained so that no byte changes unseen.

use crypto::p256::{Signature, VerifyingKey};
use model::Timestamp;
use serde::{Deserialize, Serialize};

/// Who did it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Actor {
    /// The server by itself.
    Server,
    /// An operator, by name.
    Operator(String),
    /// A device, by enrolment id.
    Device(String),
    /// A checkout, by id.
    Checkout(String),
}

/// One thing that happened. Holds no secret, PIN, code content, key or account number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What, as one word with dots: `enrolment.locked`.
    pub action: String,
    /// To whom or what: an id.
    pub subject: String,
    /// The facts, for a reader: short text.
    pub detail: String,
}

/// An audit entry in its place in the chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its place, from 1 without gaps.
    pub sequence: u64,
    /// The entry.
    pub entry: AuditEntry,
    /// SHA-256 over the hash before it, its place and its content.
    pub hash: [u8; 32],
}

impl AuditRow {
    /// The row that follows a chain whose last hash is `previous_hash` (zeros at the beginning).
    pub fn chain(previous_hash: &[u8; 32], sequence: u64, entry: AuditEntry) -> Self {
        let hash = Self::derive_hash(previous_hash, sequence, &entry);
        Self { sequence, entry, hash }
    }

    /// Whether this row follows `previous_hash` unchanged.
    pub fn follows(&self, previous_hash: &[u8; 32]) -> bool {
        self.hash == Self::derive_hash(previous_hash, self.sequence, &self.entry)
    }

    /// Every part is preceded by its length, so that no two entries share their bytes.
    fn derive_hash(previous_hash: &[u8; 32], sequence: u64, entry: &AuditEntry) -> [u8; 32] {
        let (kind, name) = match &entry.actor {
            Actor::Server => ("server", ""),
            Actor::Operator(name) => ("operator", name.as_str()),
            Actor::Device(name) => ("device", name.as_str()),
            Actor::Checkout(name) => ("checkout", name.as_str()),
        };
        let mut bytes = Vec::with_capacity(128 + entry.detail.len());
        bytes.extend_from_slice(b"batzen audit 1");
        bytes.extend_from_slice(previous_hash);
        bytes.extend_from_slice(&sequence.to_be_bytes());
        bytes.extend_from_slice(&entry.at.ms().to_be_bytes());
        for part in [kind, name, &entry.action, &entry.subject, &entry.detail] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        crypto::hash::sha256(&[&bytes])
    }
}

/// The server's signature under the chain so far.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditHead {
    /// The last row that it covers.
    pub sequence: u64,
    /// That row's hash.
    pub hash: [u8; 32],
    /// When it was signed.
    pub at: Timestamp,
    /// ECDSA P-256 over `batzen audit head 1`, sequence and hash, r and s.
    #[serde(with = "serde_bytes")]
    pub signature: Vec<u8>,
}

impl AuditHead {
    /// Whether `key` signed it.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let signature = self.signature.as_slice().try_into().ok();
        let signature = signature.and_then(|raw| Signature::from_bytes(raw).ok());
        let signed = Self::to_sign(self.sequence, &self.hash);
        signature.is_some_and(|signature| key.verify(&[&signed], &signature).is_ok())
    }

    /// Whether one of `keys` signed it: the present key or a former one.
    pub fn is_signed_by_any(&self, keys: &[VerifyingKey]) -> bool {
        keys.iter().any(|key| self.is_signed_by(key))
    }

    /// The bytes that are signed.
    pub fn to_sign(sequence: u64, hash: &[u8; 32]) -> Vec<u8> {
        [b"batzen audit head 1".as_slice(), &sequence.to_be_bytes(), hash].concat()
    }
}
