//! X25519 key agreement (RFC 7748). Its shared secrets are used through [`crate::hpke`].

use core::fmt;
use std::sync::Arc;

use crate::{CryptoError, Random, Secret, backend::AgreementKey, mac::constant_time_eq};

/// A public key: a u-coordinate, 32 bytes little-endian. Any bytes are taken here; those that lead to an
/// all-zero shared secret are refused when it is computed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        crate::write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

/// A private key, its public key computed once. Cheap to clone; wiped with the last clone.
#[derive(Clone)]
pub struct SecretKey(Arc<Parts>);

struct Parts {
    key: AgreementKey,
    bytes: Secret<32>,
    public: PublicKey,
}

impl SecretKey {
    /// Draws a fresh key.
    pub fn make(random: &mut dyn Random) -> Self {
        Self::from_bytes(Secret::make(random).expose())
    }

    /// Takes 32 bytes; X25519 clamps them itself when it computes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let (key, public) = AgreementKey::from_bytes(bytes);
        Self(Arc::new(Parts { key, bytes: Secret::from_bytes(*bytes), public: PublicKey(public) }))
    }

    /// The bytes that it was made from.
    pub fn to_bytes(&self) -> Secret<32> {
        self.0.bytes.clone()
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public
    }

    /// The raw shared secret. Derive keys from it; never use it as one.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if it is all zero, that is, the peer's point has a small order.
    pub fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, CryptoError> {
        let shared = self.0.key.agree(&peer.0).ok_or(CryptoError::BadKey)?;
        if constant_time_eq(shared.expose(), &[0; 32]) { Err(CryptoError::BadKey) } else { Ok(shared) }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(redacted, {:?})", self.0.public)
    }
}
