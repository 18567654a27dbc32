//! Certificate requests (PKCS#10, RFC 2986): a key, a name, and the proof that the asker holds the key.

use der::{Decode, Encode};
use x509_cert::request::{CertReqInfo, Version};

use super::parts;
use crate::{
    CryptoError,
    p256::{Sign, Signature, VerifyingKey},
};

/// The longest request read, bytes.
const REQUEST_LEN_MAX: usize = 4 * 1024;

/// A request that waits for its signature: for keys in a platform's vault, that sign elsewhere and later.
#[derive(Clone, Debug)]
pub struct Request {
    key: VerifyingKey,
    body: Vec<u8>,
}

impl Request {
    /// Prepares a request for this key.
    ///
    /// # Errors
    /// [`CryptoError::BadRequest`] if the common name is empty, over 64 characters, or has control characters.
    pub fn new(key: &VerifyingKey, subject_common_name: &str) -> Result<Self, CryptoError> {
        let subject =
            parts::name(subject_common_name).ok_or(CryptoError::BadRequest("the name is not usable"))?;
        let body = CertReqInfo {
            version: Version::V1,
            subject,
            public_key: parts::key_info(key),
            attributes: Default::default(),
        };
        let body = body.to_der().map_err(|_| CryptoError::TooLong)?;
        Ok(Self { key: key.clone(), body })
    }

    /// What the key has to sign (ECDSA with SHA-256 over these bytes).
    pub fn to_be_signed(&self) -> &[u8] {
        &self.body
    }

    /// The finished request, DER.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if the signature is not this key's over these bytes.
    pub fn finish(&self, signature: &Signature) -> Result<Vec<u8>, CryptoError> {
        self.key.verify(&[&self.body], signature)?;
        parts::frame(&self.body, signature)
    }
}

/// Makes a request, DER.
///
/// # Errors
/// [`CryptoError::BadRequest`] if the common name is not usable, or what the key's holder says.
pub fn make_request(key: &dyn Sign, subject_common_name: &str) -> Result<Vec<u8>, CryptoError> {
    let request = Request::new(key.verifying_key(), subject_common_name)?;
    parts::sign_body(&request.body, key)
}

/// Reads a request and checks that the asker holds the key. The name and attributes in it are the asker's
/// own words and are not given: whoever issues decides the name.
///
/// # Errors
/// [`CryptoError::BadRequest`] for anything over 4 KiB, not strict DER, or with another algorithm;
/// [`CryptoError::BadSignature`] if the signature does not verify.
pub fn read_request(der: &[u8]) -> Result<VerifyingKey, CryptoError> {
    if der.len() > REQUEST_LEN_MAX {
        return Err(CryptoError::BadRequest("too long"));
    }
    let (body, signature) =
        parts::unframe(der).ok_or(CryptoError::BadRequest("not strict DER of the one algorithm"))?;
    let request =
        CertReqInfo::from_der(&body).map_err(|_| CryptoError::BadRequest("the body is malformed"))?;
    if request.to_der().ok().as_ref() != Some(&body) {
        return Err(CryptoError::BadRequest("the body is not strict DER"));
    }
    let key = parts::read_key_info(&request.public_key).ok_or(CryptoError::BadRequest("not a P-256 key"))?;
    key.verify(&[&body], &signature)?;
    Ok(key)
}
