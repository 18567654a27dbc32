//! What is sealed in the file: the register and every private key. In memory only as long as needed, and wiped then.

use std::collections::BTreeMap;

use crypto::{Secret, SecretBytes};
use data_encoding::BASE64;
use protocol::key_bundle::KeyId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::{Zeroize, Zeroizing};

use crate::{KeyName, Register, Role, first};

/// Everything that the file keeps.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inner {
    pub(crate) register: Register,
    pub(crate) secrets: Vec<Kept>,
}

/// A private half.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    role: Role,
    key_id: KeyId,
    secret: StoredKey,
}

/// 32 secret bytes: an X25519 key, a P-256 scalar or a symmetric key.
#[derive(Clone)]
pub(crate) struct StoredKey(pub(crate) Secret<32>);

/// Far more than all keys take.
const JSON_LEN: usize = 256 * 1024;

impl Inner {
    pub(crate) fn new(register: Register, secrets: BTreeMap<KeyName, Secret<32>>) -> Self {
        let kept = |(name, secret): (KeyName, _)| Kept {
            role: name.role,
            key_id: name.key_id,
            secret: StoredKey(secret),
        };
        Self { register, secrets: secrets.into_iter().map(kept).collect() }
    }

    /// The private halves by name.
    pub(crate) fn secrets(&self) -> BTreeMap<KeyName, Secret<32>> {
        let named = |kept: &Kept| (KeyName { role: kept.role, key_id: kept.key_id }, kept.secret.0.clone());
        self.secrets.iter().map(named).collect()
    }

    /// The JSON to be sealed. Its room is taken at once, so that growing leaves no copies behind.
    pub(crate) fn to_json(&self) -> SecretBytes {
        let mut json = Vec::with_capacity(JSON_LEN);
        serde_json::to_writer(&mut json, self).expect("our content has string keys and no failing parts");
        SecretBytes::from_vec(json)
    }

    /// Reads it back, also in the form of the first files; none if it is not what was written.
    pub(crate) fn from_json(json: &SecretBytes) -> Option<Self> {
        serde_json::from_slice(json.expose()).ok().or_else(|| first::read(json))
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
