//! A vector's keys, behind the server's own port to keys.

use crypto::{CryptoError, Random, Secret, hpke::Decapsulate, p256::Sign, p256::VerifyingKey};
use fixtures::vectors::Vector;
use keystore::RealmKeys;
use model::{EnrolmentId, Timestamp, WebhookEndpointId};
use protocol::key_bundle::{ConfirmationKey, KeyBundle, KeyId, PaymentKey, SignedKeyBundle};
use protocol::payment_code::{PinGeneration, PinKey};
use protocol::realm::Realm;
use protocol::realm_file::ActivationKey;
use protocol::webhook::WebhookSecret;
use security::{Authority, KeyStore, PaymentEpoch, Wrapped};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A key store with a vector's realm, payment key and PIN keys; all other keys are a software key store's.
pub(super) struct VectorKeys {
    realm: Realm,
    epoch: PaymentEpoch,
    pin_keys: BTreeMap<u32, [u8; 32]>,
    common: Arc<RealmKeys>,
}

impl VectorKeys {
    pub(super) fn new(vector: &Vector, common: Arc<RealmKeys>) -> Self {
        let recipient = vector.recipient_key();
        let now_s = vector.context.now_s;
        let (from_s, to_s) = (now_s - 86_400, now_s + 86_400);
        let key = PaymentKey::new(recipient.key_id, &recipient.public_key, from_s, to_s);
        let open_until = Timestamp::from_s(now_s + 2 * 86_400);
        let holder = Arc::new(vector.recipient_secret_key());
        Self {
            realm: recipient.realm,
            epoch: PaymentEpoch { key, open_until, holder },
            pin_keys: vector.pin_keys.iter().map(|(number, key)| (*number, key.to_array())).collect(),
            common,
        }
    }
}

impl KeyStore for VectorKeys {
    fn realm(&self) -> &Realm {
        &self.realm
    }
    fn activation_key(&self) -> ActivationKey {
        self.common.activation_key()
    }
    fn activation_recipient(&self, key_id: KeyId) -> Option<Arc<dyn Decapsulate>> {
        self.common.activation_recipient(key_id)
    }
    fn payment_epochs(&self) -> Vec<PaymentEpoch> {
        vec![self.epoch.clone()]
    }
    fn refresh(&self) -> Result<bool, CryptoError> {
        self.common.refresh()
    }
    fn changed_at(&self) -> Timestamp {
        self.common.changed_at()
    }
    fn device_ca(&self) -> Authority {
        self.common.device_ca()
    }
    fn sign_bundle(&self, bundle: &KeyBundle) -> Result<SignedKeyBundle, CryptoError> {
        self.common.sign_bundle(bundle)
    }
    fn confirmation_keys(&self) -> Vec<ConfirmationKey> {
        self.common.confirmation_keys()
    }
    fn confirmation_signer(&self) -> (KeyId, Arc<dyn Sign>) {
        self.common.confirmation_signer()
    }
    fn statement_signer(&self) -> Arc<dyn Sign> {
        self.common.statement_signer()
    }
    fn audit_signer(&self) -> Arc<dyn Sign> {
        self.common.audit_signer()
    }
    fn audit_keys(&self) -> Vec<VerifyingKey> {
        self.common.audit_keys()
    }
    fn rule_signer(&self) -> Arc<dyn Sign> {
        self.common.rule_signer()
    }
    fn rule_keys(&self) -> Vec<VerifyingKey> {
        self.common.rule_keys()
    }

    fn rule_keys_ever(&self) -> Vec<VerifyingKey> {
        self.common.rule_keys_ever()
    }
    fn wrap_pin_key(
        &self,
        _: EnrolmentId,
        _: PinGeneration,
        _: &PinKey,
        _: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::KeyStore("vectors bring their PIN keys"))
    }
    fn unwrap_pin_key(
        &self,
        _: EnrolmentId,
        generation: PinGeneration,
        _: &[u8],
    ) -> Result<PinKey, CryptoError> {
        let key = self.pin_keys.get(&generation.0).ok_or(CryptoError::KeyStore("no such PIN key"))?;
        Ok(PinKey::from_secret(Secret::from_bytes(*key)))
    }
    fn has_former(&self, what: Wrapped) -> bool {
        self.common.has_former(what)
    }
    fn is_under_present(&self, what: Wrapped, wrapped: &[u8]) -> bool {
        self.common.is_under_present(what, wrapped)
    }
    fn wrap_webhook_secret(
        &self,
        endpoint: WebhookEndpointId,
        secret: &WebhookSecret,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        self.common.wrap_webhook_secret(endpoint, secret, random)
    }
    fn unwrap_webhook_secret(
        &self,
        endpoint: WebhookEndpointId,
        wrapped: &[u8],
    ) -> Result<WebhookSecret, CryptoError> {
        self.common.unwrap_webhook_secret(endpoint, wrapped)
    }
    fn challenge_macs(&self, parts: &[&[u8]]) -> Result<Vec<[u8; 32]>, CryptoError> {
        self.common.challenge_macs(parts)
    }
    fn challenge_mac(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.common.challenge_mac(parts)
    }
}
