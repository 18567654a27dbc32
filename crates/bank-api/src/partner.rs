//! The partner API: links, holds, captures, releases, refunds.
//!
//! Everything that acts is idempotent by the id that the partner gave: the same id with the same content gets the
//! stored answer, with another content `idempotency-mismatch`.

use crate::{
    AccountRef, Base64Url, CaptureId, HoldId, LinkId, ProblemType, Proof, RefundId, STATEMENT_BYTES_MAX,
};
use model::{Currency, Timestamp};
use serde::{Deserialize, Serialize};

/// `POST /v1/links`: links the account that the customer proved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The link id that the customer's proof was made for.
    pub link_id: LinkId,
    /// What the customer got from the bank.
    pub proof: Proof,
}

/// Answer 201 to [`LinkRequest`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkAnswer {
    /// Names the account from now on.
    pub account_ref: AccountRef,
    /// For people to recognise, such as `CH93 •••• 5295 7`.
    pub iban_masked: String,
    /// The account's currency; holds must be in it.
    pub currency: Currency,
    /// The holder's initials, such as `A. B.`, if the bank gives them out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder_initials: Option<String>,
}

/// `POST /v1/holds`: holds an amount on a linked account. Answer 201 [`HoldAnswer`], or a problem: 402
/// `insufficient-funds`, `account-unusable`, `authentication-refused`; 409 `hold-cancelled`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// The partner's name for the hold.
    pub hold_id: HoldId,
    /// From [`LinkAnswer`].
    pub account_ref: AccountRef,
    /// Minor units, 1 to [`crate::AMOUNT_MINOR_MAX`].
    pub amount_minor: i64,
    /// Their currency.
    pub currency: Currency,
    /// Who will be paid, for the customer's statement: 1 to 70 characters without control characters.
    pub payee: String,
    /// An [`crate::AuthenticationStatement`] as JSON, at most 8 KiB.
    pub authentication_statement: Base64Url,
    /// The partner's ECDSA P-256 signature over SHA-256 of these bytes: r ‖ s, 64 bytes, low s.
    pub authentication_signature: Base64Url,
}

impl HoldRequest {
    /// Whether amount, payee and statement have an allowed size.
    pub fn is_well_formed(&self) -> bool {
        let payee_chars = self.payee.chars().count();
        is_amount(self.amount_minor)
            && (1..=crate::PAYEE_CHARS_MAX).contains(&payee_chars)
            && !self.payee.chars().any(char::is_control)
            && self.authentication_statement.0.len() <= STATEMENT_BYTES_MAX
            && self.authentication_signature.0.len() == 64
    }
}

/// Whether one hold, capture or refund may be about this many minor units.
pub fn is_amount(amount_minor: i64) -> bool {
    (1..=crate::AMOUNT_MINOR_MAX).contains(&amount_minor)
}

/// Answer 201 to [`HoldRequest`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HoldAnswer {
    /// The hold.
    pub hold_id: HoldId,
    /// When the bank gives back what is not captured by then.
    pub expires_at_ms: Timestamp,
}

/// `GET /v1/holds/{hold_id}`: 200 with this, or 404 `unknown-hold`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HoldStatus {
    /// The hold.
    pub hold_id: HoldId,
    /// Where it stands.
    pub state: HoldState,
    /// Why it was refused, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<ProblemType>,
    /// Its amounts; absent if it was cancelled before it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<HoldFigures>,
}

/// Where a hold stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// Something is still held.
    Open,
    /// All of it is captured. Ended.
    Captured,
    /// The partner gave back what was not captured. Ended.
    Released,
    /// The bank gave back what was not captured in time. Ended.
    Expired,
    /// Never held. Ended.
    Refused,
    /// Released before it came; a hold with this id is refused. Ended.
    Cancelled,
}

/// A hold's amounts, minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HoldFigures {
    /// As asked for.
    pub amount_minor: i64,
    /// Captured so far.
    pub captured_minor: i64,
    /// Refunded so far.
    pub refunded_minor: i64,
    /// Still held.
    pub open_minor: i64,
    /// Currency of all of them.
    pub currency: Currency,
    /// When the bank gives back what is not captured.
    pub expires_at_ms: Timestamp,
}

/// `POST /v1/holds/{hold_id}/captures`. Answer 201 [`CaptureAnswer`], or 404 `unknown-hold`, 409 `hold-ended`,
/// 409 `capture-exceeds-hold`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureRequest {
    /// The partner's name for the capture.
    pub capture_id: CaptureId,
    /// Minor units.
    pub amount_minor: i64,
}

/// Answer 201 to [`CaptureRequest`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CaptureAnswer {
    /// The capture.
    pub capture_id: CaptureId,
    /// Captured of the hold by then, this capture included.
    pub captured_minor: i64,
    /// Still held after it.
    pub open_minor: i64,
}

/// `POST /v1/holds/{hold_id}/release`: gives back what is still held. Always 200 [`ReleaseAnswer`]; a hold that
/// the bank has not seen is cancelled before it comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {}

/// Answer 200 to [`ReleaseRequest`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReleaseAnswer {
    /// The hold.
    pub hold_id: HoldId,
    /// How the hold has ended, by this release or before it; never `open`.
    pub state: HoldState,
    /// Minor units given back when it ended.
    pub released_minor: i64,
}

/// `POST /v1/holds/{hold_id}/refunds`: gives captured money back. Answer 201 [`RefundAnswer`], or 404
/// `unknown-hold`, 409 `refund-exceeds-captures`, 409 `account-closed`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundRequest {
    /// The partner's name for the refund.
    pub refund_id: RefundId,
    /// Minor units.
    pub amount_minor: i64,
}

/// Answer 201 to [`RefundRequest`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RefundAnswer {
    /// The refund.
    pub refund_id: RefundId,
    /// Refunded of the hold by then, this refund included.
    pub refunded_minor: i64,
}
