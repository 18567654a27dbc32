//! What a partner states about a customer's approval: signed, about this very hold, fresh, and strong enough.

use bank_api::{AuthenticationStatement, HoldRequest};
use crypto::p256::{Signature, VerifyingKey};
use model::Timestamp;

/// A statement may be this old, ms.
const AGE_MS_MAX: i64 = 5 * 60 * 1000;
/// The partner's clock may be this much ahead, ms.
const AHEAD_MS_MAX: i64 = 30 * 1000;

/// Why a statement is refused; for the bank's own people, the partner is told `authentication-refused`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum StatementFault {
    #[error("the signature is not the partner's")]
    BadSignature,
    #[error("the statement cannot be read")]
    Unreadable,
    #[error("the statement is about another hold, amount, currency or account")]
    Mismatch,
    #[error("the statement is too old")]
    TooOld,
    #[error("the statement is from the future")]
    FromTheFuture,
    #[error("the authentication is weaker than the account demands")]
    TooWeak,
    #[error("the statement names no device, and the bank asks how it stands")]
    NoDevice,
    #[error("the device is locked, revoked, expired or unknown, its payment server says")]
    DeviceNotGood,
}

/// Checks everything but the account's least level, which the store knows, and how the device stands.
pub(crate) fn check(
    request: &HoldRequest,
    keys: &[VerifyingKey],
    now: Timestamp,
) -> Result<AuthenticationStatement, StatementFault> {
    let statement = &request.authentication_statement.0;
    if !is_signed(&[statement], &request.authentication_signature.0, keys) {
        return Err(StatementFault::BadSignature);
    }
    let stated: AuthenticationStatement =
        serde_json::from_slice(statement).map_err(|_| StatementFault::Unreadable)?;
    let same = stated.hold_id == request.hold_id
        && stated.amount_minor == request.amount_minor
        && stated.currency == request.currency
        && stated.account_ref == request.account_ref;
    if !same {
        return Err(StatementFault::Mismatch);
    }
    let age_ms = now.ms_since(stated.at_ms);
    if age_ms > AGE_MS_MAX {
        return Err(StatementFault::TooOld);
    }
    if age_ms < -AHEAD_MS_MAX {
        return Err(StatementFault::FromTheFuture);
    }
    Ok(stated)
}

/// Whether one of a partner's statement keys signed this.
pub(crate) fn is_signed(parts: &[&[u8]], signature: &[u8], keys: &[VerifyingKey]) -> bool {
    let signature = signature.try_into().ok().and_then(|raw| Signature::from_bytes(raw).ok());
    signature.is_some_and(|signature| keys.iter().any(|key| key.verify(parts, &signature).is_ok()))
}
