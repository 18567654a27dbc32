//! The two KEMs (RFC 9180, section 4.1): their keys, and whoever holds a recipient's private half.

use core::fmt;

use super::{labeled_expand, labeled_extract};
use crate::{CryptoError, Random, Secret, mac::constant_time_eq, p256, x25519};

/// Bytes of the encapsulated key, over either KEM.
pub const ENC_LEN: usize = 32;

/// Which key encapsulation a key is for. A key serves one of them, ever.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kem {
    /// DHKEM(X25519, HKDF-SHA256).
    X25519,
    /// DHKEM(P-256, HKDF-SHA256), which hardware security modules can do.
    P256,
}

impl Kem {
    /// Its number in RFC 9180's registry, section 7.1.
    pub(super) const fn id(self) -> [u8; 2] {
        match self {
            Self::X25519 => [0x00, 0x20],
            Self::P256 => [0x00, 0x10],
        }
    }

    /// "KEM" and its number.
    fn suite(self) -> [u8; 5] {
        let [high, low] = self.id();
        [b'K', b'E', b'M', high, low]
    }
}

/// What is sealed to: a public key of one of the KEMs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// For [`Kem::X25519`].
    X25519(x25519::PublicKey),
    /// For [`Kem::P256`].
    P256(p256::Point),
}

impl PublicKey {
    /// Reads 32 bytes for X25519, 65 for P-256 (an uncompressed SEC 1 point).
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] for another length or form, or for what is no point on the curve.
    pub fn from_bytes(kem: Kem, bytes: &[u8]) -> Result<Self, CryptoError> {
        match kem {
            Kem::X25519 => {
                let bytes = bytes.try_into().map_err(|_| CryptoError::BadKey)?;
                Ok(Self::X25519(x25519::PublicKey(bytes)))
            }
            Kem::P256 => p256::Point::from_uncompressed(bytes).map(Self::P256),
        }
    }

    /// Which KEM it is for.
    #[must_use]
    pub const fn kem(&self) -> Kem {
        match self {
            Self::X25519(_) => Kem::X25519,
            Self::P256(_) => Kem::P256,
        }
    }

    /// Its bytes as RFC 9180 serialises it: 32 for X25519, 65 for P-256.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::X25519(key) => &key.0,
            Self::P256(point) => point.as_bytes(),
        }
    }

    /// The sender's ephemeral public key that `enc` stands for: what a holder's key agrees with.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] over P-256 if no point has this x coordinate.
    pub fn from_enc(kem: Kem, enc: &[u8; ENC_LEN]) -> Result<Self, CryptoError> {
        match kem {
            Kem::X25519 => Ok(Self::X25519(x25519::PublicKey(*enc))),
            Kem::P256 => p256::Point::with_even_y(enc).map(Self::P256),
        }
    }
}

impl From<x25519::PublicKey> for PublicKey {
    fn from(key: x25519::PublicKey) -> Self {
        Self::X25519(key)
    }
}

impl From<p256::Point> for PublicKey {
    fn from(point: p256::Point) -> Self {
        Self::P256(point)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X25519(key) => key.fmt(f),
            Self::P256(point) => point.fmt(f),
        }
    }
}

/// Whoever holds a recipient's private key: a key in memory, or one that a key store keeps.
///
/// A holder needs no more than the raw Diffie-Hellman value (in PKCS#11 `CKM_ECDH1_DERIVE` without a KDF).
pub trait Decapsulate: Send + Sync {
    /// The public half, that senders seal to.
    fn public_key(&self) -> PublicKey;

    /// The raw Diffie-Hellman value of the private key and a peer of the same KEM, 32 bytes: over P-256 the x
    /// coordinate of the shared point. The peer is a point on the curve; over P-256 [`PublicKey::as_bytes`] gives it
    /// as 65 bytes, uncompressed.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] for a peer of the other KEM or of small order, [`CryptoError::KeyStore`] where the
    /// holder of the key fails.
    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, CryptoError>;

    /// RFC 9180's `Decap`: from `enc` to the KEM's shared secret. A holder that works out more than the raw value
    /// does this itself.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if `enc` is the x coordinate of no point or leads to an all-zero value, else as
    /// [`Decapsulate::agree`].
    fn decapsulate(&self, enc: &[u8; ENC_LEN]) -> Result<Secret<32>, CryptoError> {
        let recipient = self.public_key();
        let peer = PublicKey::from_enc(recipient.kem(), enc)?;
        derive_shared_secret(&self.agree(&peer)?, &peer, &recipient)
    }
}

/// A private key in memory, of either KEM. Cheap to clone; wiped with the last clone.
#[derive(Clone)]
pub enum SecretKey {
    /// For [`Kem::X25519`].
    X25519(x25519::SecretKey),
    /// For [`Kem::P256`].
    P256(p256::AgreementKey),
}

