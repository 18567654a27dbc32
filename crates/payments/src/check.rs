//! Proof that what is stored is sound: every row is read, every payment replayed, every sum made anew.
//!
//! The invariants are numbered as in `ARCHITECTURE.md`, "What must hold, always".

mod audit;
mod bookings;
mod codes;
mod sale;
mod sums;

use crate::PaymentError;
use codes::Owed;
use model::PaymentId;
use records::{OperatorTask, PAGE_LIMIT_MAX, Page, Store};
use sale::Desk;
use std::collections::HashMap;
use std::fmt;
use sums::Sums;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many rows were read.
    pub rows: u64,
    /// How many payments there are.
    pub payments: u64,
    /// How many of them are not at an end, or have something to tell a provider.
    pub unsettled: u64,
    /// What is wrong; the first [`FINDINGS_MAX`] only.
    pub findings: Vec<Finding>,
}

/// The most findings that a report keeps.
pub const FINDINGS_MAX: usize = 100;

/// One row that breaks an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which invariant, 1 to 7.
    pub invariant: u8,
    /// Which row.
    pub row: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {}: {}: {}", self.invariant, self.row, self.what)
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    pub(crate) fn wrong(&mut self, invariant: u8, row: impl fmt::Display, what: impl fmt::Display) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { invariant, row: row.to_string(), what: what.to_string() });
        }
    }
}

/// Operators' tasks by payment.
type Tasks = HashMap<PaymentId, Vec<OperatorTask>>;

/// Checks that a signature under the audit chain is the server's.
pub type VerifyHead<'a> = &'a (dyn Fn(&records::AuditHead) -> bool + Sync);

/// Reads all of `store` and reports what breaks an invariant. The store must be at rest.
pub async fn check(store: &dyn Store, verify_head: VerifyHead<'_>) -> Result<Report, PaymentError> {
    let mut report = Report::default();
    let (mut sums, mut owed) = (Sums::default(), Owed::default());
    let tasks = tasks(store, &mut report).await?;
    let mut page = Page::first(PAGE_LIMIT_MAX);
    loop {
        let payments = store.payments(page).await?;
        for payment in &payments {
            report.payments += 1;
            let mut desk =
                Desk { store, sums: &mut sums, owed: &mut owed, tasks: &tasks, report: &mut report };
            sale::check(&mut desk, payment).await?;
        }
        let Some(last) = payments.last() else { break };
        page = Page::after(last.id, PAGE_LIMIT_MAX);
    }
    sums.check(&store.balances().await?, &mut report);
    codes::check(store, &owed, &mut report).await?;
    audit::check(store, verify_head, &mut report).await?;
    Ok(report)
}

/// The tasks that operators have, or had, because of each payment.
async fn tasks(store: &dyn Store, report: &mut Report) -> Result<Tasks, PaymentError> {
    let mut all = Tasks::new();
    let mut page = Page::first(PAGE_LIMIT_MAX);
    loop {
        let tasks = store.tasks(page).await?;
        for task in &tasks {
            report.rows += 1;
            all.entry(task.payment).or_default().push(task.clone());
        }
        let Some(last) = tasks.last() else { return Ok(all) };
        page = Page::after(last.effect, PAGE_LIMIT_MAX);
    }
}
