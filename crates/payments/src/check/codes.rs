//! Invariants 1 and 4 from the devices' side: counters and confirmations.

use super::Report;
use crate::PaymentError;
use crate::step::Told;
use model::{Counter, EnrolmentId};
use protocol::confirmation::ConfirmationKind;
use records::{Enrolment, PAGE_LIMIT_MAX, Page, Queries};
use std::collections::HashMap;

/// What phones must have been told of payments, counted by enrolment.
#[derive(Default)]
pub(super) struct Owed(HashMap<EnrolmentId, Count>);

/// Confirmations of one enrolment. Refused codes add declines of which no payment's events tell.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    declined: u64,
    others: u64,
    others_minor: i128,
}

impl Count {
    fn add(&mut self, kind: ConfirmationKind, amount_minor: i64) {
        if kind == ConfirmationKind::Declined {
            self.declined += 1;
        } else {
            self.others += 1;
            self.others_minor += i128::from(amount_minor);
        }
    }
}

impl Owed {
    /// Whose payments were read.
    pub(super) fn enrolments(&self) -> impl Iterator<Item = EnrolmentId> + '_ {
        self.0.keys().copied()
    }

    /// Adds what the events of one payment had to tell.
    pub(super) fn confirmations(&mut self, enrolment: EnrolmentId, told: &[(u32, Told)], whole_minor: i64) {
        let count = self.0.entry(enrolment).or_default();
        for (_, told) in told {
            let (kind, amount_minor) = told.as_confirmation(whole_minor);
            count.add(kind, amount_minor);
        }
    }
}

pub(super) async fn check(store: &dyn Queries, owed: &Owed, report: &mut Report) -> Result<(), PaymentError> {
    let mut page: Page<EnrolmentId> = Page::first(PAGE_LIMIT_MAX);
    loop {
        let enrolments = store.enrolments(page).await?;
        for enrolment in &enrolments {
            report.rows += 1;
            counter(store, enrolment, report).await?;
            let told = confirmations(store, enrolment.id, report).await?;
            let owed = owed.0.get(&enrolment.id).copied().unwrap_or_default();
            let is_same = (told.others, told.others_minor) == (owed.others, owed.others_minor);
            if !is_same || told.declined < owed.declined {
                report.wrong(4, enrolment.id, "its confirmations are not what became of its payments");
            }
        }
        let Some(last) = enrolments.last() else { return Ok(()) };
        page = Page::after(last.id, PAGE_LIMIT_MAX);
    }
}

/// The highest counter of an enrolment is one that was consumed, and none above it was.
pub(super) async fn counter(
    store: &dyn Queries,
    enrolment: &Enrolment,
    report: &mut Report,
) -> Result<(), PaymentError> {
    if let Some(above) = enrolment.counter.0.checked_add(1)
        && store.code_use(enrolment.id, Counter(above)).await?.is_some()
    {
        report.wrong(1, enrolment.id, "a code above its highest counter was consumed");
    }
    if enrolment.counter.0 > 0 && store.code_use(enrolment.id, enrolment.counter).await?.is_none() {
        report.wrong(1, enrolment.id, "its highest counter was never consumed");
    }
    Ok(())
}

async fn confirmations(
    store: &dyn Queries,
    enrolment: EnrolmentId,
    report: &mut Report,
) -> Result<Count, PaymentError> {
    let (mut last, mut count) = (0, Count::default());
    loop {
        let rows = store.confirmations(enrolment, Page::after(last, PAGE_LIMIT_MAX)).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for row in rows {
            report.rows += 1;
            if row.sequence != last + 1 {
                report.wrong(
                    4,
                    enrolment,
                    format!("a confirmation between {last} and {} is missing", row.sequence),
                );
            }
            count.add(row.confirmation.kind, row.confirmation.amount.amount_minor);
            last = row.sequence;
        }
    }
}