impl SecretKey {
    /// Draws a fresh key.
    pub fn make(kem: Kem, random: &mut dyn Random) -> Self {
        match kem {
            Kem::X25519 => Self::X25519(x25519::SecretKey::make(random)),
            Kem::P256 => Self::P256(p256::AgreementKey::make(random)),
        }
    }

    /// Takes 32 bytes: any for X25519, a scalar (big-endian) for P-256.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] for a scalar that is out of range.
    pub fn from_bytes(kem: Kem, bytes: &[u8; 32]) -> Result<Self, CryptoError> {
        match kem {
            Kem::X25519 => Ok(Self::X25519(x25519::SecretKey::from_bytes(bytes))),
            Kem::P256 => p256::AgreementKey::from_scalar(bytes).map(Self::P256),
        }
    }

    /// The bytes that it was made from.
    pub fn to_bytes(&self) -> Secret<32> {
        match self {
            Self::X25519(key) => key.to_bytes(),
            Self::P256(key) => key.to_scalar(),
        }
    }
}

impl From<x25519::SecretKey> for SecretKey {
    fn from(key: x25519::SecretKey) -> Self {
        Self::X25519(key)
    }
}

impl From<p256::AgreementKey> for SecretKey {
    fn from(key: p256::AgreementKey) -> Self {
        Self::P256(key)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X25519(key) => key.fmt(f),
            Self::P256(key) => key.fmt(f),
        }
    }
}

impl Decapsulate for SecretKey {
    fn public_key(&self) -> PublicKey {
        match self {
            Self::X25519(key) => PublicKey::X25519(*key.public_key()),
            Self::P256(key) => PublicKey::P256(*key.public_key()),
        }
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, CryptoError> {
        match (self, peer) {
            (Self::X25519(key), PublicKey::X25519(peer)) => key.agree(peer),
            (Self::P256(key), PublicKey::P256(peer)) => key.agree(peer),
            _ => Err(CryptoError::BadKey),
        }
    }
}

impl Decapsulate for x25519::SecretKey {
    fn public_key(&self) -> PublicKey {
        PublicKey::X25519(*self.public_key())
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, CryptoError> {
        match peer {
            PublicKey::X25519(peer) => self.agree(peer),
            PublicKey::P256(_) => Err(CryptoError::BadKey),
        }
    }
}

impl Decapsulate for p256::AgreementKey {
    fn public_key(&self) -> PublicKey {
        PublicKey::P256(*self.public_key())
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, CryptoError> {
        match peer {
            PublicKey::P256(peer) => self.agree(peer),
            PublicKey::X25519(_) => Err(CryptoError::BadKey),
        }
    }
}

/// RFC 9180's `Encap` with this ephemeral key: `enc` to send along, and the shared secret.
pub(super) fn encapsulate(
    ephemeral: &SecretKey,
    recipient: &PublicKey,
) -> Result<([u8; ENC_LEN], Secret<32>), CryptoError> {
    let dh = ephemeral.agree(recipient)?;
    let (enc, sent) = match ephemeral.public_key() {
        PublicKey::X25519(key) => (key.0, PublicKey::X25519(key)),
        // Where y is odd, the negated key is meant. Its agreement has the same x coordinate, so it is never computed.
        PublicKey::P256(point) => (point.x(), PublicKey::P256(point.to_even_y())),
    };
    Ok((enc, derive_shared_secret(&dh, &sent, recipient)?))
}

/// DHKEM's `ExtractAndExpand` over the raw Diffie-Hellman value of `recipient`'s private half and the sender's
/// ephemeral key ([`PublicKey::from_enc`]).
///
/// # Errors
/// [`CryptoError::BadKey`] if the two keys are not for one KEM, or if an X25519 value is all zero.
pub fn derive_shared_secret(
    dh: &Secret<32>,
    ephemeral: &PublicKey,
    recipient: &PublicKey,
) -> Result<Secret<32>, CryptoError> {
    let kem = recipient.kem();
    // The order of P-256 is prime: two of its points never agree on nothing.
    let nothing = kem == Kem::X25519 && constant_time_eq(dh.expose(), &[0; 32]);
    if nothing || ephemeral.kem() != kem {
        return Err(CryptoError::BadKey);
    }
    let prk = labeled_extract(&kem.suite(), &[], b"eae_prk", dh.expose());
    let mut shared = Secret::zeros();
    let context = [ephemeral.as_bytes(), recipient.as_bytes()];
    labeled_expand(&kem.suite(), &prk, b"shared_secret", context, shared.expose_mut());
    Ok(shared)
}
