//! What all of a customer's devices are told of each other (`spec/device-life.md`): signed by the server, sealed to each
//! device.

use crypto::{
    Random,
    hpke::{self, Decapsulate},
    p256::{Sign, VerifyingKey},
    x25519,
};
use model::{EnrolmentId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    base64url::VersionOne,
    error::ProtocolError,
    json,
    key_bundle::KeyId,
    letter::{self, Form, LETTER_LEN},
    realm::Realm,
    short_text::ShortText,
};

const WHAT: &str = "notice";
const FORM: Form =
    Form { what: WHAT, label_seal: "batzen/notice/v1/seal", label_signature: "batzen/notice/v1/signature" };
/// The most bytes of a notice before it is sealed.
const CONTENT_LEN_MAX: usize = 1_024;
/// The most bytes of a sealed notice.
pub const NOTICE_LEN_MAX: usize = LETTER_LEN + CONTENT_LEN_MAX;

/// What happened to a device.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// It was activated.
    Activated,
    /// It was locked.
    Locked,
    /// It was unlocked.
    Unlocked,
    /// It was revoked.
    Revoked,
    /// It was given another name.
    Renamed,
    /// Its PIN was changed.
    PinChanged,
    /// Its PIN was set anew with a code.
    PinReset,
    /// Its certificate was renewed.
    CertificateRenewed,
    /// A code was given with which another phone takes its place.
    MoveBegun,
}

/// Who did what a notice tells of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeBy {
    /// The server by its rules.
    Server,
    /// An operator.
    Operator,
    /// One of the customer's devices.
    Device(EnrolmentId),
}

/// A notice's content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    version: VersionOne,
    /// Its place among the customer's, from 1.
    pub sequence: u32,
    /// What happened.
    pub kind: NoticeKind,
    /// To which device.
    pub about: EnrolmentId,
    /// What that device was called then, if it was called anything.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub device_name: Option<ShortText>,
    /// By whom.
    pub by: NoticeBy,
    /// The server's clock when it happened.
    pub at_ms: Timestamp,
}

/// A sealed notice.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SealedNotice(Vec<u8>);

impl Notice {
    /// A notice.
    #[must_use]
    pub fn new(
        sequence: u32,
        kind: NoticeKind,
        about: EnrolmentId,
        device_name: Option<ShortText>,
        by: NoticeBy,
        at_ms: Timestamp,
    ) -> Self {
        Self { version: VersionOne, sequence, kind, about, device_name, by, at_ms }
    }

    /// Signs and seals it to a device's confirmation key.
    ///
    /// # Errors
    /// [`ProtocolError::Unavailable`] if the recipient's key is none or the signing key's holder fails.
    pub fn seal(
        &self,
        recipient: &x25519::PublicKey,
        signing_key: &dyn Sign,
        key_id: KeyId,
        realm: &Realm,
        random: &mut dyn Random,
    ) -> Result<SealedNotice, ProtocolError> {
        let sealed = FORM.seal(json::write(self), recipient, signing_key, key_id, realm, random)?;
        Ok(SealedNotice(sealed))
    }
}

impl SealedNotice {
    /// Takes bytes that may be a notice.
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::VersionUnsupported`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ProtocolError> {
        FORM.check(bytes, 0..=CONTENT_LEN_MAX).map(Self)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id of the key that signed it.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        letter::key_id(&self.0)
    }

    /// The encapsulated key, for a confirmation key that is kept where only a Diffie-Hellman value can be had.
    #[must_use]
    pub fn enc(&self) -> &[u8; hpke::ENC_LEN] {
        letter::enc(&self.0)
    }

    /// Opens it with the device's confirmation key and checks the signature; `signing_key` gives the server's key with an
    /// id, as [`crate::key_bundle::KeyBundle::confirmation_key`] does.
    ///
    /// # Errors
    /// In the specification's order: `KeyUnknown`, `Unopenable`, `SignatureBad`, `Malformed`, `VersionUnsupported` of
    /// [`ProtocolError`].
    pub fn open<'k>(
        &self,
        recipient: &dyn Decapsulate,
        signing_key: impl FnOnce(KeyId) -> Option<&'k VerifyingKey>,
        realm: &Realm,
    ) -> Result<Notice, ProtocolError> {
        FORM.open(&self.0, recipient, signing_key, realm, |content| {
            json::parse_versioned(content, CONTENT_LEN_MAX, WHAT)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{SystemRandom, p256::SigningKey, x25519::SecretKey};

    #[test]
    fn a_device_reads_what_was_sealed_to_it_and_nothing_else() {
        let realm = Realm::new("shop.example").unwrap();
        let (key, own, other) = (
            SigningKey::from_scalar(&[3; 32]).unwrap(),
            SecretKey::make(&mut SystemRandom),
            SecretKey::make(&mut SystemRandom),
        );
        let name = ShortText::new("Ada's phone").unwrap();
        let by = NoticeBy::Device(EnrolmentId::from_bytes([2; 6]));
        let about = EnrolmentId::from_bytes([1; 6]);
        let notice = Notice::new(7, NoticeKind::Locked, about, Some(name), by, Timestamp::from_ms(5));
        let sealed = notice.seal(own.public_key(), &key, KeyId(4), &realm, &mut SystemRandom).unwrap();
        let signing_key = |id| (id == KeyId(4)).then_some(key.verifying_key());
        assert_eq!(sealed.open(&own, signing_key, &realm), Ok(notice.clone()));
        assert_eq!(sealed.open(&other, signing_key, &realm), Err(ProtocolError::Unopenable(WHAT)));
        let strange = SigningKey::from_scalar(&[4; 32]).unwrap();
        let forged = notice.seal(own.public_key(), &strange, KeyId(4), &realm, &mut SystemRandom).unwrap();
        assert_eq!(forged.open(&own, signing_key, &realm), Err(ProtocolError::SignatureBad(WHAT)));
        for at in 0..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[at] ^= 1;
            let opened = SealedNotice::from_bytes(bytes).and_then(|bad| bad.open(&own, signing_key, &realm));
            assert!(opened.is_err(), "byte {at}");
        }
        assert_eq!(SealedNotice::from_bytes(vec![0x11; 9]), Err(ProtocolError::Size(WHAT)));
    }

    #[test]
    fn its_words_are_those_of_the_specification() {
        let by = NoticeBy::Operator;
        let about = EnrolmentId::from_bytes([1; 6]);
        let notice = Notice::new(7, NoticeKind::PinReset, about, None, by, Timestamp::from_ms(5));
        let text = String::from_utf8(json::write(&notice)).unwrap();
        let expected = r#"{"version":1,"sequence":7,"kind":"pin_reset","about":"010101010101","by":"operator","at_ms":5}"#;
        assert_eq!(text, expected);
    }
}
