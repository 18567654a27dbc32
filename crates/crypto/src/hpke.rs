//! HPKE (RFC 9180), base mode, over either of two KEMs: DHKEM(X25519, HKDF-SHA256) and DHKEM(P-256, HKDF-SHA256),
//! both with HKDF-SHA256 and AES-128-GCM.
//!
//! Set up first, then seal: what is sealed may cover `enc`. Contexts count their messages; both ends go
//! in step. The recipient's key may be held elsewhere, behind [`Decapsulate`].
//!
//! Over P-256 `enc` is the x coordinate of a point with even y, so that it has 32 bytes over both. In the KEM's own
//! computation that point stands uncompressed: with `enc` put back into that form, this is RFC 9180 to the letter.

mod kem;

use std::sync::Arc;

pub use kem::{Decapsulate, ENC_LEN, Kem, PublicKey, SecretKey, derive_shared_secret};

use crate::{CryptoError, Random, Secret, SecretBytes, backend::Gcm, kdf};

/// How much longer a ciphertext is than its plaintext.
pub const TAG_LEN: usize = 16;

const VERSION: &[u8] = b"HPKE-v1";
const MODE_BASE: u8 = 0;

/// Sets up a context to one recipient: `enc` to send along, and the context to seal with.
///
/// # Errors
/// [`CryptoError::BadKey`] if the recipient's key has a small order.
pub fn setup_sender(
    recipient: &PublicKey,
    info: &[u8],
    random: &mut dyn Random,
) -> Result<([u8; ENC_LEN], SenderContext), CryptoError> {
    derive_setup_sender_with_ephemeral(recipient, info, &SecretKey::make(recipient.kem(), random))
}

/// Like [`setup_sender`] with an ephemeral key of the caller's. For vectors only: the same ephemeral key
/// used twice to one recipient with one `info` breaks the sealing.
///
/// # Errors
/// [`CryptoError::BadKey`] if the recipient's key has a small order, or the ephemeral key is for the other KEM.
pub fn derive_setup_sender_with_ephemeral(
    recipient: &PublicKey,
    info: &[u8],
    ephemeral: &SecretKey,
) -> Result<([u8; ENC_LEN], SenderContext), CryptoError> {
    let (enc, shared) = kem::encapsulate(ephemeral, recipient)?;
    let context = schedule_context(recipient.kem(), info);
    Ok((enc, SenderContext(Context::derive(recipient.kem(), &shared, &context))))
}

/// Sets up the recipient's end.
///
/// # Errors
/// As [`Decapsulate::decapsulate`].
pub fn setup_recipient(
    holder: &dyn Decapsulate,
    enc: &[u8; ENC_LEN],
    info: &[u8],
) -> Result<RecipientContext, CryptoError> {
    let kem = holder.public_key().kem();
    let shared = holder.decapsulate(enc)?;
    Ok(RecipientContext(Context::derive(kem, &shared, &schedule_context(kem, info))))
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
    setup_recipient(holder, enc, info)?.open(aad, ciphertext)
}

/// A recipient's key together with its `info`, both worked out once: the way to open many messages fast.
/// Cheap to clone.
#[derive(Clone)]
pub struct Recipient {
    holder: Arc<dyn Decapsulate>,
    kem: Kem,
    schedule_context: [u8; SCHEDULE_CONTEXT_LEN],
}

impl Recipient {
    /// Prepares to open what is sealed to this holder under `info`.
    pub fn new(holder: Arc<dyn Decapsulate>, info: &[u8]) -> Self {
        let kem = holder.public_key().kem();
        Self { holder, kem, schedule_context: schedule_context(kem, info) }
    }

    /// The public key that senders seal to.
    pub fn public_key(&self) -> PublicKey {
        self.holder.public_key()
    }

    /// Sets up the recipient's end.
    ///
    /// # Errors
    /// As [`Decapsulate::decapsulate`].
    pub fn setup(&self, enc: &[u8; ENC_LEN]) -> Result<RecipientContext, CryptoError> {
        let shared = self.holder.decapsulate(enc)?;
        Ok(RecipientContext(Context::derive(self.kem, &shared, &self.schedule_context)))
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
    suite: [u8; 10],
    key: Gcm,
    base_nonce: Secret<12>,
    exporter: Secret<32>,
    sequence: u64,
}

impl Context {
    /// The key schedule of section 5.1, with no pre-shared key.
    fn derive(kem: Kem, shared: &Secret<32>, schedule_context: &[u8; SCHEDULE_CONTEXT_LEN]) -> Self {
        let suite = suite(kem);
        let secret = labeled_extract(&suite, shared.expose(), b"secret", &[]);
        let mut key = Secret::<16>::zeros();
        let mut base_nonce = Secret::<12>::zeros();
        let mut exporter = Secret::<32>::zeros();
        labeled_expand(&suite, &secret, b"key", [schedule_context, &[]], key.expose_mut());
        labeled_expand(&suite, &secret, b"base_nonce", [schedule_context, &[]], base_nonce.expose_mut());
        labeled_expand(&suite, &secret, b"exp", [schedule_context, &[]], exporter.expose_mut());
        Self { suite, key: Gcm::new128(&key), base_nonce, exporter, sequence: 0 }
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
        labeled_expand(&self.suite, &self.exporter, b"sec", [context, &[]], out);
        Ok(())
    }
}

/// "HPKE", the KEM, HKDF-SHA256, AES-128-GCM.
fn suite(kem: Kem) -> [u8; 10] {
    let [high, low] = kem.id();
    [b'H', b'P', b'K', b'E', high, low, 0, 1, 0, 1]
}

/// Mode, hash of the empty PSK id, hash of `info`.
const SCHEDULE_CONTEXT_LEN: usize = 1 + 32 + 32;

fn schedule_context(kem: Kem, info: &[u8]) -> [u8; SCHEDULE_CONTEXT_LEN] {
    let suite = suite(kem);
    let mut context = [MODE_BASE; SCHEDULE_CONTEXT_LEN];
    context[1..33].copy_from_slice(labeled_extract(&suite, &[], b"psk_id_hash", &[]).expose());
    context[33..].copy_from_slice(labeled_extract(&suite, &[], b"info_hash", info).expose());
    context
}

fn labeled_extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Secret<32> {
    kdf::extract(salt, &[VERSION, suite, label, ikm])
}

fn labeled_expand(suite: &[u8], prk: &Secret<32>, label: &[u8], info: [&[u8]; 2], out: &mut [u8]) {
    let len = u16::try_from(out.len()).expect("HKDF gives at most 8160 bytes").to_be_bytes();
    kdf::expand(prk, &[&len, VERSION, suite, label, info[0], info[1]], out);
}
