//! Confirmations on their way to a phone, and questions to it: signed and sealed when they are handed out, live or looked
//! up.

use crate::fail::{Fail, Reply};
use crate::live::Place;
use crate::routes::approvals::question_view;
use crate::state::Shared;
use api::phone::ConfirmationView;
use axum::response::sse::Event;
use crypto::{SystemRandom, x25519};
use data_encoding::BASE64URL_NOPAD;
use futures_util::stream::{self, Stream};
use model::{ApprovalId, EnrolmentId};
use protocol::confirmation::{Cause, Confirmation, MerchantName};
use records::{Approval, ConfirmationRow, Enrolment, Page};
use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a listener waits for news before it looks by itself: news can be lost with the request that they
/// came of, and other nodes have none for us.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How many confirmations a listener reads at once.
const READ_MAX: usize = 100;
/// The type of the events that are questions.
const QUESTION: &str = "approval";

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

/// The last confirmation that there is for a phone; 0 if none. Sequences have no gaps, so it is found by trying
/// places: twice as far while there is more, then halving.
pub(crate) async fn last_sequence(shared: &Shared, enrolment: EnrolmentId) -> Reply<u32> {
    let (mut there, mut step) = (0_u32, 1_u32);
    while let Some(next) = there.checked_add(step)
        && has_confirmation(shared, enrolment, next).await?
    {
        there = next;
        step = step.saturating_mul(2);
    }
    while step > 1 {
        step /= 2;
        if let Some(next) = there.checked_add(step)
            && has_confirmation(shared, enrolment, next).await?
        {
            there = next;
        }
    }
    Ok(there)
}

async fn has_confirmation(shared: &Shared, enrolment: EnrolmentId, sequence: u32) -> Reply<bool> {
    let rows = shared.store.confirmations(enrolment, Page::after(sequence - 1, 1)).await?;
    Ok(!rows.is_empty())
}

struct Listener {
    shared: Shared,
    sealer: Sealer,
    device: Enrolment,
    after: u32,
    /// Questions that this stream told of.
    asked: BTreeSet<ApprovalId>,
    questions: VecDeque<Approval>,
    ready: VecDeque<ConfirmationRow>,
    /// Whether the last look gave as much as one look may.
    is_behind: bool,
    place: Place,
    draining: watch::Receiver<bool>,
}

/// Confirmations after `after` as events, and what waits for the phone's answer as events of the type `approval`, until
/// the server drains or the phone goes.
pub(crate) fn events(
    shared: Shared,
    device: Enrolment,
    after: u32,
    place: Place,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let draining = shared.live.draining();
    let listener = Listener {
        sealer: Sealer::new(&shared, &device),
        shared,
        device,
        after,
        asked: BTreeSet::new(),
        questions: VecDeque::new(),
        ready: VecDeque::new(),
        is_behind: false,
        place,
        draining,
    };
    stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    /// The next event; none at the end. Whatever goes wrong ends the stream, and the phone asks again.
    async fn next(&mut self) -> Option<Event> {
        match self.try_next().await {
            Ok(event) => event,
            Err(fail) => {
                fail.log();
                None
            }
        }
    }

    async fn try_next(&mut self) -> Reply<Option<Event>> {
        loop {
            if *self.draining.borrow() {
                return Ok(None);
            }
            if let Some(row) = self.ready.pop_front() {
                self.after = row.sequence;
                let view = self.sealer.seal(&row)?;
                let event = Event::default().id(row.sequence.to_string()).json_data(view);
                return event.map(Some).map_err(Fail::ours);
            }
            if let Some(approval) = self.questions.pop_front() {
                let view = question_view(&self.shared, &self.device, &approval)?;
                return Event::default().event(QUESTION).json_data(view).map(Some).map_err(Fail::ours);
            }
            // Signing and sealing is work: a long list is given no faster live than page by page.
            let enrolment = self.sealer.enrolment;
            if self.is_behind && !self.shared.security.may_ask_more(enrolment, self.shared.now()) {
                if self.wait().await {
                    continue;
                }
                return Ok(None);
            }
            let page = Page::after(self.after, READ_MAX);
            self.ready = self.shared.store.confirmations(enrolment, page).await?.into();
            self.is_behind = self.ready.len() == READ_MAX;
            let waiting = self.shared.security.waiting_approvals(enrolment, self.shared.now()).await?;
            let asked = &mut self.asked;
            self.questions.extend(waiting.into_iter().filter(|approval| asked.insert(approval.id)));
            if self.ready.is_empty() && self.questions.is_empty() && !self.wait().await {
                return Ok(None);
            }
        }
    }

    /// Waits until it is worth looking again; false at the end.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            _ = self.draining.wait_for(|draining| *draining) => false,
            news = timeout(LOOK_AGAIN, self.place.news()) => news.unwrap_or(true),
        }
    }
}
