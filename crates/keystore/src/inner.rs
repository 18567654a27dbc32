//! What is sealed in the file: every private key, with what belongs to it. In memory only as long as needed,
//! and wiped then.

use crypto::{Random, Secret, SecretBytes};
use data_encoding::BASE64;
use model::Timestamp;
use protocol::{key_bundle::KeyId, payment_code::Suite, realm::Realm};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::{Zeroize, Zeroizing};

/// Everything that the file keeps.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inner {
    pub(crate) realm: Realm,
    pub(crate) created_at_ms: Timestamp,
    pub(crate) activation: SealedToKey,
    pub(crate) payment: Vec<EpochKey>,
    /// Signs key bundles and authorities, nothing else.
    pub(crate) root: StoredKey,
    pub(crate) root_certificate: Der,
    pub(crate) device_ca: StoredKey,
    pub(crate) device_ca_certificate: Der,
    /// The present one first.
    pub(crate) confirmation: Vec<NamedKey>,
    pub(crate) statement: StoredKey,
    pub(crate) audit: StoredKey,
    pub(crate) pin_wrapping: StoredKey,
    pub(crate) challenge: StoredKey,
}

/// A key with the id that the outside knows it by.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedKey {
    pub(crate) key_id: KeyId,
    pub(crate) key: StoredKey,
}

/// A key that activations and PIN changes are sealed to. Files of before there were two suites name none.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SealedToKey {
    pub(crate) key_id: KeyId,
    #[serde(default, skip_serializing_if = "is_first")]
    pub(crate) suite: Suite,
    pub(crate) key: StoredKey,
}

/// A key that payment codes are sealed to, with its times.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EpochKey {
    pub(crate) key_id: KeyId,
    #[serde(default, skip_serializing_if = "is_first")]
    pub(crate) suite: Suite,
    pub(crate) key: StoredKey,
    pub(crate) not_before_s: i64,
    pub(crate) not_after_s: i64,
    pub(crate) open_until_ms: Timestamp,
}

fn is_first(suite: &Suite) -> bool {
    *suite == Suite::default()
}

/// 32 secret bytes: an X25519 key, a P-256 scalar or a symmetric key.
#[derive(Clone)]
pub(crate) struct StoredKey(pub(crate) Secret<32>);

impl StoredKey {
    pub(crate) fn make(random: &mut dyn Random) -> Self {
        Self(Secret::make(random))
    }
}

/// A certificate's bytes.
pub(crate) struct Der(pub(crate) Vec<u8>);

/// Far more than all keys take.
const JSON_LEN: usize = 64 * 1024;

impl Inner {
    /// The JSON to be sealed. Its room is taken at once, so that growing leaves no copies behind.
    pub(crate) fn to_json(&self) -> SecretBytes {
        let mut json = Vec::with_capacity(JSON_LEN);
        serde_json::to_writer(&mut json, self).expect("our content has string keys and no failing parts");
        SecretBytes::from_vec(json)
    }

    /// Reads it back; none if it is not what was written.
    pub(crate) fn from_json(json: &SecretBytes) -> Option<Self> {
        serde_json::from_slice(json.expose()).ok()
    }
}

impl Serialize for StoredKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64.encode(self.0.expose())))
    }
}

impl<'de> Deserialize<'de> for StoredKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = BASE64.decode(text.as_bytes()).map(Zeroizing::new);
        // Fixed words: serde's own would quote the text.
        let bytes = bytes.map_err(|_| de::Error::custom("not base64"))?;
        let mut key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| de::Error::custom("not 32 bytes"))?;
        let secret = Secret::from_bytes(key);
        key.zeroize();
        Ok(Self(secret))
    }
}

impl Serialize for Der {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map(Self).map_err(|_| de::Error::custom("not base64"))
    }
}
