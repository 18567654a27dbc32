//! A till that does as it should: the real till core, driven over the simulated network, with a journal that
//! survives power cuts.

use crate::approving;
use crate::chance::Chance;
use crate::clock::MachineClock;
use crate::fault::Fault;
use crate::history::World;
use crate::journal::{PowerCut, SimJournal};
use crate::net::Carried;
use crate::plan::{Act, ActKind, Cut, Then};
use crate::programs::SOURCE;
use crate::template::TillKit;
use checkout::{
    Action, Answer, Begin, End, Journal, Method, Next, Order, Outcome, Plan, Request, Run, Sale, SaleNumber,
    SaleRef, ScannedCode, answer_of, make_key,
};
use http::header;
use https::Bytes;
use model::{Clock, Currency, Money};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How long a till tries again to end what is open once nothing goes wrong any more.
const RESUMES_MAX: usize = 30;

/// One till.
pub(crate) struct Till {
    pub(crate) number: usize,
    pub(crate) kit: TillKit,
    pub(crate) clock: MachineClock,
    pub(crate) journal: SimJournal,
    /// How long it is down after a power cut, milliseconds.
    pub(crate) down_ms: u64,
}

impl Till {
    pub(crate) fn new(number: usize, kit: TillKit, clock: MachineClock) -> Self {
        Self { number, kit, clock, journal: SimJournal::begin(), down_ms: 1_000 }
    }

    /// Does an act; a power cut ends it, and what it left open is ended after the start.
    pub(crate) async fn act(&mut self, world: &Arc<World>, act: &Act) {
        let mut chance = Chance::of(&[world.plan.seed, 1, act.number]);
        let mut done = self.sell(world, act, &mut chance).await;
        while let Err(PowerCut(cut)) = done {
            self.start_again(world, cut).await;
            done = self.resume(world, &mut chance).await;
        }
    }

    async fn sell(&mut self, world: &Arc<World>, act: &Act, chance: &mut Chance) -> Result<(), PowerCut> {
        let ActKind::Sale { phone, amount_minor, is_pin_right, then, .. } = act.kind else { return Ok(()) };
        let amount = chf(amount_minor);
        let Some(digits) = world.make_code(phone, is_pin_right, chance) else { return Ok(()) };
        world.log.tell(|| format!("customer {} shows a code to {self} for {amount}", phone + 1));
        world.overhear(&digits);
        let attending = Chance::of(&[world.plan.seed, 8, act.number]);
        if amount_minor > approving::ASKED_ABOVE_MINOR {
            tokio::spawn(approving::attend(Arc::clone(world), phone, attending));
        }
        let Ok(code) = ScannedCode::from_text(&digits, None) else {
            world.log.violated("a code that does not scan", format!("customer {}", phone + 1));
            return Ok(());
        };
        let plan = match then {
            Then::Capture | Then::Refund | Then::Cancel => Plan::Capture,
            Then::CaptureParts | Then::Void | Then::Forget => Plan::Hold,
        };
        let order = Order { amount, terminal: self.kit.terminal, plan, reference: None };
        let begun = Begin::pay(self.journal.book(), &order, code.clone(), make_key(chance), self.clock.now());
        let Ok(Begin::Run(mut run)) = begun else { return Ok(()) };
        let number = run.sale().number();
        let is_left = then == Then::Cancel || chance.below(20) == 0;
        let steps_max = if is_left { chance.between(1, 4) } else { u64::MAX };
        let end = self.drive(world, &mut run, steps_max, chance).await?;
        self.tell_outcome(world, &run, end.as_ref(), None);
        if is_left && then != Then::Cancel {
            return self.scan_again(world, &order, code, chance).await;
        }
        if let Some(payment) = run.sale().payment() {
            world.learn_payment(payment.id);
        }
        sleep(Duration::from_millis(chance.between(10, 3_000))).await;
        self.follow(world, number, then, chance).await
    }

    /// The cashier scans a code again whose sale was left half-way: it goes on under its old key, or is refused here.
    async fn scan_again(
        &mut self,
        world: &Arc<World>,
        order: &Order,
        code: ScannedCode,
        chance: &mut Chance,
    ) -> Result<(), PowerCut> {
        world.log.fault(Fault::ScannedAgain, || format!("{self} scans the same code again"));
        let begun = Begin::pay(self.journal.book(), order, code, make_key(chance), self.clock.now());
        let Ok(Begin::Run(mut run)) = begun else { return Ok(()) };
        let end = self.drive(world, &mut run, u64::MAX, chance).await?;
        self.tell_outcome(world, &run, end.as_ref(), None);
        Ok(())
    }

