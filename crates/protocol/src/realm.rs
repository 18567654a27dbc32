//! The name of one Batzen installation. It goes into every label that is signed or sealed, so that
//! nothing made for one installation is taken by another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ProtocolError;

/// A realm: 1 to 32 characters of `a-z`, `0-9`, `.` and `-`, for example `shop.example`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Realm(String);

impl Realm {
    /// The most characters a realm has.
    pub const LEN_MAX: usize = 32;

    /// Takes a text for a realm, or refuses it with [`ProtocolError::RealmMalformed`].
    pub fn new(text: &str) -> Result<Self, ProtocolError> {
        let fits = (1..=Self::LEN_MAX).contains(&text.len());
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
        if fits && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProtocolError::RealmMalformed)
        }
    }

    /// The realm's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The realm's text as the bytes that go into labels.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// What stands before everything that is signed or sealed for one purpose in this realm
    /// (`spec/activation.md`, section 1): the label, the realm's length as one byte, the realm. So no
    /// realm's context is the beginning of another's.
    #[must_use]
    pub fn context(&self, label: &str) -> Vec<u8> {
        let length = u8::try_from(self.0.len()).expect("a realm has at most 32 bytes");
        let mut out = Vec::with_capacity(label.len() + 1 + self.0.len());
        out.extend_from_slice(label.as_bytes());
        out.push(length);
        out.extend_from_slice(self.0.as_bytes());
        out
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Realm({})", self.0)
    }
}

impl FromStr for Realm {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for Realm {
    type Error = ProtocolError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<Realm> for String {
    fn from(realm: Realm) -> Self {
        realm.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_the_specified_characters_and_lengths() {
        for good in ["a", "batzen", "shop.example-1", &"x".repeat(32)] {
            assert_eq!(Realm::new(good).map(|r| r.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "Shop", "a b", "a_b", "ä", "a\0", &"x".repeat(33)] {
            assert_eq!(Realm::new(bad), Err(ProtocolError::RealmMalformed), "{bad:?}");
        }
    }
}
