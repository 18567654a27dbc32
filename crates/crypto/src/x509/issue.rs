//! Making certificates.

use std::net::IpAddr;

use const_oid::AssociatedOid;
use der::{
    Encode, Sequence,
    asn1::{Ia5String, ObjectIdentifier, OctetString},
    flagset::FlagSet,
};
use x509_cert::{
    Version,
    ext::{
        Extension,
        pkix::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
            SubjectKeyIdentifier, name::GeneralName,
        },
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
    time::Validity,
};

use super::{certificate::Purpose, parts};
use crate::{
    CryptoError,
    p256::{Sign, VerifyingKey},
};

/// The most names a TLS server's certificate may hold.
const SERVER_NAMES_MAX: usize = 64;

/// What a certificate is for; it decides every extension.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// The top of everything; signs itself and authorities only.
    Root,
    /// Issues device certificates and nothing else.
    DeviceCa,
    /// A device's signing key. Marked for signing documents (RFC 9336), so that TLS refuses it.
    Device,
    /// Signs key bundles in the root's name.
    KeyBundle,
    /// Issues TLS certificates and nothing else.
    TlsCa,
    /// A TLS server.
    TlsServer {
        /// DNS names; a leading `*.` is allowed.
        dns_names: Vec<String>,
        /// IP addresses.
        ip_addresses: Vec<IpAddr>,
    },
    /// A TLS client, named by its common name.
    TlsClient,
}

/// What to put into a certificate.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Serial number, not zero; unique under the issuer. Draw it, or use an id.
    pub serial: [u8; 16],
    /// Common name of the subject; for a device the enrolment's id, and nothing personal.
    pub subject: String,
    /// Common name of the issuer, as in the issuer's own certificate.
    pub issuer: String,
    /// Valid from this second of the Unix epoch on.
    pub not_before_s: u64,
    /// Valid up to and including this second of the Unix epoch.
    pub not_after_s: u64,
    /// The subject's key.
    pub public_key: VerifyingKey,
    /// What the certificate is for.
    pub profile: Profile,
}

/// Issues a certificate, DER, signed by the issuer's key. A [`Profile::Root`] signs itself.
///
/// # Errors
/// [`CryptoError::BadCertificate`] if names, serial, times or key do not fit; or what the key's holder says.
pub fn issue(issue: &Issue, issuer_key: &dyn Sign) -> Result<Vec<u8>, CryptoError> {
    if issue.serial == [0; 16] {
        return Err(CryptoError::BadCertificate("the serial number is zero"));
    }
    if issue.not_after_s < issue.not_before_s {
        return Err(CryptoError::BadCertificate("it ends before it begins"));
    }
    let own = issue.subject == issue.issuer && &issue.public_key == issuer_key.verifying_key();
    if own != (issue.profile == Profile::Root) {
        return Err(CryptoError::BadCertificate("a root, and only a root, signs itself"));
    }
    let bad_name = CryptoError::BadCertificate("a name is not usable");
    let bad_time = CryptoError::BadCertificate("a time is out of range");
    let body = Body {
        version: Version::V3,
        serial: SerialNumber::new(&issue.serial).expect("16 bytes are a serial number"),
        algorithm: parts::algorithm(),
        issuer: parts::name(&issue.issuer).ok_or(bad_name)?,
        validity: Validity::new(
            parts::time(issue.not_before_s).ok_or(bad_time)?,
            parts::time(issue.not_after_s).ok_or(bad_time)?,
        ),
        subject: parts::name(&issue.subject).ok_or(bad_name)?,
        key_info: parts::key_info(&issue.public_key),
        extensions: extensions(issue, issuer_key.verifying_key())?,
    };
    let body = body.to_der().map_err(|_| CryptoError::TooLong)?;
    parts::sign_body(&body, issuer_key)
}

