//! Invariant 7: the audit trail is chained without a gap, and what is signed is signed by the server.

use super::{Report, VerifyHead};
use crate::PaymentError;
use records::{AuditHead, PAGE_LIMIT_MAX, Page, Store};

pub(super) async fn check(
    store: &dyn Store,
    verify_head: VerifyHead<'_>,
    report: &mut Report,
) -> Result<(), PaymentError> {
    let heads = heads(store, verify_head, report).await?;
    let mut heads = heads.iter().peekable();
    let mut last = (0_u64, [0_u8; 32]);
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
            while let Some(head) = heads.next_if(|head| head.sequence == row.sequence) {
                if head.hash != row.hash {
                    report.wrong(
                        7,
                        format!("audit row {}", row.sequence),
                        "it is not what the server signed",
                    );
                }
            }
        }
    }
    for head in heads {
        report.wrong(7, format!("audit row {}", head.sequence), "the server signed it, and it is gone");
    }
    Ok(())
}

async fn heads(
    store: &dyn Store,
    verify_head: VerifyHead<'_>,
    report: &mut Report,
) -> Result<Vec<AuditHead>, PaymentError> {
    let mut heads: Vec<AuditHead> = Vec::new();
    loop {
        let after = heads.last().map_or(0, |head| head.sequence);
        let page = store.audit_heads(Page::after(after, PAGE_LIMIT_MAX)).await?;
        if page.is_empty() {
            return Ok(heads);
        }
        for head in page {
            report.rows += 1;
            if !verify_head(&head) {
                report.wrong(7, format!("audit signature at {}", head.sequence), "it is not the server's");
            }
            heads.push(head);
        }
    }
}
