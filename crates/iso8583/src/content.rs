//! Which characters a field may hold, by the standard's letters.

use serde::{Deserialize, Serialize};

/// The kinds of content. Blanks belong to the kinds with letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Letters.
    A,
    /// Digits.
    N,
    /// Special characters.
    S,
    /// Letters and digits.
    An,
    /// Letters and special characters.
    As,
    /// Digits and special characters.
    Ns,
    /// Letters, digits and special characters: all that prints.
    Ans,
    /// A magnetic stripe's tracks 2 and 3: digits and separators, `=` or `D`, filled up with `F`.
    Z,
    /// `C` for credit or `D` for debit, then digits.
    Xn,
    /// Hexadecimal digits in upper case.
    Hex,
    /// Any character that the coding has.
    Any,
    /// Bytes.
    B,
}

impl Content {
    /// Its name in words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::A => "letters",
            Self::N => "digits",
            Self::S => "special characters",
            Self::An => "letters and digits",
            Self::As => "letters and special characters",
            Self::Ns => "digits and special characters",
            Self::Ans => "characters that print",
            Self::Z => "digits and separators of a track",
            Self::Xn => "`C` or `D` and digits",
            Self::Hex => "hexadecimal digits",
            Self::Any => "characters",
            Self::B => "bytes",
        }
    }

    /// Whether a text is of this kind.
    pub(crate) fn fits(self, text: &str) -> bool {
        let rest = match self {
            Self::Any => return true,
            Self::B => return false,
            Self::Xn => match text.strip_prefix(['C', 'D']) {
                Some(digits) => digits,
                None => return false,
            },
            _ => text,
        };
        // Whatever is not ASCII is of no kind.
        rest.bytes().all(|byte| self.has(byte))
    }

    fn has(self, byte: u8) -> bool {
        let is_letter = byte.is_ascii_alphabetic() || byte == b' ';
        let is_special = byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric();
        match self {
            Self::A => is_letter,
            Self::N | Self::Xn => byte.is_ascii_digit(),
            Self::S => is_special || byte == b' ',
            Self::An => is_letter || byte.is_ascii_digit(),
            Self::As => is_letter || is_special,
            Self::Ns => byte.is_ascii_digit() || is_special,
            Self::Ans => (b' '..=b'~').contains(&byte),
            Self::Z => byte.is_ascii_digit() || matches!(byte, b'=' | b'D' | b'F'),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'A'..=b'F'),
            Self::Any => true,
            Self::B => false,
        }
    }
}
