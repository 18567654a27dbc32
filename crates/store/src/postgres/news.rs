//! What servers tell each other, so that nobody has to look all the time: a phone's confirmation was written, there is
//! something to send. News may be lost, doubled or late; whoever misses them looks again in time.

use crate::postgres::aside::Aside;
use crate::postgres::connection::{Connection, Connector};
use core::time::Duration;
use model::EnrolmentId;
use records::{Committed, Listener};
use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// The channel on which servers tell each other.
const CHANNEL: &str = "batzen_news";
/// As many enrolments stand in one notification, which may have 8,000 bytes.
const ENROLMENTS_MAX: usize = 500;
/// The pause between two tellings, in which news gather.
const PAUSE: Duration = Duration::from_millis(5);
/// The pause before connecting again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often a listener without news looks whether the store is still there.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The most tellings that wait; beyond that they are lost.
const QUEUE_LIMIT: usize = 1_024;

/// What a batch wrote that others should hear of.
#[derive(Default, Debug)]
pub(super) struct News {
    pub(super) confirmations: BTreeSet<[u8; 6]>,
    pub(super) effects: bool,
    pub(super) webhooks: bool,
}

impl News {
    fn absorb(&mut self, other: Self) {
        self.confirmations.extend(other.confirmations);
        self.effects |= other.effects;
        self.webhooks |= other.webhooks;
    }

    fn is_empty(&self) -> bool {
        self.confirmations.is_empty() && !self.effects && !self.webhooks
    }

    /// As notifications: `e`, `w`, and `c` with enrolments of 12 hex digits each.
    fn payloads(&self) -> Vec<String> {
        let ids: Vec<_> =
            self.confirmations.iter().map(|id| EnrolmentId::from_bytes(*id).to_string()).collect();
        let mut payloads: Vec<_> =
            ids.chunks(ENROLMENTS_MAX).map(|ids| format!("c{}", ids.concat())).collect();
        payloads.extend(self.effects.then(|| "e".to_owned()));
        payloads.extend(self.webhooks.then(|| "w".to_owned()));
        payloads
    }
}

/// What a notification says; what makes no sense is a later program's.
fn read(payload: &str) -> Vec<Committed> {
    let (kind, rest) = payload.split_at_checked(1).unwrap_or_default();
    match kind {
        "e" => vec![Committed::Effects],
        "w" => vec![Committed::Webhooks],
        "c" => {
            let ids = rest.as_bytes().chunks(12).filter_map(|id| core::str::from_utf8(id).ok()?.parse().ok());
            ids.map(Committed::Confirmation).collect()
        }
        _ => Vec::new(),
    }
}

/// Tells the other servers.
#[derive(Clone)]
pub(super) struct Teller(mpsc::Sender<News>);

impl Teller {
    pub(super) fn start(connector: Connector) -> Self {
        let (queue, mut news) = mpsc::channel::<News>(QUEUE_LIMIT);
        tokio::spawn(async move {
            let mut connection: Option<Connection> = None;
            while let Some(mut first) = news.recv().await {
                while let Ok(more) = news.try_recv() {
                    first.absorb(more);
                }
                connection = match connection {
                    Some(connection) => Some(connection),
                    None => connector.connect().await.ok(),
                };
                let Some(open) = &connection else {
                    sleep(PAUSE_AFTER_FAILURE).await;
                    continue;
                };
                // A transaction of its own that writes nothing: no commit waits for the queue of notifications.
                let notify = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS told (payload)";
                if open.client.execute(notify, &[&CHANNEL, &first.payloads()]).await.is_err() {
                    connection = None;
                }
                sleep(PAUSE).await;
            }
        });
        Self(queue)
    }

    pub(super) fn tell(&self, news: News) {
        if !news.is_empty() {
            // If too many wait, these are lost, as news may be.
            let _ = self.0.try_send(news);
        }
    }
}

/// Lets `listener` hear what any server tells, until the store is gone, of which `store` is a part.
pub(super) fn listen(connector: Connector, listener: Arc<dyn Listener>, store: Weak<Aside>) {
    tokio::spawn(async move {
        while store.strong_count() > 0 {
            let (heard, mut notifications) = mpsc::unbounded_channel();
            if let Ok(connection) = connector.connect_listening(Some(heard)).await
                && connection.client.batch_execute(&format!("LISTEN {CHANNEL}")).await.is_ok()
            {
                while store.strong_count() > 0 {
                    match timeout(LOOK_AGAIN, notifications.recv()).await {
                        Ok(Some(payload)) => read(&payload).into_iter().for_each(|news| listener.heard(news)),
                        Ok(None) => break,
                        Err(_) => {}
                    }
                }
            }
            sleep(PAUSE_AFTER_FAILURE).await;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_read_as_they_were_told() {
        let ids: BTreeSet<[u8; 6]> =
            (0..1_200_u32).map(|n| [0, 0, 1, 2, n.to_be_bytes()[2], n.to_be_bytes()[3]]).collect();
        let news = News { confirmations: ids.clone(), effects: true, webhooks: true };
        let payloads = news.payloads();
        assert!(payloads.iter().all(|payload| payload.len() < 8_000));
        let heard: Vec<_> = payloads.iter().flat_map(|payload| read(payload)).collect();
        let wanted = ids.into_iter().map(|id| Committed::Confirmation(EnrolmentId::from_bytes(id)));
        assert_eq!(heard, wanted.chain([Committed::Effects, Committed::Webhooks]).collect::<Vec<_>>());
        for strange in ["", "x", "c12", "cäöü", "czzzzzzzzzzzz"] {
            assert_eq!(read(strange), []);
        }
    }
}
