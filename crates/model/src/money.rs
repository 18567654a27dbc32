//! Amounts: `i64` minor units and an ISO 4217 currency, never a float.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What can be wrong with an amount or a currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// Not one of ISO 4217's codes.
    #[error("`{0}` is not an ISO 4217 currency code, such as CHF or EUR")]
    UnknownCurrency(String),
    /// Not digits with at most one decimal point.
    #[error("`{0}` is not an amount; write it like 12.50")]
    NotAnAmount(String),
    /// More decimals than the currency has.
    #[error("`{text}` has more than {exponent} decimals, which is all that {currency} has")]
    TooManyDecimals {
        /// What was given.
        text: String,
        /// The currency it was meant in.
        currency: Currency,
        /// How many decimals that currency has.
        exponent: u32,
    },
    /// More than fits 63 bits of minor units.
    #[error("the amount is too large")]
    TooLarge,
    /// Two amounts of different currencies met.
    #[error("{0} and {1} cannot be added or compared")]
    CurrencyMismatch(Currency, Currency),
}

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Swiss franc.
    pub const CHF: Self = Self(iso_currency::Currency::CHF);
    /// Euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// The three-letter code, such as `CHF`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The ISO 4217 numeric code, such as 756 for CHF.
    pub fn number(self) -> u16 {
        self.0.numeric()
    }

    /// The currency with this numeric code.
    pub fn from_number(number: u16) -> Option<Self> {
        iso_currency::Currency::from_numeric(number).map(Self)
    }

    /// How many decimals the currency has: 2 for CHF, 0 for JPY. Units of account without any count as 0.
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(text).map(Self).ok_or_else(|| {
            MoneyError::UnknownCurrency(text.chars().filter(|c| !c.is_control()).take(8).collect())
        })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount of money in minor units (rappen, cents).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units; the sign's meaning is the holder's.
    pub amount_minor: i64,
    /// The currency of those units.
    pub currency: Currency,
}

impl Money {
    /// `amount_minor` minor units of `currency`.
    pub const fn new(amount_minor: i64, currency: Currency) -> Self {
        Self { amount_minor, currency }
    }

    /// The sum, if the currencies agree and it fits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let amount_minor = self.amount_minor.checked_add(other.amount_minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self { amount_minor, ..self })
    }

    /// The difference, if the currencies agree and it fits.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let amount_minor = self.amount_minor.checked_sub(other.amount_minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self { amount_minor, ..self })
    }

    /// Reads `12.50`, `12.5`, `12` as an amount of `currency`. No sign, no grouping, no exponent.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let not_an_amount =
            || MoneyError::NotAnAmount(text.chars().filter(|c| !c.is_control()).take(24).collect());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(decimals) {
            return Err(not_an_amount());
        }
        let exponent = currency.exponent();
        let significant = decimals.trim_end_matches('0');
        if significant.len() > exponent as usize {
            return Err(MoneyError::TooManyDecimals { text: text.to_owned(), currency, exponent });
        }
        let padded = format!("{whole}{significant:0<width$}", width = exponent as usize);
        padded.parse().map(|amount_minor| Self { amount_minor, currency }).map_err(|_| MoneyError::TooLarge)
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
    }
}

impl fmt::Display for Money {
    /// `12.50 CHF`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = self.currency.exponent();
        let unit = 10_u64.pow(exponent);
        let magnitude = self.amount_minor.unsigned_abs();
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        if exponent == 0 {
            return write!(f, "{sign}{magnitude} {}", self.currency);
        }
        let width = exponent as usize;
        write!(f, "{sign}{}.{:0width$} {}", magnitude / unit, magnitude % unit, self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_amounts_by_the_currency_s_exponent() {
        let yen: Currency = "JPY".parse().unwrap();
        for (text, currency, minor, shown) in [
            ("12.50", Currency::CHF, 1250, "12.50 CHF"),
            ("12.5", Currency::CHF, 1250, "12.50 CHF"),
            ("0.05", Currency::EUR, 5, "0.05 EUR"),
            ("7", yen, 7, "7 JPY"),
            ("7.00", yen, 7, "7 JPY"),
        ] {
            let money = Money::parse(text, currency).unwrap();
            assert_eq!((money.amount_minor, money.to_string().as_str()), (minor, shown));
        }
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1'000", " 1", "1.234", "99999999999999999999"] {
            assert!(Money::parse(text, Currency::CHF).is_err(), "{text:?} was read as an amount");
        }
    }

    #[test]
    fn different_currencies_never_mix() {
        let (franc, euro) = (Money::new(1, Currency::CHF), Money::new(1, Currency::EUR));
        assert!(franc.checked_add(euro).is_err());
        assert!(Money::new(i64::MAX, Currency::CHF).checked_add(franc).is_err());
    }
}
