//! What the keys of a realm are for.

use std::{fmt, str::FromStr};

use crypto::hpke::Kem;
use protocol::payment_code::Suite;
use serde::{Deserialize, Serialize};

/// What a key is for. One key is for one thing only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// Certifies the device CA and the key bundle's signer; apps ship with its public half. Kept offline, except in
    /// a sealed file for trying out.
    Root,
    /// Signs device certificates.
    DeviceCa,
    /// Signs key bundles in the root's name; only where the root is kept offline.
    KeyBundle,
    /// Opens activation requests and PIN changes; apps ship with its public half.
    Activation,
    /// Opens payment codes.
    Payment,
    /// Signs confirmations.
    Confirmation,
    /// Signs authentication statements for providers.
    Statement,
    /// Signs the audit chain.
    Audit,
    /// Signs rules: security policies.
    Rules,
    /// Seals PIN keys for rest.
    PinWrapping,
    /// Seals webhook secrets for rest.
    WebhookWrapping,
    /// Marks our own activation challenges.
    Challenge,
}

/// What is done with a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// ECDSA over P-256 and SHA-256.
    EcdsaP256,
    /// X25519, for HPKE.
    X25519,
    /// ECDH over P-256, for HPKE.
    EcdhP256,
    /// AES-256-GCM.
    Aes256Gcm,
    /// HMAC-SHA256.
    HmacSha256,
}

impl Algorithm {
    /// How codes of this suite are sealed.
    #[must_use]
    pub fn of(suite: Suite) -> Self {
        match suite.kem() {
            Kem::X25519 => Self::X25519,
            Kem::P256 => Self::EcdhP256,
        }
    }
}

/// What must have happened between making a key and using it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Every server has read it: some seconds.
    Servers,
    /// Phones have it in a key bundle: as long as they may be offline.
    Phones,
    /// Apps ship with it: their next version.
    Apps,
    /// Every provider was given it.
    Providers,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Root,
        Self::DeviceCa,
        Self::KeyBundle,
        Self::Activation,
        Self::Payment,
        Self::Confirmation,
        Self::Statement,
        Self::Audit,
        Self::Rules,
        Self::PinWrapping,
        Self::WebhookWrapping,
        Self::Challenge,
    ];

    /// As it is written in commands and registers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::DeviceCa => "device-ca",
            Self::KeyBundle => "key-bundle",
            Self::Activation => "activation",
            Self::Payment => "payment",
            Self::Confirmation => "confirmation",
            Self::Statement => "statement",
            Self::Audit => "audit",
            Self::Rules => "rules",
            Self::PinWrapping => "pin-wrapping",
            Self::WebhookWrapping => "webhook-wrapping",
            Self::Challenge => "challenge",
        }
    }

    /// Whether the root certifies it.
    #[must_use]
    pub const fn is_certified(self) -> bool {
        matches!(self, Self::Root | Self::DeviceCa | Self::KeyBundle)
    }

    /// What must happen before a new one is used.
    #[must_use]
    pub const fn notice(self) -> Notice {
        match self {
            Self::Root | Self::Activation => Notice::Apps,
            Self::Confirmation => Notice::Phones,
            Self::Statement => Notice::Providers,
            Self::DeviceCa
            | Self::KeyBundle
            | Self::Payment
            | Self::Audit
            | Self::Rules
            | Self::PinWrapping
            | Self::WebhookWrapping
            | Self::Challenge => Notice::Servers,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            format!("there is no such key; there are {}", names.join(", "))
        })
    }
}
