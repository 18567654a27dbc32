//! What a phone trusts beyond what its app ships with: the server's current keys and limits, signed by
//! the root key. `spec/activation.md`, section 8. Knows nothing of where keys are kept.

use std::fmt;

use crypto::{
    hash::sha256,
    hpke::PublicKey,
    p256::{Sign, Signature, VerifyingKey},
    x509::{Certificate, Purpose},
};
use data_encoding::HEXLOWER;
use model::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::payment_code::KeyId;
use crate::{
    base64url::{self, VersionOne},
    error::ProtocolError,
    json,
    payment_code::{RecipientKey, Suite},
    realm::Realm,
};

const WHAT: &str = "key bundle";
const LABEL: &str = "batzen/key-bundle/v1";
const PAYLOAD_LEN_MAX: usize = 32_768;
const KEYS_MAX: usize = 16;
/// The most keys that rules may be signed by.
pub const RULE_KEYS_MAX: usize = 4;
const PUBLIC_KEY_LEN_MAX: usize = 2048;
const SEQUENCE_MAX: u64 = (1 << 53) - 1;
/// How far a phone's clock may be behind the server's when a bundle is fresh.
const ISSUED_AHEAD_MS_MAX: i64 = 300_000;

/// A root key's id: the first 8 bytes of SHA-256 of its uncompressed point, 16 lower-case hex digits.
#[must_use]
pub fn root_key_id(root: &VerifyingKey) -> String {
    HEXLOWER.encode(&sha256(&[&root.to_sec1_uncompressed()])[..8])
}

/// DER bytes, at most 4096: certificates. Whoever uses them parses them.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Der(#[serde(with = "base64url")] DerBytes);

#[derive(Clone, PartialEq, Eq, Hash)]
struct DerBytes(Vec<u8>);

impl Der {
    /// The most bytes.
    pub const LEN_MAX: usize = 4096;

    /// Takes 1 to 4096 bytes, or refuses them with [`ProtocolError::Size`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, ProtocolError> {
        DerBytes::try_from(bytes).map(Self)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }
}

impl fmt::Debug for Der {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Der({} bytes)", self.0.0.len())
    }
}

impl AsRef<[u8]> for DerBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<Vec<u8>> for DerBytes {
    type Error = ProtocolError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, ProtocolError> {
        if (1..=Der::LEN_MAX).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(ProtocolError::Size("DER"))
        }
    }
}

/// A key that payment codes are sealed to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentKey {
    /// Its id in payment codes.
    pub key_id: KeyId,
    /// The number of the suite that it is for: a [`Suite`], or one that this version does not know.
    pub suite: u8,
    /// The public key's bytes: 32 in suite 1, 65 in suite 2.
    #[serde(with = "base64url")]
    pub public_key: Vec<u8>,
    /// Seconds since 1970 from which codes may be sealed to it.
    pub not_before_s: i64,
    /// Seconds since 1970 from which no more codes are sealed to it.
    pub not_after_s: i64,
}

impl PaymentKey {
    /// A key of a suite that this version knows.
    #[must_use]
    pub fn new(key_id: KeyId, public_key: &PublicKey, not_before_s: i64, not_after_s: i64) -> Self {
        Self {
            key_id,
            suite: Suite::of(public_key.kem()).number(),
            public_key: public_key.as_bytes().to_vec(),
            not_before_s,
            not_after_s,
        }
    }

    /// The public key, if the suite is one that this version knows.
    #[must_use]
    pub fn known(&self) -> Option<PublicKey> {
        PublicKey::from_bytes(Suite::from_number(self.suite)?.kem(), &self.public_key).ok()
    }
}

/// A key that signs confirmations.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmationKey {
    /// Its id in confirmations.
    pub key_id: KeyId,
    /// The key.
    #[serde(with = "base64url::p256")]
    pub public_key: VerifyingKey,
}

/// A key that signs lists of rules for sensors (`spec/rule-lists.md`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleKey {
    /// The key.
    #[serde(with = "base64url::p256")]
    pub public_key: VerifyingKey,
}

/// Limits that the phone keeps and shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisplayLimits {
    /// How long one code is shown.
    pub display_s: u16,
    /// How often a code may be renewed without the PIN.
    pub renewals_max: u16,
    /// How long codes may be shown altogether after one PIN entry.
    pub display_total_s_max: u16,
    /// How long a phone may be offline before policy caps or declines.
    pub offline_days_max: u16,
}

