//! Invariant 2: the stored balances are the sums of the postings, debits equal credits, and the sums of the clearing
//! and suspense accounts are what the payments themselves say is open.

use super::Report;
use super::standing::Standing;
use model::{AccountKey, Currency, Layer, Payment, Posting};
use records::{Balance, CheckedSum};
use std::collections::BTreeMap;

type Key = (AccountKey, Currency);

/// All sums, made anew, or taken on from where a check stood.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<Key, CheckedSum>);

impl Sums {
    pub(super) fn take_on(sums: Vec<CheckedSum>) -> Self {
        Self(sums.into_iter().map(|sum| ((sum.account.clone(), sum.currency), sum)).collect())
    }

    pub(super) fn into_rows(self) -> Vec<CheckedSum> {
        self.0.into_values().collect()
    }

    fn at(&mut self, account: AccountKey, currency: Currency) -> &mut CheckedSum {
        self.0.entry((account.clone(), currency)).or_insert(CheckedSum {
            account,
            currency,
            pending_minor: (0, 0),
            posted_minor: (0, 0),
            open_minor: 0,
            due_minor: None,
        })
    }

    pub(super) fn book(&mut self, posting: &Posting) {
        let amount = i128::from(posting.amount_minor);
        self.layer(&posting.debit, posting).0 += amount;
        self.layer(&posting.credit, posting).1 += amount;
    }

    fn layer(&mut self, account: &AccountKey, posting: &Posting) -> &mut (i128, i128) {
        let sum = self.at(account.clone(), posting.currency);
        match posting.layer {
            Layer::Pending => &mut sum.pending_minor,
            Layer::Posted => &mut sum.posted_minor,
        }
    }

    /// Counts in where a payment stands, in place of where it stood.
    pub(super) fn stand(&mut self, payment: &Payment, before: Standing, now: Standing) {
        let Some(payer) = &payment.payer else { return };
        let (provider, currency) = (&payer.provider, payment.order.amount.currency);
        let grown = |now: i64, before: i64| i128::from(now) - i128::from(before);
        let customers = self.at(AccountKey::CustomerClearing(provider.clone()), currency);
        customers.open_minor += grown(now.held_minor, before.held_minor);
        *customers.due_minor.get_or_insert(0) += grown(now.untold_minor, before.untold_minor);
        let clearing = self.at(AccountKey::ProviderClearing(provider.clone()), currency);
        clearing.open_minor -= grown(now.disputed_minor, before.disputed_minor);
        let suspense = self.at(AccountKey::Suspense(provider.clone()), currency);
        *suspense.due_minor.get_or_insert(0) += grown(now.suspended_minor, before.suspended_minor);
    }

    pub(super) fn check(&self, balances: &[Balance], report: &mut Report) {
        report.rows += balances.len() as u64;
        let mut known = BTreeMap::new();
        for balance in balances {
            known.insert((&balance.account, balance.currency), balance);
        }
        let nothing = (0, 0);
        for balance in balances {
            let name = format!("balance {:?} {}", balance.account, balance.currency);
            let sum = self.0.get(&(balance.account.clone(), balance.currency));
            let pending = (balance.pending_debit_minor, balance.pending_credit_minor);
            let posted = (balance.posted_debit_minor, balance.posted_credit_minor);
            if sum.map_or(nothing, |sum| sum.pending_minor) != pending {
                report.wrong(2, &name, "the pending sums are not those of the postings");
            }
            if sum.map_or(nothing, |sum| sum.posted_minor) != posted {
                report.wrong(2, &name, "the posted sums are not those of the postings");
            }
        }
        for ((account, currency), sum) in &self.0 {
            let name = format!("balance {account:?} {currency}");
            let is_booked = sum.pending_minor != nothing || sum.posted_minor != nothing;
            if is_booked && !known.contains_key(&(account, *currency)) {
                report.wrong(2, &name, "it has postings but no row");
            }
            let is_clearing =
                matches!(account, AccountKey::CustomerClearing(_) | AccountKey::ProviderClearing(_));
            if is_clearing && sum.pending_minor.0 - sum.pending_minor.1 != sum.open_minor {
                report.wrong(2, &name, "pending is not the sum of open holds and disputes");
            }
            if sum.due_minor.is_some_and(|due| sum.posted_minor.0 - sum.posted_minor.1 != due) {
                report.wrong(2, &name, "posted is not what providers must be told, or operators settle");
            }
        }
    }
}
