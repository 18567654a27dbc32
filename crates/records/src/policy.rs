//! Policies as they were activated, each version once and for ever.

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
