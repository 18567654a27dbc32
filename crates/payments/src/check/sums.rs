//! Invariant 2: the stored balances are the sums of the postings, and pending is the sum of open holds.

use super::Report;
use crate::step::open_hold_minor;
use model::{AccountKey, Currency, Layer, Payment, Posting};
use records::Balance;
use std::collections::{BTreeMap, BTreeSet};

type Key = (AccountKey, Currency);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    debit_minor: i128,
    credit_minor: i128,
}

/// All sums, made anew.
#[derive(Default)]
pub(super) struct Sums {
    pending: BTreeMap<Key, Sum>,
    posted: BTreeMap<Key, Sum>,
    holds: BTreeMap<Key, i128>,
}

impl Sums {
    pub(super) fn book(&mut self, posting: &Posting) {
        let layer = match posting.layer {
            Layer::Pending => &mut self.pending,
            Layer::Posted => &mut self.posted,
        };
        let amount = i128::from(posting.amount_minor);
        layer.entry((posting.debit.clone(), posting.currency)).or_default().debit_minor += amount;
        layer.entry((posting.credit.clone(), posting.currency)).or_default().credit_minor += amount;
    }

    pub(super) fn hold(&mut self, payment: &Payment) {
        let Some(payer) = &payment.payer else { return };
        let clearing = (AccountKey::ProviderClearing(payer.provider.clone()), payment.order.amount.currency);
        *self.holds.entry(clearing).or_default() += i128::from(open_hold_minor(payment));
    }

    pub(super) fn check(&self, balances: &[Balance], report: &mut Report) {
        report.rows += balances.len() as u64;
        for balance in balances {
            let key = (balance.account.clone(), balance.currency);
            let name = format!("balance {:?} {}", balance.account, balance.currency);
            let pending = Sum {
                debit_minor: balance.pending_debit_minor.into(),
                credit_minor: balance.pending_credit_minor.into(),
            };
            let posted = Sum {
                debit_minor: balance.posted_debit_minor.into(),
                credit_minor: balance.posted_credit_minor.into(),
            };
            if self.pending.get(&key).copied().unwrap_or_default() != pending {
                report.wrong(2, &name, "the pending sums are not those of the postings");
            }
            if self.posted.get(&key).copied().unwrap_or_default() != posted {
                report.wrong(2, &name, "the posted sums are not those of the postings");
            }
        }
        let known: BTreeSet<_> =
            balances.iter().map(|balance| (&balance.account, balance.currency)).collect();
        let booked: BTreeSet<_> = self.pending.keys().chain(self.posted.keys()).collect();
        for key in booked {
            if !known.contains(&(&key.0, key.1)) {
                report.wrong(2, format!("balance {:?} {}", key.0, key.1), "it has postings but no row");
            }
        }
        for (key, held_minor) in &self.holds {
            let sum = self.pending.get(key).copied().unwrap_or_default();
            if sum.debit_minor - sum.credit_minor != *held_minor {
                report.wrong(2, format!("{:?} {}", key.0, key.1), "pending is not the sum of open holds");
            }
        }
    }
}
