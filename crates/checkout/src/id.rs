//! A sale's number at this till, and the idempotency keys made here.

use core::fmt;
use core::num::NonZeroU64;
use core::str::FromStr;
use crypto::Random;
use model::IdempotencyKey;
use serde::{Deserialize, Serialize};

/// A sale of this till: 1, 2, 3, …, never given twice. Text form: `S42`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SaleNumber(NonZeroU64);

impl SaleNumber {
    /// A till's first sale.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The sale after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for SaleNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{}", self.0)
    }
}

impl fmt::Debug for SaleNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a sale's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sale's number looks like S42")]
pub struct SaleNumberError;

impl FromStr for SaleNumber {
    type Err = SaleNumberError;

    fn from_str(text: &str) -> Result<Self, SaleNumberError> {
        let digits = text.strip_prefix(['S', 's']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SaleNumberError);
        }
        digits.parse().map(Self).map_err(|_| SaleNumberError)
    }
}

/// A key cannot be derived, since it would be longer than keys may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sale's idempotency key is too long to derive another from it")]
pub struct KeyError;

/// Draws the idempotency key of a new authorisation: 128 random bits.
pub fn make_key(random: &mut dyn Random) -> IdempotencyKey {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    let mut text = String::from("till-");
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text.parse().expect("a short prefix and hex digits are a key")
}

/// The key of a sale's operation number `ordinal`: always the same, so that no crash can make a second one.
pub(crate) fn derive_key(
    sale_key: &IdempotencyKey,
    letter: char,
    ordinal: u32,
) -> Result<IdempotencyKey, KeyError> {
    format!("{}-{letter}{ordinal}", sale_key.as_str()).parse().map_err(|_| KeyError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sale_numbers_read_back_what_they_show() {
        let sale = SaleNumber::FIRST.next();
        assert_eq!(sale.to_string(), "S2");
        for text in ["S2", "s2", "2"] {
            assert_eq!(text.parse(), Ok(sale));
        }
        for text in ["", "S", "S0", "S-1", "S1x", "99999999999999999999999"] {
            assert!(text.parse::<SaleNumber>().is_err(), "{text:?}");
        }
    }
}
