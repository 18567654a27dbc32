//! What the ledger books, as double entries; which event books what is in `step`.
//!
//! A sale makes the provider's customers owe the merchant: pending while the amount is held, posted once it is
//! captured. Once the provider has booked the capture, the provider owes it in their place. So what is posted on
//! customers' clearing is what providers still have to be told, and nothing else.

use model::{AccountKey, Layer, Payer, Payment, Posting, SaleTerms};

/// A rate of 1.
const BASIS_POINTS: i128 = 10_000;

/// The accounts that one payment moves money between.
pub(crate) struct Books<'a> {
    payment: &'a Payment,
    payer: &'a Payer,
}

impl<'a> Books<'a> {
    pub(crate) const fn of(payment: &'a Payment, payer: &'a Payer) -> Self {
        Self { payment, payer }
    }

    /// The provider's customers owe it, we owe it the merchant.
    pub(crate) fn sale(&self, layer: Layer, amount_minor: i64) -> Posting {
        self.posting(self.customers(), self.merchant(), layer, amount_minor)
    }

    /// The provider has booked it: from now on it owes it in its customers' place.
    pub(crate) fn booked(&self, amount_minor: i64) -> Posting {
        self.posting(self.provider(), self.customers(), Layer::Posted, amount_minor)
    }

    /// The provider will not book it; whether anybody owes it is for an operator to find out.
    pub(crate) fn to_suspense(&self, amount_minor: i64) -> Posting {
        self.posting(self.suspense(), self.customers(), Layer::Posted, amount_minor)
    }

    /// What a refused capture left in suspense is owed by, or comes out of, `account`.
    pub(crate) fn out_of_suspense(&self, account: AccountKey, amount_minor: i64) -> Posting {
        self.posting(account, self.suspense(), Layer::Posted, amount_minor)
    }

    /// The provider takes it back, or may; the merchant goes without.
    pub(crate) fn taken_back(&self, layer: Layer, amount_minor: i64) -> Posting {
        self.posting(self.merchant(), self.provider(), layer, amount_minor)
    }

    /// What the merchant pays, and sets aside for the customer, because the payment becomes `next`.
    pub(crate) fn terms(&self, next: &Payment) -> Vec<Posting> {
        let terms = &self.payment.terms;
        let fee = fee_minor(terms, next.captured_minor) - fee_minor(terms, self.payment.captured_minor);
        let incentive =
            incentive_minor(terms, next.kept_minor()) - incentive_minor(terms, self.payment.kept_minor());
        let mut postings = Vec::new();
        if fee > 0 {
            postings.push(self.posting(self.merchant(), AccountKey::Fees, Layer::Posted, fee));
        }
        if incentive != 0 {
            let posting = self.posting(
                self.merchant(),
                AccountKey::Incentives(self.payment.order.merchant),
                Layer::Posted,
                incentive.abs(),
            );
            postings.push(if incentive > 0 { posting } else { posting.reversed() });
        }
        postings
    }

    fn customers(&self) -> AccountKey {
        AccountKey::CustomerClearing(self.payer.provider.clone())
    }

    pub(crate) fn provider(&self) -> AccountKey {
        AccountKey::ProviderClearing(self.payer.provider.clone())
    }

    pub(crate) const fn merchant(&self) -> AccountKey {
        AccountKey::Merchant(self.payment.order.merchant)
    }

    fn suspense(&self) -> AccountKey {
        AccountKey::Suspense(self.payer.provider.clone())
    }

    fn posting(&self, debit: AccountKey, credit: AccountKey, layer: Layer, amount_minor: i64) -> Posting {
        Posting { debit, credit, amount_minor, currency: self.payment.order.amount.currency, layer }
    }
}

/// The fee for all that was captured, rounded half up and never more than that, in minor units. Refunds do not
/// bring it back.
pub(crate) fn fee_minor(terms: &SaleTerms, captured_minor: i64) -> i64 {
    if captured_minor <= 0 {
        return 0;
    }
    let share = rate(captured_minor, terms.fee_basis_points, BASIS_POINTS / 2);
    share.saturating_add(terms.fee_fixed_minor.into()).min(captured_minor)
}

/// The incentive for what the merchant keeps, rounded down, in minor units.
pub(crate) fn incentive_minor(terms: &SaleTerms, kept_minor: i64) -> i64 {
    rate(kept_minor.max(0), terms.incentive_basis_points, 0)
}

fn rate(amount_minor: i64, basis_points: u16, rounding: i128) -> i64 {
    let share = (i128::from(amount_minor) * i128::from(basis_points) + rounding) / BASIS_POINTS;
    i64::try_from(share).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_and_incentives_are_rounded_and_bounded() {
        let terms = SaleTerms { fee_fixed_minor: 10, fee_basis_points: 125, incentive_basis_points: 50 };
        for (amount, fee, incentive) in [(0, 0, 0), (1, 1, 0), (12, 10, 0), (1_000, 23, 5), (1_999, 35, 9)] {
            assert_eq!((fee_minor(&terms, amount), incentive_minor(&terms, amount)), (fee, incentive));
        }
        let dear = SaleTerms { fee_fixed_minor: u32::MAX, fee_basis_points: 10_000, ..terms };
        assert_eq!(fee_minor(&dear, i64::MAX), i64::MAX);
    }
}
