//! Sealing at rest, secrets, constant-time comparison.

use crate::common::Seeded;
use crypto::{CryptoError, Secret, SecretBytes, aead, mac::constant_time_eq};
use proptest::prelude::*;

#[test]
fn any_change_is_refused() {
    let mut random = Seeded::new(1);
    let key = Secret::make(&mut random);
    let sealed = aead::seal(&key, &mut random, b"place", b"thing");
    assert_eq!(aead::open(&key, b"place", &sealed).unwrap().expose(), b"thing");
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 1;
        assert_eq!(aead::open(&key, b"place", &changed), Err(CryptoError::Sealed));
        assert_eq!(aead::open(&key, b"place", &sealed[..index]), Err(CryptoError::Sealed));
    }
    assert_eq!(aead::open(&key, b"elsewhere", &sealed), Err(CryptoError::Sealed));
    assert_eq!(aead::open(&Secret::make(&mut random), b"place", &sealed), Err(CryptoError::Sealed));
}

#[test]
fn the_same_thing_never_looks_the_same() {
    let mut random = Seeded::new(2);
    let key = Secret::make(&mut random);
    assert_ne!(aead::seal(&key, &mut random, b"", b"thing"), aead::seal(&key, &mut random, b"", b"thing"));
}

#[test]
fn secrets_print_redacted() {
    assert_eq!(format!("{:?}", Secret::from_bytes([7; 4])), "Secret<4>(redacted)");
    assert_eq!(format!("{:?}", SecretBytes::from_vec(vec![7; 4])), "SecretBytes(4 bytes, redacted)");
}

proptest! {
    #[test]
    fn what_is_sealed_opens(seed: u64, aad: Vec<u8>, plaintext: Vec<u8>) {
        let mut random = Seeded::new(seed);
        let key = Secret::make(&mut random);
        let sealed = aead::seal(&key, &mut random, &aad, &plaintext);
        prop_assert_eq!(sealed.len(), plaintext.len() + aead::OVERHEAD_LEN);
        prop_assert_eq!(aead::open(&key, &aad, &sealed), Ok(SecretBytes::from_vec(plaintext)));
    }

    #[test]
    fn comparison_is_equality(a: Vec<u8>, b: Vec<u8>) {
        prop_assert_eq!(constant_time_eq(&a, &b), a == b);
        prop_assert!(constant_time_eq(&a, &a.clone()));
    }
}
