//! What the store keeps, as plain data. Field order and enum order are the stored form: append only.

use bank_api::{
    AccountId, AccountRef, AccountStatus, AuthenticationLevel, CaptureId, CustomerNumber, HoldId, LinkId,
    PartnerName, ProblemType, RefundId,
};
use model::{Currency, Timestamp};
use serde::{Deserialize, Serialize};

/// A customer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) password_salt: [u8; 16],
    /// Argon2id of the password.
    pub(crate) password_key: [u8; 32],
    /// Logins begun since the last that succeeded.
    pub(crate) logins_begun: u32,
    pub(crate) locked_until: Option<Timestamp>,
}

/// An account. Its balance is in `Balance`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) customer: CustomerNumber,
    pub(crate) label: String,
    pub(crate) iban: String,
    pub(crate) currency: Currency,
    /// Minor units that it may be overdrawn by.
    pub(crate) overdraft_limit_minor: i64,
    pub(crate) status: AccountStatus,
    /// The weakest authentication that may hold money on it.
    pub(crate) least_level: AuthenticationLevel,
    pub(crate) opened_at: Timestamp,
}

/// A partner's keys for statements: SEC 1, uncompressed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct PartnerKeys {
    pub(crate) statement_keys: Vec<Vec<u8>>,
}

/// A proof that a customer made; its text is not kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ProofMade {
    pub(crate) partner: PartnerName,
    pub(crate) link_id: LinkId,
    pub(crate) account: AccountId,
    pub(crate) expires_at: Timestamp,
    pub(crate) is_used: bool,
}

/// A partner's right to hold money on an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) partner: PartnerName,
    pub(crate) link_id: LinkId,
    pub(crate) account: AccountId,
    /// SHA-256 of the proof that made it: tells a repeated request from another.
    pub(crate) proof_hash: [u8; 32],
    pub(crate) linked_at: Timestamp,
    pub(crate) revoked_at: Option<Timestamp>,
}

/// All that the bank knows under a hold's id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum HoldRecord {
    Placed(Hold),
    Refused(RefusedHold),
    /// Released before it came.
    Cancelled(Timestamp),
}

/// A hold that was placed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Hold {
    pub(crate) account: AccountId,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) payee: String,
    /// Tells a repeated request from another.
    pub(crate) request_hash: [u8; 32],
    pub(crate) placed_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) captured_minor: i64,
    pub(crate) refunded_minor: i64,
    pub(crate) end: Option<HoldEnd>,
}

impl Hold {
    /// Minor units still held.
    pub(crate) fn open_minor(&self) -> i64 {
        if self.end.is_some() { 0 } else { self.amount_minor - self.captured_minor }
    }
}

/// How and when a hold ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct HoldEnd {
    pub(crate) how: HoldEnding,
    pub(crate) at: Timestamp,
    /// Minor units given back.
    pub(crate) released_minor: i64,
}

/// The three ways in which a hold ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum HoldEnding {
    Captured,
    Released,
    Expired,
}

/// A hold that was refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct RefusedHold {
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) request_hash: [u8; 32],
    pub(crate) at: Timestamp,
    pub(crate) problem: ProblemType,
}

/// What a partner stated about a hold, as it came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StatementKept {
    pub(crate) account_ref: AccountRef,
    pub(crate) statement: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) at: Timestamp,
    /// Why it was refused, if it was; for the bank's own people.
    pub(crate) fault: Option<String>,
}

/// A capture or refund that was booked, with the answer given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) amount_minor: i64,
    /// Captured or refunded of the hold by then.
    pub(crate) total_minor: i64,
    /// Still held after it.
    pub(crate) open_minor: i64,
    pub(crate) booking: u64,
    pub(crate) at: Timestamp,
}

/// An account in the bank's ledger.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum LedgerAccount {
    /// What the bank owes a customer.
    Customer(AccountId),
    /// What the bank owes a partner.
    Partner(PartnerName, Currency),
    /// What came in from outside.
    Cash(Currency),
}

/// One double entry: the same amount leaves `debit` and reaches `credit`. Never changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Booking {
    pub(crate) at: Timestamp,
    pub(crate) debit: LedgerAccount,
    pub(crate) credit: LedgerAccount,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) cause: Cause,
    pub(crate) text: String,
}

/// Why something was booked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Cause {
    Opening,
    Capture(PartnerName, HoldId, CaptureId),
    Refund(PartnerName, HoldId, RefundId),
}

/// A ledger account as it stands: credits less debits, and what is held of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Balance {
    pub(crate) balance_minor: i64,
    pub(crate) held_minor: i64,
}

/// One side of a booking, under its account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Above zero for credits.
    pub(crate) amount_minor: i64,
    pub(crate) balance_after_minor: i64,
}
