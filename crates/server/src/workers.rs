//! What the server does by itself: tells providers what they do not know yet, lets deadlines pass, signs the
//! audit trail. All of it may run twice.

use crate::state::Shared;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How many payments one round takes on.
const ROUND_MAX: usize = 256;
/// How long a worker waits for news before it looks by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The pause after a round in which everything failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often the audit trail is signed, if it grew: the longest time in which it could be changed unseen.
const SIGN_EVERY: Duration = Duration::from_secs(5);

/// Works until the server has drained.
pub(crate) async fn work(shared: Shared, mut drained: watch::Receiver<bool>) {
    let mut sign_at = Instant::now() + SIGN_EVERY;
    while !*drained.borrow_and_update() {
        let is_failing = round(&shared).await;
        if Instant::now() >= sign_at {
            sign(&shared).await;
            sign_at = Instant::now() + SIGN_EVERY;
        }
        if is_failing {
            sleep(PAUSE_AFTER_FAILURE).await;
        }
        tokio::select! {
            _ = timeout(LOOK_AGAIN, shared.live.work()) => {}
            _ = drained.changed() => {}
        }
    }
    round(&shared).await;
    sign(&shared).await;
}

/// One round; gives back whether it failed.
async fn round(shared: &Shared) -> bool {
    match shared.payments.work(ROUND_MAX).await {
        Ok(worked) => {
            shared.metrics.work_failures.set(i64::try_from(worked.failed).unwrap_or(i64::MAX));
            if worked.failed > 0 {
                tracing::warn!(
                    failed = worked.failed,
                    of = worked.payments,
                    "work on payments failed; it is retried"
                );
            }
            worked.failed > 0
        }
        Err(error) => {
            tracing::error!(%error, "no work could be done; it is retried");
            true
        }
    }
}

async fn sign(shared: &Shared) {
    match shared.security.sign_audit_head(shared.now()).await {
        Ok(Some(head)) => shared.metrics.audit_signed.set(i64::try_from(head.sequence).unwrap_or(i64::MAX)),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "the audit trail could not be signed; it is retried"),
    }
}
