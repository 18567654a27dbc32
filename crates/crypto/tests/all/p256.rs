//! Signatures and keys.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

use crate::common::{Seeded, hex, hex_array};
use crypto::{
    CryptoError, Random, SystemRandom,
    p256::{Signature, SigningKey, VerifyingKey},
};
use proptest::prelude::*;

const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const HALF: &str = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";
const HALF_PLUS_1: &str = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a9";
const ONE: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const ORDER_LESS_1: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
const ABOVE: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

fn raw(r: &str, s: &str) -> [u8; 64] {
    hex_array(&format!("{r}{s}"))
}

/// The other valid signature over the same message: (r, n − s).
fn with_other_s(signature: &Signature) -> [u8; 64] {
    let order = hex(ORDER);
    let mut raw = signature.to_bytes();
    let mut borrow = 0;
    for index in (0..32).rev() {
        let difference = i16::from(order[index]) - i16::from(raw[32 + index]) - borrow;
        borrow = i16::from(difference < 0);
        raw[32 + index] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    raw
}

#[test]
fn signatures_are_read_strictly() {
    assert!(Signature::from_bytes(&raw(ONE, ONE)).is_ok());
    assert!(Signature::from_bytes(&raw(ORDER_LESS_1, HALF)).is_ok());
    assert_eq!(Signature::from_bytes(&raw(ONE, HALF_PLUS_1)), Err(CryptoError::HighS));
    assert_eq!(Signature::from_bytes(&raw(ONE, ORDER_LESS_1)), Err(CryptoError::HighS));
    for (r, s) in [(ZERO, ONE), (ONE, ZERO), (ORDER, ONE), (ONE, ORDER), (ABOVE, ONE), (ONE, ABOVE)] {
        assert_eq!(Signature::from_bytes(&raw(r, s)), Err(CryptoError::BadSignature));
        assert_eq!(Signature::normalized_from_raw(&raw(r, s)), Err(CryptoError::BadSignature));
    }
    assert_eq!(Signature::normalized_from_raw(&raw(ONE, ORDER_LESS_1)).unwrap().as_bytes(), &raw(ONE, ONE));
    assert_eq!(Signature::normalized_from_raw(&raw(ONE, HALF_PLUS_1)).unwrap().as_bytes(), &raw(ONE, HALF));
}

#[test]
fn der_signatures_are_read_strictly() {
    assert_eq!(Signature::from_der(&hex("3006020101020101")).unwrap().as_bytes(), &raw(ONE, ONE));
    for bad in [
        "",
        "30",
        "3006020101020100",       // s is zero
        "30060201010201ff",       // s is negative
        "300702010102020001",     // a needless zero in front
        "300602010102010100",     // a byte behind
        "3009020101020101020101", // a third number
        "308106020101020101",     // a length in two bytes that fits one
        "3106020101020101",       // a set
    ] {
        let bad = hex(bad);
        assert_eq!(Signature::from_der(&bad), Err(CryptoError::BadSignature), "{bad:02x?}");
    }
    let wide = format!("3026022101{ONE}020101");
    assert_eq!(Signature::from_der(&hex(&wide)), Err(CryptoError::BadSignature));
}

#[test]
fn points_are_read_strictly() {
    let key = SigningKey::make(&mut Seeded::new(1));
    let point = key.verifying_key().to_sec1_uncompressed();
    let mut off_curve = point;
    off_curve[64] ^= 1;
    let mut hybrid = point;
    hybrid[0] = 6 | (point[64] & 1);
    let prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    let mut refused =
        vec![vec![], vec![0], vec![4], off_curve.to_vec(), hybrid.to_vec(), point[1..].to_vec()];
    refused.push(hex(&format!("02{prime}")));
    refused.push(hex(&format!("02{ABOVE}")));
    refused.push(hex(&format!("04{prime}{prime}")));
    refused.push(hex(&format!("04{ZERO}{ZERO}")));
    // x = 5 is on the curve; 5 + prime is the same number in a form that nobody may use.
    assert!(VerifyingKey::from_sec1(&hex(&format!("02{}5", &ZERO[1..]))).is_ok());
    refused.push(hex("02ffffffff00000001000000000000000000000001000000000000000000000004"));
    refused.push([&point[..], &[0]].concat());
    // An X.509 key is not a point, even where the library below would read one.
    refused.push([&hex("3059301306072a8648ce3d020106082a8648ce3d030107034200")[..], &point].concat());
    for bytes in refused {
        assert_eq!(VerifyingKey::from_sec1(&bytes), Err(CryptoError::BadKey), "{bytes:02x?}");
    }
}

#[test]
fn scalars_are_read_strictly() {
    for bad in [ZERO, ORDER, ABOVE] {
        assert_eq!(SigningKey::from_scalar(&hex_array(bad)).err(), Some(CryptoError::BadKey));
    }
    for good in [ONE, ORDER_LESS_1] {
        assert_eq!(SigningKey::from_scalar(&hex_array(good)).unwrap().to_scalar().expose(), &hex_array(good));
    }
}

/// A broken source must not hang the maker of a key.
#[test]
fn a_key_is_made_even_from_bad_randomness() {
    struct Same(u8);
    impl Random for Same {
        fn fill(&mut self, out: &mut [u8]) {
            out.fill(self.0);
        }
    }
    SigningKey::make(&mut Same(0));
    SigningKey::make(&mut Same(255));
    assert_ne!(
        SigningKey::make(&mut SystemRandom).verifying_key(),
        SigningKey::make(&mut SystemRandom).verifying_key()
    );
}

#[test]
fn keys_print_without_their_secret() {
    let key = SigningKey::make(&mut Seeded::new(5));
    let scalar = data_encoding::HEXLOWER.encode(key.to_scalar().expose());
    for text in [format!("{key:?}"), format!("{:?}", key.to_scalar()), format!("{:?}", key.to_pkcs8_pem())] {
        assert!(text.contains("redacted") && !text.contains(&scalar), "{text}");
    }
}

#[test]
fn a_key_survives_pkcs8() {
    let key = SigningKey::make(&mut Seeded::new(6));
    let again = SigningKey::from_pkcs8_pem(key.to_pkcs8_pem().expose()).unwrap();
    assert_eq!(again.to_scalar(), key.to_scalar());
    let der = key.to_pkcs8_der();
    for index in 0..der.len() {
        let mut changed = der.expose().to_vec();
        changed[index] ^= 1;
        assert!(SigningKey::from_pkcs8_der(&changed).is_err(), "byte {index}");
        assert!(SigningKey::from_pkcs8_der(&der.expose()[..index]).is_err(), "cut at {index}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_signature_is_low_and_verifies_and_nothing_near_it_does(seed: u64, a: Vec<u8>, b: Vec<u8>, bit in 0_usize..512) {
        let key = SigningKey::make(&mut Seeded::new(seed));
        let other = SigningKey::make(&mut Seeded::new(seed.wrapping_add(1)));
        let whole = [&a[..], &b[..]].concat();
        for signature in [key.sign(&[&a, &b]), key.sign_deterministic(&[&a, &b])] {
            prop_assert_eq!(Signature::from_bytes(signature.as_bytes()), Ok(signature));
            prop_assert_eq!(Signature::from_der(&signature.to_der()), Ok(signature));
            prop_assert_eq!(key.verifying_key().verify(&[&whole], &signature), Ok(()));
            prop_assert!(other.verifying_key().verify(&[&whole], &signature).is_err());
            prop_assert!(key.verifying_key().verify(&[&whole, b"!"], &signature).is_err());

            let high = with_other_s(&signature);
            prop_assert_eq!(Signature::from_bytes(&high), Err(CryptoError::HighS));
            prop_assert_eq!(Signature::normalized_from_raw(&high), Ok(signature));

            let mut changed = signature.to_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = Signature::from_bytes(&changed) {
                prop_assert!(key.verifying_key().verify(&[&whole], &changed).is_err());
            }
        }
    }

    #[test]
    fn a_point_survives_both_forms(seed: u64) {
        let key = SigningKey::make(&mut Seeded::new(seed)).verifying_key().clone();
        prop_assert_eq!(&VerifyingKey::from_sec1(&key.to_sec1_compressed()).unwrap(), &key);
        prop_assert_eq!(&VerifyingKey::from_sec1(&key.to_sec1_uncompressed()).unwrap(), &key);
    }

    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = Signature::from_der(&bytes);
        let _ = VerifyingKey::from_sec1(&bytes);
        let _ = SigningKey::from_pkcs8_der(&bytes);
    }
}
