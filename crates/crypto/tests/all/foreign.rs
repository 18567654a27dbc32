//! Certificates of authorities that are not ours, and AES key wrap.

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512,
};
use crypto::x509::ForeignCertificate;
use crypto::{CryptoError, Secret, key_wrap};
use data_encoding::HEXLOWER;
use fixtures::attestation::certificate::{COMMON_NAME, Certificate, authority, critical, extension};
use fixtures::attestation::{der, key};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;

const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];

fn ecdsa(content: &[u8]) -> Vec<u8> {
    der::sequence(&[der::object_id(content)])
}

fn rsa(content: &[u8]) -> Vec<u8> {
    der::sequence(&[der::object_id(content), der::null()])
}

/// A self-signed certificate of a key of any kind.
fn own(key_info: &[u8], algorithm: &[u8], sign: impl Fn(&[u8]) -> Vec<u8>) -> ForeignCertificate {
    let name = der::name(&[(COMMON_NAME, "an authority")]);
    let time = |text: &[u8]| der::value(&[0x18], text);
    let body = der::sequence(&[
        der::explicit(0, &der::integer(2)),
        der::integer(1),
        algorithm.to_vec(),
        name.clone(),
        der::sequence(&[time(b"20200101000000Z"), time(b"20300101000000Z")]),
        name,
        key_info.to_vec(),
        der::explicit(3, &der::sequence(&authority(None))),
    ]);
    let made = der::sequence(&[body.clone(), algorithm.to_vec(), der::bits(&sign(&body))]);
    ForeignCertificate::read(&made).unwrap()
}

fn own_p384(algorithm: &[u8]) -> ForeignCertificate {
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    let info = pair.public_key().as_der().unwrap();
    own(info.as_ref(), &ecdsa(algorithm), |body| {
        pair.sign(&SystemRandom::new(), body).unwrap().as_ref().to_vec()
    })
}

/// aws-lc signs with P-256 over SHA-256 only.
fn own_p256(algorithm: &[u8]) -> ForeignCertificate {
    let signer = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    own(&key(7).verifying_key().to_public_key_info(), &ecdsa(algorithm), |body| {
        let hash = digest::digest(&digest::SHA384, body);
        let signature: p256::ecdsa::Signature = signer.sign_prehash(hash.as_ref()).unwrap();
        signature.to_der().as_bytes().to_vec()
    })
}

fn own_rsa(algorithm: &[u8]) -> ForeignCertificate {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let info = pair.public_key().as_der().unwrap();
    let padding = if algorithm == RSA_SHA512 { &RSA_PKCS1_SHA512 } else { &RSA_PKCS1_SHA256 };
    own(info.as_ref(), &rsa(algorithm), |body| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &SystemRandom::new(), body, &mut signature).unwrap();
        signature
    })
}

/// A certificate of P-256, issued by itself.
fn plain() -> Certificate {
    let name = der::name(&[(COMMON_NAME, "plain")]);
    Certificate {
        key: key(1),
        signer: key(1),
        serial: 0x8001,
        subject: name.clone(),
        issuer: name,
        not_before: "20240101000000Z",
        not_after: "20251231000000Z",
        extensions: authority(Some(1)),
    }
}

#[test]
fn signatures_of_all_kinds_that_phone_makers_use_are_checked() {
    let all = [
        own_p384(ECDSA_SHA384),
        own_p256(ECDSA_SHA384),
        own_rsa(RSA_SHA256),
        own_rsa(RSA_SHA512),
        ForeignCertificate::read(&plain().make()).unwrap(),
    ];
    for (index, one) in all.iter().enumerate() {
        for (other_index, other) in all.iter().enumerate() {
            let expected = if index == other_index { Ok(()) } else { Err(CryptoError::BadSignature) };
            assert_eq!(one.is_signed_by(other), expected, "{index} by {other_index}");
        }
    }
}

#[test]
fn weak_and_mislabelled_signatures_are_refused() {
    // Labelled SHA-1, or as one of another hash or family.
    for one in [
        own_rsa(RSA_SHA1),
        own_p256(ECDSA_SHA1),
        own_p384(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]),
        own_p384(RSA_SHA256),
    ] {
        assert_eq!(one.is_signed_by(&one), Err(CryptoError::BadSignature));
    }
}

