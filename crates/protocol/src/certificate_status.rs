//! What the payment server says of device certificates (`spec/device-life.md`): for banks that want to know whether one is
//! still good. Nothing in it is about a person.

use crypto::p256::{Sign, Signature, VerifyingKey};
use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    base64url::{self, VersionOne},
    error::ProtocolError,
    json,
    realm::Realm,
};

const WHAT: &str = "certificate status";
const LABEL: &str = "batzen/certificate-status/v1";
/// The most certificates in one answer.
pub const CERTIFICATES_MAX: usize = 32;
/// The most bytes of an answer's content.
const CONTENT_LEN_MAX: usize = 16 * 1024;

/// How a certificate stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// Its device may sign.
    Good,
    /// Its device is locked; it may come back.
    OnHold,
    /// Its device will never sign again.
    Revoked,
    /// Its time is over.
    Expired,
    /// This server never issued it.
    Unknown,
}

/// One certificate's status.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateStatus {
    /// Its serial number, hex.
    #[serde(with = "base64url::hex")]
    pub serial: [u8; 16],
    /// How it stands.
    pub state: CertificateState,
    /// Since when: on hold, revoked or expired.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub since_ms: Option<Timestamp>,
    /// Why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub reason: Option<String>,
    /// Until when it is valid; none if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub not_after_ms: Option<Timestamp>,
}

/// An answer's content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateStatuses {
    version: VersionOne,
    /// Who says so.
    pub realm: Realm,
    /// What the asker sent along, 16 bytes, so that an answer of before is no answer to this; none if nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_nonce")]
    pub nonce: Option<[u8; 16]>,
    /// When it was said.
    pub at_ms: Timestamp,
    /// Until when it may be relied on.
    pub expires_at_ms: Timestamp,
    /// The certificates, as they were asked for.
    pub certificates: Vec<CertificateStatus>,
}

/// An answer as it travels.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedCertificateStatuses {
    /// JSON of [`CertificateStatuses`]; the signature is over the context and these very bytes.
    #[serde(with = "base64url")]
    payload: Vec<u8>,
    #[serde(with = "base64url")]
    signature: [u8; 64],
}

impl CertificateStatuses {
    /// What is said at `at_ms`.
    #[must_use]
    pub fn new(
        realm: Realm,
        nonce: Option<[u8; 16]>,
        at_ms: Timestamp,
        expires_at_ms: Timestamp,
        certificates: Vec<CertificateStatus>,
    ) -> Self {
        Self { version: VersionOne, realm, nonce, at_ms, expires_at_ms, certificates }
    }

    /// Signs it with the key that signs statements for providers.
    ///
    /// # Errors
    /// [`ProtocolError::Unavailable`] if the key's holder fails.
    pub fn sign(&self, key: &dyn Sign) -> Result<SignedCertificateStatuses, ProtocolError> {
        let payload = json::write(self);
        let signature = key
            .sign(&[&self.realm.context(LABEL), &payload])
            .map_err(|_| ProtocolError::Unavailable(WHAT))?;
        Ok(SignedCertificateStatuses { payload, signature: *signature.as_bytes() })
    }
}

impl SignedCertificateStatuses {
    /// Reads an answer's JSON.
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProtocolError> {
        json::parse(bytes, 2 * CONTENT_LEN_MAX, WHAT)
    }

