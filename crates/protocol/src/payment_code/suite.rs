//! Suites by number, as codes, key bundles and realm files give them.

use crypto::hpke::Kem;
use serde::{Deserialize, Serialize};

/// Which algorithms something is sealed with: HPKE over one of two KEMs, with HKDF-SHA256 and AES-128-GCM.
/// Signatures are ECDSA P-256 in both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[non_exhaustive]
pub enum Suite {
    /// Suite 1: DHKEM(X25519, HKDF-SHA256).
    #[default]
    X25519 = 1,
    /// Suite 2: DHKEM(P-256, HKDF-SHA256), so that a hardware security module can hold the key.
    P256 = 2,
}

impl Suite {
    /// The suite of this number, if this version knows it.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::X25519),
            2 => Some(Self::P256),
            _ => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Its KEM.
    #[must_use]
    pub const fn kem(self) -> Kem {
        match self {
            Self::X25519 => Kem::X25519,
            Self::P256 => Kem::P256,
        }
    }

    /// The suite that keys of this KEM are for.
    #[must_use]
    pub const fn of(kem: Kem) -> Self {
        match kem {
            Kem::X25519 => Self::X25519,
            Kem::P256 => Self::P256,
        }
    }
}

impl From<Suite> for u8 {
    fn from(suite: Suite) -> Self {
        suite.number()
    }
}

impl TryFrom<u8> for Suite {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::from_number(number).ok_or("not a suite that this version knows: 1 or 2")
    }
}
