//! What sensors look for: a signed, versioned list that phones keep (`spec/rule-lists.md`). Knows nothing of where lists
//! are kept, nor of what follows when something is found.

mod delta;
mod entry;
mod head;

use serde::{Deserialize, Serialize};

pub use delta::RuleDelta;
pub use entry::{RuleEntry, RuleKind};
pub use head::{RuleListHead, RuleListTrust, SignedRuleListHead};

use crate::{error::ProtocolError, json};

pub(crate) const WHAT: &str = "rule list";

/// A list: a signed head, and the entries that it was signed for. Serialises to its JSON form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleList {
    head: SignedRuleListHead,
    /// By id.
    entries: Vec<RuleEntry>,
}

impl RuleList {
    /// The most entries.
    pub const ENTRIES_MAX: usize = 2_048;
    /// The most bytes of all entries in the form that is hashed.
    pub const ENTRIES_BYTES_MAX: usize = 65_536;
    /// The most bytes of a list's or a delta's JSON.
    pub const JSON_LEN_MAX: usize = 262_144;

    /// The list of this head, which was signed for these entries.
    ///
    /// # Errors
    /// As [`RuleList::verify`], but for the signature, the realm, the time and the version: those are the head's.
    pub fn new(head: SignedRuleListHead, entries: Vec<RuleEntry>) -> Result<Self, ProtocolError> {
        let list = Self { head, entries };
        list.fits()?;
        Ok(list)
    }

    /// Reads a list's JSON and checks it against the keys that may sign it, the realm, the time and the highest version
    /// accepted before (0 if none), in the order of the specification.
    ///
    /// # Errors
    /// `Size`, `Malformed`, `KeyUnknown`, `SignatureBad`, `VersionUnsupported`, `RealmMismatch`, `Expired`, `RolledBack`,
    /// `DigestMismatch` of [`ProtocolError`].
    pub fn verify(bytes: &[u8], trust: &RuleListTrust<'_>) -> Result<Self, ProtocolError> {
        let list: Self = json::parse(bytes, Self::JSON_LEN_MAX, WHAT)?;
        list.head.verify(trust)?;
        list.fits()?;
        Ok(list)
    }

    /// Reads a list that was verified before it was kept. Checks its form and digest, not its signature.
    ///
    /// # Errors
    /// `Size`, `Malformed`, `DigestMismatch` of [`ProtocolError`].
    pub fn from_kept(bytes: &[u8]) -> Result<Self, ProtocolError> {
        let list: Self = json::parse(bytes, Self::JSON_LEN_MAX, WHAT)?;
        list.fits()?;
        Ok(list)
    }

    /// The list's JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }

    /// The head, signed.
    #[must_use]
    pub fn signed_head(&self) -> &SignedRuleListHead {
        &self.head
    }

    /// The entries by id.
    #[must_use]
    pub fn entries(&self) -> &[RuleEntry] {
        &self.entries
    }

    /// What the head says. Its signature was checked when the list was taken.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`].
    pub fn head(&self) -> Result<RuleListHead, ProtocolError> {
        self.head.read()
    }

    /// Whether the entries are those that the head was signed for.
    fn fits(&self) -> Result<(), ProtocolError> {
        entry::check(&self.entries)?;
        if self.head.read()?.entries_digest == entry::digest(&self.entries) {
            Ok(())
        } else {
            Err(ProtocolError::DigestMismatch(WHAT))
        }
    }
}

#[cfg(test)]
mod tests;
