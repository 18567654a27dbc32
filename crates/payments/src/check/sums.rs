//! Invariant 2: the stored balances are the sums of the postings, debits equal credits, and the sums of the
//! clearing and suspense accounts are what the payments themselves say is open.

use super::Report;
use crate::step::open_hold_minor;
use model::{AccountKey, Booking, Currency, Layer, Payment, PaymentState, Posting};
use records::{Balance, Effect, EffectKind, OperatorTask};
use std::collections::{BTreeMap, BTreeSet};

type Key = (AccountKey, Currency);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    debit_minor: i128,
    credit_minor: i128,
}

impl Sum {
    const fn net_minor(&self) -> i128 {
        self.debit_minor - self.credit_minor
    }
}

/// All sums, made anew.
#[derive(Default)]
pub(super) struct Sums {
    pending: BTreeMap<Key, Sum>,
    posted: BTreeMap<Key, Sum>,
    /// What must be pending, debits less credits: customers' open holds, providers' open disputes.
    open: BTreeMap<Key, i128>,
    /// What must be posted, debits less credits: on customers' clearing what providers still have to be told, in
    /// suspense what operators must settle.
    due: BTreeMap<Key, i128>,
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

    /// Counts in where a payment stands, what its provider still has to be told, and what operators must settle.
    pub(super) fn stand(&mut self, payment: &Payment, effects: &[Effect], tasks: &[OperatorTask]) {
        let Some(payer) = &payment.payer else { return };
        let currency = payment.order.amount.currency;
        let customers = (AccountKey::CustomerClearing(payer.provider.clone()), currency);
        let provider = (AccountKey::ProviderClearing(payer.provider.clone()), currency);
        let disputed_minor = match &payment.state {
            PaymentState::Disputed(dispute) => dispute.amount_minor,
            _ => 0,
        };
        let suspense = (AccountKey::Suspense(payer.provider.clone()), currency);
        let unsettled_minor: i128 =
            tasks.iter().filter(|task| task.settled_at.is_none()).map(unsettled_minor).sum();
        let untold_minor: i128 = effects.iter().map(|effect| untold_minor(&effect.kind)).sum();
        *self.open.entry(customers.clone()).or_default() += i128::from(open_hold_minor(payment));
        *self.open.entry(provider).or_default() -= i128::from(disputed_minor);
        *self.due.entry(customers).or_default() += untold_minor;
        *self.due.entry(suspense).or_default() += unsettled_minor;
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
        for (key, minor) in &self.open {
            if self.pending.get(key).map_or(0, Sum::net_minor) != *minor {
                let what = "pending is not the sum of open holds and disputes";
                report.wrong(2, format!("{:?} {}", key.0, key.1), what);
            }
        }
        for (key, minor) in &self.due {
            if self.posted.get(key).map_or(0, Sum::net_minor) != *minor {
                let what = "posted is not what providers must be told, or operators settle";
                report.wrong(2, format!("{:?} {}", key.0, key.1), what);
            }
        }
    }
}

/// What a task that is not settled leaves in suspense.
fn unsettled_minor(task: &OperatorTask) -> i128 {
    match task.booking {
        Booking::Capture(_) => i128::from(task.amount_minor),
        Booking::Refund(_) => -i128::from(task.amount_minor),
        Booking::Release => 0,
    }
}

/// What an effect that waits leaves on customers' clearing.
fn untold_minor(kind: &EffectKind) -> i128 {
    match kind {
        EffectKind::Capture { amount_minor, .. } => i128::from(*amount_minor),
        EffectKind::Refund { amount_minor, .. } => -i128::from(*amount_minor),
        EffectKind::Authorise { .. } | EffectKind::Release => 0,
    }
}
