//! The software key store: all keys in one sealed file, and in this process's memory while it runs.

use std::{fmt, path::Path, sync::Arc};

use crypto::{
    CryptoError, Random, Secret, aead,
    hpke::Decapsulate,
    kdf::hkdf_sha256,
    mac::hmac_sha256,
    p256::{Sign, SigningKey, VerifyingKey},
    x509::{self, Certificate, Issue, Profile},
    x25519,
};
use model::{EnrolmentId, Timestamp, WebhookEndpointId};
use protocol::{
    key_bundle::{ConfirmationKey, KeyBundle, KeyId, PaymentKey, SUITE_X25519, SignedKeyBundle},
    payment_code::{PinGeneration, PinKey},
    realm::Realm,
    realm_file::{ActivationKey, AppIdentity, RealmFile},
    webhook::WebhookSecret,
};
use security::{KeyStore, PaymentEpoch};
use zeroize::Zeroize;

use crate::{
    KeyStoreError,
    file::{self, Replace},
    inner::{Der, EpochKey, Inner, NamedKey, StoredKey},
};

/// To be printed by whatever uses this store.
pub const WARNING: &str = "software key store: for trying out. Whoever reads this machine's memory or learns the \
                           pass phrase has every key; keep keys for real money in an HSM.";
/// The fewest characters of a pass phrase.
pub const PASSPHRASE_LEN_MIN: usize = 8;

const PIN_WRAPPING_LABEL: &str = "batzen/pin-key-wrapping/v1";
const WEBHOOK_WRAPPING_LABEL: &str = "batzen/webhook-secret-wrapping/v1";
const RULE_SIGNING_LABEL: &str = "batzen/rule-signing/v1";
const DAY_S: i64 = 86_400;
const ROOT_DAYS: i64 = 20 * 365;
const DEVICE_CA_DAYS: i64 = 10 * 365;
/// How long phones seal to one payment key.
const EPOCH_DAYS: i64 = 400;
/// How long after that codes sealed to it are opened: longer than any phone may be offline.
const EPOCH_OPEN_DAYS: i64 = 60;

/// All keys of one realm, in memory, from one sealed file.
pub struct SoftwareKeyStore {
    realm: Realm,
    activation: (KeyId, x25519::SecretKey),
    payment: Vec<PaymentEpoch>,
    root: SigningKey,
    root_certificate: Certificate,
    device_ca: SigningKey,
    device_ca_certificate: Certificate,
    confirmation: Vec<(KeyId, SigningKey)>,
    statement: SigningKey,
    audit: SigningKey,
    rules: SigningKey,
    pin_wrapping: Secret<32>,
    webhook_wrapping: Secret<32>,
    challenge: Secret<32>,
}

