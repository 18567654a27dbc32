//! Sums of accounts, added up: those of a batch, those that are rolled up, those that are asked for.

use crate::fault::Fault;
use crate::postgres::home::placed;
use crate::postgres::session::Bytes;
use crate::tables::BALANCES;
use records::Balance;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// By the keys of their balances, and so in the order of these.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<Bytes, Balance>);

impl Sums {
    /// Adds to what its account has.
    pub(super) fn add(&mut self, sum: Balance) -> Result<(), Fault> {
        match self.0.entry(placed(BALANCES.place, &(sum.account.clone(), sum.currency))) {
            Entry::Vacant(place) => drop(place.insert(sum)),
            Entry::Occupied(mut known) => {
                let added = known.get().plus(&sum).ok_or_else(|| Fault::wrong("a balance is too large"))?;
                known.insert(added);
            }
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys of their balances.
    pub(super) fn keys(&self) -> Vec<&[u8]> {
        self.0.keys().map(|key| &**key).collect()
    }

    pub(super) fn balances(&self) -> impl Iterator<Item = &Balance> {
        self.0.values()
    }

    pub(super) fn into_balances(self) -> Vec<Balance> {
        self.0.into_values().collect()
    }
}
