//! What a program brings to TLS: the roots that it trusts, and the certificate and key that it shows.

use core::fmt;
use rustls::RootCertStore;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use std::time::SystemTime;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Most certificates read from one PEM text.
const CERTIFICATES_MAX: usize = 512;

/// Why PEM text cannot serve. Callers add the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// No `BEGIN CERTIFICATE` block.
    #[error("there is no certificate in it; expected PEM with a BEGIN CERTIFICATE line")]
    NoCertificate,
    /// No private key block.
    #[error("there is no private key in it; expected PEM with a BEGIN PRIVATE KEY line")]
    NoPrivateKey,
    /// A block that does not decode.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// More certificates than this reads.
    #[error("it holds more than {CERTIFICATES_MAX} certificates")]
    TooMany,
    /// The certificate's time is over.
    #[error("the certificate expired at {0}; issue a new one")]
    Expired(String),
    /// The certificate's time has not begun, or this machine's clock is behind.
    #[error("the certificate is valid only from {0}; check this machine's clock")]
    NotYetValid(String),
    /// The certificate is for another key.
    #[error("certificate and private key do not belong together")]
    Mismatch,
}

/// The certificate authorities trusted for one purpose. Cheap to clone.
#[derive(Clone)]
pub struct Roots(Arc<RootCertStore>);

impl Roots {
    /// The roots in PEM text: one or more certificates, nothing else is looked at.
    ///
    /// # Errors
    /// [`PemError`] if there is none, one is unreadable, or none of them is valid now.
    pub fn from_pem(pem: &[u8]) -> Result<Self, PemError> {
        let certificates = read_certificates(pem)?;
        let mut store = RootCertStore::empty();
        let mut refused = None;
        for certificate in certificates {
            // An expired root is left out, so that an old and a new one may stand side by side.
            match check_validity(&certificate) {
                Ok(()) => store.add(certificate).map_err(|e| PemError::Unreadable(e.to_string()))?,
                Err(error @ (PemError::Expired(_) | PemError::NotYetValid(_))) => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        if store.is_empty() {
            return Err(refused.unwrap_or(PemError::NoCertificate));
        }
        Ok(Self(Arc::new(store)))
    }

    pub(crate) fn store(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}

/// A certificate chain and its private key. Cheap to clone; the key is never shown.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// The identity in two PEM texts: the chain, own certificate first, and the private key (PKCS#8, SEC1 or
    /// PKCS#1).
    ///
    /// # Errors
    /// [`PemError`] if one is missing or unreadable, they do not fit, or the certificate is not valid now.
    pub fn from_pem(certificate_chain: &[u8], private_key: &[u8]) -> Result<Self, PemError> {
        let chain = read_certificates(certificate_chain)?;
        check_validity(&chain[0])?;
        let key = PrivateKeyDer::from_pem_slice(private_key).map_err(|error| match error {
            rustls_pki_types::pem::Error::NoItemsFound => PemError::NoPrivateKey,
            other => PemError::Unreadable(other.to_string()),
        })?;
        let certified = CertifiedKey::from_der(chain, key, &crate::tls::provider());
        certified.map(|certified| Self(Arc::new(certified))).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => PemError::Mismatch,
            other => PemError::Unreadable(other.to_string()),
        })
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// At least one certificate, all of them well-formed PEM.
fn read_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        if certificates.len() == CERTIFICATES_MAX {
            return Err(PemError::TooMany);
        }
        certificates.push(certificate.map_err(|e| PemError::Unreadable(e.to_string()))?);
    }
    if certificates.is_empty() { Err(PemError::NoCertificate) } else { Ok(certificates) }
}

fn check_validity(certificate: &CertificateDer<'_>) -> Result<(), PemError> {
    let parsed = Certificate::from_der(certificate).map_err(|e| PemError::Unreadable(e.to_string()))?;
    let validity = parsed.tbs_certificate().validity();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    if validity.not_after.to_unix_duration() < now {
        return Err(PemError::Expired(validity.not_after.to_date_time().to_string()));
    }
    if validity.not_before.to_unix_duration() > now {
        return Err(PemError::NotYetValid(validity.not_before.to_date_time().to_string()));
    }
    Ok(())
}
