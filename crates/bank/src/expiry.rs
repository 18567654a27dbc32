//! What ends by itself: holds that were not captured in time, and old proofs.

use crate::holds::{Asked, end};
use crate::overview::name;
use crate::proofs::forget_old;
use crate::store::{HOLDS, HoldEnding, HoldRecord, OPEN_BY_EXPIRY, PROOFS_BY_EXPIRY, Source};
use crate::{Bank, StoreError};
use bank_api::{HoldId, PartnerName};
use core::time::Duration;
use model::Timestamp;
use redb::{ReadTransaction, ReadableTable, WriteTransaction};
use std::future::Future;

/// Most rows ended in one commit.
const BATCH_MAX: usize = 256;

impl Bank {
    /// Ends what is due now, all of it. Gives how many holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expire_due(&self) -> Result<usize, StoreError> {
        let now = self.now();
        let mut total = 0;
        while self.store.read(|transaction| is_due(transaction, now))? {
            total += self
                .store
                .write(move |transaction| {
                    forget_old(transaction, now, BATCH_MAX)?;
                    expire(transaction, now)
                })
                .await?;
        }
        Ok(total)
    }

    /// Does so every `interval` until `shutdown`.
    pub(crate) async fn expire_until(self, interval: Duration, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        loop {
            match self.expire_due().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "holds expired"),
                Err(error) => tracing::error!(%error, "holds could not be expired"),
            }
            tokio::select! {
                () = &mut shutdown => return,
                () = tokio::time::sleep(interval) => {}
            }
        }
    }
}

fn is_due(transaction: &ReadTransaction, now: Timestamp) -> Result<bool, StoreError> {
    let hold = transaction.open_table(OPEN_BY_EXPIRY)?.first()?.map(|(key, _)| key.value().0);
    let proof = transaction.open_table(PROOFS_BY_EXPIRY)?.first()?.map(|(key, _)| key.value().0);
    Ok(hold.is_some_and(|ms| ms <= now.ms()) || proof.is_some_and(|ms| ms < now.ms()))
}

fn expire(transaction: &WriteTransaction, now: Timestamp) -> Result<usize, StoreError> {
    let mut due: Vec<(PartnerName, HoldId)> = Vec::new();
    for row in transaction.open_table(OPEN_BY_EXPIRY)?.range(..(now.ms() + 1, "", ""))?.take(BATCH_MAX) {
        let (key, _) = row?;
        let (_, partner, hold_id) = key.value();
        due.push((name(partner)?, name(hold_id)?));
    }
    for (partner, hold_id) in &due {
        match transaction.row(HOLDS, (partner.as_str(), hold_id.as_str()))? {
            Some(HoldRecord::Placed(hold)) if hold.end.is_none() => {
                let asked = Asked { partner: partner.clone(), at: now };
                end(transaction, &asked, hold_id, hold, HoldEnding::Expired)?;
            }
            _ => return Err(StoreError::Damaged(format!("hold {hold_id} is listed as open and is not"))),
        }
    }
    Ok(due.len())
}
