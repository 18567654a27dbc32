//! Sealing to a recipient.

mod common;

use std::sync::Arc;

use common::{Seeded, hex, hex_array};
use crypto::{
    CryptoError, Secret,
    hpke::{self, Decapsulate, Recipient},
    x25519::{PublicKey, SecretKey},
};
use proptest::prelude::*;

/// Sealed by PyPI `cryptography` (its `Suite.encrypt`, enc ‖ ciphertext), which shares no code with us.
#[test]
fn opens_what_another_implementation_sealed() {
    let key =
        SecretKey::from_bytes(&hex_array("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"));
    let sealed = hex(
        "e3c9979b96feef61991aaf85e3d32aea0f48d45885010d6570687abf2438145a41f041b7cd415092b1501a59b290ba3f9c934ba0a70a1fe705b44871dc5ebe2d",
    );
    let (enc, ciphertext) = sealed.split_first_chunk::<32>().unwrap();
    let opened = hpke::open(&key, enc, b"Batzen interop", b"", ciphertext).unwrap();
    assert_eq!(opened.expose(), b"sealed elsewhere");
}

#[test]
fn any_change_is_refused() {
    let mut random = Seeded::new(1);
    let recipient = Recipient::from_secret_key(SecretKey::make(&mut random), b"info");
    let (enc, sealed) =
        hpke::seal(recipient.public_key(), b"info", &mut random, b"aad", b"plaintext").unwrap();
    assert_eq!(recipient.open(&enc, b"aad", &sealed).unwrap().expose(), b"plaintext");
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 0x80;
        assert_eq!(recipient.open(&enc, b"aad", &changed), Err(CryptoError::Sealed));
        assert_eq!(recipient.open(&enc, b"aad", &sealed[..index]), Err(CryptoError::Sealed));
    }
    for index in 0..enc.len() {
        let mut changed = enc;
        changed[index] ^= 1;
        assert_eq!(recipient.open(&changed, b"aad", &sealed), Err(CryptoError::Sealed));
    }
    assert_eq!(recipient.open(&enc, b"other", &sealed), Err(CryptoError::Sealed));
    let other_info = Recipient::from_secret_key(SecretKey::make(&mut Seeded::new(1)), b"other");
    assert_eq!(other_info.open(&enc, b"aad", &sealed), Err(CryptoError::Sealed));
}

/// Points of order 1, 2, 4 and 8, and their forms above the field's prime (RFC 7748, section 6.1).
#[test]
fn small_order_keys_are_refused() {
    let mut random = Seeded::new(2);
    let key = SecretKey::make(&mut random);
    for point in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        let point = hex_array(point);
        assert_eq!(key.agree(&PublicKey(point)), Err(CryptoError::BadKey));
        assert_eq!(hpke::setup_recipient(&key, &point, b"").err(), Some(CryptoError::BadKey));
        assert_eq!(hpke::setup_sender(&PublicKey(point), b"", &mut random).err(), Some(CryptoError::BadKey));
    }
}

#[test]
fn a_failed_open_does_not_lose_the_place() {
    let mut random = Seeded::new(3);
    let key = SecretKey::make(&mut random);
    let (enc, mut sender) = hpke::setup_sender(key.public_key(), b"", &mut random).unwrap();
    let (first, second) = (sender.seal(b"", b"first").unwrap(), sender.seal(b"", b"second").unwrap());
    let mut recipient = hpke::setup_recipient(&key, &enc, b"").unwrap();
    assert_eq!(recipient.open(b"", &second), Err(CryptoError::Sealed), "out of order");
    assert_eq!(recipient.open(b"", &first).unwrap().expose(), b"first");
    assert_eq!(recipient.open(b"", &first), Err(CryptoError::Sealed), "a second time");
    assert_eq!(recipient.open(b"", &second).unwrap().expose(), b"second");
}

#[test]
fn too_long_an_export_is_an_error() {
    let mut random = Seeded::new(4);
    let key = SecretKey::make(&mut random);
    let (_, sender) = hpke::setup_sender(key.public_key(), b"", &mut random).unwrap();
    assert_eq!(sender.export(b"", &mut vec![0; 8160]), Ok(()));
    assert_eq!(sender.export(b"", &mut vec![0; 8161]), Err(CryptoError::TooLong));
}

/// A holder that gives only the raw Diffie-Hellman value, as an HSM does.
struct Elsewhere(SecretKey);

impl Decapsulate for Elsewhere {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn decapsulate(&self, enc: &[u8; 32]) -> Result<Secret<32>, CryptoError> {
        let dh = self.0.agree(&PublicKey(*enc))?;
        Ok(hpke::derive_shared_secret(&dh, enc, self.public_key()))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_sealed_opens(seed: u64, info: Vec<u8>, messages: Vec<(Vec<u8>, Vec<u8>)>) {
        let mut random = Seeded::new(seed);
        let key = SecretKey::make(&mut random);
        let (enc, mut sender) = hpke::setup_sender(key.public_key(), &info, &mut random).unwrap();
        let mut in_memory = hpke::setup_recipient(&key, &enc, &info).unwrap();
        let mut elsewhere = Recipient::new(Arc::new(Elsewhere(key)), &info).setup(&enc).unwrap();
        for (aad, plaintext) in messages {
            let sealed = sender.seal(&aad, &plaintext).unwrap();
            prop_assert_eq!(sealed.len(), plaintext.len() + hpke::TAG_LEN);
            let opened = in_memory.open(&aad, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &plaintext[..]);
            prop_assert_eq!(elsewhere.open(&aad, &sealed).unwrap(), opened);
        }
    }
}
