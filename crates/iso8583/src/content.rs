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
        let is_special = |c: char| c.is_ascii_graphic() && !c.is_ascii_alphanumeric();
        let is_letter = |c: char| c.is_ascii_alphabetic() || c == ' ';
        let all = |is_good: &dyn Fn(char) -> bool| text.chars().all(is_good);
        match self {
            Self::A => all(&is_letter),
            Self::N => text.bytes().all(|byte| byte.is_ascii_digit()),
            Self::S => all(&|c| is_special(c) || c == ' '),
            Self::An => all(&|c| is_letter(c) || c.is_ascii_digit()),
            Self::As => all(&|c| is_letter(c) || is_special(c)),
            Self::Ns => all(&|c| c.is_ascii_digit() || is_special(c)),
            Self::Ans => text.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            Self::Z => all(&|c| c.is_ascii_digit() || matches!(c, '=' | 'D' | 'F')),
            Self::Xn => {
                let digits = text.strip_prefix(['C', 'D']);
                digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            }
            Self::Hex => all(&|c| c.is_ascii_digit() || ('A'..='F').contains(&c)),
            Self::Any => true,
            Self::B => false,
        }
    }
}
