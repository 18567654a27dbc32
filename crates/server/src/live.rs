//! Who is to be told at once that something was committed: the workers, and phones that listen.

use model::EnrolmentId;
use payments::Observer;
use std::sync::Arc;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast, watch};

/// How many confirmations may pass while a listener is busy; one that missed some looks them up.
const BACKLOG_MAX: usize = 1_024;

/// News of commits. Nothing here is needed for correctness: whoever misses news looks again in time.
pub(crate) struct Live {
    work: Notify,
    confirmations: broadcast::Sender<EnrolmentId>,
    places: Arc<Semaphore>,
    draining: watch::Sender<bool>,
}

impl Live {
    pub(crate) fn new(listeners_max: usize) -> Self {
        Self {
            work: Notify::new(),
            confirmations: broadcast::channel(BACKLOG_MAX).0,
            places: Arc::new(Semaphore::new(listeners_max)),
            draining: watch::channel(false).0,
        }
    }

    /// Waits until there is something to send to a provider.
    pub(crate) async fn work(&self) {
        self.work.notified().await;
    }

    /// A place to listen for confirmations from now on; none if all are taken.
    pub(crate) fn listen(&self) -> Option<(broadcast::Receiver<EnrolmentId>, OwnedSemaphorePermit)> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some((self.confirmations.subscribe(), place))
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.confirmations.receiver_count()
    }

    /// From now on the server takes no new work.
    pub(crate) fn drain(&self) {
        self.draining.send_replace(true);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Becomes true once the server drains.
    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }
}

impl Observer for Live {
    fn effects_written(&self) {
        self.work.notify_one();
    }

    fn confirmation_written(&self, enrolment: EnrolmentId) {
        // Nobody listening is no error.
        let _ = self.confirmations.send(enrolment);
    }
}
