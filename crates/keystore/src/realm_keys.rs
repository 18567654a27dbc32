//! The keys of one realm behind security management's port, wherever their private halves are.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use crypto::{
    CryptoError, Random, Secret,
    hpke::Decapsulate,
    p256::{Sign, VerifyingKey},
    x509::Certificate,
};
use model::{EnrolmentId, Timestamp, WebhookEndpointId};
use protocol::{
    key_bundle::{ConfirmationKey, KeyBundle, KeyId, SignedKeyBundle},
    payment_code::{PinGeneration, PinKey},
    realm::Realm,
    realm_file::{ActivationKey, AppIdentity, RealmFile},
    webhook::WebhookSecret,
};
use security::{Authority, KeyStore, PaymentEpoch, Wrapped};

use crate::{KeyName, KeyState, KeyStoreError, Register, Role, home::Home, keyring::Keyring, place::Place};

const PIN_WRAPPING_LABEL: &str = "batzen/pin-key-wrapping/v1";
const WEBHOOK_WRAPPING_LABEL: &str = "batzen/webhook-secret-wrapping/v1";

/// All keys of one realm.
pub struct RealmKeys {
    realm: Realm,
    pub(crate) home: Home,
    ring: RwLock<Arc<Keyring>>,
}

impl RealmKeys {
    /// The keys that this home keeps.
    pub(crate) fn at(home: Home) -> Result<Self, KeyStoreError> {
        let (register, place) = home.load()?;
        let ring = Keyring::new(register, place).map_err(|error| home.explain(error))?;
        Ok(Self { realm: ring.register.realm.clone(), home, ring: RwLock::new(Arc::new(ring)) })
    }

    pub(crate) fn ring(&self) -> Arc<Keyring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn replace(&self, register: Register, place: Arc<dyn Place>) -> Result<(), KeyStoreError> {
        let ring = Keyring::new(register, place).map_err(|error| self.home.explain(error))?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        Ok(())
    }

    /// Which keys there are.
    #[must_use]
    pub fn register(&self) -> Register {
        self.ring().register.clone()
    }

    /// What whoever runs this should know about where the keys are; nothing if they are as safe as can be.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        self.home.warning()
    }

    /// The root's public key, which apps ship with.
    #[must_use]
    pub fn root_public_key(&self) -> VerifyingKey {
        self.ring().root_certificate.public_key().clone()
    }

    /// The root's own certificate.
    #[must_use]
    pub fn root_certificate(&self) -> Certificate {
        self.ring().root_certificate.clone()
    }

    /// The key that providers check authentication statements with now.
    #[must_use]
    pub fn statement_public_key(&self) -> VerifyingKey {
        self.ring().statement.verifying_key().clone()
    }

    /// What an app of this realm ships with.
    #[must_use]
    pub fn realm_file(&self, server_url: &str, tls_roots_pem: &str, app: AppIdentity) -> RealmFile {
        RealmFile {
            realm: self.realm.clone(),
            server_url: server_url.to_owned(),
            activation_key: self.activation_key(),
            root_public_key: self.root_public_key(),
            tls_roots_pem: tls_roots_pem.to_owned(),
            app,
        }
    }

    /// Label, realm, enrolment and generation: a wrapped PIN key is of use nowhere else.
    fn pin_wrapping_aad(&self, enrolment: EnrolmentId, generation: PinGeneration) -> Vec<u8> {
        let mut aad = self.realm.context(PIN_WRAPPING_LABEL);
        aad.extend_from_slice(&enrolment.to_bytes());
        aad.extend_from_slice(&generation.0.to_be_bytes());
        aad
    }

    /// Label, realm and endpoint: a wrapped secret is of use nowhere else.
    fn webhook_wrapping_aad(&self, endpoint: WebhookEndpointId) -> Vec<u8> {
        let mut aad = self.realm.context(WEBHOOK_WRAPPING_LABEL);
        aad.extend_from_slice(&endpoint.to_u128().to_be_bytes());
        aad
    }
}

const fn role_of(what: Wrapped) -> Role {
    match what {
        Wrapped::PinKey => Role::PinWrapping,
        Wrapped::WebhookSecret => Role::WebhookWrapping,
    }
}

/// The key's id and what it sealed.
fn wrap(
    ring: &Keyring,
    name: KeyName,
    random: &mut dyn Random,
    aad: &[u8],
    secret: &Secret<32>,
) -> Result<Vec<u8>, CryptoError> {
    let sealed = ring.place.seal(name, random, aad, secret.expose())?;
    Ok([&name.key_id.0.to_be_bytes()[..], &sealed].concat())
}

/// The secret that was wrapped.
fn unwrap(ring: &Keyring, role: Role, aad: &[u8], wrapped: &[u8]) -> Result<Secret<32>, CryptoError> {
    let (name, sealed) = ring.unframe(role, wrapped)?;
    let secret = ring.place.open(name, aad, sealed)?;
    let bytes: &[u8; 32] = secret.expose().try_into().map_err(|_| CryptoError::Sealed)?;
    Ok(Secret::from_bytes(*bytes))
}

