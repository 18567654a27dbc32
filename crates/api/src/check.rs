//! What operators ask of the check of what is stored.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/admin/checks`: begins to read what is stored, while payments go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    /// Everything, or only what changed since the last check.
    #[serde(default)]
    pub whole: bool,
}

/// `GET /v1/admin/checks`: the check that goes on, and the last of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChecksView {
    /// When the one that goes on began.
    pub running_since_ms: Option<i64>,
    /// How many rows it has read so far.
    pub running_rows: Option<u64>,
    /// The last that read everything.
    pub whole: Option<CheckView>,
    /// The last that read what had changed.
    pub changes: Option<CheckView>,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckView {
    /// When it ended.
    pub ended_at_ms: i64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How many rows it read.
    pub rows: u64,
    /// How many payments it read.
    pub payments: u64,
    /// How many payments there are that are not settled.
    pub unsettled: u64,
    /// What is wrong, the first row first, each with the invariant that it breaks; empty if all is sound.
    pub findings: Vec<String>,
    /// Why it could not be finished.
    pub failure: Option<String>,
}
