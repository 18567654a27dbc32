//! Whatever the network does and wherever the till dies: nothing lost, nothing doubled, nothing stuck.

use crate::sim::{Script, Server};
use api::payment::PaymentStateName;
use checkout::journal::{self, JournalEnd};
use checkout::{
    Action, Begin, BeginError, Book, Closing, End, Entry, Event, Method, Next, Order, Outcome, Plan, Run,
    SaleNumber, ScannedCode, Stage, make_key,
};
use model::{Currency, Money, TerminalNumber, Timestamp};
use proptest::prelude::*;
use protocol::payment_code::PaymentCode;

struct Counting(u8);

impl crypto::Random for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        self.0 += 1;
        out.fill(self.0);
    }
}

fn code(number: u8) -> ScannedCode {
    let mut bytes = [number; 147];
    bytes[0] = 0x11;
    ScannedCode::from_text(&PaymentCode::from_bytes(&bytes).unwrap().to_digits(), None).unwrap()
}

/// A till: what survives a crash is the journal's bytes alone.
struct Till {
    journal: Vec<u8>,
    end: JournalEnd,
    book: Book,
    random: Counting,
    now: Timestamp,
    server: Server,
    script: Script,
}

struct Crashed;

impl Till {
    fn new(script: Vec<u8>) -> Self {
        let (end, journal) = JournalEnd::begin(SaleNumber::FIRST);
        Self {
            journal,
            end,
            book: Book::new(SaleNumber::FIRST),
            random: Counting(0),
            now: Timestamp::from_s(1_790_000_000),
            server: Server::default(),
            script: Script(script),
        }
    }

    fn append(&mut self, entry: &Entry) {
        self.watch(entry);
        let (end, line) = self.end.line(entry).unwrap();
        self.journal.extend_from_slice(&line);
        self.end = end;
        self.book.apply(entry).unwrap();
    }

    /// Never two live keys for one code.
    fn watch(&self, entry: &Entry) {
        let Event::Opened(opening) = &entry.event else { return };
        let Some(before) = self.book.by_code(&opening.code) else { return };
        match before.stage() {
            Stage::Closed(Closing::Cancelled | Closing::Declined(_)) => {}
            Stage::Closed(Closing::Abandoned(_) | Closing::Refused(_)) => {
                let same_order = before.opening().unwrap().amount == opening.amount
                    && before.opening().unwrap().plan == opening.plan;
                assert_eq!(same_order, *before.key() == opening.key);
            }
            other => panic!("a second key while the first is {other:?}"),
        }
    }

    fn crash(&mut self) {
        // A torn line at the end, of any length.
        let torn = self.script.choose(60) as usize;
        let (_, line) = self
            .end
            .line(&Entry {
                sale: SaleNumber::FIRST,
                at: self.now,
                event: Event::Abandoned { cause: "torn".to_owned() },
            })
            .unwrap();
        self.journal.extend_from_slice(&line[..torn]);
        let contents = journal::read(&self.journal).unwrap().unwrap();
        self.journal.truncate(contents.whole_bytes);
        self.end = contents.end;
        self.book = Book::new(contents.first_sale);
        for entry in &contents.entries {
            self.book.apply(entry).unwrap();
        }
        let pause_ms = i64::from(self.script.choose(8)) * 9_000;
        self.now = self.now.plus_ms(if self.script.choose(12) == 11 { -100_000 } else { pause_ms });
    }

    fn maybe_crash(&mut self) -> Result<(), Crashed> {
        if self.script.choose(40) == 39 { Err(Crashed) } else { Ok(()) }
    }

    fn drive(&mut self, mut run: Run) -> Result<(Run, End), Crashed> {
        for _ in 0..10_000 {
            match run.next(self.now) {
                Next::Store(entry) => {
                    self.maybe_crash()?;
                    self.append(&entry);
                    self.maybe_crash()?;
                    run.stored();
                    assert_eq!(self.book.find(checkout::SaleRef::Sale(entry.sale)), Some(run.sale()));
                }
                Next::Send { request, deadline_ms } => {
                    assert!((1_000..=10_000).contains(&deadline_ms));
                    self.maybe_crash()?;
                    self.expect_announced(&run, &request);
                    let answer = self.server.send(&request, &mut self.script);
                    self.now = self.now.plus_ms(i64::from(self.script.choose(20)) * deadline_ms / 20);
                    self.maybe_crash()?;
                    run.heard(answer, self.now);
                }
                Next::Wait { ms } => {
                    assert!(ms > 0);
                    self.now = self.now.plus_ms(ms);
                }
                Next::End(end) => return Ok((run, end)),
            }
        }
        panic!("a run does not end");
    }

    /// What moves money is in the journal before it leaves.
    fn expect_announced(&self, run: &Run, request: &checkout::Request) {
        if request.method() == Method::Get {
            return;
        }
        let stored = self.book.find(checkout::SaleRef::Sale(run.sale().number())).unwrap();
        match (request.key(), stored.operation()) {
            (Some(key), Some(operation)) => assert_eq!(*key, operation.key),
            (Some(key), None) => assert_eq!((key, stored.stage()), (stored.key(), &Stage::Asking)),
            (None, _) => assert_eq!(*stored.stage(), Stage::Cancelling),
        }
    }

    fn finish(&mut self, begun: Run, action: Option<Action>) {
        match self.drive(begun) {
            Err(Crashed) => self.crash(),
            Ok((run, end)) => {
                let outcome = Outcome::of(run.sale(), &end, action);
                if outcome == Outcome::Paid {
                    assert!(run.sale().is_paid());
                }
                match outcome {
                    Outcome::Unknown(_) => assert!(run.sale().is_open()),
                    // The sale is as before; its own capture may still be due.
                    Outcome::NotDone(_) | Outcome::Unreachable(_) if action.is_some() => {
                        assert!(run.sale().operation().is_none());
                    }
                    _ => assert!(!run.sale().is_open(), "{outcome:?}"),
                }
            }
        }
    }