impl KeyStore for RealmKeys {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    fn refresh(&self) -> Result<bool, CryptoError> {
        let newer = self.home.load_newer_than(self.ring().register.revision);
        let taken = newer.and_then(|newer| {
            let newer = newer.filter(|(register, _)| register.realm == self.realm);
            newer.map(|(register, place)| self.replace(register, place)).transpose()
        });
        taken.map(|taken| taken.is_some()).map_err(|error| error.to_crypto())
    }

    fn changed_at(&self) -> Timestamp {
        self.ring().changed_at
    }

    fn activation_key(&self) -> ActivationKey {
        self.ring().activation[0].0
    }

    fn activation_recipient(&self, key_id: KeyId) -> Option<Arc<dyn Decapsulate>> {
        let ring = self.ring();
        ring.activation.iter().find(|(key, _)| key.key_id == key_id).map(|(_, holder)| holder.clone())
    }

    fn payment_epochs(&self) -> Vec<PaymentEpoch> {
        self.ring().payment.clone()
    }

    fn device_ca(&self) -> Authority {
        self.ring().device_ca.clone()
    }

    fn sign_bundle(&self, bundle: &KeyBundle) -> Result<SignedKeyBundle, CryptoError> {
        let ring = self.ring();
        let (certificate, signer) = &ring.bundle_signer;
        let signed = match certificate {
            Some(certificate) => {
                bundle.sign_for(ring.root_certificate.public_key(), certificate.as_der(), &**signer)
            }
            None => bundle.sign(&**signer),
        };
        signed.map_err(|_| CryptoError::KeyStore("the key bundle is not one to sign"))
    }

    fn confirmation_keys(&self) -> Vec<ConfirmationKey> {
        self.ring().confirmation_keys.clone()
    }

    fn confirmation_signer(&self) -> (KeyId, Arc<dyn Sign>) {
        self.ring().confirmation.clone()
    }

    fn statement_signer(&self) -> Arc<dyn Sign> {
        self.ring().statement.clone()
    }

    fn audit_signer(&self) -> Arc<dyn Sign> {
        self.ring().audit.clone()
    }

    fn audit_keys(&self) -> Vec<VerifyingKey> {
        self.ring().audit_keys.clone()
    }

    fn rule_signer(&self) -> Arc<dyn Sign> {
        self.ring().rules.clone()
    }

    fn rule_keys(&self) -> Vec<VerifyingKey> {
        self.ring().rule_keys.clone()
    }

    fn rule_keys_ever(&self) -> Vec<VerifyingKey> {
        self.ring().rule_keys_ever.clone()
    }

    fn wrap_pin_key(
        &self,
        enrolment: EnrolmentId,
        generation: PinGeneration,
        key: &PinKey,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        let (ring, aad) = (self.ring(), self.pin_wrapping_aad(enrolment, generation));
        wrap(&ring, ring.pin_wrapping, random, &aad, key.secret())
    }

    fn unwrap_pin_key(
        &self,
        enrolment: EnrolmentId,
        generation: PinGeneration,
        wrapped: &[u8],
    ) -> Result<PinKey, CryptoError> {
        let aad = self.pin_wrapping_aad(enrolment, generation);
        unwrap(&self.ring(), Role::PinWrapping, &aad, wrapped).map(PinKey::from_secret)
    }

    fn wrap_webhook_secret(
        &self,
        endpoint: WebhookEndpointId,
        secret: &WebhookSecret,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        let (ring, aad) = (self.ring(), self.webhook_wrapping_aad(endpoint));
        wrap(&ring, ring.webhook_wrapping, random, &aad, secret.secret())
    }

    fn unwrap_webhook_secret(
        &self,
        endpoint: WebhookEndpointId,
        wrapped: &[u8],
    ) -> Result<WebhookSecret, CryptoError> {
        let aad = self.webhook_wrapping_aad(endpoint);
        unwrap(&self.ring(), Role::WebhookWrapping, &aad, wrapped).map(WebhookSecret::from_secret)
    }

    fn has_former(&self, what: Wrapped) -> bool {
        self.ring().register.live(role_of(what)).any(|entry| entry.state == KeyState::Former)
    }

    fn is_under_present(&self, what: Wrapped, wrapped: &[u8]) -> bool {
        let ring = self.ring();
        let present = match what {
            Wrapped::PinKey => ring.pin_wrapping,
            Wrapped::WebhookSecret => ring.webhook_wrapping,
        };
        ring.unframe(role_of(what), wrapped).is_ok_and(|(name, _)| name == present)
    }

    fn challenge_macs(&self, parts: &[&[u8]]) -> Result<Vec<[u8; 32]>, CryptoError> {
        let ring = self.ring();
        ring.challenge.iter().map(|name| ring.place.mac(*name, parts)).collect()
    }

    fn challenge_mac(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        let ring = self.ring();
        ring.place.mac(ring.challenge[0], parts)
    }
}

impl fmt::Debug for RealmKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RealmKeys({}, redacted)", self.realm)
    }
}
