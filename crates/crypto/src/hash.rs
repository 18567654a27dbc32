//! SHA-256 (FIPS 180-4).

use crate::backend;

/// SHA-256 over the parts as if they were one string. The caller makes the joints unambiguous.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    backend::sha256(parts)
}
