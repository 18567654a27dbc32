//! BER-TLV as chip data has it (EMV book 3, annex B; ISO/IEC 8825-1). What is not known is kept byte for byte, the form of
//! its length included.

use crate::error::Fault;
use std::fmt;

/// How deep TLVs stand in TLVs; deeper ones stay bytes.
const DEPTH_MAX: usize = 8;
/// A tag has at most so many bytes.
const TAG_LEN_MAX: usize = 4;
const IS_CONSTRUCTED: u8 = 0x20;
const HAS_MORE: u8 = 0x1f;

/// One tag with its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Tlv {
    tag: Tag,
    /// In how many bytes the length is written, if those are more than it needs; else 1.
    length_bytes: u8,
    value: TlvValue,
}

/// A tag's bytes, as many as count.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Tag {
    bytes: [u8; TAG_LEN_MAX],
    length: u8,
}

impl Tag {
    /// Of a slice with as many bytes as a tag has.
    fn of(tag: &[u8]) -> Self {
        let mut bytes = [0; TAG_LEN_MAX];
        bytes[..tag.len()].copy_from_slice(tag);
        Self { bytes, length: tag.len().to_le_bytes()[0] }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length.into()]
    }
}

/// A tag's value. Debug output shows no content.
#[derive(Clone, PartialEq, Eq)]
pub enum TlvValue {
    /// Bytes.
    Bytes(Vec<u8>),
    /// More TLVs: the tag says so.
    Nested(Vec<Tlv>),
}

impl Tlv {
    /// A tag with bytes; its length is written in the fewest.
    ///
    /// # Errors
    /// [`Fault::Tlv`] if the tag is none.
    pub fn new(tag: &[u8], value: TlvValue) -> Result<Self, Fault> {
        if tag_len(tag)? != tag.len() {
            return Err(Fault::Tlv("the tag has more bytes than one tag has"));
        }
        Ok(Self { tag: Tag::of(tag), length_bytes: 1, value })
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> &[u8] {
        self.tag.bytes()
    }

    /// The value.
    #[must_use]
    pub const fn value(&self) -> &TlvValue {
        &self.value
    }

    /// In how many bytes its length is written at least: more than 1 only where those are more than it needs.
    #[must_use]
    pub const fn length_bytes(&self) -> u8 {
        self.length_bytes
    }

    /// The same with its length written in at least so many bytes, 1 to 5.
    #[must_use]
    pub fn with_length_bytes(self, length_bytes: u8) -> Self {
        Self { length_bytes: length_bytes.clamp(1, 5), ..self }
    }

    /// Reads all TLVs of these bytes.
    ///
    /// # Errors
    /// [`Fault::Tlv`].
    pub fn read_all(bytes: &[u8]) -> Result<Vec<Self>, Fault> {
        read_all(bytes, 0)
    }

    /// Writes TLVs one behind the other.
    pub fn write_all(all: &[Self], out: &mut Vec<u8>) {
        all.iter().for_each(|one| one.write(out));
    }

    /// The first of this tag, wherever it stands.
    #[must_use]
    pub fn find<'a>(all: &'a [Self], tag: &[u8]) -> Option<&'a Self> {
        all.iter().find_map(|one| match &one.value {
            _ if one.tag() == tag => Some(one),
            TlvValue::Nested(nested) => Self::find(nested, tag),
            TlvValue::Bytes(_) => None,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.tag());
        let nested;
        let value = match &self.value {
            TlvValue::Bytes(bytes) => bytes,
            TlvValue::Nested(all) => {
                let mut bytes = Vec::new();
                Self::write_all(all, &mut bytes);
                nested = bytes;
                &nested
            }
        };
        write_length(value.len(), self.length_bytes, out);
        out.extend_from_slice(value);
    }
}

/// Writes a length in at least so many bytes.
fn write_length(length: usize, at_least: u8, out: &mut Vec<u8>) {
    let bytes = (length as u64).to_be_bytes();
    let width = fewest(length).max(at_least.into());
    if width > 1 {
        // At most 9 bytes.
        out.push(0x80 | (width - 1).to_le_bytes()[0]);
        out.extend_from_slice(&bytes[bytes.len() + 1 - width..]);
    } else {
        out.push(bytes[7]);
    }
}

/// The fewest bytes in which a length can be written.
const fn fewest(length: usize) -> usize {
    if length <= 0x7f { 1 } else { 1 + (usize::BITS - length.leading_zeros()).div_ceil(8) as usize }
}