    /// What comes after an authorisation.
    async fn follow(
        &mut self,
        world: &Arc<World>,
        number: SaleNumber,
        then: Then,
        chance: &mut Chance,
    ) -> Result<(), PowerCut> {
        match then {
            Then::Capture => Ok(()),
            Then::Cancel => {
                world.log.fault(Fault::SaleCancelled, || format!("{self} cancels sale {number}"));
                self.do_to(world, number, Action::Void, chance).await
            }
            Then::Void => self.do_to(world, number, Action::Void, chance).await,
            Then::Forget => {
                world.log.fault(Fault::HoldForgotten, || format!("{self} forgets sale {number}"));
                Ok(())
            }
            Then::Refund => {
                let Some(captured) = self.sale(number).and_then(|sale| sale.payment().cloned()) else {
                    return Ok(());
                };
                let part =
                    i64::try_from(chance.between(1, captured.captured_minor.max(1).unsigned_abs())).ok();
                let amount_minor = if chance.below(3) == 0 { None } else { part };
                self.do_to(world, number, Action::Refund { amount_minor }, chance).await?;
                self.do_to(world, number, Action::Refund { amount_minor }, chance).await
            }
            Then::CaptureParts => {
                for _ in 0..chance.between(1, 3) {
                    let Some(held) = self.sale(number).and_then(|sale| sale.payment().cloned()) else {
                        break;
                    };
                    let left_minor = held.amount_minor - held.captured_minor;
                    let part = i64::try_from(chance.between(1, left_minor.max(1).unsigned_abs())).ok();
                    let is_final = chance.below(4) == 0;
                    let action = Action::Capture { amount_minor: part, is_final };
                    self.do_to(world, number, action, chance).await?;
                    if chance.below(3) == 0 {
                        // Perhaps more than was captured so far.
                        let amount_minor =
                            i64::try_from(chance.between(1, held.amount_minor.unsigned_abs())).ok();
                        self.do_to(world, number, Action::Refund { amount_minor }, chance).await?;
                    }
                    sleep(Duration::from_millis(chance.between(10, 5_000))).await;
                }
                match chance.below(3) {
                    0 => self.do_to(world, number, Action::Void, chance).await,
                    1 => self.do_to(world, number, Action::CAPTURE_ALL, chance).await,
                    _ => Ok(()),
                }
            }
        }
    }

    fn sale(&self, number: SaleNumber) -> Option<&Sale> {
        self.journal.book().find(SaleRef::Sale(number))
    }

    async fn do_to(
        &mut self,
        world: &Arc<World>,
        number: SaleNumber,
        action: Action,
        chance: &mut Chance,
    ) -> Result<(), PowerCut> {
        let Some(sale) = self.sale(number) else { return Ok(()) };
        // Where nothing of the kind can be done the till says so, and nothing is sent.
        let Ok(mut run) = Run::act(sale, action) else { return Ok(()) };
        let end = self.drive(world, &mut run, u64::MAX, chance).await?;
        self.tell_outcome(world, &run, end.as_ref(), Some(action));
        Ok(())
    }

    /// Ends what is open, oldest first.
    async fn resume(&mut self, world: &Arc<World>, chance: &mut Chance) -> Result<(), PowerCut> {
        let open: Vec<SaleNumber> = self.journal.book().open().map(Sale::number).collect();
        for number in open {
            let Some(Ok(mut run)) = self.sale(number).map(Run::resume) else { continue };
            world.log.tell(|| format!("{self} resumes sale {number}"));
            let end = self.drive(world, &mut run, u64::MAX, chance).await?;
            self.tell_outcome(world, &run, end.as_ref(), None);
        }
        Ok(())
    }

    /// Ends everything, now that nothing goes wrong any more.
    pub(crate) async fn end_day(&mut self, world: &Arc<World>) {
        self.journal.calm();
        let mut chance = Chance::of(&[world.plan.seed, 2, self.number as u64]);
        for _ in 0..RESUMES_MAX {
            if self.resume(world, &mut chance).await.is_err() || self.journal.book().open().next().is_none() {
                return;
            }
            sleep(Duration::from_secs(5)).await;
        }
    }

    async fn start_again(&mut self, world: &Arc<World>, cut: Cut) {
        let (fault, what) = match cut {
            Cut::Before => (Fault::TillCutBefore, "before a journal entry is written"),
            Cut::Torn => (Fault::TillCutTorn, "in the middle of a journal entry"),
            Cut::After => (Fault::TillCutAfter, "after a journal entry is written"),
        };
        world.log.fault(fault, || format!("{self} loses power {what}"));
        sleep(Duration::from_millis(self.down_ms)).await;
        if let Err(error) = self.journal.read_again() {
            world.log.violated("a journal that does not read", format!("{self}: {error}"));
        }
    }

