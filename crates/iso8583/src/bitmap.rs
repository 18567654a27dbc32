//! Bitmaps: which fields stand in a message.

use crate::coding::{Coding, bytes_of, digits};
use crate::decode::Input;
use crate::error::{CodecError, Fault};
use crate::spec::Spec;

/// Numbers from 1 to 192.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Numbers([u64; 3]);

impl Numbers {
    pub(crate) fn has(self, number: u8) -> bool {
        let (word, bit) = place(number);
        self.0[word] & bit != 0
    }

    pub(crate) fn insert(&mut self, number: u8) {
        let (word, bit) = place(number);
        self.0[word] |= bit;
    }

    fn remove(&mut self, number: u8) {
        let (word, bit) = place(number);
        self.0[word] &= !bit;
    }

    pub(crate) fn count(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Rising.
    pub(crate) fn iter(self) -> impl Iterator<Item = u8> {
        (1..=192).filter(move |number| self.has(*number))
    }
}

/// Bit 1 is the first byte's greatest.
const fn place(number: u8) -> (usize, u64) {
    let number = number as usize - 1;
    (number / 64, 1 << (63 - number % 64))
}

/// Reads one bitmap of 1 to 24 bytes.
pub(crate) fn read(coding: Coding, bytes: u8, input: &mut Input<'_>) -> Result<Numbers, CodecError> {
    let mut whole = [0; 24];
    let count = usize::from(bytes);
    if coding == Coding::Binary {
        whole[..count].copy_from_slice(input.take(count)?);
    } else {
        let before = *input;
        let text = coding.read(input.take(2 * count)?).map_err(|fault| before.fault(fault))?;
        whole[..count].copy_from_slice(&bytes_of(&text).map_err(|fault| before.fault(fault))?);
    }
    let mut numbers = Numbers::default();
    for (word, bytes) in numbers.0.iter_mut().zip(whole.as_chunks::<8>().0) {
        *word = u64::from_be_bytes(*bytes);
    }
    Ok(numbers)
}

/// Reads a message's bitmaps: bit 1 says that a second one follows, and in tables with a third one bit 65 that that does.
/// The numbers are those of fields.
pub(crate) fn read_message(spec: &Spec, input: &mut Input<'_>) -> Result<Numbers, CodecError> {
    let mut numbers = read(spec.bitmap, 8, input)?;
    if numbers.has(1) {
        numbers.0[1] = read(spec.bitmap, 8, input)?.0[0];
        numbers.remove(1);
    }
    if spec.third_bitmap && numbers.has(65) {
        numbers.0[2] = read(spec.bitmap, 8, input)?.0[0];
        numbers.remove(65);
    }
    Ok(numbers)
}

/// Writes the first bytes of a bitmap.
pub(crate) fn write(coding: Coding, bytes: u8, numbers: Numbers, out: &mut Vec<u8>) -> Result<(), Fault> {
    let mut whole = [0; 24];
    for (bytes, word) in whole.as_chunks_mut::<8>().0.iter_mut().zip(numbers.0) {
        *bytes = word.to_be_bytes();
    }
    let whole = &whole[..bytes.into()];
    if coding == Coding::Binary {
        out.extend_from_slice(whole);
        return Ok(());
    }
    coding.write(&digits(whole), out)
}

/// Writes a message's bitmaps, as many as its fields need.
pub(crate) fn write_message(spec: &Spec, mut numbers: Numbers, out: &mut Vec<u8>) -> Result<(), Fault> {
    let is_third = spec.third_bitmap && numbers.0[2] != 0;
    if is_third {
        numbers.insert(65);
    }
    let is_second = spec.two_bitmaps || numbers.0[1] != 0;
    if is_second {
        numbers.insert(1);
    }
    write(spec.bitmap, 8 * (1 + u8::from(is_second) + u8::from(is_third)), numbers, out)
}

impl Input<'_> {
    fn fault(&self, fault: Fault) -> CodecError {
        fault.at(self.position())
    }
}
