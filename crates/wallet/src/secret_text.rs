//! Secrets inside the state's JSON, which is only ever written to be sealed: base64url text, wiped on the way.

use crypto::Secret;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
use zeroize::{Zeroize, Zeroizing};

pub(crate) fn serialize<S: Serializer>(secret: &Secret<32>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Zeroizing::new(BASE64URL_NOPAD.encode(secret.expose())))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<32>, D::Error> {
    let text = Zeroizing::new(String::deserialize(deserializer)?);
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| D::Error::custom("not base64url"))?;
    let mut array: [u8; 32] = bytes.as_slice().try_into().map_err(|_| D::Error::custom("not 32 bytes"))?;
    let secret = Secret::from_bytes(array);
    array.zeroize();
    Ok(secret)
}

/// Bytes that are no secret, in the same form.
pub(crate) mod public {
    use super::{BASE64URL_NOPAD, Deserialize, Deserializer, Serializer};
    use serde::de::Error as _;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| D::Error::custom("not base64url"))
    }
}
