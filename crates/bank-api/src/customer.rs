//! The customer API: log in and out, see accounts, prove one to a partner, see and end links.

use crate::{
    AccountId, AccountRef, CustomerNumber, HoldId, LinkId, PartnerName, Password, Proof, ReturnAddress,
    Session,
};
use model::{Currency, Timestamp};
use serde::{Deserialize, Serialize};

/// `POST /v1/login`. Answer 200 [`LoginAnswer`], or 401 `login-refused` for every cause.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Who.
    pub customer_number: CustomerNumber,
    /// The password, at most 256 bytes.
    pub password: Password,
}

/// Answer 200 to [`LoginRequest`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoginAnswer {
    /// Goes into `Authorization: Bearer SESSION` of all other requests.
    pub session: Session,
    /// When it ends.
    pub expires_at_ms: Timestamp,
}

/// Answer 200 to `GET /v1/accounts`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountsAnswer {
    /// The customer's accounts, oldest first.
    pub accounts: Vec<AccountView>,
}

/// An account as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountView {
    /// Names it in the customer API.
    pub account_id: AccountId,
    /// In groups of four (ISO 13616).
    pub iban: String,
    /// What its owner calls it.
    pub label: String,
    /// Its currency.
    pub currency: Currency,
    /// Booked, minor units; below zero when overdrawn.
    pub balance_minor: i64,
    /// Held for partners, minor units.
    pub held_minor: i64,
    /// What can still be spent: balance and overdraft limit, less what is held.
    pub available_minor: i64,
    /// Whether it can be used.
    pub status: AccountStatus,
}

/// Whether an account can be used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Can be used.
    Open,
    /// Takes money in and gives none out.
    Blocked,
    /// Takes no money in and gives none out.
    Closed,
}

/// `POST /v1/proofs`: makes a proof that a partner may link the account. Answer 201 [`ProofAnswer`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The partner's link id.
    pub link_id: LinkId,
    /// The account to be linked.
    pub account_id: AccountId,
    /// The partner that may use the proof.
    pub partner: PartnerName,
}

/// `POST /v1/partners/{partner}/proofs`: as [`ProofRequest`], for a page that will carry the proof to `return_to`.
/// No proof is made for an address that the partner has not registered. Answer 201 [`ProofAnswer`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturningProofRequest {
    /// The partner's link id.
    pub link_id: LinkId,
    /// The account to be linked.
    pub account_id: AccountId,
    /// Where the customer is sent with the proof.
    pub return_to: ReturnAddress,
}

/// Answer 200 to `GET /v1/partners/{partner}?return_to=ADDRESS`: the bank knows the partner, and may send customers
/// back there. Needs no session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PartnerView {
    /// The partner.
    pub partner: PartnerName,
    /// What customers know it as.
    pub display_name: String,
}

/// Answer 201 to [`ProofRequest`] and [`ReturningProofRequest`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProofAnswer {
    /// To be handed to the partner.
    pub proof: Proof,
    /// When it ends, used or not.
    pub expires_at_ms: Timestamp,
}

/// Answer 200 to `GET /v1/accounts/{account_id}/statement?before=NUMBER&limit=N`: bookings, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatementAnswer {
    /// At most `limit` bookings (default 50, at most [`crate::PAGE_ENTRIES_MAX`]).
    pub entries: Vec<StatementEntry>,
    /// Amounts held and not yet booked, at most [`crate::PAGE_ENTRIES_MAX`]; on the first page only.
    pub open_holds: Vec<OpenHold>,
    /// Value of `before` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_before: Option<u64>,
}

/// One booking on an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatementEntry {
    /// The booking's number, rising over the whole bank.
    pub number: u64,
    /// When it was booked.
    pub at_ms: Timestamp,
    /// Minor units; below zero when money left the account.
    pub amount_minor: i64,
    /// The account's balance after it.
    pub balance_after_minor: i64,
    /// Why.
    pub kind: EntryKind,
    /// Who was paid, or who paid back.
    pub text: String,
}

/// Why an amount was booked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Money brought in when the account was opened.
    Opening,
    /// A partner captured a hold.
    Capture,
    /// A partner gave captured money back.
    Refund,
}

/// An amount held and not yet booked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenHold {
    /// The partner that holds it.
    pub partner: PartnerName,
    /// The partner's name for it.
    pub hold_id: HoldId,
    /// Minor units still held.
    pub open_minor: i64,
    /// Who will be paid.
    pub payee: String,
    /// When it was held.
    pub at_ms: Timestamp,
    /// When it ends by itself.
    pub expires_at_ms: Timestamp,
}

/// Answer 200 to `GET /v1/links`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinksAnswer {
    /// The customer's links that are not revoked.
    pub links: Vec<LinkView>,
}

/// A link as the account's owner sees it. `DELETE /v1/links/{account_ref}` ends it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkView {
    /// Names the link.
    pub account_ref: AccountRef,
    /// The account that the partner may hold money on.
    pub account_id: AccountId,
    /// The partner.
    pub partner: PartnerName,
    /// Since when.
    pub linked_at_ms: Timestamp,
}
