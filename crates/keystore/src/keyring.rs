//! The keys of one register, ready for use.

use std::sync::Arc;

use crypto::{
    CryptoError,
    hpke::{Decapsulate, Kem, PublicKey},
    p256::{Sign, VerifyingKey},
    x509::Certificate,
};
use model::Timestamp;
use protocol::{
    key_bundle::{ConfirmationKey, KeyId, PaymentKey},
    realm_file::ActivationKey,
};
use security::{Authority, PaymentEpoch};

use crate::{Algorithm, KeyEntry, KeyName, KeyState, KeyStoreError, Register, Role, place::Place};

/// Keys as they are used: everything that can be worked out once is.
pub(crate) struct Keyring {
    pub(crate) register: Register,
    pub(crate) place: Arc<dyn Place>,
    pub(crate) changed_at: Timestamp,
    pub(crate) root_certificate: Certificate,
    pub(crate) device_ca: Authority,
    /// The root itself, or who signs in its name with what the root certified.
    pub(crate) bundle_signer: (Option<Certificate>, Arc<dyn Sign>),
    /// The present one first.
    pub(crate) activation: Vec<(ActivationKey, Arc<dyn Decapsulate>)>,
    pub(crate) payment: Vec<PaymentEpoch>,
    /// The present one's signer.
    pub(crate) confirmation: (KeyId, Arc<dyn Sign>),
    /// The present one first.
    pub(crate) confirmation_keys: Vec<ConfirmationKey>,
    pub(crate) statement: Arc<dyn Sign>,
    pub(crate) audit: Arc<dyn Sign>,
    pub(crate) audit_keys: Vec<VerifyingKey>,
    pub(crate) rules: Arc<dyn Sign>,
    /// The present one first.
    pub(crate) rule_keys: Vec<VerifyingKey>,
    pub(crate) rule_keys_ever: Vec<VerifyingKey>,
    pub(crate) pin_wrapping: KeyName,
    pub(crate) webhook_wrapping: KeyName,
    /// The present one first.
    pub(crate) challenge: Vec<KeyName>,
}

impl Keyring {
    /// Makes a register's keys ready.
    pub(crate) fn new(register: Register, place: Arc<dyn Place>) -> Result<Self, KeyStoreError> {
        if let Some(fault) = register.fault() {
            return Err(KeyStoreError::Unusable(fault));
        }
        let present = |role| register.present(role).ok_or(KeyStoreError::Unusable("a key is missing"));
        let certificate = |entry: &KeyEntry| {
            let der = entry.certificate.as_ref().map_or(&[][..], |der| &der.0);
            Certificate::read(der).map_err(|_| KeyStoreError::Unusable("a certificate is none"))
        };
        let root = present(Role::Root)?;
        let bundle_signer = match register.present(Role::KeyBundle) {
            Some(entry) => (Some(certificate(entry)?), place.signer(entry)?),
            None => (None, place.signer(root)?),
        };
        let device_ca = present(Role::DeviceCa)?;
        let confirmation = present(Role::Confirmation)?;
        let activation = present_first(&register, Role::Activation)
            .map(|entry| Ok((activation_key(entry)?, place.recipient(entry)?)))
            .collect::<Result<_, KeyStoreError>>()?;
        let payment = register
            .live(Role::Payment)
            .map(|entry| payment_epoch(entry, &*place))
            .collect::<Result<_, KeyStoreError>>()?;
        let confirmation_keys = present_first(&register, Role::Confirmation)
            .map(|entry| Ok(ConfirmationKey { key_id: entry.key_id, public_key: verifying_key(entry)? }))
            .collect::<Result<_, KeyStoreError>>()?;
        // Whatever was signed once is checked for ever, also under a key whose private half is gone.
        let ever = |role: Role| {
            let keys = register.keys.iter().filter(move |entry| entry.role == role);
            keys.map(verifying_key).collect::<Result<Vec<_>, _>>()
        };
        let (audit_keys, rule_keys_ever) = (ever(Role::Audit)?, ever(Role::Rules)?);
        Ok(Self {
            changed_at: register.keys.iter().map(|entry| entry.since_ms).max().unwrap_or(register.made_at_ms),
            root_certificate: certificate(root)?,
            device_ca: Authority { certificate: certificate(device_ca)?, signer: place.signer(device_ca)? },
            bundle_signer,
            activation,
            payment,
            confirmation: (confirmation.key_id, place.signer(confirmation)?),
            confirmation_keys,
            statement: place.signer(present(Role::Statement)?)?,
            audit: place.signer(present(Role::Audit)?)?,
            audit_keys,
            rules: place.signer(present(Role::Rules)?)?,
            rule_keys_ever,
            rule_keys: present_first(&register, Role::Rules).map(verifying_key).collect::<Result<_, _>>()?,
            pin_wrapping: present(Role::PinWrapping)?.name(),
            webhook_wrapping: present(Role::WebhookWrapping)?.name(),
            challenge: present_first(&register, Role::Challenge).map(KeyEntry::name).collect(),
            register,
            place,
        })
    }

