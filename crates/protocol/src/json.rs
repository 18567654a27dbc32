//! Reading JSON messages under a length limit, with errors that quote nothing.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::ProtocolError;

/// Reads one message of at most `len_max` bytes.
pub(crate) fn parse<T: DeserializeOwned>(
    bytes: &[u8],
    len_max: usize,
    what: &'static str,
) -> Result<T, ProtocolError> {
    if bytes.len() > len_max {
        return Err(ProtocolError::Size(what));
    }
    serde_json::from_slice(bytes).map_err(|_| ProtocolError::Malformed(what))
}

/// Reads one message that says its version, and tells another version from a malformed message.
pub(crate) fn parse_versioned<T: DeserializeOwned>(
    bytes: &[u8],
    len_max: usize,
    what: &'static str,
) -> Result<T, ProtocolError> {
    #[derive(Deserialize)]
    struct Version {
        version: u64,
    }
    let Version { version } = parse(bytes, len_max, what)?;
    if version != 1 {
        return Err(ProtocolError::VersionUnsupported(what));
    }
    parse(bytes, len_max, what)
}

/// Writes one of our own messages.
pub(crate) fn write<T: Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).expect("our messages have string keys and no failing parts")
}

/// For serde's `deserialize_with` on an optional name: there with a value, or left out; never `null`.
pub(crate) fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    d: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}
