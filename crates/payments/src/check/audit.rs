//! Invariant 7: the audit trail is chained without a gap, and what is signed is signed by the server.

use super::Report;
use crate::PaymentError;
use crypto::p256::VerifyingKey;
use records::{AuditEntry, AuditHead, PAGE_LIMIT_MAX, Page, PolicyRow, Queries, RuleListRow};
use std::iter::Peekable;

/// A place in the chain: a row's sequence and hash, zeros for the beginning.
pub(super) type Place = (u64, [u8; 32]);

/// What the trail says of rows that others check.
#[derive(Default)]
pub(super) struct Trail {
    /// Policies that were activated.
    pub(super) activations: Vec<AuditEntry>,
    /// Lists of rules for sensors that were published.
    pub(super) published: Vec<AuditEntry>,
}

/// Follows the chain on from the row at `last`. Gives its end, and adds what it says of others' rows to `trail`.
pub(super) async fn check(
    store: &dyn Queries,
    keys: &[VerifyingKey],
    mut last: Place,
    trail: &mut Trail,
    report: &mut Report,
) -> Result<Place, PaymentError> {
    let heads = heads(store, keys, last.0, report).await?;
    let mut heads = heads.iter().peekable();
    compare(&mut heads, last, report);
    loop {
        let rows = store.audit(Page::after(last.0, PAGE_LIMIT_MAX)).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            report.rows += 1;
            if row.sequence != last.0 + 1 || !row.follows(&last.1) {
                report.wrong(
                    7,
                    format!("audit row {}", row.sequence),
                    "it does not follow from the row before it",
                );
            }
            last = (row.sequence, row.hash);
            match row.entry.action.as_str() {
                PolicyRow::ACTIVATED => trail.activations.push(row.entry),
                RuleListRow::PUBLISHED => trail.published.push(row.entry),
                _ => {}
            }
            compare(&mut heads, last, report);
        }
    }
    for head in heads {
        report.wrong(7, format!("audit row {}", head.sequence), "the server signed it, and it is gone");
    }
    Ok(last)
}

/// What was signed of a row is that row.
fn compare<'a>(heads: &mut Peekable<impl Iterator<Item = &'a AuditHead>>, row: Place, report: &mut Report) {
    while let Some(head) = heads.next_if(|head| head.sequence == row.0) {
        if head.hash != row.1 {
            report.wrong(7, format!("audit row {}", row.0), "it is not what the server signed");
        }
    }
}

/// All signatures from the one that covers row `first` on.
async fn heads(
    store: &dyn Queries,
    keys: &[VerifyingKey],
    first: u64,
    report: &mut Report,
) -> Result<Vec<AuditHead>, PaymentError> {
    let mut heads: Vec<AuditHead> = Vec::new();
    loop {
        let after = heads.last().map_or(first.saturating_sub(1), |head| head.sequence);
        let page = store.audit_heads(Page::after(after, PAGE_LIMIT_MAX)).await?;
        if page.is_empty() {
            return Ok(heads);
        }
        for head in page {
            report.rows += 1;
            if !head.is_signed_by_any(keys) {
                report.wrong(7, format!("audit signature at {}", head.sequence), "it is not the server's");
            }
            heads.push(head);
        }
    }
}
