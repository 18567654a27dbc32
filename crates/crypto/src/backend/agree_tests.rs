//! Both backends say the same about the same inputs, good and bad.

use proptest::prelude::*;

use super::{aws, rust};
use crate::{Secret, SecretBytes};

fn bytes<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    proptest::collection::vec(any::<u8>(), N).prop_map(|bytes| bytes.try_into().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hashes_and_macs_are_equal(a: Vec<u8>, b: Vec<u8>, key in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert_eq!(aws::sha256(&[&a, &b]), rust::sha256(&[&a, &b]));
        let mut one = aws::Hmac::new(&key);
        let mut two = rust::Hmac::new(&key);
        for part in [&a, &b] {
            one.update(part);
            two.update(part);
        }
        prop_assert_eq!(one.finish(), two.finish());
    }

    #[test]
    fn one_opens_what_the_other_seals(key in bytes::<32>(), nonce in bytes::<12>(), aad: Vec<u8>, plain: Vec<u8>) {
        let short = Secret::from_bytes(*key.first_chunk::<16>().unwrap());
        let long = Secret::from_bytes(key);
        for (one, two) in [
            (aws::Gcm::new128(&short), rust::Gcm::new128(&short)),
            (aws::Gcm::new256(&long), rust::Gcm::new256(&long)),
        ] {
            let (mut first, mut second) = (plain.clone(), plain.clone());
            let tag = one.seal(&nonce, &aad, &mut first).unwrap();
            first.extend(tag);
            let tag = two.seal(&nonce, &aad, &mut second).unwrap();
            second.extend(tag);
            prop_assert_eq!(&first, &second);
            prop_assert_eq!(one.open(&nonce, &aad, &second), Ok(SecretBytes::from_vec(plain.clone())));
            prop_assert_eq!(two.open(&nonce, &aad, &first), Ok(SecretBytes::from_vec(plain.clone())));
            let last = first.len() - 1;
            first[last] ^= 1;
            prop_assert!(one.open(&nonce, &aad, &first).is_err());
            prop_assert!(two.open(&nonce, &aad, &first).is_err());
            prop_assert!(one.open(&nonce, &aad, &first[..15.min(last)]).is_err());
            prop_assert!(two.open(&nonce, &aad, &first[..15.min(last)]).is_err());
        }
    }

    #[test]
    fn one_verifies_what_the_other_signs(scalar in bytes::<32>(), hash in bytes::<32>(), other in bytes::<32>()) {
        let (one, point) = aws::EcdsaSecretKey::from_scalar(&scalar).unwrap();
        let (two, same_point) = rust::EcdsaSecretKey::from_scalar(&scalar).unwrap();
        prop_assert_eq!(point, same_point);
        let mut compressed = [0; 33];
        compressed[0] = 2 | (point[64] & 1);
        compressed[1..].copy_from_slice(&point[1..33]);
        for form in [&point[..], &compressed[..]] {
            let (verify_one, point_one) = aws::EcdsaPublicKey::from_sec1(form).unwrap();
            let (verify_two, point_two) = rust::EcdsaPublicKey::from_sec1(form).unwrap();
            prop_assert_eq!(point_one, point);
            prop_assert_eq!(point_two, point);
            for signature in [one.sign_hash(&hash), two.sign_hash(&hash)] {
                prop_assert!(verify_one.verifies(&hash, &signature));
                prop_assert!(verify_two.verifies(&hash, &signature));
                prop_assert!(!verify_one.verifies(&other, &signature));
                prop_assert!(!verify_two.verifies(&other, &signature));
            }
        }
    }

    #[test]
    fn points_are_judged_alike(first in 2_u8..=4, rest in bytes::<64>()) {
        let mut form = vec![first];
        form.extend(if first == 4 { &rest[..] } else { &rest[..32] });
        let one = aws::EcdsaPublicKey::from_sec1(&form).map(|(_, point)| point);
        let two = rust::EcdsaPublicKey::from_sec1(&form).map(|(_, point)| point);
        prop_assert_eq!(one, two);
    }

    #[test]
    fn agreements_on_p256_are_equal(mine in bytes::<32>(), theirs in bytes::<32>(), odd: bool, y in bytes::<32>()) {
        let (one, public_one) = aws::EcdhSecretKey::from_scalar(&mine).unwrap();
        let (two, public_two) = rust::EcdhSecretKey::from_scalar(&mine).unwrap();
        prop_assert_eq!(public_one, public_two);
        let (other, mut peer) = aws::EcdhSecretKey::from_scalar(&theirs).unwrap();
        let shared = one.agree(&peer).unwrap();
        prop_assert_eq!(&shared, &two.agree(&peer).unwrap());
        prop_assert_eq!(&shared, &other.agree(&public_one).unwrap());
        // Half of all x coordinates are on the curve.
        let mut form = [2 | u8::from(odd); 33];
        form[1..].copy_from_slice(&y);
        if let Some((_, point)) = aws::EcdsaPublicKey::from_sec1(&form) {
            prop_assert_eq!(one.agree(&point).unwrap(), two.agree(&point).unwrap());
        }
        peer[33..].copy_from_slice(&y);
        prop_assert!(one.agree(&peer).is_none());
        prop_assert!(two.agree(&peer).is_none());
    }

    #[test]
    fn agreements_are_equal(mine in bytes::<32>(), peer in bytes::<32>()) {
        let (one, public_one) = aws::AgreementKey::from_bytes(&mine);
        let (two, public_two) = rust::AgreementKey::from_bytes(&mine);
        prop_assert_eq!(public_one, public_two);
        prop_assert_eq!(one.agree(&peer), two.agree(&peer));
    }
}
