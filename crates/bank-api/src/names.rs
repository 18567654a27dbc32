//! Names that one side gives and the other only repeats.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize};

/// The text is no name of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {kind}: {rule}")]
pub struct NameError {
    kind: &'static str,
    rule: &'static str,
}

const RULE: &str = "1 to 64 of A-Z, a-z, 0-9, `_`, `-`, `.` and `:`";

fn fits_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'))
}

const NUMBER_RULE: &str = "4 to 16 digits";

fn fits_number(text: &str) -> bool {
    (4..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $fits:ident, $rule:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                if $fits(text) { Ok(Self(text.to_owned())) } else { Err(NameError { kind: $kind, rule: $rule }) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// A partner: the common name of its client certificate. 1 to 64 of `A-Za-z0-9_-.:`.
    PartnerName, "a partner's name", fits_name, RULE;
    /// A hold, named by the partner, so that asking twice holds once. Unique per partner. Same alphabet.
    HoldId, "a hold id", fits_name, RULE;
    /// A capture of a hold, named by the partner. Unique per hold. Same alphabet.
    CaptureId, "a capture id", fits_name, RULE;
    /// A refund of a hold, named by the partner. Unique per hold. Same alphabet.
    RefundId, "a refund id", fits_name, RULE;
    /// A request of a partner to link an account, named by the partner. Unique per partner. Same alphabet.
    LinkId, "a link id", fits_name, RULE;
    /// The bank's name for a linked account, random, different for each link; says nothing to anybody else.
    AccountRef, "an account reference", fits_name, RULE;
    /// What a customer types to log in, next to the password: 4 to 16 digits.
    CustomerNumber, "a customer number", fits_number, NUMBER_RULE;
}

/// An account as its owner sees it: the bank's own running number, for addresses. Not the IBAN, which has no
/// place in a URL.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub u64);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
