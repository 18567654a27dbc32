//! `KeyDescription`: the extension in which Android attests a key.
//!
//! <https://source.android.com/docs/security/features/keystore/attestation> has the schema. It is read strictly: one
//! DER form, parts in their order, nothing left over.

use super::authorizations::AuthorizationList;
use crate::{Refusal, strict_der::Cursor, text::hex};
use serde::Serialize;

const PART: &str = "key description";
/// The longest one read, bytes.
const LEN_MAX: usize = 8 * 1024;
/// The longest challenge that Android takes, bytes.
const CHALLENGE_LEN_MAX: usize = 128;

/// What the phone's key store says of a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct KeyDescription {
    /// Version of the schema: 1 to 4, or that of KeyMint times 100.
    pub attestation_version: u64,
    /// Who signed this.
    pub attestation_security_level: SecurityLevel,
    /// Version of who keeps the key.
    pub keymint_version: u64,
    /// Who keeps the key.
    pub keymint_security_level: SecurityLevel,
    /// What the app gave when it made the key.
    #[serde(serialize_with = "hex")]
    pub challenge: Vec<u8>,
    /// An id of the phone, for system apps only.
    #[serde(serialize_with = "hex")]
    pub unique_id: Vec<u8>,
    /// What the system says, and holds to.
    pub software_enforced: AuthorizationList,
    /// What the hardware says, and holds to.
    pub hardware_enforced: AuthorizationList,
}

/// Where something is done. Greater is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityLevel {
    /// In the system.
    Software,
    /// In the main processor's trusted environment.
    TrustedEnvironment,
    /// In a secure element.
    StrongBox,
}

impl KeyDescription {
    /// Reads the extension's content.
    ///
    /// # Errors
    /// [`Refusal::TooLong`], [`Refusal::Malformed`].
    pub fn read(der: &[u8]) -> Result<Self, Refusal> {
        if der.len() > LEN_MAX {
            return Err(Refusal::TooLong(PART));
        }
        let mut outer = Cursor::new(der, PART)?;
        let mut inner = outer.sequence()?;
        outer.end()?;
        let description = Self {
            attestation_version: inner.integer()?,
            attestation_security_level: SecurityLevel::read(&mut inner)?,
            keymint_version: inner.integer()?,
            keymint_security_level: SecurityLevel::read(&mut inner)?,
            challenge: inner.octets()?.to_vec(),
            unique_id: inner.octets()?.to_vec(),
            software_enforced: AuthorizationList::read(&mut inner)?,
            hardware_enforced: AuthorizationList::read(&mut inner)?,
        };
        inner.end()?;
        if description.challenge.len() > CHALLENGE_LEN_MAX {
            return Err(inner.malformed("a challenge that is too long"));
        }
        Ok(description)
    }

    /// The weaker of who attests and who keeps the key: neither is better than the other makes it.
    #[must_use]
    pub fn security_level(&self) -> SecurityLevel {
        self.attestation_security_level.min(self.keymint_security_level)
    }
}

impl SecurityLevel {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Refusal> {
        match cursor.enumerated()? {
            0 => Ok(Self::Software),
            1 => Ok(Self::TrustedEnvironment),
            2 => Ok(Self::StrongBox),
            _ => Err(cursor.malformed("an unknown security level")),
        }
    }
}
