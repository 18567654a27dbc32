//! Amounts by currency, as a policy's file has them.

use std::{collections::BTreeMap, fmt};

use model::{Currency, Money};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor},
};

/// The most currencies that one entry may name.
const CURRENCIES_MAX: usize = 32;

/// Minor units by currency. A currency that is named twice is refused: one of both would be lost.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Amounts(BTreeMap<Currency, i64>);

impl Amounts {
    /// Those of this table.
    #[must_use]
    pub fn new(by_currency: BTreeMap<Currency, i64>) -> Self {
        Self(by_currency)
    }

    /// The minor units in a currency; none if it is not named.
    #[must_use]
    pub fn of(&self, currency: Currency) -> Option<i64> {
        self.0.get(&currency).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has_negative(&self) -> bool {
        self.0.values().any(|minor| *minor < 0)
    }

    /// The amount in a currency, for a reader.
    pub(super) fn words(&self, currency: Currency) -> String {
        self.of(currency)
            .map_or_else(|| format!("nothing in {currency}"), |minor| Money::new(minor, currency).to_string())
    }
}

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Amounts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("minor units by currency, such as {\"CHF\": 5000}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Amounts, A::Error> {
                let mut amounts = BTreeMap::new();
                while let Some((currency, minor)) = map.next_entry::<Currency, i64>()? {
                    if amounts.insert(currency, minor).is_some() {
                        return Err(A::Error::custom(format_args!("{currency} is named twice")));
                    }
                    if amounts.len() > CURRENCIES_MAX {
                        return Err(A::Error::custom(format_args!("more than {CURRENCIES_MAX} currencies")));
                    }
                }
                Ok(Amounts(amounts))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}
