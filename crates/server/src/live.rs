//! Who is to be told at once that something was committed: the workers, and phones that listen.

use model::EnrolmentId;
use payments::Observer;
use records::{Committed, Listener};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

/// How many streams one phone may have open; a newer one ends the oldest, which is most likely dead.
pub(crate) const STREAMS_PER_PHONE_MAX: u64 = 4;

/// News of commits. Nothing here is needed for correctness: whoever misses news looks again in time.
pub(crate) struct Live {
    work: Notify,
    webhooks: Notify,
    phones: Arc<Phones>,
    places: Arc<Semaphore>,
    draining: watch::Sender<bool>,
}

/// Phones that listen, each with the number of its latest stream.
#[derive(Default)]
struct Phones(Mutex<HashMap<EnrolmentId, watch::Sender<u64>>>);

/// A phone's place to listen. Dropping it gives the place back.
pub(crate) struct Place {
    enrolment: EnrolmentId,
    number: u64,
    /// None only while it is dropped.
    news: Option<watch::Receiver<u64>>,
    phones: Arc<Phones>,
    _permit: OwnedSemaphorePermit,
}

impl Live {
    pub(crate) fn new(listeners_max: usize) -> Self {
        Self {
            work: Notify::new(),
            webhooks: Notify::new(),
            phones: Arc::default(),
            places: Arc::new(Semaphore::new(listeners_max)),
            draining: watch::channel(false).0,
        }
    }

    /// Waits until there is something to send to a provider.
    pub(crate) async fn work(&self) {
        self.work.notified().await;
    }

    /// Tells whoever sends webhooks that there are some.
    pub(crate) fn webhooks(&self) -> &Notify {
        &self.webhooks
    }

    /// A place for a phone to listen from now on; none if all are taken.
    pub(crate) fn listen(&self, enrolment: EnrolmentId) -> Option<Place> {
        let permit = self.places.clone().try_acquire_owned().ok()?;
        let mut phones = self.phones.lock();
        let latest = phones.entry(enrolment).or_insert_with(|| watch::channel(0).0);
        latest.send_modify(|number| *number += 1);
        let mut news = latest.subscribe();
        let number = *news.borrow_and_update();
        drop(phones);
        let phones = Arc::clone(&self.phones);
        Some(Place { enrolment, number, news: Some(news), phones, _permit: permit })
    }

    /// How many streams are open.
    pub(crate) fn listeners(&self) -> usize {
        self.phones.lock().values().map(watch::Sender::receiver_count).sum()
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
        if let Some(latest) = self.phones.lock().get(&enrolment) {
            latest.send_modify(|_| {});
        }
    }

    fn webhooks_written(&self) {
        self.webhooks.notify_one();
    }
}

/// What other servers commit concerns the phones that hang on this one, and work that this one may do for all.
impl Listener for Live {
    fn heard(&self, committed: Committed) {
        match committed {
            Committed::Confirmation(enrolment) => self.confirmation_written(enrolment),
            Committed::Effects => self.effects_written(),
            Committed::Webhooks => self.webhooks_written(),
        }
    }
}

impl Place {
    /// Waits for news of this phone; false once newer streams of the same phone took this one's place.
    pub(crate) async fn news(&mut self) -> bool {
        let Some(news) = &mut self.news else { return false };
        news.changed().await.is_ok() && *news.borrow_and_update() < self.number + STREAMS_PER_PHONE_MAX
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut phones = self.phones.lock();
        self.news = None;
        if phones.get(&self.enrolment).is_some_and(|latest| latest.receiver_count() == 0) {
            phones.remove(&self.enrolment);
        }
    }
}

impl Phones {
    /// The map is whole after every single change, so a thread that died holding the lock did no harm.
    fn lock(&self) -> MutexGuard<'_, HashMap<EnrolmentId, watch::Sender<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn phone(number: u8) -> EnrolmentId {
        EnrolmentId::from_bytes([number; 6])
    }

    #[test]
    fn news_reach_their_phone_alone_also_when_nobody_waited_yet() {
        let live = Live::new(10);
        let (mut one, mut other) = (live.listen(phone(1)).unwrap(), live.listen(phone(2)).unwrap());
        live.confirmation_written(phone(1));
        assert_eq!(one.news().now_or_never(), Some(true));
        assert_eq!(one.news().now_or_never(), None);
        assert_eq!(other.news().now_or_never(), None);
    }

    #[test]
    fn the_newest_streams_of_a_phone_stay_and_places_come_back() {
        let live = Live::new(5);
        let mut first = live.listen(phone(1)).unwrap();
        let mut later: Vec<_> = (0..STREAMS_PER_PHONE_MAX).map(|_| live.listen(phone(1)).unwrap()).collect();
        assert_eq!(first.news().now_or_never(), Some(false));
        assert_eq!(later[0].news().now_or_never(), Some(true));
        assert!(live.listen(phone(2)).is_none(), "all five places are taken");
        drop(first);
        assert_eq!(live.listeners(), 4);
        drop(later);
        assert!(live.phones.lock().is_empty());
        assert!(live.listen(phone(2)).is_some());
    }
}
