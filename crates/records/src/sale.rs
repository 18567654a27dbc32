//! What a sale leaves behind: verdicts, events, postings, answers, confirmations.

use crate::DecisionRow;
use model::{
    AccountKey, CheckoutId, Counter, Currency, EnrolmentId, IdempotencyKey, Money, PaymentEvent, PaymentId,
    Posting, TerminalNumber, Timestamp,
};
use protocol::confirmation::{Cause, ConfirmationKind};
use protocol::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// A consumed code: one row for each (enrolment, counter), ever.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CodeUse {
    /// The device.
    pub enrolment: EnrolmentId,
    /// The code's number.
    pub counter: Counter,
    /// SHA-256 of the code.
    pub code_hash: [u8; 32],
    /// The payment that it was used for.
    pub payment: PaymentId,
    /// When.
    pub at: Timestamp,
}

/// What security management found, for the records and the customer's own phone; never for the till.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VerdictRow {
    /// The payment asked for.
    pub payment: PaymentId,
    /// The finding.
    pub verdict: Verdict,
    /// SHA-256 of the code; zeros if it was not even a code.
    pub code_hash: [u8; 32],
    /// Whose code it was, once that was proved.
    pub enrolment: Option<EnrolmentId>,
    /// Its number, once that was proved.
    pub counter: Option<Counter>,
    /// When.
    pub at: Timestamp,
    /// The sequence of the confirmation that tells the phone of a refusal; the store sets it.
    pub confirmation: Option<u32>,
    /// What policy decided; none where it was not asked, since something else was wrong before.
    pub decision: Option<DecisionRow>,
}

/// One event of a payment, in its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EventRow {
    /// The payment.
    pub payment: PaymentId,
    /// The payment's version after it.
    pub version: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: PaymentEvent,
    /// The sequence of the confirmation that tells the phone; the store sets it.
    pub confirmation: Option<u32>,
}

/// One posting in its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PostingRow {
    /// The payment that caused it.
    pub payment: PaymentId,
    /// The payment's version that caused it.
    pub version: u32,
    /// Its place among that version's postings, from 0.
    pub place: u8,
    /// The posting.
    pub posting: Posting,
}

/// The sums of one account in one currency. Derived: `batzen check` compares them with the postings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Balance {
    /// The account.
    pub account: AccountKey,
    /// The currency.
    pub currency: Currency,
    /// Sum of pending debits, minor units.
    pub pending_debit_minor: i128,
    /// Sum of pending credits, minor units.
    pub pending_credit_minor: i128,
    /// Sum of posted debits, minor units.
    pub posted_debit_minor: i128,
    /// Sum of posted credits, minor units.
    pub posted_credit_minor: i128,
}

impl Balance {
    /// The balance of an account on which nothing was booked.
    #[must_use]
    pub const fn zero(account: AccountKey, currency: Currency) -> Self {
        Self {
            account,
            currency,
            pending_debit_minor: 0,
            pending_credit_minor: 0,
            posted_debit_minor: 0,
            posted_credit_minor: 0,
        }
    }

    /// This with the sums of `other` added; none if a sum is too large to be counted.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        Some(Self {
            account: self.account.clone(),
            currency: self.currency,
            pending_debit_minor: self.pending_debit_minor.checked_add(other.pending_debit_minor)?,
            pending_credit_minor: self.pending_credit_minor.checked_add(other.pending_credit_minor)?,
            posted_debit_minor: self.posted_debit_minor.checked_add(other.posted_debit_minor)?,
            posted_credit_minor: self.posted_credit_minor.checked_add(other.posted_credit_minor)?,
        })
    }
}

/// A till's request, told apart from every other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RequestId {
    /// Who sent it.
    pub checkout: CheckoutId,
    /// What the till calls it.
    pub key: IdempotencyKey,
    /// SHA-256 over what it asks: the same key with another hash is an error.
    pub request_hash: [u8; 32],
}

/// What is known of a till's request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IdempotencyRow {
    /// The request.
    pub request: RequestId,
    /// The payment it is about; none for a cancel that came before what it cancels.
    pub payment: Option<PaymentId>,
    /// The answer given; none while it is under way.
    pub answer: Option<Answer>,
    /// When it came.
    pub at: Timestamp,
}

impl IdempotencyRow {
    /// Whether a cancel came before the request that it cancels.
    pub const fn is_tombstone(&self) -> bool {
        self.payment.is_none()
    }
}

/// An answer as it was given, byte for byte.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub content_type: String,
    /// Body.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
}

/// A confirmation for a phone; the store gives it the next sequence of its enrolment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewConfirmation {
    /// For which device.
    pub enrolment: EnrolmentId,
    /// What happened.
    pub kind: ConfirmationKind,
    /// To which payment.
    pub payment: PaymentId,
    /// The code's number.
    pub counter: Counter,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
    /// The shop's name.
    pub merchant_name: String,
    /// The till.
    pub terminal: TerminalNumber,
    /// Why, where it was declined: for the customer's own eyes.
    pub cause: Option<Cause>,
}

/// A confirmation in its place. It is signed and sealed when it is handed out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConfirmationRow {
    /// Its place among the enrolment's, from 1 without gaps.
    pub sequence: u32,
    /// The confirmation.
    pub confirmation: NewConfirmation,
}
