//! The vocabulary of the double-entry ledger; the rules are in `payments`.

use crate::{Currency, MerchantId, ProviderId};
use serde::{Deserialize, Serialize};

/// A ledger account. Each exists once per currency.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum AccountKey {
    /// What a provider's customers owe: pending for open holds, posted until the provider has booked it. Debits
    /// make it grow.
    CustomerClearing(ProviderId),
    /// What a provider owes us for what it has booked; pending credits are what it may take back in a dispute.
    /// Debits make it grow.
    ProviderClearing(ProviderId),
    /// What we owe a merchant. Credits make it grow.
    Merchant(MerchantId),
    /// Money whose owner is unsettled, until an operator settles it. Debits make it grow.
    Suspense(ProviderId),
    /// What merchants paid for the service. Credits make it grow.
    Fees,
    /// What a merchant has set aside for its customers as incentives. Credits make it grow.
    Incentives(MerchantId),
}

/// What a merchant pays for sales by one provider in one currency, as agreed when the payment was received.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SaleTerms {
    /// For each payment of which something is captured, minor units.
    pub fee_fixed_minor: u32,
    /// Of what is captured, in hundredths of a percent, at most 10 000.
    pub fee_basis_points: u16,
    /// What the customer shall have of what the merchant keeps, in hundredths of a percent, at most 10 000.
    pub incentive_basis_points: u16,
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
