//! What a merchant sells, as its bank classifies it.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A merchant category code (ISO 18245): four digits, such as `5411` for grocery stores. Text and JSON have all four
/// digits; compact encodings the number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MerchantCategory(u16);

/// A text that is no merchant category code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a merchant category code is four digits, such as 5411")]
pub struct MerchantCategoryError;

impl MerchantCategory {
    /// The code with this number, 0 to 9999.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number > 9_999 { None } else { Some(Self(number)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl FromStr for MerchantCategory {
    type Err = MerchantCategoryError;

    fn from_str(text: &str) -> Result<Self, MerchantCategoryError> {
        let is_four_digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_four_digits);
        number.and_then(Self::new).ok_or(MerchantCategoryError)
    }
}

impl fmt::Display for MerchantCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl fmt::Debug for MerchantCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for MerchantCategory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for MerchantCategory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
        } else {
            let number = u16::deserialize(deserializer)?;
            Self::new(number).ok_or_else(|| serde::de::Error::custom(MerchantCategoryError))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_and_nothing_else() {
        for number in [0, 42, 5411, 9999] {
            let category = MerchantCategory::new(number).unwrap();
            assert_eq!(category.to_string().parse(), Ok(category));
            let json = serde_json::to_string(&category).unwrap();
            assert_eq!(serde_json::from_str::<MerchantCategory>(&json).unwrap(), category);
        }
        assert_eq!(MerchantCategory::new(42).unwrap().to_string(), "0042");
        for wrong in ["", "541", "54110", "54a1", "+541", "５４１１"] {
            assert_eq!(wrong.parse::<MerchantCategory>(), Err(MerchantCategoryError), "{wrong}");
        }
        assert_eq!(MerchantCategory::new(10_000), None);
    }
}
