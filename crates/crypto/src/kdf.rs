//! HKDF-SHA256 (RFC 5869), written over HMAC.

use zeroize::Zeroize;

use crate::{Secret, backend::Hmac};

/// The most bytes that one expansion gives: 255 blocks of SHA-256.
pub const OUT_LEN_MAX: usize = 255 * 32;

/// Extract and expand: fills `out` with key material derived from `ikm`, separated by `salt` and by the
/// `info` parts (taken as one string). An empty salt is RFC 5869's "not provided".
///
/// # Panics
/// If `out` is longer than [`OUT_LEN_MAX`]; lengths are the program's own, never a stranger's.
pub fn hkdf_sha256(salt: &[u8], ikm: &[u8], info: &[&[u8]], out: &mut [u8]) {
    let prk = extract(salt, &[ikm]);
    expand(&prk, info, out);
}

/// HKDF-Extract. HMAC pads short keys with zeros, so an empty salt equals 32 zero bytes.
pub(crate) fn extract(salt: &[u8], ikm: &[&[u8]]) -> Secret<32> {
    let mut hmac = Hmac::new(salt);
    for part in ikm {
        hmac.update(part);
    }
    Secret::from_bytes(hmac.finish())
}

/// HKDF-Expand.
pub(crate) fn expand(prk: &Secret<32>, info: &[&[u8]], out: &mut [u8]) {
    assert!(out.len() <= OUT_LEN_MAX, "HKDF gives at most {OUT_LEN_MAX} bytes");
    let mut previous: Option<[u8; 32]> = None;
    for (number, chunk) in (1_u8..=255).zip(out.chunks_mut(32)) {
        let mut hmac = Hmac::new(prk.expose());
        if let Some(block) = &previous {
            hmac.update(block);
        }
        for part in info {
            hmac.update(part);
        }
        hmac.update(&[number]);
        let block = hmac.finish();
        chunk.copy_from_slice(&block[..chunk.len()]);
        previous.zeroize();
        previous = Some(block);
    }
    previous.zeroize();
}
