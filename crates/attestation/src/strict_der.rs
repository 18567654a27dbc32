//! DER, read strictly over the crate `der`: one form, nothing left over, sets sorted and each element once.

use crate::Refusal;
use der::{Decode, Header, Reader, SliceReader, Tag, asn1::OctetStringRef};

/// A place in DER from which values are read one after the other.
pub(crate) struct Cursor<'a> {
    reader: SliceReader<'a>,
    part: &'static str,
}

impl<'a> Cursor<'a> {
    /// At the beginning of `bytes`; `part` is what a refusal calls them.
    pub(crate) fn new(bytes: &'a [u8], part: &'static str) -> Result<Self, Refusal> {
        let reader = SliceReader::new(bytes).map_err(|_| Refusal::malformed(part, "too long"))?;
        Ok(Self { reader, part })
    }

    pub(crate) fn part(&self) -> &'static str {
        self.part
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.reader.is_finished()
    }

    /// That nothing is left.
    pub(crate) fn end(&self) -> Result<(), Refusal> {
        if self.is_at_end() { Ok(()) } else { Err(self.malformed("more than belongs there")) }
    }

    /// The next value, of any kind, and what is in it.
    pub(crate) fn any(&mut self) -> Result<(Tag, &'a [u8]), Refusal> {
        let header = Header::decode(&mut self.reader).map_err(|_| self.malformed("no DER"))?;
        let value = self.reader.read_slice(header.length()).map_err(|_| self.malformed("cut off"))?;
        Ok((header.tag(), value))
    }

    /// What is in the next value, which must be a `SEQUENCE`.
    pub(crate) fn sequence(&mut self) -> Result<Self, Refusal> {
        match self.any()? {
            (Tag::Sequence, value) => Self::new(value, self.part),
            _ => Err(self.malformed("no sequence where one belongs")),
        }
    }

    /// What is in the values of a `SET OF`, each with its tag; sorted, and none twice.
    pub(crate) fn set(&mut self, count_max: usize) -> Result<Vec<(Tag, &'a [u8])>, Refusal> {
        let (Tag::Set, content) = self.any()? else {
            return Err(self.malformed("no set where one belongs"));
        };
        let mut inner = Self::new(content, self.part)?;
        let mut values = Vec::new();
        let mut earlier: Option<&[u8]> = None;
        let mut rest = content;
        while !inner.is_at_end() {
            let value = inner.any()?;
            let left = usize::try_from(u32::from(inner.reader.remaining_len())).unwrap_or(usize::MAX);
            let (element, after) = rest.split_at(rest.len() - left);
            // DER's order: as if the shorter one were filled up with zeros, which no value's beginning can equal.
            if earlier.is_some_and(|earlier| earlier >= element) {
                return Err(self.malformed("a set that is not in order, or has something twice"));
            }
            if values.len() == count_max {
                return Err(self.malformed("a set of too many"));
            }
            (earlier, rest) = (Some(element), after);
            values.push(value);
        }
        Ok(values)
    }

    /// An `INTEGER` that is not negative.
    pub(crate) fn integer(&mut self) -> Result<u64, Refusal> {
        u64::decode(&mut self.reader).map_err(|_| self.malformed("no such number"))
    }

    /// An `ENUMERATED` of one byte.
    pub(crate) fn enumerated(&mut self) -> Result<u8, Refusal> {
        match self.any()? {
            (Tag::Enumerated, [value @ 0..=0x7f]) => Ok(*value),
            _ => Err(self.malformed("no choice where one belongs")),
        }
    }

    /// A `BOOLEAN`, which DER writes as 0 or 255.
    pub(crate) fn boolean(&mut self) -> Result<bool, Refusal> {
        bool::decode(&mut self.reader).map_err(|_| self.malformed("no truth value where one belongs"))
    }

    /// A `NULL`.
    pub(crate) fn null(&mut self) -> Result<(), Refusal> {
        match self.any()? {
            (Tag::Null, []) => Ok(()),
            _ => Err(self.malformed("a value where none belongs")),
        }
    }

    /// An `OCTET STRING`.
    pub(crate) fn octets(&mut self) -> Result<&'a [u8], Refusal> {
        let octets = <&OctetStringRef>::decode(&mut self.reader);
        octets.map(OctetStringRef::as_bytes).map_err(|_| self.malformed("no bytes where they belong"))
    }

    pub(crate) fn malformed(&self, why: &'static str) -> Refusal {
        Refusal::malformed(self.part, why)
    }
}

/// An integer's content as a number, if it is not negative and in its shortest form.
pub(crate) fn number(value: &[u8]) -> Option<u64> {
    let bytes = match value {
        [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => rest,
        [0] | [0x01..=0x7f, ..] => value,
        _ => return None,
    };
    let start = 8_usize.checked_sub(bytes.len())?;
    let mut wide = [0; 8];
    wide[start..].copy_from_slice(bytes);
    Some(u64::from_be_bytes(wide))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(bytes: &[u8]) -> Result<usize, Refusal> {
        Cursor::new(bytes, "set").and_then(|mut cursor| cursor.set(3)).map(|values| values.len())
    }

    #[test]
    fn sets_are_sorted_and_hold_nothing_twice() {
        assert_eq!(set(&[0x31, 0]), Ok(0));
        assert_eq!(set(&[0x31, 6, 2, 1, 2, 2, 1, 3]), Ok(2));
        for bad in [
            &[0x31, 6, 2, 1, 3, 2, 1, 2][..],
            &[0x31, 6, 2, 1, 2, 2, 1, 2],
            &[0x31, 12, 2, 1, 1, 2, 1, 2, 2, 1, 3, 2, 1, 4],
            &[0x31, 5, 2, 1, 2, 2, 1],
            &[0x30, 0],
        ] {
            assert!(set(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(number(&[0]), Some(0));
        assert_eq!(number(&[0x7f]), Some(127));
        assert_eq!(number(&[0, 0x80]), Some(128));
        assert_eq!(number(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Some(u64::MAX));
        for bad in [&[][..], &[0, 1], &[0x80], &[1, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn truth_is_0_or_255() {
        let read = |byte| Cursor::new(&[1, 1, byte], "truth").unwrap().boolean();
        assert_eq!([0, 255].map(read), [Ok(false), Ok(true)]);
        assert!(read(1).is_err());
    }
}
