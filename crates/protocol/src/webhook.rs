//! The signature of a webhook in the Standard Webhooks form (`spec/webhooks.md`): HMAC-SHA256 over id, time and
//! body, under a secret that only we and the endpoint know.

use core::fmt;

use crypto::mac::{constant_time_eq, hmac_sha256};
use crypto::{Random, Secret, SecretString};
use data_encoding::BASE64;
use model::{Timestamp, WebhookId};

/// The header with the webhook's id: the same however often it is sent.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of this attempt, seconds since the Unix epoch.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with one or more signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// What a secret's text form begins with.
const SECRET_PREFIX: &str = "whsec_";
/// What a signature begins with: it names the algorithm.
const VERSION: &str = "v1,";

/// What an endpoint's webhooks are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Secret<32>);

impl WebhookSecret {
    /// Draws a fresh secret.
    pub fn make(random: &mut dyn Random) -> Self {
        Self(Secret::make(random))
    }

    /// The secret with these bytes.
    pub const fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// The bytes.
    pub const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// The text form that the endpoint's owner is given: `whsec_` and base64.
    pub fn to_text(&self) -> SecretString {
        // In one piece, so that no copy is left behind.
        let mut text = String::with_capacity(SECRET_PREFIX.len() + BASE64.encode_len(32));
        text.push_str(SECRET_PREFIX);
        BASE64.encode_append(self.0.expose(), &mut text);
        SecretString::from_string(text)
    }

    /// The signature of an attempt made `at`, as it stands in the header: `v1,` and base64.
    pub fn sign(&self, id: WebhookId, at: Timestamp, body: &[u8]) -> String {
        let tag = hmac_sha256(self.0.expose(), &[format!("{id}.{}.", at.s()).as_bytes(), body]);
        format!("{VERSION}{}", BASE64.encode(&tag))
    }

    /// Whether one of the signatures in the header is this secret's. How old the attempt may be is the receiver's
    /// to decide.
    pub fn verifies(&self, id: WebhookId, at: Timestamp, body: &[u8], signatures: &str) -> bool {
        let expected = self.sign(id, at, body);
        signatures.split(' ').any(|signature| constant_time_eq(signature.as_bytes(), expected.as_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_800_000_000_999);

    fn secret(byte: u8) -> WebhookSecret {
        WebhookSecret::from_secret(Secret::from_bytes([byte; 32]))
    }

    /// The same value as `openssl dgst -sha256 -mac HMAC` gives for these bytes.
    #[test]
    fn the_signature_covers_id_second_and_body() {
        let id = WebhookId::from_u128(7);
        assert_eq!(id.to_string(), "msg_00000000000000000000000007");
        let signature = secret(b'k').sign(id, AT, br#"{"a":1}"#);
        assert_eq!(signature, "v1,bTeFPvWS5LQidYJJCtzYn5S+mz185TPTeSMGqjbxZXg=");
        let verifies = |id, at, body: &[u8]| secret(b'k').verifies(id, at, body, &signature);
        assert!(verifies(id, AT, br#"{"a":1}"#));
        assert!(verifies(id, Timestamp::from_s(1_800_000_000), br#"{"a":1}"#));
        assert!(!verifies(id, AT.plus_s(1), br#"{"a":1}"#));
        assert!(!verifies(WebhookId::from_u128(8), AT, br#"{"a":1}"#));
        assert!(!verifies(id, AT, br#"{"a":2}"#));
        assert!(!secret(b'l').verifies(id, AT, br#"{"a":1}"#, &signature));
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let id = WebhookId::from_u128(7);
        let (old, new) = (secret(1), secret(2));
        let header = format!("{} {}", new.sign(id, AT, b""), old.sign(id, AT, b""));
        assert!(old.verifies(id, AT, b"", &header) && new.verifies(id, AT, b"", &header));
        assert!(!secret(3).verifies(id, AT, b"", &header));
        assert!(!old.verifies(id, AT, b"", ""));
    }

    #[test]
    fn a_secret_shows_itself_only_when_asked() {
        let secret = secret(0);
        assert_eq!(secret.to_text().expose(), "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(format!("{secret:?}"), "WebhookSecret(redacted)");
    }
}
