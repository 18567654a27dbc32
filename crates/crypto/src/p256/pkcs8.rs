//! Private keys as PKCS#8 (RFC 5208 and 5915), to hand TLS keys to rustls and to keep them in files.

use der::{
    Decode, Encode, Sequence,
    asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef},
};
use zeroize::Zeroizing;

use super::SigningKey;
use crate::{CryptoError, SecretBytes, SecretString, pem};

const LABEL: &str = "PRIVATE KEY";
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// The longest PKCS#8 that can be one of ours, bytes.
const DER_LEN_MAX: usize = 256;

#[derive(Sequence)]
struct PrivateKey<'a> {
    version: u8,
    algorithm: Algorithm,
    key: &'a OctetStringRef,
}

#[derive(Sequence, PartialEq)]
struct Algorithm {
    oid: ObjectIdentifier,
    curve: ObjectIdentifier,
}

#[derive(Sequence)]
struct EcPrivateKey<'a> {
    version: u8,
    scalar: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    parameters: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    public_key: Option<BitStringRef<'a>>,
}

const P256: Algorithm = Algorithm { oid: EC_PUBLIC_KEY, curve: PRIME256V1 };

impl SigningKey {
    /// The key as PKCS#8 DER.
    pub fn to_pkcs8_der(&self) -> SecretBytes {
        let scalar = self.to_scalar();
        let point = self.verifying_key().to_sec1_uncompressed();
        let inner = EcPrivateKey {
            version: 1,
            scalar: OctetStringRef::new(scalar.expose()).expect("32 bytes fit DER"),
            parameters: None,
            public_key: Some(BitStringRef::from_bytes(&point).expect("65 bytes fit DER")),
        };
        let inner = Zeroizing::new(inner.to_der().expect("a short key fits DER"));
        let outer = PrivateKey {
            version: 0,
            algorithm: P256,
            key: OctetStringRef::new(&inner).expect("a short key fits DER"),
        };
        SecretBytes::from_vec(outer.to_der().expect("a short key fits DER"))
    }

    /// The key as PKCS#8 PEM (`PRIVATE KEY`), unencrypted: it belongs in a file that only its owner reads.
    pub fn to_pkcs8_pem(&self) -> SecretString {
        SecretString::from_string(pem::encode(LABEL, self.to_pkcs8_der().expose()))
    }

    /// Reads a P-256 key from PKCS#8 DER.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] for anything but an unencrypted P-256 key, and if the public key that it
    /// may hold is not its own.
    pub fn from_pkcs8_der(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() > DER_LEN_MAX {
            return Err(CryptoError::BadKey);
        }
        let outer = PrivateKey::from_der(bytes).map_err(|_| CryptoError::BadKey)?;
        let inner = EcPrivateKey::from_der(outer.key.as_bytes()).map_err(|_| CryptoError::BadKey)?;
        if outer.version != 0 || outer.algorithm != P256 || inner.version != 1 {
            return Err(CryptoError::BadKey);
        }
        if let Some(parameters) = inner.parameters
            && parameters.decode_as::<ObjectIdentifier>().ok() != Some(PRIME256V1)
        {
            return Err(CryptoError::BadKey);
        }
        let scalar = inner.scalar.as_bytes().try_into().map_err(|_| CryptoError::BadKey)?;
        let key = Self::from_scalar(scalar)?;
        if let Some(public_key) = inner.public_key
            && public_key.as_bytes() != Some(&key.verifying_key().to_sec1_uncompressed()[..])
        {
            return Err(CryptoError::BadKey);
        }
        Ok(key)
    }

    /// Reads a P-256 key from PKCS#8 PEM.
    ///
    /// # Errors
    /// [`CryptoError::BadPem`] if it is not one `PRIVATE KEY` block, else as [`SigningKey::from_pkcs8_der`].
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, CryptoError> {
        let der = Zeroizing::new(pem::decode(LABEL, text)?);
        Self::from_pkcs8_der(&der)
    }
}
