//! HPKE (RFC 9180), base mode, one suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM.
//!
//! Set up first, then seal: what is sealed may cover `enc`. Contexts count their messages; both ends go
//! in step. The recipient's key may be held elsewhere, behind [`Decapsulate`].

use std::sync::Arc;

use crate::{
    CryptoError, Random, Secret, SecretBytes,
    backend::Gcm,
    kdf,
    x25519::{PublicKey, SecretKey},
};

/// Bytes of the encapsulated key.
pub const ENC_LEN: usize = 32;
/// How much longer a ciphertext is than its plaintext.
pub const TAG_LEN: usize = 16;

const VERSION: &[u8] = b"HPKE-v1";
/// "KEM" and DHKEM(X25519, HKDF-SHA256).
const KEM_SUITE: &[u8] = b"KEM\x00\x20";
/// "HPKE", the KEM above, HKDF-SHA256, AES-128-GCM.
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x01";
const MODE_BASE: u8 = 0;

/// Whoever holds a recipient's private key: a key in memory, or one that a key store keeps.
pub trait Decapsulate: Send + Sync {
    /// The public half, that senders seal to.
    fn public_key(&self) -> &PublicKey;

    /// RFC 9180's `Decap`: from `enc` to the KEM's shared secret (behind `ExtractAndExpand`; a key store
    /// that gives only the raw Diffie-Hellman value calls [`derive_shared_secret`]).
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if `enc` leads to an all-zero value, [`CryptoError::KeyStore`] where the
    /// holder of the key fails.
    fn decapsulate(&self, enc: &[u8; ENC_LEN]) -> Result<Secret<32>, CryptoError>;
}

impl Decapsulate for SecretKey {
    fn public_key(&self) -> &PublicKey {
        self.public_key()
    }

    fn decapsulate(&self, enc: &[u8; ENC_LEN]) -> Result<Secret<32>, CryptoError> {
        let dh = self.agree(&PublicKey(*enc))?;
        Ok(derive_shared_secret(&dh, enc, self.public_key()))
    }
}

/// DHKEM's `ExtractAndExpand` over a raw Diffie-Hellman value that is known not to be all zero.
pub fn derive_shared_secret(dh: &Secret<32>, enc: &[u8; ENC_LEN], recipient: &PublicKey) -> Secret<32> {
    let prk = labeled_extract(KEM_SUITE, &[], b"eae_prk", dh.expose());
    let mut shared = Secret::zeros();
    labeled_expand(KEM_SUITE, &prk, b"shared_secret", [enc, &recipient.0], shared.expose_mut());
    shared
}

/// Sets up a context to one recipient: `enc` to send along, and the context to seal with.
///
/// # Errors
/// [`CryptoError::BadKey`] if the recipient's key has a small order.
pub fn setup_sender(
    recipient: &PublicKey,
    info: &[u8],
    random: &mut dyn Random,
) -> Result<([u8; ENC_LEN], SenderContext), CryptoError> {
    derive_setup_sender_with_ephemeral(recipient, info, &SecretKey::make(random))
}

/// Like [`setup_sender`] with an ephemeral key of the caller's. For vectors only: the same ephemeral key
/// used twice to one recipient with one `info` breaks the sealing.
///
/// # Errors
/// [`CryptoError::BadKey`] if the recipient's key has a small order.
pub fn derive_setup_sender_with_ephemeral(
    recipient: &PublicKey,
    info: &[u8],
    ephemeral: &SecretKey,
) -> Result<([u8; ENC_LEN], SenderContext), CryptoError> {
    let enc = ephemeral.public_key().0;
    let dh = ephemeral.agree(recipient)?;
    let shared = derive_shared_secret(&dh, &enc, recipient);
    Ok((enc, SenderContext(Context::derive(&shared, &schedule_context(info)))))
}

/// Sets up the recipient's end.
///
/// # Errors
/// [`CryptoError::BadKey`] if `enc` has a small order.
pub fn setup_recipient(
    secret_key: &SecretKey,
    enc: &[u8; ENC_LEN],
    info: &[u8],
) -> Result<RecipientContext, CryptoError> {
    setup_recipient_with(secret_key, enc, info)
}

