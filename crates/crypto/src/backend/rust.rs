//! The backend over the RustCrypto crates.

use aes_gcm::{
    Aes128Gcm, Aes256Gcm, Tag,
    aead::{AeadInOut, KeyInit},
};
use hmac::Mac;
use p256::ecdsa::{
    SigningKey, VerifyingKey,
    signature::hazmat::{PrehashSigner, PrehashVerifier},
};
use p256::elliptic_curve::{point::AffineCoordinates, sec1::ToSec1Point};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{CryptoError, Secret, SecretBytes};

/// SHA-256 over the parts as one string.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA256, fed piece by piece.
pub(crate) struct Hmac(hmac::Hmac<Sha256>);

impl Hmac {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(hmac::Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    pub(crate) fn update(&mut self, part: &[u8]) {
        Mac::update(&mut self.0, part);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }
}

/// AES-GCM under a key of 16 or 32 bytes, its schedule computed once.
pub(crate) enum Gcm {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
}

impl Gcm {
    pub(crate) fn new128(key: &Secret<16>) -> Self {
        Self::Aes128(Box::new(Aes128Gcm::new(key.expose().into())))
    }

    pub(crate) fn new256(key: &Secret<32>) -> Self {
        Self::Aes256(Box::new(Aes256Gcm::new(key.expose().into())))
    }

    /// Encrypts in place and gives the tag.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        in_out: &mut [u8],
    ) -> Result<[u8; 16], CryptoError> {
        let tag = match self {
            Self::Aes128(key) => key.encrypt_inout_detached(nonce.into(), aad, in_out.into()),
            Self::Aes256(key) => key.encrypt_inout_detached(nonce.into(), aad, in_out.into()),
        };
        Ok(tag.map_err(|_| CryptoError::TooLong)?.into())
    }

    /// Opens ciphertext ‖ tag.
    pub(crate) fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<SecretBytes, CryptoError> {
        let (ciphertext, tag) = sealed.split_last_chunk::<16>().ok_or(CryptoError::Sealed)?;
        let mut plaintext = ciphertext.to_vec();
        let tag: &Tag = tag.into();
        match self {
            Self::Aes128(key) => {
                key.decrypt_inout_detached(nonce.into(), aad, plaintext.as_mut_slice().into(), tag)
            }
            Self::Aes256(key) => {
                key.decrypt_inout_detached(nonce.into(), aad, plaintext.as_mut_slice().into(), tag)
            }
        }
        .map_err(|_| CryptoError::Sealed)?;
        Ok(SecretBytes::from_vec(plaintext))
    }
}

/// A P-256 private key.
pub(crate) struct EcdsaSecretKey(SigningKey);

impl EcdsaSecretKey {
    /// The key and its public point (uncompressed SEC 1), if the scalar is in 1..n.
    pub(crate) fn from_scalar(scalar: &[u8; 32]) -> Option<(Self, [u8; 65])> {
        let key = SigningKey::from_slice(scalar).ok()?;
        let point = uncompressed(key.verifying_key())?;
        Some((Self(key), point))
    }

    /// Raw r ‖ s over a SHA-256 hash, the nonce by RFC 6979; s may be high.
    pub(crate) fn sign_hash(&self, hash: &[u8; 32]) -> [u8; 64] {
        let signature: p256::ecdsa::Signature =
            self.0.sign_prehash(hash).expect("a hash of 32 bytes is long enough for P-256");
        signature.to_bytes().into()
    }
}

/// A P-256 public key, parsed and checked once.
pub(crate) struct EcdsaPublicKey(VerifyingKey);

impl EcdsaPublicKey {
    /// The key and its uncompressed form, if the bytes are a point on the curve. The caller has checked
    /// the length and the first byte.
    pub(crate) fn from_sec1(bytes: &[u8]) -> Option<(Self, [u8; 65])> {
        let key = VerifyingKey::from_sec1_bytes(bytes).ok()?;
        let point = uncompressed(&key)?;
        Some((Self(key), point))
    }

    /// Whether raw r ‖ s is a signature over a SHA-256 hash.
    pub(crate) fn verifies(&self, hash: &[u8; 32], signature: &[u8; 64]) -> bool {
        p256::ecdsa::Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_prehash(hash, &signature).is_ok())
    }
}

/// A P-256 private key for agreements.
pub(crate) struct EcdhSecretKey(p256::SecretKey);

impl EcdhSecretKey {
    /// The key and its public point (uncompressed SEC 1), if the scalar is in 1..n.
    pub(crate) fn from_scalar(scalar: &[u8; 32]) -> Option<(Self, [u8; 65])> {
        let key = p256::SecretKey::from_slice(scalar).ok()?;
        let point = key.public_key().to_sec1_point(false).as_bytes().try_into().ok()?;
        Some((Self(key), point))
    }

    /// The x coordinate shared with an uncompressed point; `None` if that is not on the curve.
    pub(crate) fn agree(&self, peer: &[u8; 65]) -> Option<Secret<32>> {
        let peer = p256::PublicKey::from_sec1_bytes(peer).ok()?.to_projective();
        // The curve's own multiplication, in constant time; both points are wiped when dropped.
        let shared = Zeroizing::new(Zeroizing::new(peer * *self.0.to_nonzero_scalar()).to_affine());
        Some(Secret::from_bytes(shared.x().into()))
    }
}

/// An X25519 private key.
pub(crate) struct AgreementKey(x25519_dalek::StaticSecret);

impl AgreementKey {
    /// The key and its public key.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> (Self, [u8; 32]) {
        let key = x25519_dalek::StaticSecret::from(*bytes);
        let public = x25519_dalek::PublicKey::from(&key).to_bytes();
        (Self(key), public)
    }

    /// The shared secret; the caller refuses zeros.
    pub(crate) fn agree(&self, peer: &[u8; 32]) -> Option<Secret<32>> {
        Some(Secret::from_bytes(self.0.diffie_hellman(&x25519_dalek::PublicKey::from(*peer)).to_bytes()))
    }
}

fn uncompressed(key: &VerifyingKey) -> Option<[u8; 65]> {
    key.to_sec1_point(false).as_bytes().try_into().ok()
}
