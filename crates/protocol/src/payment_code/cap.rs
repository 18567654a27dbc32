//! The most that a code may be charged, in two bytes.

use core::fmt;

const MANTISSA_BITS: u32 = 12;
const MANTISSA_MAX: u16 = 0x0fff;
const EXPONENT_MAX: u32 = 15;

/// An amount cap in minor units of the method's currency: 12-bit mantissa, 4-bit decimal exponent, each
/// amount in one form only. Never zero, never unlimited. Larger caps compare as larger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cap(u16);

impl Cap {
    /// The largest cap there is: 4095 · 10¹⁵ minor units.
    pub const MAX: Self = Self(0xffff);

    /// The cap with these bits, unless its mantissa is zero or the amount has a form with a lower exponent.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Option<Self> {
        let (mantissa, exponent) = (bits & MANTISSA_MAX, bits >> MANTISSA_BITS);
        let shorter = exponent > 0 && mantissa <= MANTISSA_MAX / 10;
        if mantissa == 0 || shorter { None } else { Some(Self(bits)) }
    }

    /// The bits as they stand in a code.
    #[must_use]
    pub const fn to_bits(self) -> u16 {
        self.0
    }

    /// The amount in minor units.
    #[must_use]
    pub fn amount_minor(self) -> i64 {
        i64::from(self.0 & MANTISSA_MAX) * 10_i64.pow(u32::from(self.0 >> MANTISSA_BITS))
    }

    /// The largest cap that is not above `amount_minor`; none below 1.
    #[must_use]
    pub fn at_most(amount_minor: i64) -> Option<Self> {
        Self::encode(amount_minor, false)
    }

    /// The smallest cap that is not below `amount_minor`; none below 1 and none above [`Cap::MAX`].
    #[must_use]
    pub fn at_least(amount_minor: i64) -> Option<Self> {
        Self::encode(amount_minor, true)
    }

    fn encode(amount_minor: i64, up: bool) -> Option<Self> {
        if amount_minor < 1 {
            return None;
        }
        for exponent in 0..=EXPONENT_MAX {
            let unit = 10_i64.pow(exponent);
            let rest = i64::from(up && amount_minor % unit != 0);
            if let Ok(mantissa @ ..=MANTISSA_MAX) = u16::try_from(amount_minor / unit + rest) {
                let exponent = u16::try_from(exponent).expect("four bits fit");
                let bits = exponent << MANTISSA_BITS | mantissa;
                // Between 4095 and 4100 units, rounding down falls back to the lower exponent's last.
                return Self::from_bits(bits).or(Self::from_bits((bits & !MANTISSA_MAX).wrapping_sub(1)));
            }
        }
        if up { None } else { Some(Self::MAX) }
    }
}

impl fmt::Debug for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cap({})", self.amount_minor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_specification_s_examples() {
        for (amount_minor, bits) in [(5000, 0x11f4), (1, 0x0001), (4095, 0x0fff), (4100, 0x119a)] {
            assert_eq!(Cap::at_most(amount_minor).map(Cap::to_bits), Some(bits));
            assert_eq!(Cap::at_least(amount_minor).map(Cap::to_bits), Some(bits));
        }
        assert_eq!(Cap::at_most(4099).map(Cap::amount_minor), Some(4095));
        assert_eq!(Cap::at_least(4096).map(Cap::amount_minor), Some(4100));
        assert_eq!(Cap::at_most(i64::MAX), Some(Cap::MAX));
        assert_eq!(Cap::at_least(i64::MAX), None);
        assert_eq!((Cap::at_most(0), Cap::at_least(-1)), (None, None));
    }

    #[test]
    fn every_amount_has_one_form_and_order_is_kept() {
        let mut previous = None;
        for bits in 0..=u16::MAX {
            let Some(cap) = Cap::from_bits(bits) else { continue };
            assert!(previous.is_none_or(|p: Cap| p.amount_minor() < cap.amount_minor() && p < cap));
            assert_eq!(Cap::at_most(cap.amount_minor()), Some(cap));
            assert_eq!(Cap::at_least(cap.amount_minor()), Some(cap));
            previous = Some(cap);
        }
        assert_eq!(previous, Some(Cap::MAX));
    }

    proptest! {
        #[test]
        fn rounding_goes_the_way_it_says(amount_minor in 1..=Cap::MAX.amount_minor()) {
            let below = Cap::at_most(amount_minor).unwrap().amount_minor();
            let above = Cap::at_least(amount_minor).unwrap().amount_minor();
            prop_assert!(below <= amount_minor && amount_minor <= above);
            prop_assert!(above - below <= above / 400);
        }
    }
}
