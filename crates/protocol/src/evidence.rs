//! What a phone's sensors say about the phone (`spec/payment-code.md`, chapter 4).
//!
//! It is the suspect's own word: readers may let it lower trust, never raise it.

use bitflags::bitflags;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

bitflags! {
    /// Claimed evidence, 16 bits. Bits without a name are kept as they are and count as threats. In JSON
    /// a number.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct Evidence: u16 {
        /// Every sensor of this platform ran to its end since the app started. The one bit that is good news.
        const SENSORS_RAN = 1 << 0;
        /// The newest reading is older than five minutes.
        const STALE = 1 << 1;
        /// A debugger or tracer was seen.
        const DEBUGGER = 1 << 2;
        /// Code in memory differs from the disk, or a hooking framework was seen.
        const HOOKING = 1 << 3;
        /// Rooted or jailbroken.
        const PRIVILEGED = 1 << 4;
        /// Not a real device.
        const EMULATOR = 1 << 5;
        /// The app's signature or files are not its maker's.
        const TAMPERED_APP = 1 << 6;
        /// A library that neither the app nor the system brought.
        const UNKNOWN_LIBRARY = 1 << 7;
        /// The screen was recorded, mirrored or captured while a code was shown.
        const SCREEN_CAPTURE = 1 << 8;
        /// A listed app is installed.
        const MALWARE = 1 << 9;
        /// Developer options or a debug bridge are on.
        const DEVELOPER_MODE = 1 << 10;
        /// The phone has no screen lock.
        const NO_DEVICE_LOCK = 1 << 11;
        /// Not installed from a store that the app's maker uses.
        const UNOFFICIAL_INSTALL = 1 << 12;
        /// The clock was set by hand since the last exchange with the server.
        const CLOCK_CHANGED = 1 << 13;
        /// Another app drives or reads the screen.
        const AUTOMATION = 1 << 14;

        // Phones newer than this program may set more: keep them.
        const _ = !0;
    }
}

impl Evidence {
    /// The bits that lower trust by being set: all but [`Evidence::SENSORS_RAN`], unnamed ones included.
    #[must_use]
    pub const fn threats(self) -> Self {
        self.difference(Self::SENSORS_RAN)
    }

    /// Whether nothing in it lowers trust: the sensors ran and saw nothing.
    #[must_use]
    pub const fn is_clean(self) -> bool {
        self.bits() == Self::SENSORS_RAN.bits()
    }

    /// The names of the set bits, as in the specification; `bit_15` for one that has none.
    pub fn names(self) -> impl Iterator<Item = String> {
        let named = self.iter_names().map(|(name, _)| name.to_ascii_lowercase());
        let unnamed = (0..16)
            .filter(move |bit| self.bits() & (1 << bit) & !Self::named_bits() != 0)
            .map(|bit| format!("bit_{bit}"));
        named.chain(unnamed)
    }

    fn named_bits() -> u16 {
        Self::all().iter_names().fold(0, |bits, (_, flag)| bits | flag.bits())
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bits().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u16::deserialize(deserializer).map(Self::from_bits_retain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_not_clean_and_unknown_bits_are_threats() {
        assert!(!Evidence::empty().is_clean());
        assert!(Evidence::SENSORS_RAN.is_clean());
        let future = Evidence::from_bits_retain(0x8001);
        assert!(!future.is_clean());
        assert_eq!(future.threats().bits(), 0x8000);
        assert_eq!(future.names().collect::<Vec<_>>(), ["sensors_ran", "bit_15"]);
        assert_eq!(serde_json::from_str::<Evidence>("32769").unwrap(), future);
    }

    #[test]
    fn the_specification_names_the_same_bits() {
        let spec = include_str!("../../../spec/payment-code.md");
        for (name, flag) in Evidence::all().iter_names() {
            let bit = flag.bits().trailing_zeros();
            let row = format!("| {bit} | `{:04x}` | `{}` |", flag.bits(), name.to_ascii_lowercase());
            assert!(spec.contains(&row), "{row} is not in the table");
        }
    }
}
