//! Invariants 1 and 4 from the devices' side: counters and confirmations.

use super::Report;
use crate::PaymentError;
use model::{Counter, EnrolmentId};
use records::{Enrolment, PAGE_LIMIT_MAX, Page, Store};

pub(super) async fn check(store: &dyn Store, report: &mut Report) -> Result<(), PaymentError> {
    let mut page: Page<EnrolmentId> = Page::first(PAGE_LIMIT_MAX);
    loop {
        let enrolments = store.enrolments(page).await?;
        for enrolment in &enrolments {
            report.rows += 1;
            counter(store, enrolment, report).await?;
            confirmations(store, enrolment.id, report).await?;
        }
        let Some(last) = enrolments.last() else { return Ok(()) };
        page = Page::after(last.id, PAGE_LIMIT_MAX);
    }
}

/// The highest counter of an enrolment is one that was consumed, and none above it was.
async fn counter(store: &dyn Store, enrolment: &Enrolment, report: &mut Report) -> Result<(), PaymentError> {
    let above = Counter(enrolment.counter.0.saturating_add(1));
    if store.code_use(enrolment.id, above).await?.is_some() {
        report.wrong(1, enrolment.id, "a code above its highest counter was consumed");
    }
    if enrolment.counter.0 > 0 && store.code_use(enrolment.id, enrolment.counter).await?.is_none() {
        report.wrong(1, enrolment.id, "its highest counter was never consumed");
    }
    Ok(())
}

async fn confirmations(
    store: &dyn Store,
    enrolment: EnrolmentId,
    report: &mut Report,
) -> Result<(), PaymentError> {
    let mut last = 0;
    loop {
        let rows = store.confirmations(enrolment, Page::after(last, PAGE_LIMIT_MAX)).await?;
        if rows.is_empty() {
            return Ok(());
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
            last = row.sequence;
        }
    }
}
