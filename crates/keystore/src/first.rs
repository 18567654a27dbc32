//! The first form of the sealed content: one key of each kind, several only of those that phones seal to. Read, never
//! written.

use std::collections::BTreeMap;

use crypto::{Secret, SecretBytes, kdf::hkdf_sha256, p256::SigningKey, x25519};
use model::Timestamp;
use protocol::{key_bundle::KeyId, realm::Realm};
use serde::Deserialize;
use zeroize::Zeroize;

use crate::{
    Algorithm, Bytes, EpochTimes, KeyEntry, KeyName, KeyState, Register, Role,
    inner::{Inner, StoredKey},
};

/// Those keys had no id.
const NO_ID: KeyId = KeyId(0);
/// These keys were derived from the PIN keys'.
const WEBHOOK_WRAPPING_LABEL: &str = "batzen/webhook-secret-wrapping/v1";
const RULE_SIGNING_LABEL: &str = "batzen/rule-signing/v1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    realm: Realm,
    created_at_ms: Timestamp,
    activation: NamedKey,
    payment: Vec<EpochKey>,
    root: StoredKey,
    root_certificate: Bytes,
    device_ca: StoredKey,
    device_ca_certificate: Bytes,
    /// The present one first.
    confirmation: Vec<NamedKey>,
    statement: StoredKey,
    audit: StoredKey,
    pin_wrapping: StoredKey,
    challenge: StoredKey,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedKey {
    key_id: KeyId,
    key: StoredKey,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EpochKey {
    key_id: KeyId,
    key: StoredKey,
    not_before_s: i64,
    not_after_s: i64,
    open_until_ms: Timestamp,
}

/// The content in its present form; none if it is not the first one.
pub(crate) fn read(json: &SecretBytes) -> Option<Inner> {
    let first: First = serde_json::from_slice(json.expose()).ok()?;
    let mut made = Made {
        register: Register::new(first.realm, first.created_at_ms),
        secrets: BTreeMap::new(),
        at: first.created_at_ms,
    };
    let webhooks = derive_webhook_wrapping(&first.pin_wrapping.0);
    made.signing(Role::Root, NO_ID, &first.root, Some(first.root_certificate))?;
    made.signing(Role::DeviceCa, NO_ID, &first.device_ca, Some(first.device_ca_certificate))?;
    made.x25519(Role::Activation, first.activation.key_id, &first.activation.key, None);
    for epoch in first.payment {
        let times = EpochTimes {
            not_before_s: epoch.not_before_s,
            not_after_s: epoch.not_after_s,
            open_until_ms: epoch.open_until_ms,
        };
        made.step_back(Role::Payment);
        made.x25519(Role::Payment, epoch.key_id, &epoch.key, Some(times));
    }
    for named in first.confirmation.into_iter().rev() {
        made.step_back(Role::Confirmation);
        made.signing(Role::Confirmation, named.key_id, &named.key, None)?;
    }
    made.signing(Role::Statement, NO_ID, &first.statement, None)?;
    made.signing(Role::Audit, NO_ID, &first.audit, None)?;
    made.signing(Role::Rules, NO_ID, &StoredKey(derive_rule_signing(&first.pin_wrapping.0)?), None)?;
    made.secret(Role::PinWrapping, Algorithm::Aes256Gcm, first.pin_wrapping.0);
    made.secret(Role::WebhookWrapping, Algorithm::Aes256Gcm, webhooks);
    made.secret(Role::Challenge, Algorithm::HmacSha256, first.challenge.0);
    Some(Inner::new(made.register, made.secrets))
}

struct Made {
    register: Register,
    secrets: BTreeMap<KeyName, Secret<32>>,
    at: Timestamp,
}

impl Made {
    /// What was the present key of this role is a former one.
    fn step_back(&mut self, role: Role) {
        for entry in &mut self.register.keys {
            if entry.role == role {
                entry.state = KeyState::Former;
            }
        }
    }

    fn signing(
        &mut self,
        role: Role,
        key_id: KeyId,
        key: &StoredKey,
        certificate: Option<Bytes>,
    ) -> Option<()> {
        let public = SigningKey::from_scalar(key.0.expose()).ok()?.verifying_key().to_sec1_uncompressed();
        let entry = self.entry(role, key_id, Algorithm::EcdsaP256, public.to_vec());
        self.put(KeyEntry { certificate, ..entry }, key.0.clone());
        Some(())
    }

    fn x25519(&mut self, role: Role, key_id: KeyId, key: &StoredKey, times: Option<EpochTimes>) {
        let public = x25519::SecretKey::from_bytes(key.0.expose()).public_key().as_bytes().to_vec();
        let entry = self.entry(role, key_id, Algorithm::X25519, public);
        self.put(KeyEntry { times, ..entry }, key.0.clone());
    }

    fn secret(&mut self, role: Role, algorithm: Algorithm, secret: Secret<32>) {
        let entry = self.entry(role, NO_ID, algorithm, Vec::new());
        self.put(entry, secret);
    }

    fn entry(&self, role: Role, key_id: KeyId, algorithm: Algorithm, public: Vec<u8>) -> KeyEntry {
        KeyEntry {
            role,
            key_id,
            algorithm,
            state: KeyState::Present,
            made_at_ms: self.at,
            since_ms: self.at,
            public_key: Bytes(public),
            certificate: None,
            times: None,
        }
    }

    fn put(&mut self, entry: KeyEntry, secret: Secret<32>) {
        self.secrets.insert(entry.name(), secret);
        self.register.keys.push(entry);
    }
}

fn derive_webhook_wrapping(pin_wrapping: &Secret<32>) -> Secret<32> {
    derive(pin_wrapping, &[WEBHOOK_WRAPPING_LABEL.as_bytes()])
}

/// Hardly any 32 bytes are no scalar; the next are derived then.
fn derive_rule_signing(pin_wrapping: &Secret<32>) -> Option<Secret<32>> {
    (0..=u8::MAX)
        .map(|number| derive(pin_wrapping, &[RULE_SIGNING_LABEL.as_bytes(), &[number]]))
        .find(|scalar| SigningKey::from_scalar(scalar.expose()).is_ok())
}

fn derive(from: &Secret<32>, info: &[&[u8]]) -> Secret<32> {
    let mut key = [0; 32];
    hkdf_sha256(&[], from.expose(), info, &mut key);
    let secret = Secret::from_bytes(key);
    key.zeroize();
    secret
}
