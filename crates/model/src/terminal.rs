//! The number on a till's label: realm-unique, typed by people, so it ends in a check digit.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What can be wrong with a till number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TerminalNumberError {
    /// Not digits, or too many or too few.
    #[error("a till number is 2 to 11 digits, as on the till's label")]
    NotANumber,
    /// The last digit does not fit the others.
    #[error("the till number has a typing mistake; compare it with the till's label")]
    WrongCheckDigit,
}

/// A till's number without its check digit, 1 to 4 294 967 295. In a payment code 0 stands for "no till".
///
/// Its text form is the decimal number followed by one Damm check digit, which finds every single wrong
/// digit and every swap of neighbours. JSON uses the text form too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TerminalNumber(u32);

impl TerminalNumber {
    /// The till `number`, unless it is 0.
    pub const fn new(number: u32) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number without its check digit.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl FromStr for TerminalNumber {
    type Err = TerminalNumberError;

    fn from_str(text: &str) -> Result<Self, TerminalNumberError> {
        let digits: Vec<u8> = text.bytes().filter(|b| *b != b' ').collect();
        if !(2..=11).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
            return Err(TerminalNumberError::NotANumber);
        }
        if damm(&digits) != 0 {
            return Err(TerminalNumberError::WrongCheckDigit);
        }
        let number = digits[..digits.len() - 1].iter().fold(0_u64, |sum, d| sum * 10 + u64::from(d - b'0'));
        u32::try_from(number).ok().and_then(Self::new).ok_or(TerminalNumberError::NotANumber)
    }
}

impl fmt::Display for TerminalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0.to_string();
        write!(f, "{number}{}", damm(number.as_bytes()))
    }
}

impl fmt::Debug for TerminalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TerminalNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TerminalNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Damm's check digit (H. M. Damm, 2004) over ASCII digits, with his quasigroup of order 10.
fn damm(digits: &[u8]) -> u8 {
    const TABLE: [[u8; 10]; 10] = [
        [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
        [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
        [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
        [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
        [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
        [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
        [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
        [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
        [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
        [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
    ];
    digits.iter().fold(0, |interim, d| TABLE[interim as usize][(d - b'0') as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_check_digit() {
        // Damm's own example: 572 has check digit 4.
        assert_eq!(TerminalNumber::new(572).unwrap().to_string(), "5724");
        assert_eq!("57 24".parse(), Ok(TerminalNumber(572)));
    }

    #[test]
    fn every_single_slip_of_the_finger_is_found() {
        let label = TerminalNumber::new(104_729).unwrap().to_string().into_bytes();
        for place in 0..label.len() {
            for digit in b'0'..=b'9' {
                let mut typed = label.clone();
                typed[place] = digit;
                let read = String::from_utf8(typed).unwrap().parse::<TerminalNumber>();
                assert_eq!(read.is_ok(), digit == label[place]);
            }
            if place > 0 && label[place] != label[place - 1] {
                let mut typed = label.clone();
                typed.swap(place, place - 1);
                assert!(String::from_utf8(typed).unwrap().parse::<TerminalNumber>().is_err());
            }
        }
    }

    #[test]
    fn none_out_of_range() {
        assert!("00".parse::<TerminalNumber>().is_err());
        assert!("99999999999".parse::<TerminalNumber>().is_err());
        assert!("x".parse::<TerminalNumber>().is_err());
    }
}
