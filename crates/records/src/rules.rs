//! Lists of rules for the sensors of phones, as they were published.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// So many lists are kept, the latest ones: phones with an older one are given the whole latest one.
pub const RULE_LISTS_KEPT: u32 = 32;

/// A list as it was published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RuleListRow {
    /// Its version, from 1 without gaps.
    pub version: u32,
    /// The signed list, JSON (`spec/rule-lists.md`).
    #[serde(with = "serde_bytes")]
    pub list: Vec<u8>,
    /// The number that the next new entry gets.
    pub next_id: u32,
    /// When.
    pub published_at: Timestamp,
}

impl RuleListRow {
    /// What the audit trail calls it when a list is published.
    pub const PUBLISHED: &str = "rules.published";

    /// What it calls the list of this version.
    #[must_use]
    pub fn subject(version: u32) -> String {
        format!("rules {version}")
    }

    /// The version of the list that it calls so.
    #[must_use]
    pub fn version_in(subject: &str) -> Option<u32> {
        subject.strip_prefix("rules ").and_then(|version| version.parse().ok())
    }

    /// What it says of a list with so many entries that is good until then.
    #[must_use]
    pub fn words(entries: usize, expires_at: Timestamp) -> String {
        format!("{entries} entries, good until {expires_at}")
    }
}