    /// Stores, sends and waits as the run says; none if it did not end within `steps_max`.
    async fn drive(
        &mut self,
        world: &Arc<World>,
        run: &mut Run,
        steps_max: u64,
        chance: &mut Chance,
    ) -> Result<Option<End>, PowerCut> {
        for _ in 0..steps_max {
            match run.next(self.clock.now()) {
                Next::Store(entry) => {
                    self.journal.append(&entry)?;
                    run.stored();
                }
                Next::Send { request, deadline_ms } => {
                    let answer = self.send(world, run.sale().number(), &request, deadline_ms, chance).await;
                    run.heard(answer, self.clock.now());
                }
                Next::Wait { ms } => sleep(Duration::from_millis(ms.unsigned_abs())).await,
                Next::End(end) => return Ok(Some(end)),
            }
        }
        Ok(None)
    }

    async fn send(
        &self,
        world: &Arc<World>,
        sale: SaleNumber,
        request: &Request,
        deadline_ms: i64,
        chance: &mut Chance,
    ) -> Answer {
        let path = request.path();
        let what = || format!("{self}, sale {sale}, {}", words(request));
        let method = match request.method() {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        };
        let key = request.key().map(|key| key.as_str());
        let Some(sent) = self.kit.request(&method, &path, key, request.body().unwrap_or_default()) else {
            return Answer::NotSent { cause: "a request that cannot be".to_owned() };
        };
        world.log.tell(what);
        let carried =
            world.net.exchange(&world.server, sent, &what, deadline_ms.unsigned_abs(), chance).await;
        match carried {
            Carried::Answer(status, body) => {
                match (request.key(), request.body()) {
                    (Some(key), _) => world.acknowledged(&self.kit, key, status, &body),
                    (None, Some(asked)) => world.cancel_acknowledged(&self.kit, &asked, status, &body),
                    (None, None) => {}
                }
                let answer = answer_of(request, status.as_u16(), &body);
                world.log.tell(|| format!("{}: {}", what(), told(&answer)));
                answer
            }
            Carried::NotSent => {
                world.log.tell(|| format!("{}: no connection", what()));
                Answer::NotSent { cause: "connection refused".to_owned() }
            }
            Carried::Lost => {
                world.log.tell(|| format!("{}: no answer", what()));
                Answer::Lost { cause: "the connection broke".to_owned() }
            }
        }
    }

    fn tell_outcome(&self, world: &World, run: &Run, end: Option<&End>, action: Option<Action>) {
        let Some(end) = end else { return };
        let outcome = Outcome::of(run.sale(), end, action);
        let number = run.sale().number();
        world.log.tell(|| format!("{self} tells the cashier about sale {number}: {}", outcome.words(None)));
    }
}

impl TillKit {
    /// A request of this checkout.
    pub(crate) fn request(
        &self,
        method: &http::Method,
        path: &str,
        key: Option<&str>,
        body: Vec<u8>,
    ) -> Option<http::Request<Bytes>> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .extension(SOURCE)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(key) = key {
            request = request.header(api::IDEMPOTENCY_KEY, key);
        }
        request.body(Bytes::from(body)).ok()
    }
}

impl core::fmt::Display for Till {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "till {}", self.number + 1)
    }
}

/// What a request asks for, in words.
fn words(request: &Request) -> String {
    let path = request.path();
    let amount = request.body().and_then(|body| serde_json::from_slice::<serde_json::Value>(&body).ok());
    let amount = amount.and_then(|body| body["amount_minor"].as_i64());
    let amount = amount.map_or_else(String::new, |minor| format!(" {}", chf(minor)));
    match (request.method(), path.rsplit('/').next()) {
        (_, Some("captures")) => {
            format!("asks to capture{}", if amount.is_empty() { " all" } else { &amount })
        }
        (_, Some("refunds")) => format!("asks to refund{}", if amount.is_empty() { " all" } else { &amount }),
        (_, Some("void")) => "asks to void".to_owned(),
        (_, Some("cancellations")) => "cancels".to_owned(),
        (Method::Post, _) => format!("asks for{amount}"),
        (Method::Get, _) => "asks how the payment stands".to_owned(),
    }
}

/// An answer in a few words.
fn told(answer: &Answer) -> String {
    match answer {
        Answer::Payment(payment) => format!("{} is {:?}", payment.id, payment.state),
        Answer::UnderWay => "under way".to_owned(),
        Answer::Captured(view) => format!("{} captured of {}", chf(view.amount_minor), view.payment.id),
        Answer::Refunded(view) => format!("{} refunded of {}", chf(view.amount_minor), view.payment.id),
        Answer::Cancelled(view) => match &view.payment {
            Some(payment) => format!("cancelled; {} is {:?}", payment.id, payment.state),
            None => "cancelled before it came".to_owned(),
        },
        Answer::Problem(problem) => problem.title.clone(),
        Answer::NotSent { cause } | Answer::Lost { cause } => cause.clone(),
    }
}

const fn chf(minor: i64) -> Money {
    Money::new(minor, Currency::CHF)
}
