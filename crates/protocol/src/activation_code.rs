//! The code that a customer gets out of band and types once (`spec/activation.md`, section 3).

use std::{fmt, str::FromStr};

use crypto::{Random, Secret, hash::sha256};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::{error::ProtocolError, realm::Realm};

const LABEL: &str = "batzen/activation/v1/code";
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LEN: usize = 12;
/// A reader looks at no more than this: 12 characters, and room for hyphens and spaces.
const TYPED_LEN_MAX: usize = 32;
const WHAT: &str = "activation code";

/// An activation code: 60 random bits as 12 characters of Crockford's base32. Wiped when dropped,
/// redacted when printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ActivationCode(Secret<LEN>);

impl ActivationCode {
    /// Draws a fresh code.
    pub fn make(random: &mut dyn Random) -> Self {
        let drawn = Secret::<LEN>::make(random);
        // 32 characters divide 256 values evenly, so each is as likely as the other.
        Self(Secret::from_bytes(drawn.expose().map(|byte| ALPHABET[usize::from(byte & 31)])))
    }

    /// The code in groups, `XXXX-XXXX-XXXX`, to be printed for the customer and nowhere else.
    #[must_use]
    pub fn to_grouped(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LEN + 2));
        for (place, character) in self.0.expose().iter().enumerate() {
            if place > 0 && place % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*character));
        }
        text
    }

    /// What the server stores instead of the code.
    #[must_use]
    pub fn hash(&self, realm: &Realm) -> [u8; 32] {
        sha256(&[&realm.context(LABEL), self.0.expose()])
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.0.expose()).expect("the alphabet is ASCII")
    }
}

impl FromStr for ActivationCode {
    type Err = ProtocolError;

    /// Reads what a person typed: any case, with or without hyphens and spaces, `O` for `0`, `I` and `L`
    /// for `1`.
    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        let malformed = ProtocolError::Malformed(WHAT);
        if text.len() > TYPED_LEN_MAX {
            return Err(malformed);
        }
        let mut characters = Zeroizing::new([0_u8; LEN]);
        let mut count = 0;
        for typed in text.bytes().filter(|b| !matches!(b, b'-' | b' ')) {
            let slot = characters.get_mut(count).ok_or(ProtocolError::Malformed(WHAT))?;
            *slot = match typed.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other if ALPHABET.contains(&other) => other,
                _ => return Err(malformed),
            };
            count += 1;
        }
        if count == LEN { Ok(Self(Secret::from_bytes(*characters))) } else { Err(malformed) }
    }
}

impl fmt::Debug for ActivationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActivationCode(redacted)")
    }
}

/// For the sealed request only, which is the one place where a code travels.
impl Serialize for ActivationCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ActivationCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Canonical;
        impl de::Visitor<'_> for Canonical {
            type Value = ActivationCode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("12 characters of Crockford's base32")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ActivationCode, E> {
                let code: ActivationCode = text.parse().map_err(E::custom)?;
                // Machines send the one form; forgiveness is for people.
                if code.as_str() == text { Ok(code) } else { Err(E::custom("not canonical")) }
            }
        }
        deserializer.deserialize_str(Canonical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgives_what_people_type_and_nothing_else() {
        let code: ActivationCode = "01AB-CDEF-GHJK".parse().unwrap();
        for typed in ["o1ab cdef ghjk", "OLABCDEFGHJK", " 0iab--cdefghj-k"] {
            assert_eq!(typed.parse(), Ok(code.clone()), "{typed}");
        }
        assert_eq!(*code.to_grouped(), "01AB-CDEF-GHJK");
        for wrong in
            ["", "01AB-CDEF-GHJ", "01AB-CDEF-GHJKM", "01AB-CDEF-GHJU", "01AB_CDEF_GHJK", "01ÄB-CDEF-GHJ"]
        {
            assert!(wrong.parse::<ActivationCode>().is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<ActivationCode>("\"01ABCDEFGHJK\"").is_ok());
        assert!(serde_json::from_str::<ActivationCode>("\"01abcdefghjk\"").is_err());
        assert!(!format!("{code:?}").contains("01AB"));
    }

    #[test]
    fn made_codes_read_back_and_hash_by_realm() {
        let code = ActivationCode::make(&mut crypto::SystemRandom);
        assert_eq!(code.to_grouped().parse(), Ok(code.clone()));
        let (a, b) = (Realm::new("a").unwrap(), Realm::new("b").unwrap());
        assert_ne!(code.hash(&a), code.hash(&b));
    }
}
