//! The PIN, its secret and the key made of both.

use core::fmt;

use crypto::{Random, Secret, kdf};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::obvious;

/// Bytes of the PIN tag.
pub const PIN_TAG_LEN: usize = 8;

const PIN_KEY_LABEL: &[u8] = b"batzen/pin-key/v1";
const DIGITS_MIN: usize = 6;
const DIGITS_MAX: usize = 12;

/// What is wrong with a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// Another character than a digit.
    #[error("a PIN has digits only")]
    NotDigits,
    /// Fewer than 6 digits.
    #[error("a PIN has at least 6 digits")]
    TooShort,
    /// More than 12 digits.
    #[error("a PIN has at most 12 digits")]
    TooLong,
    /// One of the first that a thief would try.
    #[error("this PIN is among the first that others would try: no rows, repeats or dates, please")]
    Obvious,
}

/// A PIN of 6 to 12 digits. Wiped when dropped, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pin {
    digits: [u8; DIGITS_MAX],
    len: usize,
}

impl Pin {
    /// Reads a PIN that is being entered.
    ///
    /// # Errors
    /// [`PinError::NotDigits`], [`PinError::TooShort`], [`PinError::TooLong`].
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let bytes = text.as_bytes();
        if !bytes.iter().all(u8::is_ascii_digit) {
            return Err(PinError::NotDigits);
        }
        if bytes.len() < DIGITS_MIN {
            return Err(PinError::TooShort);
        }
        if bytes.len() > DIGITS_MAX {
            return Err(PinError::TooLong);
        }
        let mut pin = Self { digits: [0; DIGITS_MAX], len: bytes.len() };
        pin.digits[..bytes.len()].copy_from_slice(bytes);
        Ok(pin)
    }

    /// Reads a PIN that is being set: an obvious one is refused.
    ///
    /// # Errors
    /// As [`Pin::parse`], and [`PinError::Obvious`].
    pub fn parse_new(text: &str) -> Result<Self, PinError> {
        let pin = Self::parse(text)?;
        if pin.is_obvious() { Err(PinError::Obvious) } else { Ok(pin) }
    }

    /// Whether it is among the first that a thief would try. Never asked of a PIN that is entered.
    #[must_use]
    pub fn is_obvious(&self) -> bool {
        obvious::is_obvious(self.as_bytes())
    }

    fn as_bytes(&self) -> &[u8] {
        &self.digits[..self.len]
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(redacted)")
    }
}

/// The phone's half of the PIN key: 32 random bytes, fresh with every PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinSecret(Secret<32>);

impl PinSecret {
    /// Draws a fresh one.
    pub fn make(random: &mut dyn Random) -> Self {
        Self(Secret::make(random))
    }

    /// Takes back a stored one.
    #[must_use]
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// To be stored.
    #[must_use]
    pub fn secret(&self) -> &Secret<32> {
        &self.0
    }
}

/// What PIN tags are made under. The server has it too; it is used for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinKey(Secret<32>);

impl PinKey {
    /// The key of this secret and this PIN. A wrong PIN gives a key as good as any: only the server can tell.
    #[must_use]
    pub fn derive(secret: &PinSecret, pin: &Pin) -> Self {
        let mut key = [0; 32];
        kdf::hkdf_sha256(secret.0.expose(), pin.as_bytes(), &[PIN_KEY_LABEL], &mut key);
        let derived = Self(Secret::from_bytes(key));
        key.zeroize();
        derived
    }

    /// Takes back a key that was sent or stored.
    #[must_use]
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// To be sent sealed, or stored wrapped.
    #[must_use]
    pub fn secret(&self) -> &Secret<32> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_characters() {
        assert_eq!(Pin::parse("12345").unwrap_err(), PinError::TooShort);
        assert_eq!(Pin::parse("1234567890123").unwrap_err(), PinError::TooLong);
        assert_eq!(Pin::parse("12345x").unwrap_err(), PinError::NotDigits);
        assert_eq!(Pin::parse("１２３４５６").unwrap_err(), PinError::NotDigits);
        assert!(Pin::parse("000000").is_ok(), "an entered PIN is not judged");
        assert_eq!(Pin::parse_new("000000").unwrap_err(), PinError::Obvious);
    }

    #[test]
    fn leading_zeros_and_length_count() {
        let secret = PinSecret::from_secret(Secret::from_bytes([7; 32]));
        let key = |pin| PinKey::derive(&secret, &Pin::parse(pin).unwrap());
        assert_ne!(key("012847"), key("0128470"));
        assert_ne!(key("0012847"), key("012847"));
        assert_eq!(key("012847"), key("012847"));
    }

    #[test]
    fn nothing_of_it_is_shown() {
        assert_eq!(format!("{:?}", Pin::parse("482916").unwrap()), "Pin(redacted)");
    }
}