/// Sets up the recipient's end with a key that another holder keeps.
///
/// # Errors
/// As [`Decapsulate::decapsulate`].
pub fn setup_recipient_with(
    holder: &dyn Decapsulate,
    enc: &[u8; ENC_LEN],
    info: &[u8],
) -> Result<RecipientContext, CryptoError> {
    let shared = holder.decapsulate(enc)?;
    Ok(RecipientContext(Context::derive(&shared, &schedule_context(info))))
}

/// Seals one message: `enc` and the ciphertext.
///
/// # Errors
/// [`CryptoError::BadKey`] if the recipient's key has a small order.
pub fn seal(
    recipient: &PublicKey,
    info: &[u8],
    random: &mut dyn Random,
    aad: &[u8],
    plaintext: &[u8],
) -> Result<([u8; ENC_LEN], Vec<u8>), CryptoError> {
    let (enc, mut context) = setup_sender(recipient, info, random)?;
    Ok((enc, context.seal(aad, plaintext)?))
}

/// Opens one message.
///
/// # Errors
/// As [`Decapsulate::decapsulate`]; [`CryptoError::Sealed`] if it does not open.
pub fn open(
    holder: &dyn Decapsulate,
    enc: &[u8; ENC_LEN],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<SecretBytes, CryptoError> {
    setup_recipient_with(holder, enc, info)?.open(aad, ciphertext)
}

/// A recipient's key together with its `info`, both worked out once: the way to open many messages fast.
/// Cheap to clone.
#[derive(Clone)]
pub struct Recipient {
    holder: Arc<dyn Decapsulate>,
    schedule_context: [u8; SCHEDULE_CONTEXT_LEN],
}

impl Recipient {
    /// Prepares to open what is sealed to this holder under `info`.
    pub fn new(holder: Arc<dyn Decapsulate>, info: &[u8]) -> Self {
        Self { holder, schedule_context: schedule_context(info) }
    }

    /// Prepares with a key in memory.
    pub fn from_secret_key(secret_key: SecretKey, info: &[u8]) -> Self {
        Self::new(Arc::new(secret_key), info)
    }

    /// The public key that senders seal to.
    pub fn public_key(&self) -> &PublicKey {
        self.holder.public_key()
    }

    /// Sets up the recipient's end.
    ///
    /// # Errors
    /// As [`Decapsulate::decapsulate`].
    pub fn setup(&self, enc: &[u8; ENC_LEN]) -> Result<RecipientContext, CryptoError> {
        let shared = self.holder.decapsulate(enc)?;
        Ok(RecipientContext(Context::derive(&shared, &self.schedule_context)))
    }

    /// Opens one message.
    ///
    /// # Errors
    /// As [`Decapsulate::decapsulate`]; [`CryptoError::Sealed`] if it does not open.
    pub fn open(
        &self,
        enc: &[u8; ENC_LEN],
        aad: &[u8],
        ciphertext: &[u8],
    ) -> Result<SecretBytes, CryptoError> {
        self.setup(enc)?.open(aad, ciphertext)
    }
}

impl core::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Recipient({:?})", self.public_key())
    }
}

/// The sender's end.
pub struct SenderContext(Context);

impl SenderContext {
    /// Seals the next message. The ciphertext is [`TAG_LEN`] bytes longer.
    ///
    /// # Errors
    /// [`CryptoError::MessageLimit`] when the message numbers are used up, [`CryptoError::TooLong`] for
    /// plaintext beyond the algorithm's limit.
    pub fn seal(&mut self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let nonce = self.0.nonce()?;
        let mut sealed = Vec::with_capacity(plaintext.len() + TAG_LEN);
        sealed.extend_from_slice(plaintext);
        let tag = self.0.key.seal(&nonce, aad, &mut sealed)?;
        sealed.extend_from_slice(&tag);
        self.0.sequence += 1;
        Ok(sealed)
    }

    /// Fills `out` with a secret that both ends, and only they, can derive for this `context`.
    ///
    /// # Errors
    /// [`CryptoError::TooLong`] beyond [`kdf::OUT_LEN_MAX`] bytes.
    pub fn export(&self, context: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.export(context, out)
    }
}

