//! The text form of a confirmation: digits for a 2D code (`spec/confirmation.md`, section 6).

use std::fmt::Write as _;

use crc::{CRC_32_ISO_HDLC, Crc};

use crate::error::ProtocolError;

const SCHEME: &str = "7502";
const GROUP_BYTES: usize = 7;
const CHECK_DIGITS: usize = 4;
/// Digits of a group by its number of bytes. All differ modulo 17, so that a length is one of a kind.
const WIDTHS: [usize; GROUP_BYTES + 1] = [0, 3, 5, 8, 10, 13, 15, 17];
const WHAT: &str = "confirmation's digits";
/// More than any confirmation has; a scanner's text beyond it is not looked at.
const TEXT_LEN_MAX: usize = 640;

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The digits of these bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::from(SCHEME);
    for group in bytes.chunks(GROUP_BYTES) {
        let value = group.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        write!(text, "{value:0width$}", width = WIDTHS[group.len()])
            .expect("writing to a string does not fail");
    }
    let check = check_digits(&text);
    write!(text, "{check:04}").expect("writing to a string does not fail");
    text
}

/// The bytes of these digits; space around them, as scanners add, is taken off.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, ProtocolError> {
    let malformed = ProtocolError::Malformed(WHAT);
    if text.len() > TEXT_LEN_MAX {
        return Err(ProtocolError::Size(WHAT));
    }
    let text = text.trim_ascii();
    let long_enough = text.len() > SCHEME.len() + CHECK_DIGITS;
    if !long_enough || !text.bytes().all(|b| b.is_ascii_digit()) || !text.starts_with(SCHEME) {
        return Err(malformed);
    }
    let (checked, check) = text.split_at(text.len() - CHECK_DIGITS);
    if check.parse() != Ok(check_digits(checked)) {
        return Err(malformed);
    }
    let groups = &checked[SCHEME.len()..];
    let last_width = groups.len() % WIDTHS[GROUP_BYTES];
    if !WIDTHS.contains(&last_width) {
        return Err(malformed);
    }
    let mut bytes = Vec::with_capacity(groups.len() / 2);
    for group in groups.as_bytes().chunks(WIDTHS[GROUP_BYTES]) {
        let count = WIDTHS.iter().position(|width| *width == group.len()).ok_or(malformed.clone())?;
        let value = group.iter().fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        if value >> (8 * count) != 0 {
            return Err(malformed);
        }
        bytes.extend_from_slice(&value.to_be_bytes()[8 - count..]);
    }
    Ok(bytes)
}

fn check_digits(text: &str) -> u32 {
    CRC.checksum(text.as_bytes()) % 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_reads_back_and_lengths_tell_bytes() {
        let mut lengths = Vec::new();
        for count in 1..=228 {
            for byte in [0, 0xa5, 0xff] {
                let text = encode(&vec![byte; count]);
                assert_eq!(decode(&format!(" {text}\r\n")), Ok(vec![byte; count]));
                lengths.push(text.len());
            }
        }
        lengths.dedup();
        assert_eq!(lengths.len(), 228);
        assert_eq!(lengths.last(), Some(&562));
    }

    #[test]
    fn a_wrong_digit_is_a_misread() {
        let text = encode(&[0x5a; 164]);
        for place in 0..text.len() {
            let mut digits = text.clone().into_bytes();
            digits[place] = b'0' + (digits[place] - b'0' + 1) % 10;
            assert!(decode(std::str::from_utf8(&digits).unwrap()).is_err(), "place {place}");
        }
    }
}