#[test]
fn a_certificate_says_what_stands_in_it() {
    let read = ForeignCertificate::read(&plain().make()).unwrap();
    assert_eq!((read.serial(), read.subject().as_str()), (&[0x80, 1][..], "CN=plain"));
    assert_eq!((read.not_before_s(), read.not_after_s()), (1_704_067_200, 1_767_139_200));
    assert_eq!(read.p256_key().as_ref(), Some(key(1).verifying_key()));
    assert_eq!(read.public_key_info(), key(1).verifying_key().to_public_key_info());
    assert_eq!((read.is_ca(), read.may_issue(), read.path_len_max()), (true, true, Some(1)));
    assert!(read.names_as_issuer(&read) && read.has_name_and_key_of(&read));
    assert_eq!(read.subject_part("2.5.4.3".parse().unwrap()), Some("plain"));
    assert_eq!(read.subject_part("2.5.4.5".parse().unwrap()), None);
    let other = ForeignCertificate::read(&Certificate { key: key(2), ..plain() }.make()).unwrap();
    assert!(!other.has_name_and_key_of(&read));
}

#[test]
fn what_is_malformed_or_unknown_is_refused() {
    let with = |extensions| ForeignCertificate::read(&Certificate { extensions, ..plain() }.make());
    let refused =
        |result: Result<ForeignCertificate, _>| matches!(result, Err(CryptoError::BadCertificate(_)));
    assert!(with(vec![]).is_ok());
    assert!(with(vec![extension(&[0x2a, 3, 4], &[])]).is_ok());
    assert!(refused(with(vec![critical(&[0x2a, 3, 4], &[])])));
    assert!(refused(with(vec![extension(&[0x2a, 3, 4], &[]), extension(&[0x2a, 3, 4], &[])])));
    assert!(refused(with(vec![critical(&[0x55, 0x1d, 19], b"x")])));
    let many: Vec<_> = (0..25).map(|number| extension(&[0x2a, 3, number], &[])).collect();
    assert!(refused(with(many)));
    let good = plain().make();
    assert!(refused(ForeignCertificate::read(&[&good[..], &[0]].concat())));
    assert!(refused(ForeignCertificate::read(&good[..good.len() - 1])));
    assert!(refused(ForeignCertificate::read(&vec![0; 17_000])));
    // Two algorithms: one under the signature, another beside it.
    let at = good.windows(8).rposition(|window| window == [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]).unwrap();
    let mut two = good;
    two[at + 7] = 3;
    assert!(refused(ForeignCertificate::read(&two)));
}

#[test]
fn keys_are_wrapped_as_the_standard_says() {
    // RFC 3394, section 4.6.
    let key = Secret::from_bytes(hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f"));
    let wrapping =
        Secret::from_bytes(hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
    let expected = hex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
    assert_eq!(key_wrap::wrap(&wrapping, &key), expected);
    assert_eq!(key_wrap::unwrap(&wrapping, &expected).as_ref(), Ok(&key));
    assert_eq!(key_wrap::unwrap(&key, &expected), Err(CryptoError::Sealed));
    for place in 0..expected.len() {
        let mut changed = expected;
        changed[place] ^= 1;
        assert_eq!(key_wrap::unwrap(&wrapping, &changed), Err(CryptoError::Sealed), "byte {place}");
    }
}

#[test]
fn public_keys_have_one_form_beside_their_algorithm() {
    use crypto::p256::VerifyingKey;
    let info = key(1).verifying_key().to_public_key_info();
    assert_eq!(VerifyingKey::from_public_key_info(&info).as_ref(), Ok(key(1).verifying_key()));
    let longer = [&info[..], &[0]].concat();
    let compressed = [&info[..26], &key(1).verifying_key().to_sec1_compressed()].concat();
    for bad in [&[][..], &info[..90], &longer, &compressed] {
        assert_eq!(VerifyingKey::from_public_key_info(bad), Err(CryptoError::BadKey));
    }
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}
