//! The network: carries a request to a machine and its answer back, sometimes late, twice, or not at all.

use crate::chance::Chance;
use crate::fault::Fault;
use crate::log::Log;
use crate::node::Node;
use crate::plan::Network;
use http::{Request, StatusCode};
use https::Bytes;
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

/// The network of one history.
pub(crate) struct Net {
    pub(crate) log: Arc<Log>,
    rates: Network,
    is_calm: AtomicBool,
    is_bank_silent: AtomicBool,
}

/// How one message travels.
struct Way {
    out_ms: u64,
    back_ms: u64,
    arrives: bool,
    returns: bool,
}

impl Net {
    pub(crate) fn new(log: Arc<Log>, rates: Network) -> Self {
        Self { log, rates, is_calm: AtomicBool::new(false), is_bank_silent: AtomicBool::new(false) }
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
        what: &(dyn Fn() -> String + Sync),
        within_ms: u64,
        chance: &mut Chance,
    ) -> Carried {
        // Drawn always, so that a history that is calmer in one place stays the same in others.
        let mut dice = Chance::of(&[chance.draw()]);
        let rates = if self.is_calm() { Network::CALM } else { self.rates };
        if dice.happens(rates.refused) {
            self.log.fault(Fault::ConnectionRefused, || format!("{}: no connection comes about", what()));
            sleep(Duration::from_millis(dice.below(200))).await;
            return Carried::NotSent;
        }
        if dice.happens(rates.doubled) {
            self.log.fault(Fault::RequestDoubled, || format!("{}: it will arrive twice", what()));
            let again = Way { out_ms: dice.between(1, 4_000), back_ms: 0, arrives: true, returns: false };
            let (nobody, _) = oneshot::channel();
            tokio::spawn(carry(Arc::clone(node), request.clone(), again, nobody));
        }
        let way = self.way(rates, what, &mut dice);
        let (tell, told) = oneshot::channel();
        tokio::spawn(carry(Arc::clone(node), request, way, tell));
        match timeout(Duration::from_millis(within_ms), told).await {
            Ok(Ok(carried)) => carried,
            Ok(Err(_)) | Err(_) => Carried::Lost,
        }
    }

    fn way(&self, rates: Network, what: &(dyn Fn() -> String + Sync), dice: &mut Chance) -> Way {
        let mut way =
            Way { out_ms: dice.between(1, 12), back_ms: dice.between(1, 12), arrives: true, returns: true };
        if dice.happens(rates.request_lost) {
            self.log.fault(Fault::RequestLost, || format!("{}: the request is lost", what()));
            way.arrives = false;
        } else if dice.happens(rates.request_delayed) {
            way.out_ms = dice.between(100, 15_000);
            let ms = way.out_ms;
            self.log.fault(Fault::RequestDelayed, || format!("{}: the request takes {ms} ms", what()));
        }
        if dice.happens(rates.answer_lost) {
            self.log.fault(Fault::AnswerLost, || format!("{}: the answer will be lost", what()));
            way.returns = false;
        } else if dice.happens(rates.answer_delayed) {
            way.back_ms = dice.between(100, 15_000);
            let ms = way.back_ms;
            self.log.fault(Fault::AnswerDelayed, || format!("{}: the answer will take {ms} ms", what()));
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
