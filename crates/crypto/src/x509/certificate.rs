//! Reading and checking certificates.

use der::{Decode, Encode, Header, Reader, SliceReader, Tag, asn1::ObjectIdentifier};
use x509_cert::{
    TbsCertificate, Version,
    ext::pkix::{
        AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName,
        SubjectKeyIdentifier,
    },
    name::Name,
};

use super::{
    extensions::{self, find},
    parts,
};
use crate::{
    CryptoError,
    p256::{Signature, VerifyingKey},
    pem,
};

const LABEL: &str = "CERTIFICATE";
/// The longest certificate read, bytes.
const CERTIFICATE_LEN_MAX: usize = 8 * 1024;
/// The most certificates in one PEM text.
const CHAIN_LEN_MAX: usize = 16;
/// The most extensions in one certificate.
const EXTENSIONS_MAX: usize = 16;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Signing payment codes and requests as a device.
    Device,
    /// Signing key bundles in a root's name.
    KeyBundle,
    /// Being a TLS server.
    TlsServer,
    /// Being a TLS client.
    TlsClient,
}

/// A certificate that has been read: well-formed, not yet believed. See [`Certificate::verify_issued_by`].
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Vec<u8>,
    body: Vec<u8>,
    signature: Signature,
    serial: [u8; 16],
    issuer: Name,
    subject: Name,
    subject_cn: String,
    not_before_s: u64,
    not_after_s: u64,
    public_key: VerifyingKey,
    rules: Rules,
}

/// What the extensions say.
#[derive(Clone, Debug)]
struct Rules {
    ca: bool,
    path_len_max: Option<u8>,
    may_issue: bool,
    purposes: Option<Vec<ObjectIdentifier>>,
    subject_key_id: Option<Vec<u8>>,
    issuer_key_id: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads a certificate strictly. This checks no signature.
    ///
    /// # Errors
    /// [`CryptoError::BadCertificate`] for anything over 8 KiB, not the one DER form, not version 3, with
    /// another algorithm or key than P-256's, a serial number over 16 bytes, no single common name, or a
    /// critical extension that this room does not know.
    pub fn read(der: &[u8]) -> Result<Self, CryptoError> {
        if der.len() > CERTIFICATE_LEN_MAX {
            return Err(CryptoError::BadCertificate("too long"));
        }
        let (body, signature) =
            parts::unframe(der).ok_or(CryptoError::BadCertificate("not strict DER of the one algorithm"))?;
        let parsed = TbsCertificate::from_der(&body)
            .map_err(|_| CryptoError::BadCertificate("the body is malformed"))?;
        if parsed.to_der().ok().as_ref() != Some(&body) {
            return Err(CryptoError::BadCertificate("the body is not strict DER"));
        }
        if parsed.version() != Version::V3 || *parsed.signature() != parts::algorithm() {
            return Err(CryptoError::BadCertificate("another version or algorithm"));
        }
        if parsed.issuer_unique_id().is_some() || parsed.subject_unique_id().is_some() {
            return Err(CryptoError::BadCertificate("it has unique identifiers"));
        }
        Ok(Self {
            der: der.to_vec(),
            signature,
            serial: read_serial(parsed.serial_number().as_bytes())?,
            issuer: parsed.issuer().clone(),
            subject: parsed.subject().clone(),
            subject_cn: parts::read_common_name(parsed.subject())
                .ok_or(CryptoError::BadCertificate("the subject has no single common name"))?,
            not_before_s: parsed.validity().not_before.to_unix_duration().as_secs(),
            not_after_s: parsed.validity().not_after.to_unix_duration().as_secs(),
            public_key: parts::read_key_info(parsed.subject_public_key_info())
                .ok_or(CryptoError::BadCertificate("not a P-256 key"))?,
            rules: Rules::read(&parsed)?,
            body,
        })
    }

    /// The serial number of a certificate that was read, or made, before: nothing else of it is looked at.
    ///
    /// # Errors
    /// [`CryptoError::BadCertificate`] if none stands where one belongs.
    pub fn serial_of(der: &[u8]) -> Result<[u8; 16], CryptoError> {
        let find = || -> der::Result<[u8; 16]> {
            let mut reader = SliceReader::new(der)?;
            // Certificate, its body, the version, and then the serial number.
            Header::decode(&mut reader)?.tag().assert_eq(Tag::Sequence)?;
            Header::decode(&mut reader)?.tag().assert_eq(Tag::Sequence)?;
            let version = Header::decode(&mut reader)?;
            reader.read_slice(version.length())?;
            let serial = Header::decode(&mut reader)?;
            serial.tag().assert_eq(Tag::Integer)?;
            read_serial(reader.read_slice(serial.length())?).map_err(|_| Tag::Integer.value_error().into())
        };
        find().map_err(|_| CryptoError::BadCertificate("it has no serial number"))
    }

    /// Reads the one certificate in a PEM text.
    ///
    /// # Errors
    /// [`CryptoError::BadPem`], or as [`Certificate::read`].
    pub fn from_pem(text: &str) -> Result<Self, CryptoError> {
        Self::read(&pem::decode(LABEL, text.trim())?)
    }

    /// Reads the certificates in a PEM text, at most 16, in their order.
    ///
    /// # Errors
    /// [`CryptoError::BadPem`], or as [`Certificate::read`].
    pub fn chain_from_pem(text: &str) -> Result<Vec<Self>, CryptoError> {
        pem::decode_all(LABEL, text, CHAIN_LEN_MAX)?.iter().map(|der| Self::read(der)).collect()
    }

