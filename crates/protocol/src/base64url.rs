//! Byte strings inside JSON: base64url without padding, canonical (`spec/activation.md`, section 1).
//! For serde's `with`.

use std::{fmt, marker::PhantomData};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserializer, Serializer, de, ser};
use zeroize::{Zeroize, Zeroizing};

pub(crate) fn serialize<T: AsRef<[u8]>, S: Serializer>(bytes: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let text = Zeroizing::new(BASE64URL_NOPAD.encode(bytes.as_ref()));
    serializer.serialize_str(&text)
}

pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<Vec<u8>>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Text(PhantomData))
}

struct Text<T>(PhantomData<T>);

impl<T: TryFrom<Vec<u8>>> de::Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64url text of the right length")
    }

    // The messages are fixed: serde's own would quote the text, which may be secret.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| E::custom("not base64url"))?;
        T::try_from(bytes).map_err(|_| E::custom("not the right length"))
    }
}

/// 32 secret bytes.
pub(crate) mod secret {
    use super::{BASE64URL_NOPAD, Deserializer, Serializer, Zeroize, Zeroizing};
    use crypto::Secret;

    pub(crate) fn serialize<S: Serializer>(secret: &Secret<32>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64URL_NOPAD.encode(secret.expose())))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<32>, D::Error> {
        let mut bytes: [u8; 32] = super::deserialize(deserializer)?;
        let secret = Secret::from_bytes(bytes);
        bytes.zeroize();
        Ok(secret)
    }
}

/// A P-256 public key: 65 bytes, uncompressed SEC 1.
pub(crate) mod p256 {
    use super::{Deserializer, Serializer, de::Error as _};
    use crypto::p256::VerifyingKey;

    pub(crate) fn serialize<S: Serializer>(key: &VerifyingKey, serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(&key.to_sec1_uncompressed(), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VerifyingKey, D::Error> {
        let point: [u8; 65] = super::deserialize(deserializer)?;
        VerifyingKey::from_sec1(&point).map_err(D::Error::custom)
    }
}

/// An X25519 public key: 32 bytes.
pub(crate) mod x25519 {
    use super::{Deserializer, Serializer};
    use crypto::x25519::PublicKey;

    pub(crate) fn serialize<S: Serializer>(key: &PublicKey, serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(key.as_bytes(), serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PublicKey, D::Error> {
        super::deserialize(deserializer).map(PublicKey)
    }
}

/// Bytes as lower-case hex digits, two each.
pub(crate) mod hex {
    use super::{Deserializer, Serializer, de::Error as _};
    use data_encoding::HEXLOWER;
    use serde::Deserialize;

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| D::Error::custom("not lower-case hex"))?;
        bytes.try_into().map_err(|_| D::Error::custom("not the right length"))
    }
}

/// Writes `1` and takes nothing else: the `version` of every message of this crate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct VersionOne;

impl ser::Serialize for VersionOne {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> de::Deserialize<'de> for VersionOne {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            1 => Ok(Self),
            _ => Err(de::Error::custom("not version 1")),
        }
    }
}
