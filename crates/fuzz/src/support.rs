//! What the targets share: keys that are the same in each run, so that an input found today means the same
//! tomorrow, and small changes to bytes.

use crypto::{Random, hpke, p256::SigningKey, x25519::SecretKey};
use protocol::payment_code::Suite;
use protocol::realm::Realm;
use std::sync::OnceLock;

/// The installation of all targets; that of the vectors under `spec/vectors`, whose content serves as seeds.
#[must_use]
pub(crate) fn realm() -> Realm {
    Realm::new("shop.example").expect("it has allowed characters only")
}

/// The signing key whose scalar is this byte, 32 times; as in the vectors.
#[must_use]
pub(crate) fn signing_key(byte: u8) -> SigningKey {
    static KEYS: [OnceLock<SigningKey>; 16] = [const { OnceLock::new() }; 16];
    let make = || SigningKey::from_scalar(&[byte; 32]).expect("small numbers are scalars");
    KEYS.get(usize::from(byte)).map_or_else(make, |key| key.get_or_init(make).clone())
}

/// The X25519 key that is this byte, 32 times; as in the vectors.
#[must_use]
pub(crate) fn secret_key(byte: u8) -> SecretKey {
    static KEYS: [OnceLock<SecretKey>; 16] = [const { OnceLock::new() }; 16];
    let make = || SecretKey::from_bytes(&[byte; 32]);
    KEYS.get(usize::from(byte)).map_or_else(make, |key| key.get_or_init(make).clone())
}

/// Both suites.
pub(crate) const SUITES: [Suite; 2] = [Suite::X25519, Suite::P256];

/// The key of this suite that is this byte, 32 times; as in the vectors of suite 1.
#[must_use]
pub(crate) fn agreement_key(suite: Suite, byte: u8) -> hpke::SecretKey {
    static KEYS: [[OnceLock<hpke::SecretKey>; 16]; 2] = [const { [const { OnceLock::new() }; 16] }; 2];
    let make = || hpke::SecretKey::from_bytes(suite.kem(), &[byte; 32]).expect("small numbers are scalars");
    let keys = &KEYS[usize::from(suite.number() - 1)];
    keys.get(usize::from(byte)).map_or_else(make, |key| key.get_or_init(make).clone())
}

/// Randomness that is not random: the same byte throughout.
pub(crate) struct Steady(pub(crate) u8);

impl Random for Steady {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(self.0);
    }
}

/// A number below `end` that follows from the input, so that each input tries one place and many inputs try all.
///
/// # Panics
/// If `end` is 0.
#[must_use]
pub(crate) fn place(data: &[u8], end: usize) -> usize {
    let hash = crypto::hash::sha256(&[data]);
    let number = u32::from_be_bytes(*hash.first_chunk().expect("32 bytes begin with 4"));
    number as usize % end
}

/// The bytes with one bit turned, which one follows from the input.
///
/// # Panics
/// If there are no bytes.
#[must_use]
pub(crate) fn with_one_bit_turned(bytes: &[u8], data: &[u8]) -> Vec<u8> {
    let bit = place(data, bytes.len() * 8);
    let mut turned = bytes.to_vec();
    turned[bit / 8] ^= 1 << (bit % 8);
    turned
}

/// The input as text, if it is UTF-8.
#[must_use]
pub(crate) fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
