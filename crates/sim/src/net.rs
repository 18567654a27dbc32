//! The network: carries a request to a machine and its answer back, sometimes late, twice, or not at all.

use crate::chance::Chance;
use crate::fault::Fault;
use crate::log::Log;
use crate::node::Node;
use crate::plan::Network;
use http::{Request, StatusCode};
use https::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// What came of a request.
#[derive(Clone, Debug)]
pub(crate) enum Carried {
    Answer(StatusCode, Bytes),
    /// It surely did not arrive.
    NotSent,
    /// It may have arrived.
    Lost,
}

/// What a message is called in the story.
type What<'a> = dyn Fn() -> String + Sync + 'a;

/// The network of one history.
pub(crate) struct Net {
    pub(crate) log: Arc<Log>,
    rates: Network,
    spared: BTreeSet<u64>,
    is_calm: AtomicBool,
    is_bank_silent: AtomicBool,
}

/// How one message travels.
struct Way {
    out_ms: u64,
    back_ms: u64,
    arrives: bool,
    returns: bool,
    /// How long after it a copy arrives, if one does. Where no connection came about there is none.
    again_ms: Option<u64>,
}

impl Net {
    pub(crate) fn new(log: Arc<Log>, rates: Network, spared: BTreeSet<u64>) -> Self {
        Self { log, rates, spared, is_calm: AtomicBool::new(false), is_bank_silent: AtomicBool::new(false) }
    }

    /// Nothing goes wrong from now on.
    pub(crate) fn calm(&self) {
        self.is_calm.store(true, Ordering::SeqCst);
        self.is_bank_silent.store(false, Ordering::SeqCst);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::SeqCst)
    }

    pub(crate) fn silence_bank(&self, is_silent: bool) {
        self.is_bank_silent.store(is_silent, Ordering::SeqCst);
    }

    pub(crate) fn is_bank_silent(&self) -> bool {
        self.is_bank_silent.load(Ordering::SeqCst)
    }

    /// Sends `request`, which is called `what` in the story, and waits at most `within_ms` for the answer.
    pub(crate) async fn exchange<I: Clone + Send + 'static>(
        &self,
        node: &Arc<Node<I>>,
        request: Request<Bytes>,
        what: &What<'_>,
        within_ms: u64,
        chance: &mut Chance,
    ) -> Carried {
        // Drawn always, so that a history that is calmer in one place stays the same in others.
        let number = chance.draw();
        let mut dice = Chance::of(&[number]);
        let is_spared = self.is_calm() || self.spared.contains(&number);
        let rates = if is_spared { Network::CALM } else { self.rates };
        if dice.happens(rates.refused) {
            self.hit(number, Fault::ConnectionRefused, || format!("{}: no connection comes about", what()));
            sleep(Duration::from_millis(dice.below(200))).await;
            return Carried::NotSent;
        }
        let mut again_ms = None;
        if dice.happens(rates.doubled) {
            self.hit(number, Fault::RequestDoubled, || format!("{}: it will arrive twice", what()));
            // Some wait long in a queue, until much else has happened.
            let most_ms = if dice.below(3) == 0 { 90_000 } else { 4_000 };
            again_ms = Some(dice.between(1, most_ms));
        }
        let mut way = self.way(rates, number, what, &mut dice);
        way.again_ms = again_ms;
        let (tell, told) = oneshot::channel();
        tokio::spawn(carry(Arc::clone(node), request, way, tell));
        match timeout(Duration::from_millis(within_ms), told).await {
            Ok(Ok(carried)) => carried,
            Ok(Err(_)) | Err(_) => Carried::Lost,
        }
    }

    /// Something happens to message `number`.
    fn hit(&self, number: u64, fault: Fault, words: impl FnOnce() -> String) {
        self.log.hit(number);
        self.log.fault(fault, words);
    }

    fn way(&self, rates: Network, number: u64, what: &What<'_>, dice: &mut Chance) -> Way {
        let mut way = Way {
            out_ms: dice.between(1, 12),
            back_ms: dice.between(1, 12),
            arrives: true,
            returns: true,
            again_ms: None,
        };
        if dice.happens(rates.request_lost) {
            self.hit(number, Fault::RequestLost, || format!("{}: the request is lost", what()));
            way.arrives = false;
        } else if dice.happens(rates.request_delayed) {
            way.out_ms = dice.between(100, 15_000);
            let ms = way.out_ms;
            self.hit(number, Fault::RequestDelayed, || format!("{}: the request takes {ms} ms", what()));
        }
        if dice.happens(rates.answer_lost) {
            self.hit(number, Fault::AnswerLost, || format!("{}: the answer will be lost", what()));
            way.returns = false;
        } else if dice.happens(rates.answer_delayed) {
            way.back_ms = dice.between(100, 15_000);
            let ms = way.back_ms;
            self.hit(number, Fault::AnswerDelayed, || format!("{}: the answer will take {ms} ms", what()));
        }
        way
    }
}

/// One request on its way, whoever still waits for its answer.
async fn carry<I: Clone + Send + 'static>(
    node: Arc<Node<I>>,
    request: Request<Bytes>,
    way: Way,
    tell: oneshot::Sender<Carried>,
) {
    sleep(Duration::from_millis(way.out_ms)).await;
    if !way.arrives {
        // Nobody hears anything until they stop waiting.
        return std::future::pending().await;
    }
    if let (true, Some(again_ms)) = (node.is_up(), way.again_ms) {
        let (node, request) = (Arc::clone(&node), request.clone());
        tokio::spawn(async move {
            sleep(Duration::from_millis(again_ms)).await;
            // Nobody waits for this answer.
            let _ = node.serve(request).await;
        });
    }
    let carried = if node.is_up() {
        match node.serve(request).await {
            Some((status, body)) => Carried::Answer(status, body),
            None => Carried::Lost,
        }
    } else {
        Carried::NotSent
    };
    sleep(Duration::from_millis(way.back_ms)).await;
    if way.returns {
        // Whoever asked may have stopped waiting.
        let _ = tell.send(carried);
    }
}
