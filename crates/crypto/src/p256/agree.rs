//! Key agreement (SP 800-56A, ECDH without cofactor, which is 1 here). Its shared secrets are used through
//! [`crate::hpke`].

use core::fmt;
use std::sync::Arc;

use super::{Point, order};
use crate::{CryptoError, Random, Secret, backend::EcdhSecretKey};

/// A P-256 private key for agreements, its public key computed once. Cheap to clone; wiped with the last clone.
#[derive(Clone)]
pub struct AgreementKey(Arc<Parts>);

struct Parts {
    key: EcdhSecretKey,
    scalar: Secret<32>,
    public: Point,
}

impl AgreementKey {
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
        let (key, point) = EcdhSecretKey::from_scalar(scalar).ok_or(CryptoError::BadKey)?;
        let public = Point::from_uncompressed(&point)?;
        Ok(Self(Arc::new(Parts { key, scalar: Secret::from_bytes(*scalar), public })))
    }

    /// The private scalar, 32 bytes big-endian.
    pub fn to_scalar(&self) -> Secret<32> {
        self.0.scalar.clone()
    }

    /// The public half.
    pub fn public_key(&self) -> &Point {
        &self.0.public
    }

    /// The raw shared secret: the shared point's x coordinate. Derive keys from it; never use it as one.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] never for a [`Point`], which is on the curve; it is the primitives' way to say no.
    pub fn agree(&self, peer: &Point) -> Result<Secret<32>, CryptoError> {
        self.0.key.agree(peer.as_bytes()).ok_or(CryptoError::BadKey)
    }
}

impl fmt::Debug for AgreementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgreementKey(redacted, {:?})", self.0.public)
    }
}
