//! Certificates, certificate requests, keys and signatures: DER and PEM.

use crate::support::{signing_key, text, with_one_bit_turned};
use crypto::p256::{Signature, SigningKey, VerifyingKey};
use crypto::x509::{self, Certificate, Issue, Profile, Purpose};
use https::{Identity, Roots};
use std::sync::LazyLock;

const AUTHORITY: u8 = 2;
const HOLDER: u8 = 4;
const AT_S: u64 = 1_700_000_000;

/// The input as each kind of DER and PEM that is read, and as a body that an authority did sign.
pub fn certificates(data: &[u8]) {
    if let Ok(certificate) = Certificate::read(data) {
        is_kept(&certificate, data);
    }
    if x509::read_request(data).is_ok() {
        assert!(x509::read_request(&with_one_bit_turned(data, data)).is_err(), "a changed request was taken");
    }
    keys_and_signatures(data);
    if let Some(text) = text(data) {
        pem(text);
    }
    signed_body(data);
}

fn is_kept(certificate: &Certificate, der: &[u8]) {
    assert_eq!(certificate.as_der(), der);
    let again = Certificate::from_pem(&certificate.to_pem()).expect("it was read before");
    assert_eq!(again.as_der(), der);
    assert_ne!(certificate.serial(), &[0; 16]);
    let point = certificate.public_key().to_sec1_compressed();
    assert_eq!(VerifyingKey::from_sec1(&point).as_ref(), Ok(certificate.public_key()));
    let purposes = [Purpose::Device, Purpose::TlsServer, Purpose::TlsClient];
    let allowed = purposes.iter().filter(|purpose| certificate.allows(**purpose)).count();
    assert!(allowed <= purposes.len() && certificate.subject_cn().len() <= der.len());
    let _ = (certificate.is_ca(), certificate.not_before_s(), certificate.not_after_s());
}

fn keys_and_signatures(data: &[u8]) {
    if let Ok(key) = VerifyingKey::from_public_key_info(data) {
        assert_eq!(key.to_public_key_info(), data);
    }
    if let Ok(key) = VerifyingKey::from_sec1(data) {
        assert_eq!(VerifyingKey::from_public_key_info(&key.to_public_key_info()).as_ref(), Ok(&key));
        let (short, long) = (key.to_sec1_compressed(), key.to_sec1_uncompressed());
        assert!(data == short || data == long);
        assert!(
            [&short[..], &long].map(VerifyingKey::from_sec1).iter().all(|read| read.as_ref() == Ok(&key))
        );
    }
    if let Ok(signature) = Signature::from_der(data) {
        assert_eq!(Signature::from_der(&signature.to_der()).as_ref(), Ok(&signature));
        assert_eq!(Signature::from_bytes(signature.as_bytes()), Ok(signature));
    }
    if let Ok(raw) = data.try_into()
        && let Ok(signature) = Signature::from_bytes(raw)
    {
        assert_eq!(Signature::from_der(&signature.to_der()), Ok(signature));
        assert_eq!(Signature::normalized_from_raw(raw), Ok(signature));
    }
    if let Ok(key) = SigningKey::from_pkcs8_der(data) {
        let again = SigningKey::from_pkcs8_der(key.to_pkcs8_der().expose()).expect("it was written here");
        assert_eq!(again.verifying_key(), key.verifying_key());
    }
}

fn pem(text: &str) {
    if let Ok(chain) = Certificate::chain_from_pem(text) {
        let written: String = chain.iter().map(Certificate::to_pem).collect();
        let again = Certificate::chain_from_pem(&written).expect("it was written here");
        assert!(chain.iter().map(Certificate::as_der).eq(again.iter().map(Certificate::as_der)));
        let single = Certificate::from_pem(text);
        assert_eq!(single.is_ok(), chain.len() == 1);
    }
    if let Ok(key) = SigningKey::from_pkcs8_pem(text) {
        assert!(SigningKey::from_pkcs8_pem(key.to_pkcs8_pem().expose()).is_ok());
    }
    for problem in
        [Roots::from_pem(text.as_bytes()).err(), Identity::from_pem(text.as_bytes(), text.as_bytes()).err()]
    {
        assert!(problem.is_none_or(|problem| !problem.to_string().is_empty()));
    }
}

/// As a certificate that the authority signed, and as a request that its holder signed, whatever is inside.
fn signed_body(body: &[u8]) {
    static CA: LazyLock<Certificate> = LazyLock::new(|| {
        Certificate::read(&make_authority(&signing_key(AUTHORITY))).expect("it was made here")
    });
    let (authority, ca) = (signing_key(AUTHORITY), &*CA);
    let der = frame(body, &authority);
    if let Ok(certificate) = Certificate::read(&der) {
        is_kept(&certificate, &der);
        let believed = certificate.verify_issued_by(ca, AT_S);
        let turned = with_one_bit_turned(&der, body);
        if let Ok(turned) = Certificate::read(&turned) {
            assert!(turned.verify_issued_by(ca, AT_S).is_err(), "a changed certificate was believed");
        }
        let by_itself = certificate.verify_signed_by(authority.verifying_key(), Purpose::KeyBundle, AT_S);
        assert!(by_itself.is_err() || certificate.allows(Purpose::KeyBundle) && !certificate.is_ca());
        let stranger = signing_key(HOLDER);
        let forged = certificate.verify_signed_by(stranger.verifying_key(), Purpose::KeyBundle, AT_S);
        assert!(forged.is_err(), "another key's signature was believed");
        if believed.is_ok() {
            assert!((certificate.not_before_s()..=certificate.not_after_s()).contains(&AT_S));
        }
    }
    let holder = signing_key(HOLDER);
    if let Ok(key) = x509::read_request(&frame(body, &holder)) {
        assert_eq!(&key, holder.verifying_key(), "somebody asked for another's key");
    }
}

fn make_authority(key: &SigningKey) -> Vec<u8> {
    let issue = Issue {
        serial: [9; 16],
        subject: "Root".to_owned(),
        issuer: "Root".to_owned(),
        not_before_s: 1_600_000_000,
        not_after_s: 1_900_000_000,
        public_key: key.verifying_key().clone(),
        profile: Profile::Root,
    };
    x509::issue(&issue, key).expect("the names are usable")
}

/// `SEQUENCE { body, ecdsa-with-SHA256, BIT STRING signature }`.
fn frame(body: &[u8], key: &SigningKey) -> Vec<u8> {
    const ALGORITHM: [u8; 12] = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let signature = key.sign(&[body]).to_der();
    let bits = object(3, &[&[0], &signature[..]].concat());
    object(0x30, &[body, &ALGORITHM, &bits].concat())
}

fn object(tag: u8, value: &[u8]) -> Vec<u8> {
    let [.., high, low] = value.len().to_be_bytes();
    let length: &[u8] = match value.len() {
        0..0x80 => &[low],
        0x80..0x100 => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, value].concat()
}
