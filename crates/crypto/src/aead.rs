//! AES-256-GCM (NIST SP 800-38D) for things at rest, with a random nonce in front.
//!
//! A key may seal 2³² messages before random nonces get too close; rotate it long before.

use crate::{CryptoError, Random, Secret, SecretBytes, backend::Gcm};

/// Bytes of the nonce in front of the ciphertext.
pub const NONCE_LEN: usize = 12;
/// Bytes of the tag behind the ciphertext.
pub const TAG_LEN: usize = 16;
/// How much longer sealed bytes are than what they hold.
pub const OVERHEAD_LEN: usize = NONCE_LEN + TAG_LEN;

/// Seals `plaintext` and binds it to `aad`. Gives nonce ‖ ciphertext ‖ tag, [`OVERHEAD_LEN`] bytes longer.
///
/// # Panics
/// If the plaintext is beyond the algorithm's 64 GiB.
pub fn seal(key: &Secret<32>, random: &mut dyn Random, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    random.fill(&mut nonce);
    let mut sealed = Vec::with_capacity(plaintext.len() + OVERHEAD_LEN);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    let tag = Gcm::new256(key)
        .seal(&nonce, aad, &mut sealed[NONCE_LEN..])
        .expect("plaintext in memory is under 64 GiB");
    sealed.extend_from_slice(&tag);
    sealed
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`CryptoError::Sealed`] for every reason alike: too short, wrong key, wrong `aad`, changed bytes.
pub fn open(key: &Secret<32>, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, CryptoError> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(CryptoError::Sealed)?;
    Gcm::new256(key).open(nonce, aad, ciphertext)
}

/// Opens what somebody else sealed and sent in pieces, as JWE does (RFC 7518 section 5.3).
///
/// # Errors
/// [`CryptoError::Sealed`] for every reason alike, as [`open`].
pub fn open_pieces(
    key: &Secret<32>,
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8; TAG_LEN],
) -> Result<SecretBytes, CryptoError> {
    Gcm::new256(key).open(nonce, aad, &[ciphertext, tag].concat())
}
