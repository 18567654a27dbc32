//! What the phone and the server share while a phone is activated (`spec/activation.md`): labels, the
//! challenge, what attestations are bound to and what both device keys sign.

use std::fmt;

use crypto::{Random, hash::sha256, p256::VerifyingKey, x25519};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{base64url, error::ProtocolError, realm::Realm};

pub(crate) const LABEL_REQUEST: &str = "batzen/activation/v1/request";
pub(crate) const LABEL_REPLY_KEY: &str = "batzen/activation/v1/reply-key";
const LABEL_DEVICE_PROOF: &str = "batzen/activation/v1/device-proof";
const LABEL_ONLINE_PROOF: &str = "batzen/activation/v1/online-proof";
const LABEL_ATTESTATION_KEY: &str = "batzen/attestation/v1/key";
const LABEL_ATTESTATION_APP: &str = "batzen/attestation/v1/app";

/// The most bytes of a request or a reply as it travels.
pub const MESSAGE_LEN_MAX: usize = 65_536;
/// How long a challenge is valid.
pub const CHALLENGE_EXPIRES_S: i64 = 300;

/// 40 bytes that the server gives before an activation, and whose meaning only it knows. Text form:
/// 54 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(#[serde(with = "base64url")] [u8; Self::LEN]);

impl Challenge {
    /// Bytes of a challenge.
    pub const LEN: usize = 40;

    /// The challenge with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Draws 40 random bytes, for a server that keeps its challenges instead of computing them.
    pub fn make(random: &mut dyn Random) -> Self {
        let mut bytes = [0; Self::LEN];
        random.fill(&mut bytes);
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl std::str::FromStr for Challenge {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        let bytes =
            BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| ProtocolError::Malformed("challenge"))?;
        bytes.try_into().map(Self).map_err(|_| ProtocolError::Malformed("challenge"))
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a platform that attests keys (Android) is given while it makes the payments device key.
#[must_use]
pub fn derive_key_attestation_challenge(realm: &Realm, challenge: &Challenge) -> [u8; 32] {
    sha256(&[&realm.context(LABEL_ATTESTATION_KEY), challenge.as_bytes()])
}

/// What a platform that attests apps is given: App Attest as client data hash, Play Integrity as nonce.
#[must_use]
pub fn derive_app_attestation_hash(
    realm: &Realm,
    challenge: &Challenge,
    device_key: &VerifyingKey,
) -> [u8; 32] {
    sha256(&[&realm.context(LABEL_ATTESTATION_APP), challenge.as_bytes(), &device_key.to_sec1_uncompressed()])
}

/// What both device keys sign, each under its own label, so that neither can be enrolled with another's.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The server's challenge.
    pub challenge: &'a Challenge,
    /// The payments device key.
    pub device_key: &'a VerifyingKey,
    /// The key that signs online requests.
    pub online_key: &'a VerifyingKey,
    /// The key that confirmations are sealed to.
    pub confirmation_key: &'a x25519::PublicKey,
}

impl Binding<'_> {
    /// The message that the payments device key signs.
    #[must_use]
    pub fn device_proof_message(&self, realm: &Realm) -> Vec<u8> {
        self.message(realm, LABEL_DEVICE_PROOF)
    }

    /// The message that the online key signs.
    #[must_use]
    pub fn online_proof_message(&self, realm: &Realm) -> Vec<u8> {
        self.message(realm, LABEL_ONLINE_PROOF)
    }

    fn message(&self, realm: &Realm, label: &str) -> Vec<u8> {
        let mut message = realm.context(label);
        message.extend_from_slice(self.challenge.as_bytes());
        message.extend_from_slice(&sha256(&[&self.device_key.to_sec1_uncompressed()]));
        message.extend_from_slice(&sha256(&[&self.online_key.to_sec1_uncompressed()]));
        message.extend_from_slice(self.confirmation_key.as_bytes());
        message
    }
}
