//! Invariant 7 for policies: whatever was activated is there unchanged, and nothing else is.

use super::Report;
use crate::PaymentError;
use records::{AuditEntry, PAGE_LIMIT_MAX, Page, PolicyRow, Queries};

/// How much of the audit trail was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// All of it: what it does not tell of was never activated.
    All,
    /// What came since the last check.
    New,
}

/// Compares the policies with what the audit trail told of them.
pub(super) async fn check(
    store: &dyn Queries,
    activations: &[AuditEntry],
    told: Told,
    report: &mut Report,
) -> Result<(), PaymentError> {
    let policies = all(store).await?;
    report.rows += policies.len() as u64;
    let entries: Vec<_> = policies.iter().map(PolicyRow::audit_entry).collect();
    for entry in activations.iter().filter(|entry| !entries.contains(entry)) {
        let row = format!("policy {}", entry.subject);
        report.wrong(7, row, "the audit trail says that it was activated, and it is gone or changed");
    }
    if told == Told::All {
        for entry in entries.iter().filter(|entry| !activations.contains(entry)) {
            let row = format!("policy {}", entry.subject);
            report.wrong(7, row, "the audit trail does not say that it was activated");
        }
    }
    Ok(())
}

async fn all(store: &dyn Queries) -> Result<Vec<PolicyRow>, PaymentError> {
    let mut all: Vec<PolicyRow> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last.version);
        let page = store.policies(Page::after(after, PAGE_LIMIT_MAX)).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