impl Default for DisplayLimits {
    fn default() -> Self {
        Self { display_s: 60, renewals_max: 3, display_total_s_max: 180, offline_days_max: 7 }
    }
}

/// A bundle as it travels: signed JSON, byte for byte. Serialises to its JSON form.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedKeyBundle {
    #[serde(with = "base64url")]
    payload: Vec<u8>,
    // Raw, not parsed: a high-s signature is a bad signature, not a malformed bundle.
    #[serde(with = "base64url")]
    signature: [u8; 64],
    key: String,
    /// Whom the root certified to sign in its name; the root itself signed if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signer: Option<Der>,
}

/// A bundle whose signature was checked, or that is about to be signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyBundle {
    /// The realm it is for.
    pub realm: Realm,
    /// Rises with every bundle that differs, from 1.
    pub sequence: u64,
    /// From when on it is valid.
    pub issued_at: Timestamp,
    /// Until when it is valid.
    pub expires_at: Timestamp,
    /// Payment codes are sealed to one of these: 1 to 16.
    pub payment_keys: Vec<PaymentKey>,
    /// Confirmations are signed by one of these: 1 to 16.
    pub confirmation_keys: Vec<ConfirmationKey>,
    /// Lists of rules for sensors are signed by one of these: 0 to 4.
    pub rule_keys: Vec<RuleKey>,
    /// The CA that issues device certificates.
    pub device_ca: Der,
    /// Limits that the phone keeps and shows.
    pub limits: DisplayLimits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    version: VersionOne,
    realm: Realm,
    sequence: u64,
    issued_at_ms: Timestamp,
    expires_at_ms: Timestamp,
    payment_keys: Vec<PaymentKey>,
    confirmation_keys: Vec<ConfirmationKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rule_keys: Vec<RuleKey>,
    device_ca: Der,
    limits: DisplayLimits,
}

impl SignedKeyBundle {
    /// The most bytes of a signed bundle's JSON.
    pub const JSON_LEN_MAX: usize = 65_536;

