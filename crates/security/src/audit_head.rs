//! Signing the audit chain: follows it from the last signature on, and signs its end only if every row fits the
//! one before it.

use std::sync::{Mutex, PoisonError};

use model::Timestamp;
use records::{AuditHead, Command, Outcome, Page};

use crate::{Security, SecurityError};

/// Rows read at a time.
const PAGE_ROWS: usize = 500;

/// How far the chain was followed by this process.
#[derive(Debug, Default)]
pub(crate) struct Cursor(Mutex<Option<Followed>>);

/// The last row that is known to fit, and whether it is signed.
#[derive(Clone, Copy, Debug, Default)]
struct Followed {
    sequence: u64,
    hash: [u8; 32],
    signed_sequence: u64,
}

impl Security {
    /// Signs the audit chain's end and commits the signature; none if nothing was added since the last one.
    ///
    /// # Errors
    /// [`SecurityError::AuditBroken`] at the first row that does not fit; [`SecurityError::Keys`],
    /// [`SecurityError::Store`].
    pub async fn sign_audit_head(&self, now: Timestamp) -> Result<Option<AuditHead>, SecurityError> {
        let remembered = *self.audit_cursor.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut followed = match remembered {
            Some(followed) => followed,
            None => self.last_signed().await?,
        };
        self.follow(&mut followed).await?;
        if followed.sequence == followed.signed_sequence {
            self.remember(followed);
            return Ok(None);
        }
        let to_sign = AuditHead::to_sign(followed.sequence, &followed.hash);
        let signature =
            self.keys.audit_signer().sign(&[&to_sign]).map_err(SecurityError::Keys)?.to_bytes().to_vec();
        let head = AuditHead { sequence: followed.sequence, hash: followed.hash, at: now, signature };
        match self.store.commit(Command::SignAudit(head.clone())).await? {
            // There already: another node was faster.
            Outcome::Done | Outcome::Exists => {}
            _ => return Err(SecurityError::Contended),
        }
        followed.signed_sequence = followed.sequence;
        self.remember(followed);
        Ok(Some(head))
    }

    fn remember(&self, followed: Followed) {
        *self.audit_cursor.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(followed);
    }

    /// Where to go on after a start: the last row that carries a signature.
    async fn last_signed(&self) -> Result<Followed, SecurityError> {
        let mut last = Followed::default();
        loop {
            let after = (last.sequence > 0).then_some(last.sequence);
            let heads = self.store.audit_heads(Page { after, limit: PAGE_ROWS }).await?;
            let Some(head) = heads.last() else { return Ok(last) };
            if head.sequence <= last.sequence {
                return Err(SecurityError::AuditBroken(head.sequence));
            }
            last = Followed { sequence: head.sequence, hash: head.hash, signed_sequence: head.sequence };
        }
    }

    async fn follow(&self, followed: &mut Followed) -> Result<(), SecurityError> {
        loop {
            let after = (followed.sequence > 0).then_some(followed.sequence);
            let rows = self.store.audit(Page { after, limit: PAGE_ROWS }).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let expected = followed.sequence.saturating_add(1);
                if row.sequence != expected || !row.follows(&followed.hash) {
                    return Err(SecurityError::AuditBroken(expected));
                }
                followed.sequence = row.sequence;
                followed.hash = row.hash;
            }
        }
    }
}
