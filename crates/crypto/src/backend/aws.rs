//! The backend over aws-lc.

#[cfg(feature = "foreign")]
mod foreign;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, X25519},
    digest, hmac,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, ParsedPublicKey},
};

#[cfg(feature = "foreign")]
pub(crate) use foreign::{is_foreign_signature, unwrap_key, wrap_key};

use crate::{CryptoError, Secret, SecretBytes};

/// SHA-256 over the parts as one string.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// HMAC-SHA256, fed piece by piece.
pub(crate) struct Hmac(hmac::Context);

impl Hmac {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    pub(crate) fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.sign().as_ref().try_into().expect("HMAC-SHA256 gives 32 bytes")
    }
}

/// AES-GCM under a key of 16 or 32 bytes, its schedule computed once.
pub(crate) struct Gcm(LessSafeKey);

impl Gcm {
    pub(crate) fn new128(key: &Secret<16>) -> Self {
        let key = UnboundKey::new(&AES_128_GCM, key.expose()).expect("AES-128 takes 16 bytes");
        Self(LessSafeKey::new(key))
    }

    pub(crate) fn new256(key: &Secret<32>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key.expose()).expect("AES-256 takes 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Encrypts in place and gives the tag.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        in_out: &mut [u8],
    ) -> Result<[u8; 16], CryptoError> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(aad), in_out)
            .map_err(|_| CryptoError::TooLong)?;
        Ok(tag.as_ref().try_into().expect("a GCM tag has 16 bytes"))
    }

    /// Opens ciphertext ‖ tag.
    pub(crate) fn open(
        &self,
        nonce: &[u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<SecretBytes, CryptoError> {
        let (ciphertext, tag) = sealed.split_last_chunk::<16>().ok_or(CryptoError::Sealed)?;
        let mut plaintext = vec![0; ciphertext.len()];
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0
            .open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, &mut plaintext)
            .map_err(|_| CryptoError::Sealed)?;
        Ok(SecretBytes::from_vec(plaintext))
    }
}

/// A P-256 private key.
pub(crate) struct EcdsaSecretKey(EcdsaKeyPair);

impl EcdsaSecretKey {
    /// The key and its public point (uncompressed SEC 1), if the scalar is in 1..n.
    pub(crate) fn from_scalar(scalar: &[u8; 32]) -> Option<(Self, [u8; 65])> {
        let point =
            agreement::PrivateKey::from_private_key(&ECDH_P256, scalar).ok()?.compute_public_key().ok()?;
        let point: [u8; 65] = point.as_ref().try_into().ok()?;
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, scalar, &point)
                .ok()?;
        Some((Self(pair), point))
    }

    /// Raw r ‖ s over a SHA-256 hash; s may be high.
    pub(crate) fn sign_hash(&self, hash: &[u8; 32]) -> [u8; 64] {
        let hash = import_hash(hash);
        let signature = self.0.sign_digest(&hash).expect("signing with a checked P-256 key works");
        signature.as_ref().try_into().expect("the fixed form has 64 bytes")
    }
}

/// A P-256 public key, parsed and checked once.
pub(crate) struct EcdsaPublicKey(ParsedPublicKey);

impl EcdsaPublicKey {
    /// The key and its uncompressed form, if the bytes are a point on the curve. The caller has checked
    /// the length and the first byte.
    pub(crate) fn from_sec1(bytes: &[u8]) -> Option<(Self, [u8; 65])> {
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes).ok()?;
        let point = match bytes.try_into() {
            Ok(point) => point,
            // aws-lc hands out the uncompressed point only at the end of the X.509 form.
            Err(_) => {
                let spki: PublicKeyX509Der<'_> = key.as_der().ok()?;
                *spki.as_ref().last_chunk::<65>()?
            }
        };
        Some((Self(key), point))
    }

    /// Whether raw r ‖ s is a signature over a SHA-256 hash.
    pub(crate) fn verifies(&self, hash: &[u8; 32], signature: &[u8; 64]) -> bool {
        self.0.verify_digest_sig(&import_hash(hash), signature).is_ok()
    }
}

/// A P-256 private key for agreements.
pub(crate) struct EcdhSecretKey(agreement::PrivateKey);

impl EcdhSecretKey {
    /// The key and its public point (uncompressed SEC 1), if the scalar is in 1..n.
    pub(crate) fn from_scalar(scalar: &[u8; 32]) -> Option<(Self, [u8; 65])> {
        let key = agreement::PrivateKey::from_private_key(&ECDH_P256, scalar).ok()?;
        let point = key.compute_public_key().ok()?;
        let point = point.as_ref().try_into().ok()?;
        Some((Self(key), point))
    }

    /// The x coordinate shared with an uncompressed point; `None` if that is not on the curve.
    pub(crate) fn agree(&self, peer: &[u8; 65]) -> Option<Secret<32>> {
        agree(&self.0, agreement::UnparsedPublicKey::new(&ECDH_P256, &peer[..]))
    }
}

/// An X25519 private key.
pub(crate) struct AgreementKey(agreement::PrivateKey);

impl AgreementKey {
    /// The key and its public key.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> (Self, [u8; 32]) {
        let key =
            agreement::PrivateKey::from_private_key(&X25519, bytes).expect("any 32 bytes are an X25519 key");
        let public = key.compute_public_key().expect("an X25519 key has a public key");
        let public = public.as_ref().try_into().expect("an X25519 public key has 32 bytes");
        (Self(key), public)
    }

    /// The shared secret; the caller refuses zeros. `None` where the library has refused it already.
    pub(crate) fn agree(&self, peer: &[u8; 32]) -> Option<Secret<32>> {
        agree(&self.0, agreement::UnparsedPublicKey::new(&X25519, &peer[..]))
    }
}

fn agree(key: &agreement::PrivateKey, peer: agreement::UnparsedPublicKey<&[u8]>) -> Option<Secret<32>> {
    agreement::agree(key, peer, (), |shared| {
        let mut secret = Secret::zeros();
        secret.expose_mut().copy_from_slice(shared.get(..32).ok_or(())?);
        Ok(secret)
    })
    .ok()
}

fn import_hash(hash: &[u8; 32]) -> digest::Digest {
    digest::Digest::import_less_safe(hash, &digest::SHA256).expect("SHA-256 has 32 bytes")
}
