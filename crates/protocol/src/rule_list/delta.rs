//! The way from one list to a later one. Whatever a delta holds, what comes of it is what the later head was signed for,
//! or it is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{RuleEntry, RuleList, RuleListTrust, SignedRuleListHead, WHAT};
use crate::{error::ProtocolError, json};

/// What leads from one list to a later one. Serialises to its JSON form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDelta {
    head: SignedRuleListHead,
    from: u32,
    removed: Vec<u32>,
    added: Vec<RuleEntry>,
}

impl RuleDelta {
    /// What leads from `old` to `new`.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`] if a head does not read.
    pub fn between(old: &RuleList, new: &RuleList) -> Result<Self, ProtocolError> {
        let is_in = |entry: &RuleEntry, list: &RuleList| {
            list.entries
                .binary_search_by_key(&entry.id, |known| known.id)
                .is_ok_and(|at| list.entries[at] == *entry)
        };
        Ok(Self {
            head: new.head.clone(),
            from: old.head()?.list_version,
            removed: old.entries.iter().filter(|entry| !is_in(entry, new)).map(|entry| entry.id).collect(),
            added: new.entries.iter().filter(|entry| !is_in(entry, old)).cloned().collect(),
        })
    }

    /// Reads a delta's JSON. Checks nothing but its form: see [`RuleDelta::apply`].
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::Malformed`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProtocolError> {
        json::parse(bytes, RuleList::JSON_LEN_MAX, WHAT)
    }

    /// The delta's JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }

    /// The list that it leads to from `old`.
    ///
    /// # Errors
    /// As [`RuleList::verify`]; [`ProtocolError::DigestMismatch`] also if it leads from another list than `old`: the whole
    /// list helps then.
    pub fn apply(self, old: &RuleList, trust: &RuleListTrust<'_>) -> Result<RuleList, ProtocolError> {
        self.head.verify(trust)?;
        if old.head()?.list_version != self.from {
            return Err(ProtocolError::DigestMismatch(WHAT));
        }
        let mut entries: BTreeMap<u32, RuleEntry> =
            old.entries.iter().map(|entry| (entry.id, entry.clone())).collect();
        for id in &self.removed {
            entries.remove(id).ok_or(ProtocolError::DigestMismatch(WHAT))?;
        }
        for entry in self.added {
            if entries.insert(entry.id, entry).is_some() {
                return Err(ProtocolError::DigestMismatch(WHAT));
            }
        }
        RuleList::new(self.head, entries.into_values().collect())
    }
}
