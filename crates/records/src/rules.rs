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
