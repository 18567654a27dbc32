//! Public keys.

use core::{
    fmt,
    hash::{Hash, Hasher},
};
use std::sync::Arc;

use super::Signature;
use crate::{
    CryptoError,
    backend::{self, EcdsaPublicKey},
};

/// What stands before an uncompressed point in a `SubjectPublicKeyInfo`: the algorithm and the curve.
const PUBLIC_KEY_INFO: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A P-256 public key, checked to be on the curve. Cheap to clone.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Parsed>);

struct Parsed {
    key: EcdsaPublicKey,
    point: [u8; 65],
}

impl VerifyingKey {
    /// Reads a SEC 1 point: 33 bytes compressed (first byte 2 or 3) or 65 uncompressed (first byte 4).
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] for any other form, for coordinates not below the field's prime, for points
    /// off the curve and for the point at infinity.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, CryptoError> {
        match (bytes.len(), bytes.first()) {
            (33, Some(2 | 3)) | (65, Some(4)) => {}
            _ => return Err(CryptoError::BadKey),
        }
        let (key, point) = EcdsaPublicKey::from_sec1(bytes).ok_or(CryptoError::BadKey)?;
        Ok(Self(Arc::new(Parsed { key, point })))
    }

    /// The compressed SEC 1 point.
    pub fn to_sec1_compressed(&self) -> [u8; 33] {
        let mut compressed = [0; 33];
        compressed[0] = 2 | (self.0.point[64] & 1);
        compressed[1..].copy_from_slice(&self.0.point[1..33]);
        compressed
    }

    /// The uncompressed SEC 1 point.
    pub fn to_sec1_uncompressed(&self) -> [u8; 65] {
        self.0.point
    }

    /// The key as certificates hold it (`SubjectPublicKeyInfo`, RFC 5480), DER.
    pub fn to_public_key_info(&self) -> Vec<u8> {
        [&PUBLIC_KEY_INFO[..], &self.0.point].concat()
    }

    /// Reads what [`VerifyingKey::to_public_key_info`] writes.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] for keys of other kinds and other forms, or as [`VerifyingKey::from_sec1`].
    pub fn from_public_key_info(der: &[u8]) -> Result<Self, CryptoError> {
        Self::from_sec1(
            der.strip_prefix(&PUBLIC_KEY_INFO)
                .filter(|point| point.len() == 65)
                .ok_or(CryptoError::BadKey)?,
        )
    }

    /// Checks a signature over SHA-256 of the parts taken as one string.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if it is not this key's signature over them.
    pub fn verify(&self, parts: &[&[u8]], signature: &Signature) -> Result<(), CryptoError> {
        let hash = backend::sha256(parts);
        if self.0.key.verifies(&hash, signature.as_bytes()) { Ok(()) } else { Err(CryptoError::BadSignature) }
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.point == other.0.point
    }
}

impl Eq for VerifyingKey {}

impl Hash for VerifyingKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.point.hash(state);
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey(")?;
        crate::write_hex(f, &self.to_sec1_compressed())?;
        f.write_str(")")
    }
}
