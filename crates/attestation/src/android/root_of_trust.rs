//! `RootOfTrust`: which system the phone started.

use crate::{Refusal, strict_der::Cursor, text::hex, text::hex_if_any};
use serde::Serialize;

/// The longest key or hash of it, bytes.
const HASH_LEN_MAX: usize = 64;

/// What was started, by the boot loader's word.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RootOfTrust {
    /// Hash of the key that verified the system; zeros or nothing if none did.
    #[serde(serialize_with = "hex")]
    pub verified_boot_key: Vec<u8>,
    /// Whether the boot loader is locked, so that whoever has the phone cannot start another system.
    pub device_locked: bool,
    /// Who verified the system.
    pub verified_boot_state: VerifiedBoot,
    /// Hash of all that was verified; from version 3 on.
    #[serde(serialize_with = "hex_if_any", skip_serializing_if = "Option::is_none")]
    pub verified_boot_hash: Option<Vec<u8>>,
}

/// Who verified the system that was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifiedBoot {
    /// The maker.
    Verified,
    /// Whoever has the phone put in a key of their own.
    SelfSigned,
    /// Nobody.
    Unverified,
    /// It was found to be changed.
    Failed,
}

impl RootOfTrust {
    pub(super) fn read(outer: &mut Cursor<'_>) -> Result<Self, Refusal> {
        let mut inner = outer.sequence()?;
        let verified_boot_key = inner.octets()?.to_vec();
        let device_locked = inner.boolean()?;
        let verified_boot_state = match inner.enumerated()? {
            0 => VerifiedBoot::Verified,
            1 => VerifiedBoot::SelfSigned,
            2 => VerifiedBoot::Unverified,
            3 => VerifiedBoot::Failed,
            _ => return Err(inner.malformed("an unknown state of the system")),
        };
        let verified_boot_hash = if inner.is_at_end() { None } else { Some(inner.octets()?.to_vec()) };
        inner.end()?;
        let longest = verified_boot_key.len().max(verified_boot_hash.as_ref().map_or(0, Vec::len));
        if longest > HASH_LEN_MAX {
            return Err(inner.malformed("a hash that is too long"));
        }
        Ok(Self { verified_boot_key, device_locked, verified_boot_state, verified_boot_hash })
    }
}
