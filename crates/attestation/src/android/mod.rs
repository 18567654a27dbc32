//! Android Key Attestation: a certificate chain in which the phone's key store says where a key is kept, which app may
//! use it, and which system was started.
//!
//! [`read`] follows the chain to a root and reads what its first certificate says. [`Reading::judge`] holds that
//! against what the server asked for; [`verify`] does both. The rules, and where Android's chains differ from RFC
//! 5280, are in docs/attestation.md.

mod application_id;
mod authorizations;
mod expectations;
mod key_description;
mod root_of_trust;

pub use application_id::{ApplicationId, Package};
pub use authorizations::AuthorizationList;
pub use expectations::{App, Binding, Evidence, Expectations};
pub use key_description::{KeyDescription, SecurityLevel};
pub use root_of_trust::{RootOfTrust, VerifiedBoot};

use crate::{
    Level, Refusal, RevocationList, Roots,
    chain::{Attester, Chain},
    text::subject,
};
use crypto::x509::ForeignCertificate;
use der::asn1::ObjectIdentifier;
use model::Timestamp;
use serde::Serialize;

/// In the attested key's certificate: [`KeyDescription`].
const KEY_DESCRIPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17");
/// In an attester's certificate that was issued over the network.
const PROVISIONING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.30");
/// Parts of a name (X.520).
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
const TITLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.12");

/// How the attester came to its certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provisioning {
    /// It was put in where the phone was made, and cannot be renewed: that it has expired means nothing.
    Factory,
    /// It is renewed over the network, every few weeks.
    Remote,
    /// Neither is to be seen.
    Unknown,
}

/// A genuine chain, and what it says. Whether it is what was asked for is not looked at: see [`Reading::judge`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Reading {
    /// How well the key is kept.
    pub level: Level,
    /// How the attester came to its certificate.
    pub provisioning: Provisioning,
    /// Whom each certificate names, the attested key's first, the root last.
    pub subjects: Vec<String>,
    /// How many revoked certificates these were compared with; `None` without a list.
    pub compared_with_revoked: Option<usize>,
    /// What is said.
    pub key_description: KeyDescription,
    #[serde(skip)]
    key_info: Vec<u8>,
}

impl Reading {
    /// The attested key, DER (`SubjectPublicKeyInfo`).
    #[must_use]
    pub fn public_key_info(&self) -> &[u8] {
        &self.key_info
    }
}

/// Reads a chain, DER, the attested key's certificate first, and checks all but what it is compared with. Without a
/// list of revoked certificates this is for people who look into a case; [`verify`] demands one.
///
/// # Errors
/// [`Refusal`]: the first thing that is wrong.
pub fn read(
    chain: &[&[u8]],
    at: Timestamp,
    roots: &Roots,
    revoked: Option<&RevocationList>,
) -> Result<Reading, Refusal> {
    let chain = Chain::follow(chain, roots, |certificates| match provisioning(certificates) {
        Provisioning::Factory => Attester::Any,
        Provisioning::Remote | Provisioning::Unknown => Attester::Authority,
    })?;
    let key_description = attested(chain.certificates())?;
    let provisioning = provisioning(chain.certificates());
    // The phone itself dates the attested key's certificate, so its dates say nothing.
    chain.check_dates(2, at, provisioning == Provisioning::Factory)?;
    if let Some(revoked) = revoked {
        for certificate in chain.certificates().iter().chain([chain.root()]) {
            revoked.check(certificate.serial(), at)?;
        }
    }
    let subjects = chain.certificates().iter().chain([chain.root()]).map(subject);
    Ok(Reading {
        level: match key_description.security_level() {
            SecurityLevel::Software => Level::Software,
            SecurityLevel::TrustedEnvironment => Level::TrustedEnvironment,
            SecurityLevel::StrongBox => Level::StrongBox,
        },
        provisioning,
        subjects: subjects.collect(),
        compared_with_revoked: revoked.map(RevocationList::len),
        key_description,
        key_info: chain.leaf().public_key_info().to_vec(),
    })
}

/// Reads a chain as [`read`] does and holds it against what was asked for.
///
/// # Errors
/// [`Refusal`]: the first thing that is wrong; [`Refusal::NoRevocationList`] if there is no list.
pub fn verify(
    chain: &[&[u8]],
    binding: &Binding<'_>,
    at: Timestamp,
    roots: &Roots,
    revoked: Option<&RevocationList>,
    expected: &Expectations,
) -> Result<Evidence, Refusal> {
    let revoked = revoked.ok_or(Refusal::NoRevocationList)?;
    read(chain, at, roots, Some(revoked))?.judge(binding, expected)
}

/// The certificates in a PEM text, DER, in their order.
///
/// # Errors
/// [`Refusal::Malformed`].
pub fn chain_from_pem(text: &str) -> Result<Vec<Vec<u8>>, Refusal> {
    let chain = ForeignCertificate::chain_from_pem(text);
    let chain = chain.map_err(|_| Refusal::malformed("certificate chain", "not certificates in PEM"))?;
    Ok(chain.iter().map(|one| one.as_der().to_vec()).collect())
}

/// What the first certificate says; no other one may say anything. A second attestation in a chain is that of a key
/// with which somebody made certificates of their own.
fn attested(certificates: &[ForeignCertificate]) -> Result<KeyDescription, Refusal> {
    let (leaf, others) = certificates.split_first().ok_or(Refusal::ChainLength(0))?;
    if let Some(index) = others.iter().position(|one| one.extension(KEY_DESCRIPTION).is_some()) {
        return Err(Refusal::AttestedTwice(index + 2));
    }
    KeyDescription::read(leaf.extension(KEY_DESCRIPTION).ok_or(Refusal::NotAttested)?)
}

/// Known by the certificate that a root issued, in a factory chain, and by an extension in a remote one's.
fn provisioning(certificates: &[ForeignCertificate]) -> Provisioning {
    let is_factory = certificates.last().is_some_and(|last| {
        let is_known = last.subject_part(TITLE).is_some_and(|title| matches!(title, "TEE" | "StrongBox"));
        is_known && last.subject_part(SERIAL_NUMBER).is_some()
    });
    let attester = certificates.get(1);
    if attester.is_some_and(|one| one.extension(PROVISIONING).is_some()) {
        Provisioning::Remote
    } else if is_factory {
        Provisioning::Factory
    } else {
        Provisioning::Unknown
    }
}
