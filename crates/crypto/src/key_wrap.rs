//! AES key wrap (RFC 3394, `A256KW` of RFC 7518): a key of 32 bytes under another.

use crate::{
    CryptoError, Secret,
    backend::{unwrap_key, wrap_key},
};

/// Bytes of a wrapped key.
pub const WRAPPED_LEN: usize = 40;

/// Wraps `key` under `wrapping_key`. Deterministic: the same two keys give the same bytes.
#[must_use]
pub fn wrap(wrapping_key: &Secret<32>, key: &Secret<32>) -> [u8; WRAPPED_LEN] {
    wrap_key(wrapping_key, key)
}

/// The key that [`wrap`] was given.
///
/// # Errors
/// [`CryptoError::Sealed`] if it was wrapped under another key, or changed since.
pub fn unwrap(wrapping_key: &Secret<32>, wrapped: &[u8; WRAPPED_LEN]) -> Result<Secret<32>, CryptoError> {
    unwrap_key(wrapping_key, wrapped).ok_or(CryptoError::Sealed)
}