    /// Checks signature, realm, nonce and time, in this order, and reads what is said.
    ///
    /// # Errors
    /// `Size`, `SignatureBad`, `Malformed`, `VersionUnsupported`, `RealmMismatch`, `Expired` of [`ProtocolError`].
    pub fn verify(
        &self,
        key: &VerifyingKey,
        realm: &Realm,
        nonce: Option<[u8; 16]>,
        now: Timestamp,
    ) -> Result<CertificateStatuses, ProtocolError> {
        if self.payload.len() > CONTENT_LEN_MAX {
            return Err(ProtocolError::Size(WHAT));
        }
        let bad = |_| ProtocolError::SignatureBad(WHAT);
        let signature = Signature::from_bytes(&self.signature).map_err(bad)?;
        key.verify(&[&realm.context(LABEL), &self.payload], &signature).map_err(bad)?;
        let said: CertificateStatuses = json::parse_versioned(&self.payload, CONTENT_LEN_MAX, WHAT)?;
        if said.realm != *realm {
            return Err(ProtocolError::RealmMismatch(WHAT));
        }
        if said.nonce != nonce || said.certificates.len() > CERTIFICATES_MAX {
            return Err(ProtocolError::Malformed(WHAT));
        }
        // Another clock may be a little ahead of ours.
        if now.plus_ms(300_000) < said.at_ms || said.expires_at_ms <= now {
            return Err(ProtocolError::Expired(WHAT));
        }
        Ok(said)
    }
}

/// 16 bytes as base64url, or left out.
mod optional_nonce {
    use crate::base64url;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Nonce(#[serde(with = "base64url")] [u8; 16]);

    pub(super) fn serialize<S: Serializer>(
        nonce: &Option<[u8; 16]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        nonce.map(Nonce).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<[u8; 16]>, D::Error> {
        Nonce::deserialize(deserializer).map(|nonce| Some(nonce.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::p256::SigningKey;

    fn said(realm: &Realm) -> CertificateStatuses {
        let at = Timestamp::from_s(1_800_000_000);
        let status = |state, since_ms| CertificateStatus {
            serial: [7; 16],
            state,
            since_ms,
            reason: since_ms.map(|_| "lost".to_owned()),
            not_after_ms: Some(at.plus_s(9)),
        };
        let certificates =
            vec![status(CertificateState::Good, None), status(CertificateState::Revoked, Some(at))];
        CertificateStatuses::new(realm.clone(), Some([1; 16]), at, at.plus_s(3_600), certificates)
    }

    #[test]
    fn a_bank_reads_what_was_signed_for_its_question_while_it_is_fresh() {
        let realm = Realm::new("shop.example").unwrap();
        let key = SigningKey::from_scalar(&[3; 32]).unwrap();
        let said = said(&realm);
        let signed = said.sign(&key).unwrap();
        let read = SignedCertificateStatuses::parse(&json::write(&signed)).unwrap();
        let verify = |signed: &SignedCertificateStatuses, realm, nonce, s: i64| {
            signed.verify(key.verifying_key(), realm, nonce, Timestamp::from_s(1_800_000_000 + s))
        };
        assert_eq!(verify(&read, &realm, Some([1; 16]), 0), Ok(said));
        assert_eq!(verify(&read, &realm, Some([2; 16]), 0), Err(ProtocolError::Malformed(WHAT)));
        assert_eq!(verify(&read, &realm, None, 0), Err(ProtocolError::Malformed(WHAT)));
        assert_eq!(verify(&read, &realm, Some([1; 16]), 3_600), Err(ProtocolError::Expired(WHAT)));
        assert_eq!(verify(&read, &realm, Some([1; 16]), -301), Err(ProtocolError::Expired(WHAT)));
        let other = Realm::new("other.example").unwrap();
        assert_eq!(verify(&read, &other, Some([1; 16]), 0), Err(ProtocolError::SignatureBad(WHAT)));
        for at in 0..read.payload.len() {
            let mut changed = read.clone();
            changed.payload[at] ^= 1;
            assert_eq!(verify(&changed, &realm, Some([1; 16]), 0), Err(ProtocolError::SignatureBad(WHAT)));
        }
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let realm = Realm::new("shop.example").unwrap();
        let text =
            String::from_utf8(json::write(&CertificateStatuses { nonce: None, ..said(&realm) })).unwrap();
        assert!(!text.contains("null") && !text.contains("nonce"), "{text}");
        assert!(json::parse::<CertificateStatuses>(text.as_bytes(), 4_096, WHAT).is_ok());
    }
}
