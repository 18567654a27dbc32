//! The port to whatever keeps the server's keys: an HSM, or a sealed file. Keys stay behind it; what comes
//! out is signatures, shared secrets and MACs. How they are kept is for `keystore`.

use std::sync::Arc;

use crypto::{
    CryptoError, Random,
    hpke::Decapsulate,
    p256::{Sign, VerifyingKey},
    x509::Certificate,
};
use model::{EnrolmentId, Timestamp, WebhookEndpointId};
use protocol::{
    key_bundle::{ConfirmationKey, KeyBundle, KeyId, PaymentKey, SignedKeyBundle},
    payment_code::{PinGeneration, PinKey},
    realm::Realm,
    realm_file::ActivationKey,
    webhook::WebhookSecret,
};

/// The server's keys. Calls may take milliseconds (an HSM), never longer.
pub trait KeyStore: Send + Sync + 'static {
    /// The installation that these keys belong to.
    fn realm(&self) -> &Realm;

    /// Takes up what was done to the keys since: made, promoted, retired, by another process or server. True if
    /// anything was. Called every few seconds.
    ///
    /// # Errors
    /// [`CryptoError::KeyStore`]; the keys are as they were.
    fn refresh(&self) -> Result<bool, CryptoError>;
    /// When the keys were last changed; the same on every server that has the same keys.
    fn changed_at(&self) -> Timestamp;

    /// What activation requests are sealed to; apps ship with it.
    fn activation_key(&self) -> ActivationKey;
    /// The holder of an activation key's private half; none if the id is not known here.
    fn activation_recipient(&self, key_id: KeyId) -> Option<Arc<dyn Decapsulate>>;

    /// What payment codes are sealed to: every epoch that is still opened, oldest first; at least one.
    fn payment_epochs(&self) -> Vec<PaymentEpoch>;

    /// Issues device certificates.
    fn device_ca(&self) -> Authority;

    /// Signs a key bundle with the root key. A root kept offline answers with a bundle signed beforehand.
    ///
    /// # Errors
    /// [`CryptoError::KeyStore`] if the root is not there or fails.
    fn sign_bundle(&self, bundle: &KeyBundle) -> Result<SignedKeyBundle, CryptoError>;

    /// The keys that phones know confirmations by, the present one first; 1 to 16.
    fn confirmation_keys(&self) -> Vec<ConfirmationKey>;
    /// The present confirmation key.
    fn confirmation_signer(&self) -> (KeyId, Arc<dyn Sign>);
    /// Signs authentication statements for providers.
    fn statement_signer(&self) -> Arc<dyn Sign>;
    /// Signs the audit chain's head.
    fn audit_signer(&self) -> Arc<dyn Sign>;
    /// The keys that ever signed it, former ones included.
    fn audit_keys(&self) -> Vec<VerifyingKey>;

    /// Signs rules: security policies.
    fn rule_signer(&self) -> Arc<dyn Sign>;
    /// The keys that rules are known by, the present one first: what a retired key signed is not believed.
    fn rule_keys(&self) -> Vec<VerifyingKey>;
    /// The keys that ever signed rules, retired ones included: for checks of what is kept, never to believe anything new.
    fn rule_keys_ever(&self) -> Vec<VerifyingKey>;

    /// Seals a PIN key for rest, bound to its enrolment and generation.
    ///
    /// # Errors
    /// [`CryptoError::KeyStore`].
    fn wrap_pin_key(
        &self,
        enrolment: EnrolmentId,
        generation: PinGeneration,
        key: &PinKey,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError>;
    /// Opens what [`KeyStore::wrap_pin_key`] sealed for the same enrolment and generation.
    ///
    /// # Errors
    /// [`CryptoError::Sealed`] if it is anything else; [`CryptoError::KeyStore`].
    fn unwrap_pin_key(
        &self,
        enrolment: EnrolmentId,
        generation: PinGeneration,
        wrapped: &[u8],
    ) -> Result<PinKey, CryptoError>;

    /// Seals the secret that webhooks to an endpoint are signed with, for rest and bound to that endpoint.
    ///
    /// # Errors
    /// [`CryptoError::KeyStore`].
    fn wrap_webhook_secret(
        &self,
        endpoint: WebhookEndpointId,
        secret: &WebhookSecret,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError>;
    /// Opens what [`KeyStore::wrap_webhook_secret`] sealed for the same endpoint.
    ///
    /// # Errors
    /// [`CryptoError::Sealed`] if it is anything else; [`CryptoError::KeyStore`].
    fn unwrap_webhook_secret(
        &self,
        endpoint: WebhookEndpointId,
        wrapped: &[u8],
    ) -> Result<WebhookSecret, CryptoError>;

    /// Whether there are former keys of this kind: something may still be sealed under them.
    fn has_former(&self, what: Wrapped) -> bool;
    /// Whether this was sealed under the present key of its kind.
    fn is_under_present(&self, what: Wrapped, wrapped: &[u8]) -> bool;

    /// HMAC-SHA256 over the parts as one string, under the key that marks our own activation challenges.
    ///
    /// # Errors
    /// [`CryptoError::KeyStore`].
    fn challenge_mac(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError>;
    /// The same under every key that marks or marked them, the present one first: to know a challenge by.
    ///
    /// # Errors
    /// [`CryptoError::KeyStore`].
    fn challenge_macs(&self, parts: &[&[u8]]) -> Result<Vec<[u8; 32]>, CryptoError>;
}

/// What is sealed for rest, each kind under keys of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrapped {
    /// [`KeyStore::wrap_pin_key`].
    PinKey,
    /// [`KeyStore::wrap_webhook_secret`].
    WebhookSecret,
}

/// The device CA: its own certificate, issued by the root, and its key.
#[derive(Clone)]
pub struct Authority {
    /// Its certificate.
    pub certificate: Certificate,
    /// Signs what it issues.
    pub signer: Arc<dyn Sign>,
}

impl core::fmt::Debug for Authority {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Authority({})", self.certificate.subject_cn())
    }
}

/// A key that payment codes are sealed to, with its private half's holder.
#[derive(Clone)]
pub struct PaymentEpoch {
    /// The public half with its id and the time in which phones seal to it.
    pub key: PaymentKey,
    /// Until when codes sealed to it are opened: later than `key.not_after_s` by the longest offline age.
    pub open_until: Timestamp,
    /// Opens them.
    pub holder: Arc<dyn Decapsulate>,
}

impl core::fmt::Debug for PaymentEpoch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PaymentEpoch({}, open until {})", self.key.key_id, self.open_until)
    }
}
