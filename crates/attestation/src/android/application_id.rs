//! `AttestationApplicationId`: which apps may use the key, by the system's word.

use super::authorizations::text;
use crate::{
    Refusal,
    strict_der::{Cursor, number},
    text::hex_list,
};
use der::Tag;
use serde::Serialize;

const PART: &str = "application id";
/// The most packages that share a key; apps of one user id do.
const PACKAGES_MAX: usize = 64;
/// The most keys that an app is signed with.
const SIGNERS_MAX: usize = 64;
/// Bytes of SHA-256.
const DIGEST_LEN: usize = 32;

/// The packages that share the key, and who signed them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ApplicationId {
    /// Sorted, at least one.
    pub packages: Vec<Package>,
    /// SHA-256 of each signing certificate. Empty for the system's own.
    #[serde(serialize_with = "hex_list")]
    pub signers: Vec<Vec<u8>>,
}

/// One package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version code.
    pub version: u64,
}

impl ApplicationId {
    /// Reads the DER in the octet string of tag 709.
    pub(super) fn read(der: &[u8]) -> Result<Self, Refusal> {
        let mut outer = Cursor::new(der, PART)?;
        let mut inner = outer.sequence()?;
        outer.end()?;
        let packages =
            inner.set(PACKAGES_MAX)?.into_iter().map(Package::read).collect::<Result<Vec<_>, _>>()?;
        let signers = inner.set(SIGNERS_MAX)?.into_iter().map(signer).collect::<Option<_>>();
        inner.end()?;
        if packages.is_empty() {
            return Err(Refusal::malformed(PART, "no packages"));
        }
        let signers = signers.ok_or(Refusal::malformed(PART, "a signer that is no SHA-256"))?;
        Ok(Self { packages, signers })
    }
}

impl Package {
    fn read((tag, content): (Tag, &[u8])) -> Result<Self, Refusal> {
        if tag != Tag::Sequence {
            return Err(Refusal::malformed(PART, "a package that is none"));
        }
        let mut inner = Cursor::new(content, PART)?;
        let name =
            text(inner.octets()?).ok_or(Refusal::malformed(PART, "a package without a proper name"))?;
        let (tag, version) = inner.any()?;
        inner.end()?;
        let version = number(version).filter(|_| tag == Tag::Integer);
        Ok(Self { name, version: version.ok_or(Refusal::malformed(PART, "a version that is none"))? })
    }
}

fn signer((tag, content): (Tag, &[u8])) -> Option<Vec<u8>> {
    (tag == Tag::OctetString && content.len() == DIGEST_LEN).then(|| content.to_vec())
}
