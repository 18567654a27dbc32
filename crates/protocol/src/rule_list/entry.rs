//! One thing that sensors look for, and the digest of all.

use crypto::hash::sha256;
use serde::{Deserialize, Serialize};

use super::{RuleList, WHAT};
use crate::error::ProtocolError;

const LABEL: &[u8] = b"batzen/rule-entries/v1\0";

/// One thing that sensors look for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleEntry {
    /// Its number in the realm, from 1; never given to another one.
    pub id: u32,
    /// What is looked for.
    pub kind: RuleKind,
    /// It.
    pub value: String,
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// An app that is installed, by its name.
    Package,
    /// A store or app that installed this one, by its name.
    Installer,
    /// A file or folder, by its path.
    Path,
    /// A file or a signer's certificate, by its SHA-256, 64 lower-case hex digits.
    Sha256,
    /// A library that is loaded, by its file's name.
    Library,
    /// A thread, by its name.
    Thread,
    /// A port of this device that answers, decimal.
    Port,
}

impl RuleKind {
    /// Every one, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Package, Self::Installer, Self::Path, Self::Sha256, Self::Library, Self::Thread, Self::Port];

    /// The number in the form that is hashed, from 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Package => 1,
            Self::Installer => 2,
            Self::Path => 3,
            Self::Sha256 => 4,
            Self::Library => 5,
            Self::Thread => 6,
            Self::Port => 7,
        }
    }

    /// Whether `value` is something of this kind.
    #[must_use]
    pub fn takes(self, value: &str) -> bool {
        let fits = |len_max: usize| {
            (1..=len_max).contains(&value.len()) && value.bytes().all(|b| (0x20..0x7f).contains(&b))
        };
        match self {
            Self::Package | Self::Installer => {
                fits(128) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            }
            Self::Path => fits(256) && value.starts_with('/'),
            Self::Sha256 => {
                value.len() == 64 && value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            }
            Self::Library | Self::Thread => fits(64),
            Self::Port => !value.starts_with(['0', '+']) && value.parse::<u16>().is_ok_and(|port| port > 0),
        }
    }
}

/// Whether these can be the entries of a list.
pub(super) fn check(entries: &[RuleEntry]) -> Result<(), ProtocolError> {
    let len = entries.iter().fold(0_usize, |sum, entry| sum.saturating_add(7 + entry.value.len()));
    if entries.len() > RuleList::ENTRIES_MAX || len > RuleList::ENTRIES_BYTES_MAX {
        return Err(ProtocolError::Size(WHAT));
    }
    let rises = entries.windows(2).all(|pair| pair[0].id < pair[1].id);
    let all_fit = entries.iter().all(|entry| entry.id > 0 && entry.kind.takes(&entry.value));
    let mut things: Vec<(RuleKind, &str)> =
        entries.iter().map(|entry| (entry.kind, entry.value.as_str())).collect();
    things.sort_unstable();
    let all_differ = things.windows(2).all(|pair| pair[0] != pair[1]);
    if rises && all_fit && all_differ { Ok(()) } else { Err(ProtocolError::Malformed(WHAT)) }
}

/// The digest that a head is signed for.
pub(super) fn digest(entries: &[RuleEntry]) -> [u8; 32] {
    let mut bytes = LABEL.to_vec();
    for entry in entries {
        bytes.extend_from_slice(&entry.id.to_be_bytes());
        bytes.push(entry.kind.number());
        let len = u16::try_from(entry.value.len()).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(entry.value.as_bytes());
    }
    sha256(&[&bytes])
}