fn tag_len(bytes: &[u8]) -> Result<usize, Fault> {
    let first = *bytes.first().ok_or(Fault::Tlv("a tag has no bytes"))?;
    if first == 0x00 {
        return Err(Fault::Tlv("there is filling where a tag belongs"));
    }
    if first & HAS_MORE != HAS_MORE {
        return Ok(1);
    }
    let more = bytes[1..].iter().take(TAG_LEN_MAX - 1).position(|byte| byte & 0x80 == 0);
    more.map(|place| place + 2).ok_or(Fault::Tlv("a tag does not end"))
}

fn read_all(mut bytes: &[u8], depth: usize) -> Result<Vec<Tlv>, Fault> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (tag, rest) = bytes.split_at(tag_len(bytes)?);
        let (length, length_bytes, rest) = read_length(rest)?;
        let (value, rest) = rest.split_at_checked(length).ok_or(Fault::Tlv("a value is cut off"))?;
        let value = match tag[0] & IS_CONSTRUCTED != 0 && depth < DEPTH_MAX {
            true => TlvValue::Nested(read_all(value, depth + 1)?),
            false => TlvValue::Bytes(value.to_vec()),
        };
        let is_fewest = usize::from(length_bytes) == fewest(length);
        all.push(Tlv { tag: Tag::of(tag), length_bytes: if is_fewest { 1 } else { length_bytes }, value });
        bytes = rest;
    }
    Ok(all)
}

fn read_length(bytes: &[u8]) -> Result<(usize, u8, &[u8]), Fault> {
    let (first, rest) = bytes.split_first().ok_or(Fault::Tlv("a length is missing"))?;
    if first & 0x80 == 0 {
        return Ok((usize::from(*first), 1, rest));
    }
    let width = first & 0x7f;
    if !(1..=4).contains(&width) {
        return Err(Fault::Tlv("a length of this form"));
    }
    let (length, rest) = rest.split_at_checked(width.into()).ok_or(Fault::Tlv("a length is cut off"))?;
    let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    Ok((length, width + 1, rest))
}

impl fmt::Debug for TlvValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Nested(all) => fmt::Debug::fmt(all, f),
        }
    }
}

impl fmt::Debug for Tlv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", crate::coding::digits(self.tag()), self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let mut out = Vec::new();
        crate::coding::pack(&hex.replace(' ', ""), &mut out).unwrap();
        out
    }

    #[test]
    fn what_is_read_is_written_byte_for_byte_whatever_form_its_lengths_have() {
        for hex in [
            "",
            "9F2608 0102030405060708 8400",
            "E106 9F0301AA C100",
            "82 8102 3800",
            "5F2A 84 00000002 0756",
            "DF8129 01 FF",
        ] {
            let all = Tlv::read_all(&bytes(hex)).unwrap();
            let mut back = Vec::new();
            Tlv::write_all(&all, &mut back);
            assert_eq!(back, bytes(hex), "{hex}");
        }
        let all = Tlv::read_all(&bytes("E106 9F0301AA C100")).unwrap();
        let found = Tlv::find(&all, &[0x9f, 0x03]).unwrap();
        assert_eq!(found.value(), &TlvValue::Bytes(vec![0xaa]));
    }

    #[test]
    fn what_is_cut_off_filled_up_or_of_no_form_is_refused() {
        for hex in
            ["9F", "9F26", "9F2602 01", "00", "82 80", "82 85 0000000001 00", "1F80808001 00", "E102 8201"]
        {
            assert!(Tlv::read_all(&bytes(hex)).is_err(), "{hex}");
        }
    }

    #[test]
    fn a_new_one_is_written_with_the_fewest_bytes_and_as_many_as_it_needs() {
        for (len, head) in [(0, "C1 00"), (127, "C1 7F"), (128, "C1 81 80"), (256, "C1 82 0100")] {
            let one = Tlv::new(&[0xc1], TlvValue::Bytes(vec![7; len])).unwrap();
            let mut out = Vec::new();
            Tlv::write_all(&[one], &mut out);
            assert_eq!(out[..out.len() - len], bytes(head));
        }
        assert!(Tlv::new(&[0x82, 0x01], TlvValue::Bytes(Vec::new())).is_err());
        assert!(Tlv::new(&[0x9f], TlvValue::Bytes(Vec::new())).is_err());
    }
}
