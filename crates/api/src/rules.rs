//! Lists of rules for the sensors of phones: what operators publish. What phones fetch is in `spec/rule-lists.md`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// `POST /v1/admin/rules`: the whole list that takes the place of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesRequest {
    /// How long it is good, 1 to 366 days.
    pub days: u16,
    /// What is looked for, by kind: `package`, `installer`, `path`, `sha256`, `library`, `thread`, `port`.
    pub entries: BTreeMap<String, Vec<String>>,
}

/// A list that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulesView {
    /// Its version.
    pub version: u32,
    /// How many entries it has.
    pub entries: usize,
    /// When it was published.
    pub issued_at_ms: i64,
    /// Until when it is good.
    pub expires_at_ms: i64,
    /// SHA-256 of its entries, hex.
    pub entries_digest: String,
}

/// `GET /v1/admin/rules`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulesPage {
    /// The lists that are kept, latest first.
    pub lists: Vec<RulesView>,
}