/// The recipient's end.
pub struct RecipientContext(Context);

impl RecipientContext {
    /// Opens the next message. After a failure the same message number is still the next.
    ///
    /// # Errors
    /// [`CryptoError::Sealed`] if it does not open, [`CryptoError::MessageLimit`] when the message numbers
    /// are used up.
    pub fn open(&mut self, aad: &[u8], ciphertext: &[u8]) -> Result<SecretBytes, CryptoError> {
        let nonce = self.0.nonce()?;
        let plaintext = self.0.key.open(&nonce, aad, ciphertext)?;
        self.0.sequence += 1;
        Ok(plaintext)
    }

    /// Fills `out` with a secret that both ends, and only they, can derive for this `context`.
    ///
    /// # Errors
    /// [`CryptoError::TooLong`] beyond [`kdf::OUT_LEN_MAX`] bytes.
    pub fn export(&self, context: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.export(context, out)
    }
}

impl core::fmt::Debug for SenderContext {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SenderContext(message {}, redacted)", self.0.sequence)
    }
}

impl core::fmt::Debug for RecipientContext {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RecipientContext(message {}, redacted)", self.0.sequence)
    }
}

/// What both ends share (RFC 9180, section 5.2).
struct Context {
    key: Gcm,
    base_nonce: Secret<12>,
    exporter: Secret<32>,
    sequence: u64,
}

impl Context {
    /// The key schedule of section 5.1, with no pre-shared key.
    fn derive(shared: &Secret<32>, schedule_context: &[u8; SCHEDULE_CONTEXT_LEN]) -> Self {
        let secret = labeled_extract(SUITE, shared.expose(), b"secret", &[]);
        let mut key = Secret::<16>::zeros();
        let mut base_nonce = Secret::<12>::zeros();
        let mut exporter = Secret::<32>::zeros();
        labeled_expand(SUITE, &secret, b"key", [schedule_context, &[]], key.expose_mut());
        labeled_expand(SUITE, &secret, b"base_nonce", [schedule_context, &[]], base_nonce.expose_mut());
        labeled_expand(SUITE, &secret, b"exp", [schedule_context, &[]], exporter.expose_mut());
        Self { key: Gcm::new128(&key), base_nonce, exporter, sequence: 0 }
    }

    /// The nonce of the next message. The very last number is never used, so counting cannot overflow.
    fn nonce(&self) -> Result<[u8; 12], CryptoError> {
        if self.sequence == u64::MAX {
            return Err(CryptoError::MessageLimit);
        }
        let mut nonce = *self.base_nonce.expose();
        for (byte, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        Ok(nonce)
    }

    fn export(&self, context: &[u8], out: &mut [u8]) -> Result<(), CryptoError> {
        if out.len() > kdf::OUT_LEN_MAX {
            return Err(CryptoError::TooLong);
        }
        labeled_expand(SUITE, &self.exporter, b"sec", [context, &[]], out);
        Ok(())
    }
}

/// Mode, hash of the empty PSK id, hash of `info`.
const SCHEDULE_CONTEXT_LEN: usize = 1 + 32 + 32;

fn schedule_context(info: &[u8]) -> [u8; SCHEDULE_CONTEXT_LEN] {
    let mut context = [MODE_BASE; SCHEDULE_CONTEXT_LEN];
    context[1..33].copy_from_slice(labeled_extract(SUITE, &[], b"psk_id_hash", &[]).expose());
    context[33..].copy_from_slice(labeled_extract(SUITE, &[], b"info_hash", info).expose());
    context
}

fn labeled_extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Secret<32> {
    kdf::extract(salt, &[VERSION, suite, label, ikm])
}

fn labeled_expand(suite: &[u8], prk: &Secret<32>, label: &[u8], info: [&[u8]; 2], out: &mut [u8]) {
    let len = u16::try_from(out.len()).expect("HKDF gives at most 8160 bytes").to_be_bytes();
    kdf::expand(prk, &[&len, VERSION, suite, label, info[0], info[1]], out);
}
