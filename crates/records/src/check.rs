//! What an incremental check has read so far, so that the next one need not read it again.

use model::{AccountKey, Currency, PaymentId, Timestamp};
use serde::{Deserialize, Serialize};

/// Where the check stands: what it made of everything that it has read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CheckMark {
    /// Rises by one with each mark.
    pub number: u64,
    /// When it was set.
    pub at: Timestamp,
    /// How many payments it has read.
    pub payments: u64,
    /// How many of those are not settled.
    pub unsettled: u64,
    /// What they come to, by account.
    pub sums: Vec<CheckedSum>,
    /// The last row of the audit chain that it has read, 0 for none.
    pub audit_sequence: u64,
    /// That row's hash, zeros for none.
    pub audit_hash: [u8; 32],
}

/// What the payments read so far come to for one account in one currency, debits less credits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CheckedSum {
    /// The account.
    pub account: AccountKey,
    /// The currency.
    pub currency: Currency,
    /// Pending debits and credits by the postings, minor units.
    pub pending_minor: (i128, i128),
    /// Posted debits and credits by the postings, minor units.
    pub posted_minor: (i128, i128),
    /// What must be pending by the open holds and disputes, minor units.
    pub open_minor: i128,
    /// What must be posted by what providers must be told and operators settle, minor units; none if that says nothing
    /// of this account.
    pub due_minor: Option<i128>,
}

/// Moves the mark on over payments that were read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MoveCheckMark {
    /// As it shall be; [`Outcome::Conflict`](crate::Outcome::Conflict) unless its number follows the stored one's.
    pub mark: CheckMark,
    /// The payments read, each at its version. One that has changed since stays to be read.
    pub payments: Vec<(PaymentId, u32)>,
}