    /// The key that sealed these bytes, and what it sealed: each sealed secret names its key. The first ones did not.
    pub(crate) fn unframe<'a>(
        &self,
        role: Role,
        framed: &'a [u8],
    ) -> Result<(KeyName, &'a [u8]), CryptoError> {
        if framed.len() == UNNAMED_LEN {
            return Ok((KeyName { role, key_id: KeyId(0) }, framed));
        }
        let (id, sealed) = framed.split_first_chunk().ok_or(CryptoError::Sealed)?;
        Ok((KeyName { role, key_id: KeyId(u16::from_be_bytes(*id)) }, sealed))
    }
}

/// Nonce, 32 secret bytes and tag.
const UNNAMED_LEN: usize = 12 + 32 + 16;

/// The live keys of a role: the present one, then the others, the latest first.
fn present_first(register: &Register, role: Role) -> impl Iterator<Item = &KeyEntry> {
    let is_present = |entry: &&KeyEntry| entry.state == KeyState::Present;
    let others: Vec<_> = register.live(role).filter(move |entry| !is_present(entry)).collect();
    register.live(role).filter(is_present).chain(others.into_iter().rev())
}

/// The public half of a signing key.
pub(crate) fn verifying_key(entry: &KeyEntry) -> Result<VerifyingKey, KeyStoreError> {
    VerifyingKey::from_sec1(&entry.public_key.0).map_err(|_| KeyStoreError::Unusable("a public key is none"))
}

/// The public half of a key that others seal to.
pub(crate) fn sealed_to(entry: &KeyEntry) -> Result<PublicKey, KeyStoreError> {
    const NO_KEY: KeyStoreError = KeyStoreError::Unusable("a public key is none");
    let kem = match entry.algorithm {
        Algorithm::X25519 => Kem::X25519,
        Algorithm::EcdhP256 => Kem::P256,
        _ => return Err(NO_KEY),
    };
    PublicKey::from_bytes(kem, &entry.public_key.0).map_err(|_| NO_KEY)
}

fn activation_key(entry: &KeyEntry) -> Result<ActivationKey, KeyStoreError> {
    Ok(ActivationKey { key_id: entry.key_id, public_key: sealed_to(entry)? })
}

fn payment_epoch(entry: &KeyEntry, place: &dyn Place) -> Result<PaymentEpoch, KeyStoreError> {
    let times = entry.times.ok_or(KeyStoreError::Unusable("a payment key has no times"))?;
    Ok(PaymentEpoch {
        key: PaymentKey::new(entry.key_id, &sealed_to(entry)?, times.not_before_s, times.not_after_s),
        open_until: times.open_until_ms,
        holder: place.recipient(entry)?,
    })
}
