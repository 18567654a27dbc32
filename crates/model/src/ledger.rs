//! The vocabulary of the double-entry ledger; the rules are in `payments`.

use crate::{Currency, MerchantId, ProviderId};
use serde::{Deserialize, Serialize};

/// A ledger account. Each exists once per currency.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum AccountKey {
    /// What a provider owes us: it holds or took the customer's money. Debits make it grow.
    ProviderClearing(ProviderId),
    /// What we owe a merchant. Credits make it grow.
    Merchant(MerchantId),
    /// Money whose owner is unsettled, until an operator resolves it. Debits make it grow.
    Suspense(ProviderId),
}

/// Which of an account's two sums a posting changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Layer {
    /// Promised: an open hold.
    Pending,
    /// Final.
    Posted,
}

/// One double entry: the same amount leaves `credit` and reaches `debit`. Never changed once written; what
/// takes it back is another posting with the sides swapped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Posting {
    /// The account debited.
    pub debit: AccountKey,
    /// The account credited.
    pub credit: AccountKey,
    /// Minor units, above zero.
    pub amount_minor: i64,
    /// Their currency.
    pub currency: Currency,
    /// Which sums it changes.
    pub layer: Layer,
}

impl Posting {
    /// The posting that takes this one back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { debit: self.credit.clone(), credit: self.debit.clone(), ..self.clone() }
    }
}
