//! Private keys, and the door for keys that another holder keeps.

use core::fmt;
use std::sync::Arc;

use super::{Signature, VerifyingKey, order};
use crate::{
    CryptoError, Random, Secret,
    backend::{self, EcdsaSecretKey},
};

/// Something that signs under one P-256 key: a key in memory, or one that an HSM or a vault keeps.
pub trait Sign: Send + Sync {
    /// The public half.
    fn verifying_key(&self) -> &VerifyingKey;

    /// Signs SHA-256 of the parts taken as one string; s is low.
    ///
    /// # Errors
    /// [`CryptoError::KeyStore`] where the holder of the key fails.
    fn sign(&self, parts: &[&[u8]]) -> Result<Signature, CryptoError>;
}

/// A P-256 private key in memory. Cheap to clone; wiped with the last clone.
#[derive(Clone)]
pub struct SigningKey(Arc<Parts>);

struct Parts {
    key: EcdsaSecretKey,
    scalar: Secret<32>,
    verifying_key: VerifyingKey,
}

impl SigningKey {
    /// Draws a fresh key.
    pub fn make(random: &mut dyn Random) -> Self {
        order::draw(random, Self::from_scalar)
    }

    /// Takes a private scalar, 32 bytes big-endian.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if it is outside 1..n.
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self, CryptoError> {
        if !order::is_in_range(scalar) {
            return Err(CryptoError::BadKey);
        }
        let (key, point) = EcdsaSecretKey::from_scalar(scalar).ok_or(CryptoError::BadKey)?;
        let verifying_key = VerifyingKey::from_sec1(&point)?;
        Ok(Self(Arc::new(Parts { key, scalar: Secret::from_bytes(*scalar), verifying_key })))
    }

    /// The private scalar, 32 bytes big-endian.
    pub fn to_scalar(&self) -> Secret<32> {
        self.0.scalar.clone()
    }

    /// The public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.0.verifying_key
    }

    /// Signs SHA-256 of the parts taken as one string; s is low. Two signatures of the same message may
    /// differ.
    pub fn sign(&self, parts: &[&[u8]]) -> Signature {
        let raw = self.0.key.sign_hash(&backend::sha256(parts));
        Signature::normalized_from_raw(&raw).expect("a fresh signature is in range")
    }

    /// Like [`SigningKey::sign`], but the same message gives the same signature (RFC 6979), for vectors
    /// that can be made again. Slower.
    #[cfg(feature = "rustcrypto")]
    pub fn sign_deterministic(&self, parts: &[&[u8]]) -> Signature {
        let (key, _) = backend::rust::EcdsaSecretKey::from_scalar(self.0.scalar.expose())
            .expect("both backends take the same scalars");
        let raw = key.sign_hash(&backend::sha256(parts));
        Signature::normalized_from_raw(&raw).expect("a fresh signature is in range")
    }
}

impl Sign for SigningKey {
    fn verifying_key(&self) -> &VerifyingKey {
        self.verifying_key()
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Signature, CryptoError> {
        Ok(self.sign(parts))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(redacted, {:?})", self.0.verifying_key)
    }
}