/// `TBSCertificate`; x509-cert can read one but lets only its own builder make one.
#[derive(Sequence)]
struct Body {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: Version,
    serial: SerialNumber,
    algorithm: AlgorithmIdentifierOwned,
    issuer: Name,
    validity: Validity,
    subject: Name,
    key_info: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

fn extensions(issue: &Issue, issuer_key: &VerifyingKey) -> Result<Vec<Extension>, CryptoError> {
    let (path_len_max, purposes): (Option<u8>, &[Purpose]) = match &issue.profile {
        Profile::Root => (Some(1), &[]),
        Profile::DeviceCa => (Some(0), &[Purpose::Device]),
        Profile::TlsCa => (Some(0), &[Purpose::TlsServer, Purpose::TlsClient]),
        Profile::Device => (None, &[Purpose::Device]),
        Profile::KeyBundle => (None, &[Purpose::KeyBundle]),
        Profile::TlsServer { .. } => (None, &[Purpose::TlsServer]),
        Profile::TlsClient => (None, &[Purpose::TlsClient]),
    };
    let ca = path_len_max.is_some();
    let usage: FlagSet<KeyUsages> =
        if ca { KeyUsages::KeyCertSign | KeyUsages::CRLSign } else { KeyUsages::DigitalSignature.into() };
    let mut extensions = vec![
        extension(true, &BasicConstraints { ca, path_len_constraint: path_len_max }),
        extension(true, &KeyUsage(usage)),
    ];
    if !purposes.is_empty() {
        let purposes = purposes.iter().map(Purpose::oid).collect();
        extensions.push(extension(false, &ExtendedKeyUsage(purposes)));
    }
    if let Profile::TlsServer { dns_names, ip_addresses } = &issue.profile {
        extensions.push(extension(false, &server_names(dns_names, ip_addresses)?));
    }
    let subject_id = octets(&parts::key_identifier(&issue.public_key));
    let issuer_id = octets(&parts::key_identifier(issuer_key));
    extensions.push(extension(false, &SubjectKeyIdentifier(subject_id)));
    extensions.push(extension(
        false,
        &AuthorityKeyIdentifier {
            key_identifier: Some(issuer_id),
            authority_cert_issuer: None,
            authority_cert_serial_number: None,
        },
    ));
    Ok(extensions)
}

fn extension<T: Encode + AssociatedOid>(critical: bool, value: &T) -> Extension {
    let value = value.to_der().expect("our extensions are short");
    Extension { extn_id: T::OID, critical, extn_value: octets(&value) }
}

fn octets(bytes: &[u8]) -> OctetString {
    OctetString::new(bytes).expect("our extensions are short")
}

fn server_names(dns_names: &[String], ip_addresses: &[IpAddr]) -> Result<SubjectAltName, CryptoError> {
    if !(1..=SERVER_NAMES_MAX).contains(&(dns_names.len() + ip_addresses.len())) {
        return Err(CryptoError::BadCertificate("a server needs 1 to 64 names"));
    }
    let mut names = Vec::with_capacity(dns_names.len() + ip_addresses.len());
    for dns_name in dns_names {
        if !is_dns_name(dns_name) {
            return Err(CryptoError::BadCertificate("a DNS name is malformed"));
        }
        names.push(GeneralName::DnsName(Ia5String::new(dns_name).expect("a DNS name is ASCII")));
    }
    names.extend(ip_addresses.iter().map(|address| GeneralName::from(*address)));
    Ok(SubjectAltName(names))
}

/// Labels of letters, digits, inner hyphens and underscores, with an optional wildcard in front.
fn is_dns_name(name: &str) -> bool {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    name.len() <= 253
        && labels.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

/// id-kp-documentSigning (RFC 9336).
const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");
/// id-kp-codeSigning (RFC 5280): like code, a key bundle decides what those who load it trust.
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

impl Purpose {
    /// The extended key usage that stands for it.
    pub(super) fn oid(&self) -> ObjectIdentifier {
        match self {
            Self::Device => DOCUMENT_SIGNING,
            Self::KeyBundle => CODE_SIGNING,
            Self::TlsServer => SERVER_AUTH,
            Self::TlsClient => CLIENT_AUTH,
        }
    }
}