impl SoftwareKeyStore {
    /// Makes all keys of a realm and writes them to a new file.
    ///
    /// # Errors
    /// [`KeyStoreError::Exists`], [`KeyStoreError::WeakPassphrase`], [`KeyStoreError::Io`],
    /// [`KeyStoreError::Crypto`].
    pub fn create(
        path: &Path,
        passphrase: &str,
        realm: &Realm,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Self, KeyStoreError> {
        if passphrase.chars().count() < PASSPHRASE_LEN_MIN {
            return Err(KeyStoreError::WeakPassphrase(PASSPHRASE_LEN_MIN));
        }
        let inner = make_inner(realm, now, random)?;
        file::write(path, passphrase, &inner.to_json(), Replace::Never, random)?;
        Self::from_inner(inner, path)
    }

    /// Opens the file.
    ///
    /// # Errors
    /// [`KeyStoreError::Missing`], [`KeyStoreError::NotPrivate`], [`KeyStoreError::WrongPassphrase`],
    /// [`KeyStoreError::Damaged`], [`KeyStoreError::VersionUnsupported`], [`KeyStoreError::Io`].
    pub fn open(path: &Path, passphrase: &str) -> Result<Self, KeyStoreError> {
        Self::from_inner(read_inner(path, passphrase)?, path)
    }

    /// Adds the next key that payment codes are sealed to, and forgets those that are no longer opened. Phones
    /// seal to it once they have the next key bundle; a running server uses it after its next start.
    ///
    /// # Errors
    /// As [`SoftwareKeyStore::open`].
    pub fn renew_payment_key(
        path: &Path,
        passphrase: &str,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<KeyId, KeyStoreError> {
        let mut inner = read_inner(path, passphrase)?;
        let latest = inner.payment.last().map_or(0, |epoch| epoch.key_id.0);
        let key_id = KeyId(latest.wrapping_add(1));
        inner.payment.retain(|epoch| now < epoch.open_until_ms && epoch.key_id != key_id);
        inner.payment.push(make_epoch(key_id, now, random));
        file::write(path, passphrase, &inner.to_json(), Replace::Existing, random)?;
        Ok(key_id)
    }

    /// The root's public key, which apps ship with.
    #[must_use]
    pub fn root_public_key(&self) -> &VerifyingKey {
        self.root.verifying_key()
    }

    /// The root's own certificate.
    #[must_use]
    pub fn root_certificate(&self) -> &Certificate {
        &self.root_certificate
    }

    /// The key that providers check authentication statements with.
    #[must_use]
    pub fn statement_public_key(&self) -> &VerifyingKey {
        self.statement.verifying_key()
    }

    /// The key that the audit chain's signatures are checked with.
    #[must_use]
    pub fn audit_public_key(&self) -> &VerifyingKey {
        self.audit.verifying_key()
    }

    /// The key that policies are checked with.
    #[must_use]
    pub fn rule_public_key(&self) -> &VerifyingKey {
        self.rules.verifying_key()
    }

    /// What an app of this realm ships with.
    #[must_use]
    pub fn realm_file(&self, server_url: &str, tls_roots_pem: &str, app: AppIdentity) -> RealmFile {
        RealmFile {
            realm: self.realm.clone(),
            server_url: server_url.to_owned(),
            activation_key: self.activation_key(),
            root_public_key: self.root_public_key().clone(),
            tls_roots_pem: tls_roots_pem.to_owned(),
            app,
        }
    }

    fn from_inner(inner: Inner, path: &Path) -> Result<Self, KeyStoreError> {
        let damaged = |what| KeyStoreError::Damaged { path: path.to_owned(), what };
        let signing = |key: &StoredKey| {
            SigningKey::from_scalar(key.0.expose()).map_err(|_| damaged("a signing key is none"))
        };
        let certificate = |der: &Der| Certificate::read(&der.0).map_err(|_| damaged("a certificate is none"));
        if inner.payment.is_empty() || inner.confirmation.is_empty() {
            return Err(damaged("a key is missing"));
        }
        Ok(Self {
            activation: (inner.activation.key_id, x25519_key(&inner.activation.key)),
            payment: inner.payment.iter().map(EpochKey::load).collect(),
            root: signing(&inner.root)?,
            root_certificate: certificate(&inner.root_certificate)?,
            device_ca: signing(&inner.device_ca)?,
            device_ca_certificate: certificate(&inner.device_ca_certificate)?,
            confirmation: inner
                .confirmation
                .iter()
                .map(|named| Ok((named.key_id, signing(&named.key)?)))
                .collect::<Result<_, KeyStoreError>>()?,
            statement: signing(&inner.statement)?,
            audit: signing(&inner.audit)?,
            rules: derive_rule_signing(&inner.pin_wrapping.0)
                .ok_or_else(|| damaged("no rule-signing key can be derived"))?,
            webhook_wrapping: derive_webhook_wrapping(&inner.pin_wrapping.0),
            pin_wrapping: inner.pin_wrapping.0,
            challenge: inner.challenge.0,
            realm: inner.realm,
        })
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

impl KeyStore for SoftwareKeyStore {
    fn realm(&self) -> &Realm {
        &self.realm
    }

    fn activation_key(&self) -> ActivationKey {
        ActivationKey { key_id: self.activation.0, public_key: *self.activation.1.public_key() }
    }

    fn activation_recipient(&self, key_id: KeyId) -> Option<Arc<dyn Decapsulate>> {
        (key_id == self.activation.0).then(|| Arc::new(self.activation.1.clone()) as Arc<dyn Decapsulate>)
    }

    fn payment_epochs(&self) -> Vec<PaymentEpoch> {
        self.payment.clone()
    }

    fn device_ca(&self) -> Arc<dyn Sign> {
        Arc::new(self.device_ca.clone())
    }

    fn device_ca_certificate(&self) -> &Certificate {
        &self.device_ca_certificate
    }

    fn sign_bundle(&self, bundle: &KeyBundle) -> Result<SignedKeyBundle, CryptoError> {
        bundle.sign(&self.root).map_err(|_| CryptoError::KeyStore("the key bundle is not one to sign"))
    }

    fn confirmation_keys(&self) -> Vec<ConfirmationKey> {
        self.confirmation
            .iter()
            .map(|(key_id, key)| ConfirmationKey { key_id: *key_id, public_key: key.verifying_key().clone() })
            .collect()
    }

    fn confirmation_signer(&self) -> (KeyId, Arc<dyn Sign>) {
        let (key_id, key) = &self.confirmation[0];
        (*key_id, Arc::new(key.clone()))
    }

    fn statement_signer(&self) -> Arc<dyn Sign> {
        Arc::new(self.statement.clone())
    }

    fn audit_signer(&self) -> Arc<dyn Sign> {
        Arc::new(self.audit.clone())
    }

    fn rule_signer(&self) -> Arc<dyn Sign> {
        Arc::new(self.rules.clone())
    }

    fn wrap_pin_key(
        &self,
        enrolment: EnrolmentId,
        generation: PinGeneration,
        key: &PinKey,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        let aad = self.pin_wrapping_aad(enrolment, generation);
        Ok(aead::seal(&self.pin_wrapping, random, &aad, key.secret().expose()))
    }

    fn unwrap_pin_key(
        &self,
        enrolment: EnrolmentId,
        generation: PinGeneration,
        wrapped: &[u8],
    ) -> Result<PinKey, CryptoError> {
        let aad = self.pin_wrapping_aad(enrolment, generation);
        unwrap(&self.pin_wrapping, &aad, wrapped).map(PinKey::from_secret)
    }

    fn wrap_webhook_secret(
        &self,
        endpoint: WebhookEndpointId,
        secret: &WebhookSecret,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        let aad = self.webhook_wrapping_aad(endpoint);
        Ok(aead::seal(&self.webhook_wrapping, random, &aad, secret.secret().expose()))
    }

    fn unwrap_webhook_secret(
        &self,
        endpoint: WebhookEndpointId,
        wrapped: &[u8],
    ) -> Result<WebhookSecret, CryptoError> {
        unwrap(&self.webhook_wrapping, &self.webhook_wrapping_aad(endpoint), wrapped)
            .map(WebhookSecret::from_secret)
    }

    fn challenge_mac(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Ok(hmac_sha256(self.challenge.expose(), parts))
    }
}

impl fmt::Debug for SoftwareKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoftwareKeyStore({}, redacted)", self.realm)
    }
}

impl EpochKey {
    fn load(&self) -> PaymentEpoch {
        let holder = x25519_key(&self.key);
        PaymentEpoch {
            key: PaymentKey {
                key_id: self.key_id,
                suite: SUITE_X25519,
                public_key: holder.public_key().as_bytes().to_vec(),
                not_before_s: self.not_before_s,
                not_after_s: self.not_after_s,
            },
            open_until: self.open_until_ms,
            holder: Arc::new(holder),
        }
    }
}

fn x25519_key(key: &StoredKey) -> x25519::SecretKey {
    x25519::SecretKey::from_bytes(key.0.expose())
}

/// The secret that was wrapped.
fn unwrap(wrapping: &Secret<32>, aad: &[u8], wrapped: &[u8]) -> Result<Secret<32>, CryptoError> {
    let secret = aead::open(wrapping, aad, wrapped)?;
    let bytes: &[u8; 32] = secret.expose().try_into().map_err(|_| CryptoError::Sealed)?;
    Ok(Secret::from_bytes(*bytes))
}

/// Derived, so that files made before there were webhooks have this key too.
fn derive_webhook_wrapping(pin_wrapping: &Secret<32>) -> Secret<32> {
    let mut key = [0; 32];
    hkdf_sha256(&[], pin_wrapping.expose(), &[WEBHOOK_WRAPPING_LABEL.as_bytes()], &mut key);
    let secret = Secret::from_bytes(key);
    key.zeroize();
    secret
}

/// Derived, so that files made before policies were signed have this key too. Hardly any 32 bytes are no scalar; the
/// next are derived then.
fn derive_rule_signing(pin_wrapping: &Secret<32>) -> Option<SigningKey> {
    (0..=u8::MAX).find_map(|number| {
        let mut scalar = [0; 32];
        let info: [&[u8]; 2] = [RULE_SIGNING_LABEL.as_bytes(), &[number]];
        hkdf_sha256(&[], pin_wrapping.expose(), &info, &mut scalar);
        let key = SigningKey::from_scalar(&scalar).ok();
        scalar.zeroize();
        key
    })
}

fn read_inner(path: &Path, passphrase: &str) -> Result<Inner, KeyStoreError> {
    let what = "its content is not what was written";
    Inner::from_json(&file::read(path, passphrase)?)
        .ok_or(KeyStoreError::Damaged { path: path.to_owned(), what })
}

fn make_inner(realm: &Realm, now: Timestamp, random: &mut dyn Random) -> Result<Inner, KeyStoreError> {
    let root = SigningKey::make(random);
    let device_ca = SigningKey::make(random);
    let root_name = format!("{realm} root");
    let mut authority = |subject: String, days: i64, key: &SigningKey, profile: Profile| {
        let mut serial = [0; 16];
        random.fill(&mut serial);
        // Positive, and 16 bytes long whatever was drawn.
        serial[0] = serial[0] & 0x7f | 0x40;
        let issue = Issue {
            serial,
            subject,
            issuer: root_name.clone(),
            not_before_s: second(now.s()),
            not_after_s: second(now.s() + days * DAY_S),
            public_key: key.verifying_key().clone(),
            profile,
        };
        x509::issue(&issue, &root).map(Der)
    };
    let root_certificate = authority(root_name.clone(), ROOT_DAYS, &root, Profile::Root)?;
    let ca_name = format!("{realm} devices");
    let device_ca_certificate = authority(ca_name, DEVICE_CA_DAYS, &device_ca, Profile::DeviceCa)?;
    let stored = |key: &SigningKey| StoredKey(key.to_scalar());
    Ok(Inner {
        realm: realm.clone(),
        created_at_ms: now,
        activation: NamedKey { key_id: make_key_id(random), key: StoredKey::make(random) },
        payment: vec![make_epoch(make_key_id(random), now, random)],
        root: stored(&root),
        root_certificate,
        device_ca: stored(&device_ca),
        device_ca_certificate,
        confirmation: vec![NamedKey { key_id: make_key_id(random), key: stored(&SigningKey::make(random)) }],
        statement: stored(&SigningKey::make(random)),
        audit: stored(&SigningKey::make(random)),
        pin_wrapping: StoredKey::make(random),
        challenge: StoredKey::make(random),
    })
}

fn make_epoch(key_id: KeyId, now: Timestamp, random: &mut dyn Random) -> EpochKey {
    let not_after_s = now.s() + EPOCH_DAYS * DAY_S;
    EpochKey {
        key_id,
        key: StoredKey::make(random),
        not_before_s: now.s(),
        not_after_s,
        open_until_ms: Timestamp::from_s(not_after_s + EPOCH_OPEN_DAYS * DAY_S),
    }
}

/// Drawn, so that two realms on one machine are unlikely to share one.
fn make_key_id(random: &mut dyn Random) -> KeyId {
    let mut id = [0; 2];
    random.fill(&mut id);
    KeyId(u16::from_be_bytes(id))
}

/// A clock before 1970 is set wrong; certificates know no such time.
fn second(s: i64) -> u64 {
    u64::try_from(s).unwrap_or(0)
}
