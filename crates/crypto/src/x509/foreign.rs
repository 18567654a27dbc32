//! Certificates of authorities that are not ours: those of phone makers, under which platforms attest.
//!
//! Read by `x509-cert`; signatures are checked by `rustls-webpki` over aws-lc. Here is what one certificate says and
//! whether another signed it. Which chains are good is the caller's: platforms have rules of their own there.

use der::{Decode, Encode, asn1::AnyRef, asn1::ObjectIdentifier};
use x509_cert::{
    TbsCertificate, Version,
    ext::pkix::{BasicConstraints, KeyUsage},
};

use super::{
    extensions::{self, find},
    parts::{self, Signed},
};
use crate::{CryptoError, backend, p256::VerifyingKey, pem};

const LABEL: &str = "CERTIFICATE";
/// The longest certificate read, bytes. Those that attest have hundreds of bytes of extension.
const CERTIFICATE_LEN_MAX: usize = 16 * 1024;
/// The most certificates in one PEM text.
const CHAIN_LEN_MAX: usize = 16;
/// The most extensions in one certificate.
const EXTENSIONS_MAX: usize = 24;

/// A certificate that has been read: well-formed, not yet believed. See [`ForeignCertificate::is_signed_by`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignCertificate {
    der: Vec<u8>,
    body: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
    serial: Vec<u8>,
    parsed: TbsCertificate,
    key_info: Vec<u8>,
    constraints: Option<BasicConstraints>,
    usage: Option<KeyUsage>,
}

impl ForeignCertificate {
    /// Reads a certificate. This checks no signature.
    ///
    /// # Errors
    /// [`CryptoError::BadCertificate`] for anything over 16 KiB, not DER, not version 3, with two different
    /// algorithms, an extension that stands twice, or a critical one that this room does not know.
    pub fn read(der: &[u8]) -> Result<Self, CryptoError> {
        const MALFORMED: CryptoError = CryptoError::BadCertificate("it is malformed");
        if der.len() > CERTIFICATE_LEN_MAX {
            return Err(CryptoError::BadCertificate("too long"));
        }
        let signed = Signed::from_der(der).map_err(|_| MALFORMED)?;
        let body = signed.body.to_der().map_err(|_| MALFORMED)?;
        let parsed = TbsCertificate::from_der(&body).map_err(|_| MALFORMED)?;
        if parsed.version() != Version::V3 || *parsed.signature() != signed.algorithm {
            return Err(CryptoError::BadCertificate("another version, or two algorithms"));
        }
        extensions::check(&parsed, EXTENSIONS_MAX)?;
        let algorithm = signed.algorithm.to_der().map_err(|_| MALFORMED)?;
        let serial = parsed.serial_number().as_bytes();
        let zeros = serial.iter().take_while(|byte| **byte == 0).count();
        Ok(Self {
            der: der.to_vec(),
            algorithm: AnyRef::from_der(&algorithm).map_err(|_| MALFORMED)?.value().to_vec(),
            signature: signed.signature.as_bytes().ok_or(MALFORMED)?.to_vec(),
            serial: serial[zeros..].to_vec(),
            key_info: parsed.subject_public_key_info().to_der().map_err(|_| MALFORMED)?,
            constraints: find(&parsed)?,
            usage: find(&parsed)?,
            parsed,
            body,
        })
    }

    /// Reads the certificates in a PEM text, at most 16, in their order.
    ///
    /// # Errors
    /// [`CryptoError::BadPem`], or as [`ForeignCertificate::read`].
    pub fn chain_from_pem(text: &str) -> Result<Vec<Self>, CryptoError> {
        pem::decode_all(LABEL, text, CHAIN_LEN_MAX)?.iter().map(|der| Self::read(der)).collect()
    }

    /// The certificate as DER, byte for byte as it was read.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The serial number, without leading zeros.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// Who it is for, as RFC 4514 writes names.
    #[must_use]
    pub fn subject(&self) -> String {
        self.parsed.subject().to_string()
    }

    /// The text of the one part of the subject's name that has this type; `None` if there is none or several.
    #[must_use]
    pub fn subject_part(&self, kind: ObjectIdentifier) -> Option<&str> {
        let mut parts = self.parsed.subject().iter().filter(|part| part.oid == kind);
        let part = parts.next()?;
        let is_only = parts.next().is_none();
        core::str::from_utf8(part.value.value()).ok().filter(|_| is_only)
    }

    /// Whether `issuer` is named as who issued it.
    #[must_use]
    pub fn names_as_issuer(&self, issuer: &Self) -> bool {
        self.parsed.issuer() == issuer.parsed.subject()
    }

    /// Whether both name the same holder and hold the same key, so that one says what the other says.
    #[must_use]
    pub fn has_name_and_key_of(&self, other: &Self) -> bool {
        self.parsed.subject() == other.parsed.subject() && self.key_info == other.key_info
    }

    /// Valid from this second of the Unix epoch on.
    #[must_use]
    pub fn not_before_s(&self) -> u64 {
        self.parsed.validity().not_before.to_unix_duration().as_secs()
    }

    /// Valid up to and including this second of the Unix epoch.
    #[must_use]
    pub fn not_after_s(&self) -> u64 {
        self.parsed.validity().not_after.to_unix_duration().as_secs()
    }

    /// The subject's key as DER (`SubjectPublicKeyInfo`).
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        &self.key_info
    }

    /// The subject's key, if it is one of P-256.
    #[must_use]
    pub fn p256_key(&self) -> Option<VerifyingKey> {
        parts::read_key_info(self.parsed.subject_public_key_info())
    }

    /// Whether it says to be an authority's.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.constraints.as_ref().is_some_and(|constraints| constraints.ca)
    }

    /// How many authorities may stand below this one, if it says so.
    #[must_use]
    pub fn path_len_max(&self) -> Option<u8> {
        self.constraints.as_ref().and_then(|constraints| constraints.path_len_constraint)
    }

    /// Whether its key may sign certificates: it is for that, or the certificate does not say what it is for.
    #[must_use]
    pub fn may_issue(&self) -> bool {
        self.usage.as_ref().is_none_or(KeyUsage::key_cert_sign)
    }

    /// What stands in an extension, DER.
    #[must_use]
    pub fn extension(&self, kind: ObjectIdentifier) -> Option<&[u8]> {
        let extensions = self.parsed.extensions()?;
        extensions.iter().find(|one| one.extn_id == kind).map(|one| one.extn_value.as_bytes())
    }

    /// Checks that the key in `issuer` signed this certificate, and nothing else.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if it did not, or by an algorithm that is not ECDSA over P-256 or P-384, or RSA
    /// (PKCS #1, 2048 to 8192 bits), with SHA-256 or longer.
    pub fn is_signed_by(&self, issuer: &Self) -> Result<(), CryptoError> {
        if backend::is_foreign_signature(&issuer.der, &self.algorithm, &self.body, &self.signature) {
            Ok(())
        } else {
            Err(CryptoError::BadSignature)
        }
    }
}
