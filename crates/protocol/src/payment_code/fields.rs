//! The 24 bytes that say what a code is about.

use model::{Counter, EnrolmentId, MethodSlot, TerminalNumber};

use super::{Cap, Flags};
use crate::evidence::Evidence;

/// Bytes of the fields.
pub const FIELDS_LEN: usize = 24;

/// A field holds what the specification refuses: counter 0, slot 0, an unknown flag, a cap of zero or in
/// a second form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field of the payment code holds a value that is not allowed")]
pub struct MalformedFields;

/// What a code is about, in the clear. Never logged whole: it is code content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fields {
    /// The device's enrolment.
    pub enrolment: EnrolmentId,
    /// The code's number, at least 1.
    pub counter: Counter,
    /// The device's own clock, uncorrected, seconds since the epoch.
    pub device_time_s: u32,
    /// The method to pay with, at least 1.
    pub method: MethodSlot,
    /// PIN generation, clock confidence, customer verification.
    pub flags: Flags,
    /// What the phone's sensors say.
    pub claimed_evidence: Evidence,
    /// The most that may be charged, in the method's currency.
    pub cap: Cap,
    /// The till that the code is bound to, if it is.
    pub terminal: Option<TerminalNumber>,
}

impl Fields {
    /// The bytes as they stand in a code.
    ///
    /// # Errors
    /// [`MalformedFields`] if counter or method slot is 0.
    pub fn to_bytes(&self) -> Result<[u8; FIELDS_LEN], MalformedFields> {
        if self.counter.0 == 0 || self.method.0 == 0 {
            return Err(MalformedFields);
        }
        let mut bytes = [0; FIELDS_LEN];
        bytes[..6].copy_from_slice(&self.enrolment.to_bytes());
        bytes[6..10].copy_from_slice(&self.counter.0.to_be_bytes());
        bytes[10..14].copy_from_slice(&self.device_time_s.to_be_bytes());
        bytes[14] = self.method.0;
        bytes[15] = self.flags.to_byte();
        bytes[16..18].copy_from_slice(&self.claimed_evidence.bits().to_be_bytes());
        bytes[18..20].copy_from_slice(&self.cap.to_bits().to_be_bytes());
        bytes[20..].copy_from_slice(&self.terminal.map_or(0, TerminalNumber::get).to_be_bytes());
        Ok(bytes)
    }

    /// Reads the bytes.
    ///
    /// # Errors
    /// [`MalformedFields`] by chapter 4 of the specification.
    pub fn from_bytes(bytes: &[u8; FIELDS_LEN]) -> Result<Self, MalformedFields> {
        let mut rest = Reader(bytes);
        let fields = Self {
            enrolment: EnrolmentId::from_bytes(rest.take()),
            counter: Counter(u32::from_be_bytes(rest.take())),
            device_time_s: u32::from_be_bytes(rest.take()),
            method: MethodSlot(u8::from_be_bytes(rest.take())),
            flags: Flags::from_byte(u8::from_be_bytes(rest.take())).ok_or(MalformedFields)?,
            claimed_evidence: Evidence::from_bits_retain(u16::from_be_bytes(rest.take())),
            cap: Cap::from_bits(u16::from_be_bytes(rest.take())).ok_or(MalformedFields)?,
            terminal: TerminalNumber::new(u32::from_be_bytes(rest.take())),
        };
        if fields.counter.0 == 0 || fields.method.0 == 0 { Err(MalformedFields) } else { Ok(fields) }
    }
}

impl core::fmt::Debug for Fields {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Fields(redacted)")
    }
}

/// Takes arrays off the front of the fields.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (first, rest) = self.0.split_first_chunk().expect("the widths of all fields add up to 24");
        self.0 = rest;
        *first
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_that_are_read_are_written_back_the_same(bytes in any::<[u8; FIELDS_LEN]>(), flags in 0_u8..32) {
            let mut bytes = bytes;
            bytes[15] = flags << 3 & 0xf4;
            if let Ok(fields) = Fields::from_bytes(&bytes) {
                prop_assert_eq!(fields.to_bytes(), Ok(bytes));
            }
        }
    }
}
