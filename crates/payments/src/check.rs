//! Proof that what is stored is sound: every row is read, every payment replayed, every sum made anew.
//!
//! The invariants are numbered as in `ARCHITECTURE.md`, "What must hold, always".

mod approved;
mod audit;
mod bookings;
mod codes;
mod devices;
mod lists;
mod policies;
mod sale;
mod standing;
mod sums;

use crate::PaymentError;
use audit::Trail;
use codes::Owed;
use crypto::p256::VerifyingKey;
use model::{PaymentId, Timestamp};
use policies::Told;
use protocol::realm::Realm;
use records::{CheckMark, MoveCheckMark, OperatorTask, PAGE_LIMIT_MAX, Page, Queries};
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
    /// Which invariant, 1 to 8.
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

/// Whose signatures are good under what is stored: the keys that ever signed it, retired ones included.
#[derive(Clone, Debug)]
pub struct SignedBy {
    /// The realm that they sign for.
    pub realm: Realm,
    /// Under the audit chain.
    pub audit_keys: Vec<VerifyingKey>,
    /// Under lists of rules for sensors.
    pub rule_keys: Vec<VerifyingKey>,
}

/// Reads all of `store` and reports what breaks an invariant. The store must be at rest, or a snapshot.
pub async fn check(store: &dyn Queries, signed_by: &SignedBy) -> Result<Report, PaymentError> {
    let report = check_while(store, signed_by, &|_| true).await?;
    Ok(report.expect("nobody ends it early"))
}

/// The same, as long as `go_on` says so, which is told with each payment how many rows were read so far; none if it
/// ended early.
pub async fn check_while(
    store: &dyn Queries,
    signed_by: &SignedBy,
    go_on: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Option<Report>, PaymentError> {
    let mut report = Report::default();
    let (mut sums, mut owed) = (Sums::default(), Owed::default());
    let tasks = tasks(store, &mut report).await?;
    let mut page = Page::first(PAGE_LIMIT_MAX);
    loop {
        let payments = store.payments(page).await?;
        for payment in &payments {
            if !go_on(report.rows) {
                return Ok(None);
            }
            report.payments += 1;
            let mut desk =
                Desk { store, sums: &mut sums, owed: &mut owed, tasks: &tasks, report: &mut report };
            let (_, stands) = sale::check(&mut desk, payment, 0).await?;
            report.unsettled += u64::from(stands.is_unsettled);
        }
        let Some(last) = payments.last() else { break };
        page = Page::after(last.id, PAGE_LIMIT_MAX);
    }
    sums.check(&store.balances().await?, &mut report);
    codes::check(store, &owed, &mut report).await?;
    devices::check(store, &mut report).await?;
    let mut trail = Trail::default();
    audit::check(store, &signed_by.audit_keys, Default::default(), &mut trail, &mut report).await?;
    policies::check(store, &trail.activations, Told::All, &mut report).await?;
    lists::check(store, signed_by, &trail.published, Told::All, &mut report).await?;
    Ok(Some(report))
}

/// What an incremental check found in one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// What was read and found. `payments` are those read in this round, `unsettled` is counted over all so far.
    pub report: Report,
    /// What moves the check's mark on, so that the next round reads what comes after; none if something is wrong.
    pub moved: Option<MoveCheckMark>,
    /// Whether nothing is left to read, so that the sums were compared too.
    pub is_complete: bool,
}

/// Reads what changed in `store`, a snapshot, since the check's mark, at most `limit` payments. What was read before is
/// not read again: bytes that change behind the store's back are found by [`check`].
pub async fn check_changes(
    store: &dyn Queries,
    signed_by: &SignedBy,
    now: Timestamp,
    limit: usize,
) -> Result<Round, PaymentError> {
    let mark = store.check_mark().await?.unwrap_or_default();
    let changed = store.changed(Page::first(limit)).await?;
    let is_complete = changed.len() < Page::<PaymentId>::first(limit).size();
    let mut report = Report::default();
    let (mut sums, mut owed) = (Sums::take_on(mark.sums), Owed::default());
    let tasks = tasks(store, &mut report).await?;
    let (mut payments, mut unsettled, mut read) = (mark.payments, mark.unsettled, Vec::new());
    for (id, seen) in changed {
        let Some(payment) = store.payment(id).await? else {
            report.wrong(3, id, "it is gone");
            continue;
        };
        report.payments += 1;
        let mut desk = Desk { store, sums: &mut sums, owed: &mut owed, tasks: &tasks, report: &mut report };
        let (stood, stands) = sale::check(&mut desk, &payment, seen).await?;
        payments += u64::from(seen == 0);
        unsettled = (unsettled + u64::from(stands.is_unsettled)).saturating_sub(stood.is_unsettled.into());
        read.push((id, payment.version));
    }
    for enrolment in owed.enrolments() {
        if let Some(enrolment) = store.enrolment(enrolment).await? {
            report.rows += 1;
            codes::counter(store, &enrolment, &mut report).await?;
        }
    }
    let seen = (mark.audit_sequence, mark.audit_hash);
    let mut trail = Trail::default();
    let (audit_sequence, audit_hash) =
        audit::check(store, &signed_by.audit_keys, seen, &mut trail, &mut report).await?;
    policies::check(store, &trail.activations, Told::New, &mut report).await?;
    lists::check(store, signed_by, &trail.published, Told::New, &mut report).await?;
    if is_complete {
        sums.check(&store.balances().await?, &mut report);
    }
    report.unsettled = unsettled;
    let number = mark.number + 1;
    let sums = sums.into_rows();
    let mark = CheckMark { number, at: now, payments, unsettled, sums, audit_sequence, audit_hash };
    let moved = report.is_sound().then_some(MoveCheckMark { mark, payments: read });
    Ok(Round { report, moved, is_complete })
}

/// The tasks that operators have, or had, because of each payment.
async fn tasks(store: &dyn Queries, report: &mut Report) -> Result<Tasks, PaymentError> {
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
