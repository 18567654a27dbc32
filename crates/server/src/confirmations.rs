//! Confirmations on their way to a phone: signed and sealed when they are handed out, live or looked up.

use crate::fail::{Fail, Reply};
use crate::state::Shared;
use api::phone::ConfirmationView;
use axum::response::sse::Event;
use crypto::{SystemRandom, x25519};
use data_encoding::BASE64URL_NOPAD;
use futures_util::stream::{self, Stream};
use model::EnrolmentId;
use protocol::confirmation::{Cause, Confirmation, MerchantName};
use records::{ConfirmationRow, Enrolment, PAGE_LIMIT_MAX, Page};
use std::collections::VecDeque;
use std::convert::Infallible;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

/// Seals confirmations to one phone.
pub(crate) struct Sealer {
    shared: Shared,
    enrolment: EnrolmentId,
    recipient: x25519::PublicKey,
}

impl Sealer {
    pub(crate) fn new(shared: &Shared, enrolment: &Enrolment) -> Self {
        let recipient = x25519::PublicKey(enrolment.confirmation_key);
        Self { shared: shared.clone(), enrolment: enrolment.id, recipient }
    }

    /// Signs and seals one confirmation.
    pub(crate) fn seal(&self, row: &ConfirmationRow) -> Reply<ConfirmationView> {
        let content = &row.confirmation;
        let confirmation = Confirmation {
            sequence: row.sequence,
            kind: content.kind,
            payment: content.payment,
            counter: content.counter,
            at: content.at,
            amount_minor: content.amount.amount_minor,
            currency: Some(content.amount.currency),
            cause: content.cause.unwrap_or(Cause::NONE),
            terminal: Some(content.terminal),
            merchant: MerchantName::shortened(&content.merchant_name),
        };
        let (key_id, signer) = self.shared.keys.confirmation_signer();
        let realm = self.shared.keys.realm();
        let sealed = confirmation
            .seal(&self.recipient, &*signer, key_id, realm, &mut SystemRandom)
            .map_err(Fail::ours)?;
        Ok(ConfirmationView { sequence: row.sequence, sealed: BASE64URL_NOPAD.encode(sealed.as_bytes()) })
    }
}

/// The last confirmation that there is for a phone; 0 if none.
pub(crate) async fn last_sequence(shared: &Shared, enrolment: EnrolmentId) -> Reply<u32> {
    let mut last = 0;
    loop {
        let rows = shared.store.confirmations(enrolment, Page::after(last, PAGE_LIMIT_MAX)).await?;
        let Some(row) = rows.last() else { return Ok(last) };
        last = row.sequence;
    }
}

struct Listener {
    shared: Shared,
    sealer: Sealer,
    after: u32,
    ready: VecDeque<ConfirmationRow>,
    news: broadcast::Receiver<EnrolmentId>,
    draining: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

/// Confirmations after `after` as events, until the server drains or the phone goes.
pub(crate) fn events(
    shared: Shared,
    sealer: Sealer,
    after: u32,
    news: broadcast::Receiver<EnrolmentId>,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let draining = shared.live.draining();
    let listener = Listener { shared, sealer, after, ready: VecDeque::new(), news, draining, _place: place };
    stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    /// The next event; none at the end. Whatever goes wrong ends the stream, and the phone asks again.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                self.after = row.sequence;
                let view = self.sealer.seal(&row).ok()?;
                return Event::default().id(row.sequence.to_string()).json_data(view).ok();
            }
            let page = Page::after(self.after, PAGE_LIMIT_MAX);
            self.ready = self.shared.store.confirmations(self.sealer.enrolment, page).await.ok()?.into();
            if self.ready.is_empty() && !self.wait().await {
                return None;
            }
        }
    }

    /// Waits for news of this phone; false at the end.
    async fn wait(&mut self) -> bool {
        loop {
            if *self.draining.borrow() {
                return false;
            }
            tokio::select! {
                changed = self.draining.changed() => if changed.is_err() { return false },
                news = self.news.recv() => match news {
                    Ok(enrolment) if enrolment == self.sealer.enrolment => return true,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                },
            }
        }
    }
}
