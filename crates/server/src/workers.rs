//! What the server does by itself: tells providers what they do not know yet, lets deadlines pass, signs the
//! audit trail. Of servers that share a store one does so for all. All of it may run twice.

use crate::state::Shared;
use crypto::SystemRandom;
use futures_util::FutureExt;
use payments::Worked;
use records::Work;
use security::Resealed;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// How many payments one round takes on.
const ROUND_MAX: usize = 256;
/// How long a worker waits for news before it looks by itself.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The pause after a round in which everything failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often the audit trail is signed, if it grew: the longest time in which it could be changed unseen.
const SIGN_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked whether anything was done to the keys: the longest time in which a key that was made is
/// known to one server and not to another.
const LOOK_AT_KEYS_EVERY: Duration = Duration::from_secs(5);
/// How long after a change all servers have looked.
const ALL_KNOW_KEYS_AFTER: Duration = Duration::from_secs(10);
/// The pause before what could not be sealed anew is tried again.
const RESEAL_AGAIN: Duration = Duration::from_secs(60);
/// How long the last round may take, once the server has drained: what it does not finish is done after the
/// next start.
const LAST_ROUND_MAX: Duration = Duration::from_secs(10);

/// Works until the server has drained.
pub(crate) async fn work(shared: Shared, look_again: Duration, mut drained: watch::Receiver<bool>) {
    let mut sign_at = Instant::now() + SIGN_EVERY;
    while !*drained.borrow_and_update() {
        let round = round(&shared).await;
        if Instant::now() >= sign_at {
            sign(&shared).await;
            sign_at = Instant::now() + SIGN_EVERY;
        }
        tokio::select! {
            () = pause(&shared, round, look_again) => {}
            _ = drained.changed() => {}
        }
    }
    if timeout(LAST_ROUND_MAX, round(&shared)).await.is_err() {
        tracing::warn!("the last round of work was cut short; it is done after the next start");
    }
    sign(&shared).await;
}

/// Takes up what is done to the keys, until the server has drained. Each server does so for itself.
pub(crate) async fn watch_keys(shared: Shared, mut drained: watch::Receiver<bool>) {
    let mut resealing = Some(Resealing::begin(&shared));
    while !*drained.borrow_and_update() {
        tokio::select! {
            () = sleep(LOOK_AT_KEYS_EVERY) => {}
            _ = drained.changed() => return,
        }
        let security = shared.security.clone();
        // A disk or a token may be slow.
        match tokio::task::spawn_blocking(move || security.refresh_keys()).await {
            Ok(Ok(true)) => {
                tracing::info!("the keys were changed, and are taken up");
                resealing = Some(Resealing::begin(&shared));
            }
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::error!(%error, "changed keys could not be taken up; it is retried"),
            Err(_) => tracing::error!("looking at the keys panicked; it is tried again"),
        }
        let Some(begun) = resealing.take() else { continue };
        tokio::select! {
            left = begun.go_on(&shared) => resealing = left,
            _ = drained.changed() => return,
        }
    }
}

/// Sealing anew what is under former wrapping keys. Until all servers know of a change they may seal under the former
/// key, so it is over with a walk that began later and found nothing.
struct Resealing {
    settled_at: Instant,
    next_at: Instant,
}

impl Resealing {
    fn begin(shared: &Shared) -> Self {
        shared.metrics.resealing.set(1);
        let now = Instant::now();
        Self { settled_at: now + ALL_KNOW_KEYS_AFTER, next_at: now }
    }

