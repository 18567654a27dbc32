//! The text form of a payment code: 365 decimal digits (`spec/payment-code.md`, chapter 8).
//!
//! Digits pass every scanner and keyboard layout. This room knows bytes and digits, not what they mean.

use crc::{CRC_32_ISO_HDLC, Crc};

use crate::payment_code::{CODE_LEN, FormError};

/// Digits of a payment code.
pub const DIGITS_LEN: usize = SCHEME.len() + GROUPS * GROUP_DIGITS + CHECK_DIGITS;

const SCHEME: &[u8; 4] = b"7501";
const GROUPS: usize = 21;
const GROUP_BYTES: usize = 7;
const GROUP_DIGITS: usize = 17;
const CHECK_DIGITS: usize = 4;
const GROUP_MAX: u64 = (1 << (8 * GROUP_BYTES)) - 1;

const _: () = assert!(GROUPS * GROUP_BYTES == CODE_LEN && DIGITS_LEN == 365);

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The digits of these bytes.
pub(crate) fn encode(code: &[u8; CODE_LEN]) -> String {
    let mut text = String::with_capacity(DIGITS_LEN);
    text.push_str("7501");
    for group in code.chunks_exact(GROUP_BYTES) {
        let value = group.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        text.push_str(&format!("{value:017}"));
    }
    let check = check_digits(text.as_bytes());
    text.push_str(&format!("{check:04}"));
    text
}

/// The bytes of these digits, which stand alone: no space around them.
pub(crate) fn decode(text: &[u8]) -> Result<[u8; CODE_LEN], FormError> {
    if !text.iter().all(u8::is_ascii_digit) {
        return Err(FormError::NotDigits);
    }
    if text.len() != DIGITS_LEN {
        return Err(FormError::WrongLength);
    }
    let (checked, check) = text.split_at(DIGITS_LEN - CHECK_DIGITS);
    let groups = checked.strip_prefix(SCHEME).ok_or(FormError::WrongScheme)?;
    if number(check) != u64::from(check_digits(checked)) {
        return Err(FormError::WrongCheckDigits);
    }
    let mut code = [0; CODE_LEN];
    for (bytes, digits) in code.chunks_exact_mut(GROUP_BYTES).zip(groups.chunks_exact(GROUP_DIGITS)) {
        let value = number(digits);
        if value > GROUP_MAX {
            return Err(FormError::GroupOutOfRange);
        }
        bytes.copy_from_slice(&value.to_be_bytes()[8 - GROUP_BYTES..]);
    }
    Ok(code)
}

/// CRC-32/ISO-HDLC modulo 10 000: tells a misread from a code, protects nothing.
fn check_digits(text: &[u8]) -> u32 {
    CRC.checksum(text) % 10_000
}

/// At most 17 digits, so 64 bits hold it.
fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_named_in_the_specification() {
        assert_eq!(CRC.checksum(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn ends_of_the_range() {
        for byte in [0, 0xff] {
            let text = encode(&[byte; CODE_LEN]);
            assert_eq!(text.len(), DIGITS_LEN);
            assert_eq!(decode(text.as_bytes()), Ok([byte; CODE_LEN]));
        }
        assert!(encode(&[0xff; CODE_LEN]).contains("72057594037927935"));
    }

    #[test]
    fn one_above_the_range_is_refused_though_its_check_digits_fit() {
        let mut text = encode(&[0xff; CODE_LEN]).replacen("72057594037927935", "72057594037927936", 1);
        text.truncate(DIGITS_LEN - CHECK_DIGITS);
        let check = check_digits(text.as_bytes());
        text.push_str(&format!("{check:04}"));
        assert_eq!(decode(text.as_bytes()), Err(FormError::GroupOutOfRange));
    }
}
