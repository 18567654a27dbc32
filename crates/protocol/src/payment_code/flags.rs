//! The flags byte: PIN generation, clock confidence, customer verification.

use serde::{Deserialize, Serialize};

/// How often the PIN was set: the first is 1, each change adds one. A code carries it modulo 4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PinGeneration(pub u32);

impl PinGeneration {
    /// The generation of the PIN that is set at activation.
    pub const FIRST: Self = Self(1);

    /// The generation after this one; saturates.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The generation before this one; none before the first.
    #[must_use]
    pub const fn previous(self) -> Option<Self> {
        if self.0 <= 1 { None } else { Some(Self(self.0 - 1)) }
    }

    /// What a code carries of it.
    #[must_use]
    pub const fn bits(self) -> PinGenerationBits {
        PinGenerationBits((self.0 & 3) as u8)
    }
}

/// A PIN generation modulo 4.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PinGenerationBits(u8);

impl PinGenerationBits {
    /// The two bits as a number, 0 to 3.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// How well the phone knows the time, in its own word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockConfidence {
    /// Never compared with the server's clock, or set back since.
    Unknown,
    /// Compared more than 7 days ago.
    Old,
    /// Compared within 7 days.
    Week,
    /// Compared within 24 hours.
    Day,
}

/// How the customer proved to be there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerVerification {
    /// PIN entered for this code.
    Pin,
    /// PIN entered for an earlier code at most 180 s ago, of which this is one of at most three renewals.
    PinRenewed,
}

/// What the flags byte holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Flags {
    /// Which PIN the PIN tag was made with.
    pub pin_generation: PinGenerationBits,
    /// How well the phone knows the time.
    pub clock_confidence: ClockConfidence,
    /// How the customer proved to be there.
    pub customer_verification: CustomerVerification,
}

impl Flags {
    /// The byte as it stands in a code.
    #[must_use]
    pub const fn to_byte(self) -> u8 {
        let clock = match self.clock_confidence {
            ClockConfidence::Unknown => 0,
            ClockConfidence::Old => 1,
            ClockConfidence::Week => 2,
            ClockConfidence::Day => 3,
        };
        let verification = match self.customer_verification {
            CustomerVerification::Pin => 0,
            CustomerVerification::PinRenewed => 1,
        };
        self.pin_generation.0 << 6 | clock << 4 | verification << 2
    }

    /// Reads the byte; none if a bit without a meaning is set.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        let clock_confidence = match byte >> 4 & 3 {
            0 => ClockConfidence::Unknown,
            1 => ClockConfidence::Old,
            2 => ClockConfidence::Week,
            _ => ClockConfidence::Day,
        };
        let customer_verification = match byte & 0x0f {
            0b0000 => CustomerVerification::Pin,
            0b0100 => CustomerVerification::PinRenewed,
            _ => return None,
        };
        let pin_generation = PinGenerationBits(byte >> 6);
        Some(Self { pin_generation, clock_confidence, customer_verification })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_an_eighth_of_all_bytes_are_flags_and_each_is_itself() {
        let read: Vec<u8> = (0..=u8::MAX).filter(|byte| Flags::from_byte(*byte).is_some()).collect();
        assert_eq!(read.len(), 4 * 4 * 2);
        for byte in read {
            assert_eq!(Flags::from_byte(byte).map(Flags::to_byte), Some(byte));
        }
    }

    #[test]
    fn generations_wrap_in_the_code_only() {
        let fifth = PinGeneration(5);
        assert_eq!(fifth.bits(), PinGeneration::FIRST.bits());
        assert_eq!(fifth.previous(), Some(PinGeneration(4)));
        assert_eq!(PinGeneration::FIRST.previous(), None);
        assert_eq!(PinGeneration::FIRST.next().bits().get(), 2);
    }
}