    /// The certificate as PEM.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, &self.der)
    }

    /// The certificate as DER, byte for byte as it was read.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The serial number.
    pub fn serial(&self) -> &[u8; 16] {
        &self.serial
    }

    /// The subject's key.
    pub fn public_key(&self) -> &VerifyingKey {
        &self.public_key
    }

    /// Valid from this second of the Unix epoch on.
    pub fn not_before_s(&self) -> u64 {
        self.not_before_s
    }

    /// Valid up to and including this second of the Unix epoch.
    pub fn not_after_s(&self) -> u64 {
        self.not_after_s
    }

    /// The subject's common name; for a device, the enrolment's id.
    pub fn subject_cn(&self) -> &str {
        &self.subject_cn
    }

    /// Whether it says to be an authority's.
    pub fn is_ca(&self) -> bool {
        self.rules.ca
    }

    /// Whether it is marked for this purpose. A certificate without any mark is for none.
    pub fn allows(&self, purpose: Purpose) -> bool {
        self.rules.purposes.as_ref().is_some_and(|purposes| purposes.contains(&purpose.oid()))
    }

    /// Checks that the issuer may issue this certificate, did, and that both are valid at `at_s`. Call it
    /// from the pinned root downwards; a root is its own issuer.
    ///
    /// # Errors
    /// [`CryptoError::BadCertificate`] if the issuer may not issue it, [`CryptoError::BadSignature`] if it
    /// did not, then [`CryptoError::NotYetValid`] or [`CryptoError::Expired`].
    pub fn verify_issued_by(&self, issuer: &Self, at_s: u64) -> Result<(), CryptoError> {
        self.check_rules(issuer)?;
        issuer.public_key.verify(&[&self.body], &self.signature)?;
        issuer.check_time(at_s)?;
        self.check_time(at_s)
    }

    /// Checks that this is no authority's certificate, is for `purpose`, was signed by this very key, whose own
    /// certificate need not be known, and is valid at `at_s`.
    ///
    /// # Errors
    /// [`CryptoError::BadCertificate`], [`CryptoError::BadSignature`], then [`CryptoError::NotYetValid`] or
    /// [`CryptoError::Expired`].
    pub fn verify_signed_by(
        &self,
        issuer_key: &VerifyingKey,
        purpose: Purpose,
        at_s: u64,
    ) -> Result<(), CryptoError> {
        if self.rules.ca || !self.allows(purpose) {
            return Err(CryptoError::BadCertificate("it is for something else"));
        }
        issuer_key.verify(&[&self.body], &self.signature)?;
        self.check_time(at_s)
    }

    fn check_time(&self, at_s: u64) -> Result<(), CryptoError> {
        if at_s < self.not_before_s {
            return Err(CryptoError::NotYetValid);
        }
        if at_s > self.not_after_s {
            return Err(CryptoError::Expired);
        }
        Ok(())
    }

    fn check_rules(&self, issuer: &Self) -> Result<(), CryptoError> {
        let (own, theirs) = (&self.rules, &issuer.rules);
        if !theirs.ca || !theirs.may_issue {
            return Err(CryptoError::BadCertificate("the issuer is no authority"));
        }
        if self.issuer != issuer.subject {
            return Err(CryptoError::BadCertificate("another issuer is named"));
        }
        if let (Some(named), Some(id)) = (&own.issuer_key_id, &theirs.subject_key_id)
            && named != id
        {
            return Err(CryptoError::BadCertificate("another issuer's key is named"));
        }
        let self_issued = self.subject == self.issuer;
        if let (true, false, Some(path_len_max)) = (own.ca, self_issued, theirs.path_len_max)
            && own.path_len_max.is_none_or(|own| own >= path_len_max)
        {
            return Err(CryptoError::BadCertificate("the issuer may not make this authority"));
        }
        if let Some(allowed) = &theirs.purposes
            && !own.purposes.as_ref().is_some_and(|purposes| purposes.iter().all(|one| allowed.contains(one)))
        {
            return Err(CryptoError::BadCertificate("the issuer may not issue for this purpose"));
        }
        Ok(())
    }
}

impl Rules {
    fn read(body: &TbsCertificate) -> Result<Self, CryptoError> {
        extensions::check(body, EXTENSIONS_MAX)?;
        let constraints = find::<BasicConstraints>(body)?;
        let usage = find::<KeyUsage>(body)?;
        find::<SubjectAltName>(body)?;
        let subject_key_id = find::<SubjectKeyIdentifier>(body)?;
        let issuer_key_id = find::<AuthorityKeyIdentifier>(body)?.and_then(|id| id.key_identifier);
        let ca = constraints.as_ref().is_some_and(|constraints| constraints.ca);
        Ok(Self {
            ca,
            path_len_max: constraints.and_then(|constraints| constraints.path_len_constraint),
            may_issue: usage.is_some_and(|usage| usage.key_cert_sign()),
            purposes: find::<ExtendedKeyUsage>(body)?.map(|purposes| purposes.0),
            subject_key_id: subject_key_id.map(|id| id.0.into_bytes().into_vec()),
            issuer_key_id: issuer_key_id.map(|id| id.into_bytes().into_vec()),
        })
    }
}

fn read_serial(bytes: &[u8]) -> Result<[u8; 16], CryptoError> {
    let bytes = bytes.strip_prefix(&[0]).unwrap_or(bytes);
    let start = 16_usize
        .checked_sub(bytes.len())
        .ok_or(CryptoError::BadCertificate("the serial number is too long"))?;
    let mut serial = [0; 16];
    serial[start..].copy_from_slice(bytes);
    if serial == [0; 16] { Err(CryptoError::BadCertificate("the serial number is zero")) } else { Ok(serial) }
}
