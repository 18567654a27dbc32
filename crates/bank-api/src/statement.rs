//! What a partner states, under its signature, about how a customer approved an amount.

use crate::{AccountRef, HoldId};
use model::{Currency, Timestamp};
use serde::{Deserialize, Serialize};

/// The part of an authentication statement that the bank reads. A partner may write more: the bank stores the
/// bytes as they came and ignores fields that it does not know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuthenticationStatement {
    /// The hold that the customer approved.
    pub hold_id: HoldId,
    /// Minor units that the customer approved.
    pub amount_minor: i64,
    /// Their currency.
    pub currency: Currency,
    /// The account that the customer chose.
    pub account_ref: AccountRef,
    /// What kept the customer's key.
    pub level: AuthenticationLevel,
    /// The installation that says so; asked for where the device's status is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// The serial number of the device's certificate: how that stands the bank may ask the partner's server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_serial: Option<String>,
    /// What the customer knew or showed, such as `pin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_verification: Option<String>,
    /// SHA-256 of what the customer signed, as the partner keeps it, so that both can find it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_hash: Option<String>,
    /// When the partner verified it.
    pub at_ms: Timestamp,
}

/// What kept the customer's key, from the weakest to the strongest. An account has a least level.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationLevel {
    /// A browser.
    Browser,
    /// Software on the customer's device.
    Software,
    /// Hardware that the device's maker attests.
    Hardware,
}