    fn pay(&mut self, number: u8, amount_minor: i64, plan: Plan) {
        let terminal = TerminalNumber::new(572).unwrap();
        let amount = Money::new(amount_minor, Currency::CHF);
        let order = Order { amount, terminal, plan, reference: None };
        let key = make_key(&mut self.random);
        match Begin::pay(&self.book, &order, code(number), key, self.now) {
            Ok(Begin::Run(run)) => self.finish(run, None),
            Ok(Begin::Already(_)) => panic!("there is no reference"),
            Err(error) => {
                assert!(matches!(error, BeginError::CodeInUse(_) | BeginError::CodeUsed(_)), "{error}");
            }
        }
    }

    fn act(&mut self, action: Action) {
        let Some(sale) = self.book.sales().next_back().cloned() else { return };
        if let Ok(run) = Run::act(&sale, action) {
            self.finish(run, Some(action));
        }
    }

    fn resume(&mut self) {
        let open: Vec<_> = self.book.open().cloned().collect();
        for sale in open {
            if let Ok(run) = Run::resume(&sale) {
                self.finish(run, None);
            }
        }
    }

    /// The till and the server agree on every payment.
    fn expect_agreement(&self) {
        assert_eq!(self.book.open().count(), 0, "something is stuck");
        for payment in self.server.payments.values() {
            assert!(!matches!(payment.state, PaymentStateName::Received | PaymentStateName::Unknown));
        }
        for sale in self.book.sales() {
            if self.book.sales().any(|later| later.number() > sale.number() && later.key() == sale.key()) {
                continue; // That one tells what became of the key.
            }
            let at_server = self.server.payments.get(sale.key().as_str());
            match sale.stage() {
                Stage::Known => {
                    let at_server = at_server.expect("a known payment exists");
                    let told = sale.payment().unwrap();
                    assert_eq!(
                        (told.state, told.captured_minor),
                        (at_server.state, at_server.captured_minor)
                    );
                    assert_eq!(told.refunded_minor, at_server.refunded_minor);
                    assert_eq!(sale.is_paid(), at_server.captured_minor > 0);
                }
                Stage::Closed(_) => {
                    if let Some(payment) = at_server {
                        assert_eq!(payment.captured_minor, 0, "{sale:?}");
                        assert_ne!(payment.state, PaymentStateName::Authorised, "{sale:?}");
                    }
                }
                Stage::Asking | Stage::Cancelling => panic!("open"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_lost_doubled_or_stuck(script in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut till = Till::new(script);
        for _ in 0..12 {
            match till.script.choose(10) {
                0 | 1 => till.pay(1, 1250, Plan::Capture),
                2 => till.pay(2, 1250, Plan::Capture),
                3 => till.pay(2, 990, Plan::Capture),
                4 => till.pay(3, 2000, Plan::Hold),
                5 => till.act(Action::Capture { amount_minor: Some(500), is_final: false }),
                6 => till.act(Action::Void),
                7 => till.act(Action::Refund { amount_minor: Some(100) }),
                8 => till.act(Action::CAPTURE_ALL),
                _ => till.resume(),
            }
        }
        // The network is good again; what it held back comes at the worst moments.
        till.script.0.clear();
        till.server.arrive_late(&mut till.script);
        till.now = till.now.plus_ms(60_000);
        till.resume();
        till.resume();
        till.server.arrive_late(&mut till.script);
        till.expect_agreement();
    }

    #[test]
    fn an_unreachable_server_leaves_nothing_behind(seed in 0_u8..=255) {
        let mut till = Till::new(vec![1; 600]);
        till.pay(seed, 1250, Plan::Capture);
        let sale = till.book.sales().next().unwrap();
        prop_assert!(matches!(sale.stage(), Stage::Closed(Closing::Abandoned(_))));
        prop_assert!(till.server.payments.is_empty());
    }
}

#[test]
fn a_good_network_takes_one_authorisation_and_one_capture() {
    let mut till = Till::new(Vec::new());
    till.pay(1, 1250, Plan::Capture);
    let sale = till.book.sales().next().unwrap();
    assert!(sale.is_paid() && !sale.is_open());
    let events = journal::read(&till.journal).unwrap().unwrap().entries;
    let names: Vec<String> = events
        .iter()
        .map(|entry| serde_json::to_value(entry).unwrap()["event"]["what"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["opened", "answered", "intended", "done"]);
    let text = String::from_utf8(till.journal.clone()).unwrap();
    assert!(!text.contains("7501"), "the code itself is never stored");
}

#[test]
fn a_reference_pays_once() {
    let mut till = Till::new(Vec::new());
    let terminal = TerminalNumber::new(572).unwrap();
    let order = |minor| Order {
        amount: Money::new(minor, Currency::CHF),
        terminal,
        plan: Plan::Capture,
        reference: Some("receipt 7".to_owned()),
    };
    let begin = |till: &mut Till, number, minor| {
        let key = make_key(&mut till.random);
        Begin::pay(&till.book, &order(minor), code(number), key, till.now)
    };
    let Ok(Begin::Run(run)) = begin(&mut till, 1, 1250) else { panic!("a new sale") };
    till.finish(run, None);
    let paid = till.book.sales().next().unwrap().number();
    assert!(matches!(begin(&mut till, 2, 1250), Ok(Begin::Already(number)) if number == paid));
    assert_eq!(begin(&mut till, 2, 999).unwrap_err(), BeginError::ReferenceReused(paid));
}
