//! Takes up the policy that holds while the server runs: one that was activated here or at another server of the same
//! store, and one whose time has come.

use crate::state::Shared;
use security::{PolicyNews, SecurityError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// How often the store is asked: the longest time for which servers of one store may judge by different policies.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks once, before the server opens.
pub(crate) async fn take_up(shared: &Shared) -> Result<(), SecurityError> {
    let news = shared.security.refresh_policy(shared.now()).await?;
    tell(shared, &news);
    Ok(())
}

/// Looks every second until the server has drained.
pub(crate) async fn work(shared: Shared, mut drained: watch::Receiver<bool>) {
    while !*drained.borrow_and_update() {
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            _ = drained.changed() => continue,
        }
        if let Err(error) = take_up(&shared).await {
            tracing::warn!(%error, "the store was not asked for policies; what holds goes on, and it is retried");
        }
    }
}

fn tell(shared: &Shared, news: &PolicyNews) {
    for (version, refusal) in &news.refused {
        shared.metrics.policies_refused.inc();
        tracing::error!(version, %refusal, "a stored policy is not taken; the last good one goes on");
    }
    if let Some(version) = news.taken_up {
        tracing::info!(version, "a policy holds from now on");
    }
    shared.metrics.policy_version.set(shared.security.policy().version.into());
}
