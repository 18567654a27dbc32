//! What certificates and requests are both made of.

use core::time::Duration;

use der::{
    Decode, Encode, Sequence, Tag, Tagged,
    asn1::{Any, AnyRef, BitString, GeneralizedTime, ObjectIdentifier, PrintableStringRef, SetOfVec},
};
use x509_cert::{
    attr::AttributeTypeAndValue,
    name::Name,
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
    time::Time,
};

use crate::{
    CryptoError,
    hash::sha256,
    p256::{Sign, Signature, VerifyingKey},
};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// RFC 5280's upper bound for a common name, characters.
const COMMON_NAME_LEN_MAX: usize = 64;

/// Body, algorithm, signature: the frame of certificates and requests alike.
#[derive(Sequence)]
pub(super) struct Signed<'a> {
    pub(super) body: AnyRef<'a>,
    pub(super) algorithm: AlgorithmIdentifierOwned,
    pub(super) signature: BitString,
}

/// Signs a body that is DER already, and frames it.
pub(super) fn sign_body(body: &[u8], key: &dyn Sign) -> Result<Vec<u8>, CryptoError> {
    frame(body, &key.sign(&[body])?)
}

/// Frames a body with the signature that was made over it.
pub(super) fn frame(body: &[u8], signature: &Signature) -> Result<Vec<u8>, CryptoError> {
    let body = AnyRef::from_der(body).expect("the body was encoded by this room");
    let signature = BitString::from_bytes(&signature.to_der()).expect("72 bytes fit DER");
    Signed { body, algorithm: algorithm(), signature }.to_der().map_err(|_| CryptoError::TooLong)
}

/// Takes a frame apart strictly: no trailing bytes, the one DER form, our algorithm. Gives the body as it
/// was signed, and the signature.
pub(super) fn unframe(der: &[u8]) -> Option<(Vec<u8>, Signature)> {
    let signed = Signed::from_der(der).ok()?;
    if signed.algorithm != algorithm() || signed.to_der().ok()? != der {
        return None;
    }
    let signature = Signature::from_der(signed.signature.as_bytes()?).ok()?;
    Some((signed.body.to_der().ok()?, signature))
}

/// `ecdsa-with-SHA256`, which has no parameters (RFC 5758).
pub(super) fn algorithm() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA256, parameters: None }
}

/// A public key as certificates hold it (RFC 5480): uncompressed.
pub(super) fn key_info(key: &VerifyingKey) -> SubjectPublicKeyInfoOwned {
    let curve = Any::encode_from(&PRIME256V1).expect("an object identifier fits DER");
    SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned { oid: EC_PUBLIC_KEY, parameters: Some(curve) },
        subject_public_key: BitString::from_bytes(&key.to_sec1_uncompressed()).expect("65 bytes fit DER"),
    }
}

/// The P-256 key in a certificate or request.
pub(super) fn read_key_info(info: &SubjectPublicKeyInfoOwned) -> Option<VerifyingKey> {
    let key = VerifyingKey::from_sec1(info.subject_public_key.as_bytes()?).ok()?;
    (*info == key_info(&key)).then_some(key)
}

/// The key identifier: the first 20 bytes of SHA-256 over the point (RFC 7093, method 1).
pub(super) fn key_identifier(key: &VerifyingKey) -> [u8; 20] {
    *sha256(&[&key.to_sec1_uncompressed()]).first_chunk().expect("32 bytes hold 20")
}

/// A name of one common name. `None` if it is empty, too long, or has control characters.
pub(super) fn name(common_name: &str) -> Option<Name> {
    let length = common_name.chars().count();
    if !(1..=COMMON_NAME_LEN_MAX).contains(&length) || common_name.chars().any(char::is_control) {
        return None;
    }
    let value = Any::new(Tag::Utf8String, common_name.as_bytes()).ok()?;
    let part = SetOfVec::from_iter([AttributeTypeAndValue { oid: COMMON_NAME, value }]).ok()?;
    Name::from_der(&vec![part].to_der().ok()?).ok()
}

/// The common name of a name that has exactly one.
pub(super) fn read_common_name(name: &Name) -> Option<String> {
    let mut common_names = name.iter().filter(|part| part.oid == COMMON_NAME);
    let value = &common_names.next()?.value;
    if common_names.next().is_some() {
        return None;
    }
    match value.tag() {
        Tag::Utf8String => core::str::from_utf8(value.value()).ok().map(str::to_owned),
        Tag::PrintableString => value.decode_as::<PrintableStringRef<'_>>().ok().map(|text| text.to_string()),
        _ => None,
    }
}

/// An instant as certificates hold it. `None` beyond the year 9999.
pub(super) fn time(instant_s: u64) -> Option<Time> {
    GeneralizedTime::from_unix_duration(Duration::from_secs(instant_s)).ok().map(Time::GeneralTime)
}