    /// Reads a signed bundle's JSON, as a server sends it or a wallet stored it. Checks no signature: see
    /// [`KeyBundle::verify`].
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::Malformed`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProtocolError> {
        json::parse(bytes, Self::JSON_LEN_MAX, WHAT)
    }

    /// The signed bundle's JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }
}

impl KeyBundle {
    /// Signs the bundle with the root key.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`] if the bundle is not as specified, so that no phone would take it;
    /// [`ProtocolError::Unavailable`] if the key's holder fails.
    pub fn sign(&self, root: &dyn Sign) -> Result<SignedKeyBundle, ProtocolError> {
        self.signed(root.verifying_key(), None, root)
    }

    /// Signs the bundle in the root's name, with a key that the root certified for it (DER, X.509).
    ///
    /// # Errors
    /// As [`KeyBundle::sign`]; [`ProtocolError::Size`] if the certificate is too long.
    pub fn sign_for(
        &self,
        root: &VerifyingKey,
        certificate: &[u8],
        signer: &dyn Sign,
    ) -> Result<SignedKeyBundle, ProtocolError> {
        self.signed(root, Some(Der::new(certificate.to_vec())?), signer)
    }

    fn signed(
        &self,
        root: &VerifyingKey,
        certificate: Option<Der>,
        signer: &dyn Sign,
    ) -> Result<SignedKeyBundle, ProtocolError> {
        self.well_formed()?;
        let payload = json::write(&Payload {
            version: VersionOne,
            realm: self.realm.clone(),
            sequence: self.sequence,
            issued_at_ms: self.issued_at,
            expires_at_ms: self.expires_at,
            payment_keys: self.payment_keys.clone(),
            confirmation_keys: self.confirmation_keys.clone(),
            rule_keys: self.rule_keys.clone(),
            device_ca: self.device_ca.clone(),
            limits: self.limits,
        });
        if payload.len() > PAYLOAD_LEN_MAX {
            return Err(ProtocolError::Size(WHAT));
        }
        let signature = signer
            .sign(&[&self.realm.context(LABEL), &payload])
            .map_err(|_| ProtocolError::Unavailable(WHAT))?
            .to_bytes();
        Ok(SignedKeyBundle { payload, signature, key: root_key_id(root), signer: certificate })
    }

    /// Checks a bundle against the root key, the realm, the time and the highest sequence accepted before
    /// (0 if none), in the order of the specification.
    ///
    /// # Errors
    /// `Size`, `KeyUnknown`, `SignatureBad`, `Malformed`, `VersionUnsupported`, `RealmMismatch`, `Expired`,
    /// `RolledBack` of [`ProtocolError`].
    pub fn verify(
        signed: &SignedKeyBundle,
        root: &VerifyingKey,
        realm: &Realm,
        at: Timestamp,
        last_sequence: u64,
    ) -> Result<Self, ProtocolError> {
        if signed.payload.len() > PAYLOAD_LEN_MAX {
            return Err(ProtocolError::Size(WHAT));
        }
        if signed.key != root_key_id(root) {
            return Err(ProtocolError::KeyUnknown(WHAT));
        }
        let bad = |_| ProtocolError::SignatureBad(WHAT);
        let signature = Signature::from_bytes(&signed.signature).map_err(bad)?;
        let certificate = signed.signer.as_ref().map(|der| Certificate::read(der.as_bytes())).transpose();
        let certificate = certificate.map_err(bad)?;
        if let Some(certificate) = &certificate {
            let at_s = u64::try_from(at.s()).unwrap_or(0);
            certificate.verify_signed_by(root, Purpose::KeyBundle, at_s).map_err(bad)?;
        }
        let signer = certificate.as_ref().map_or(root, Certificate::public_key);
        signer.verify(&[&realm.context(LABEL), &signed.payload], &signature).map_err(bad)?;
        let bundle = Self::parse(&signed.payload)?;
        if bundle.realm != *realm {
            return Err(ProtocolError::RealmMismatch(WHAT));
        }
        if at < bundle.issued_at.plus_ms(-ISSUED_AHEAD_MS_MAX) || at >= bundle.expires_at {
            return Err(ProtocolError::Expired(WHAT));
        }
        if bundle.sequence < last_sequence {
            return Err(ProtocolError::RolledBack(WHAT));
        }
        Ok(bundle)
    }

    /// The key to seal a payment code to at `at`: of the suites that this version knows, the one that became
    /// valid last; of several that became valid together, the one that stands last.
    #[must_use]
    pub fn payment_key_at(&self, at: Timestamp) -> Option<RecipientKey> {
        let now_s = at.s();
        self.payment_keys
            .iter()
            .filter(|key| key.not_before_s <= now_s && now_s < key.not_after_s)
            .filter_map(|key| Some((key.not_before_s, key.key_id, key.known()?)))
            .max_by_key(|(not_before_s, ..)| *not_before_s)
            .map(|(_, key_id, public_key)| RecipientKey { key_id, realm: self.realm.clone(), public_key })
    }

    /// The key that signs confirmations under this id.
    #[must_use]
    pub fn confirmation_key(&self, id: KeyId) -> Option<&VerifyingKey> {
        self.confirmation_keys.iter().find(|key| key.key_id == id).map(|key| &key.public_key)
    }

    fn parse(payload: &[u8]) -> Result<Self, ProtocolError> {
        let payload: Payload = json::parse_versioned(payload, PAYLOAD_LEN_MAX, WHAT)?;
        let bundle = Self {
            realm: payload.realm,
            sequence: payload.sequence,
            issued_at: payload.issued_at_ms,
            expires_at: payload.expires_at_ms,
            payment_keys: payload.payment_keys,
            confirmation_keys: payload.confirmation_keys,
            rule_keys: payload.rule_keys,
            device_ca: payload.device_ca,
            limits: payload.limits,
        };
        bundle.well_formed()?;
        Ok(bundle)
    }

    fn well_formed(&self) -> Result<(), ProtocolError> {
        let count = |n| (1..=KEYS_MAX).contains(&n);
        let key_fits = |key: &PaymentKey| {
            let suite_fits = Suite::from_number(key.suite).is_none() || key.known().is_some();
            suite_fits && (1..=PUBLIC_KEY_LEN_MAX).contains(&key.public_key.len())
        };
        let good = count(self.payment_keys.len())
            && count(self.confirmation_keys.len())
            && self.rule_keys.len() <= RULE_KEYS_MAX
            && self.payment_keys.iter().all(key_fits)
            && all_differ(self.payment_keys.iter().map(|key| key.key_id))
            && all_differ(self.confirmation_keys.iter().map(|key| key.key_id))
            && (1..=SEQUENCE_MAX).contains(&self.sequence)
            && self.issued_at < self.expires_at;
        if good { Ok(()) } else { Err(ProtocolError::Malformed(WHAT)) }
    }
}

fn all_differ(ids: impl Iterator<Item = KeyId>) -> bool {
    let mut seen: Vec<KeyId> = ids.collect();
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    seen.len() == count
}
