//! HMAC-SHA256 (RFC 2104, FIPS 198-1) and comparison that takes the same time whatever differs.

use subtle::ConstantTimeEq;

use crate::backend;

/// HMAC-SHA256 under a key of any length, over the parts as if they were one string. The caller makes
/// the joints unambiguous. Compare tags with [`constant_time_eq`].
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hmac = backend::Hmac::new(key);
    for part in parts {
        hmac.update(part);
    }
    hmac.finish()
}

/// Whether two strings are equal. The time depends on the lengths, never on the content.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