    /// Walks once if it is time; none once nothing depends on a former key.
    async fn go_on(self, shared: &Shared) -> Option<Self> {
        let began = Instant::now();
        if began < self.next_at {
            return Some(self);
        }
        let next_at = match shared.security.reseal(shared.now(), &mut SystemRandom).await {
            Ok(walked) if walked.found() == 0 && began >= self.settled_at => {
                shared.metrics.resealing.set(0);
                return None;
            }
            Ok(Resealed { resealed, left }) => {
                if resealed > 0 {
                    tracing::info!(
                        resealed,
                        left,
                        "secrets were sealed anew under the present wrapping keys"
                    );
                } else if left > 0 {
                    tracing::error!(
                        left,
                        "secrets under former wrapping keys cannot be sealed anew; it is retried"
                    );
                }
                began + if resealed == 0 && left > 0 { RESEAL_AGAIN } else { LOOK_AT_KEYS_EVERY }
            }
            Err(error) => {
                tracing::error!(%error, "secrets could not be sealed anew; it is retried");
                began + RESEAL_AGAIN
            }
        };
        Some(Self { next_at, ..self })
    }
}

/// Delivers webhooks until the server has drained, if it sends any. A panic costs what was on its way, and no more:
/// that is sent again.
pub(crate) async fn tell_merchants(shared: Shared, drained: watch::Receiver<bool>) {
    if let Some(webhooks) = &shared.webhooks {
        loop {
            let work = webhooks.work(shared.live.webhooks(), drained.clone());
            if AssertUnwindSafe(work).catch_unwind().await.is_ok() {
                return;
            }
            tracing::error!("the delivery of webhooks panicked; it begins anew");
            sleep(PAUSE_AFTER_FAILURE).await;
        }
    }
    match shared.store.webhook_totals().await {
        Ok(totals) if totals.waiting > 0 => {
            let waiting = totals.waiting;
            tracing::warn!(waiting, "webhooks wait, but the configuration says nothing of how to send them");
        }
        _ => {}
    }
}

/// What became of a round of work.
#[derive(Clone, Copy)]
enum Round {
    /// All that was due is done.
    Done,
    /// There was as much to do as one round takes on.
    Full,
    /// Something failed for a reason of ours.
    Failed,
}

async fn pause(shared: &Shared, round: Round, look_again: Duration) {
    match round {
        Round::Full => {}
        Round::Failed => sleep(PAUSE_AFTER_FAILURE).await,
        Round::Done => drop(timeout(look_again, shared.live.work()).await),
    }
}

/// One round, unless another server works for all. A panic in it, of an adapter say, ends this round and no more.
async fn round(shared: &Shared) -> Round {
    if !is_ours(shared, Work::Payments).await {
        return Round::Done;
    }
    let work = AssertUnwindSafe(shared.payments.work(ROUND_MAX)).catch_unwind();
    let Ok(worked) = work.await else {
        tracing::error!("a round of work panicked; it is tried again");
        return Round::Failed;
    };
    match worked {
        Ok(worked) => {
            shared.metrics.work_failures.set(i64::try_from(worked.failed).unwrap_or(i64::MAX));
            if worked.failed > 0 {
                tracing::warn!(
                    failed = worked.failed,
                    of = worked.payments,
                    "work on payments failed; it is retried"
                );
            }
            match worked {
                Worked { failed: 1.., .. } => Round::Failed,
                Worked { payments: ROUND_MAX.., .. } => Round::Full,
                Worked { .. } => Round::Done,
            }
        }
        Err(error) => {
            tracing::error!(%error, "no work could be done; it is retried");
            Round::Failed
        }
    }
}

/// Whether this server does the work for all who share the store.
pub(crate) async fn is_ours(shared: &Shared, work: Work) -> bool {
    shared.store.take(work).await.unwrap_or_else(|error| {
        tracing::warn!(%error, work = work.name(), "work could not be taken; it is retried");
        false
    })
}

async fn sign(shared: &Shared) {
    if !is_ours(shared, Work::Audit).await {
        return;
    }
    match shared.security.sign_audit_head(shared.now()).await {
        Ok(Some(head)) => shared.metrics.audit_signed.set(i64::try_from(head.sequence).unwrap_or(i64::MAX)),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "the audit trail could not be signed; it is retried"),
    }
}
