//! The till's client on a hostile network: the same key for the same request, nothing believed that does not
//! fit, and an end to everything.

mod hostile;

use checkout::{
    Begin, Book, Closing, End, Entry, Event, Journal, Order, Outcome, Plan, Run, SaleNumber, ScannedCode,
    Stage, make_key,
};
use client::checkout::{ApiKey, CheckoutClient, ServerAddress};
use client::checkout_drive::drive;
use crypto::{SecretString, SystemRandom};
use hostile::{Hostile, Reply, capture, payment, problem};
use https::Roots;
use model::{Clock, Currency, Money, TerminalNumber, Timestamp};
use protocol::payment_code::PaymentCode;
use std::convert::Infallible;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// A certificate authority made for tests; plain HTTP never checks against it.
const ROOT: &[u8] = include_bytes!("../../https/tests/root.pem");

#[derive(Default)]
struct Memory(Vec<Entry>);

impl Journal for Memory {
    type Error = Infallible;

    fn append(&mut self, entry: &Entry) -> Result<(), Infallible> {
        self.0.push(entry.clone());
        Ok(())
    }
}

/// Moves on by `step_ms` more whenever it is looked at, so that deadlines come without waiting for them.
struct Hasty {
    hurried_ms: AtomicI64,
    step_ms: i64,
    started: Instant,
}

impl Hasty {
    fn by(step_ms: i64) -> Self {
        Self { hurried_ms: AtomicI64::new(1_790_000_000_000), step_ms, started: Instant::now() }
    }
}

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        let elapsed_ms = i64::try_from(self.started.elapsed().as_millis()).unwrap();
        Timestamp::from_ms(self.hurried_ms.fetch_add(self.step_ms, Ordering::Relaxed) + elapsed_ms)
    }
}

fn client_of(url: &str) -> CheckoutClient {
    let api_key = ApiKey::from_text(SecretString::from_string("key-of-till".to_owned())).unwrap();
    CheckoutClient::new(ServerAddress::from_text(url).unwrap(), api_key, Roots::from_pem(ROOT).unwrap())
}

fn begin(clock: &Hasty) -> Run {
    let mut bytes = [7; 147];
    bytes[0] = 0x11;
    let code = ScannedCode::from_text(&PaymentCode::from_bytes(&bytes).unwrap().to_digits(), None).unwrap();
    let terminal = TerminalNumber::new(572).unwrap();
    let amount = Money::new(1250, Currency::CHF);
    let order = Order { amount, terminal, plan: Plan::Capture, reference: None };
    let key = make_key(&mut SystemRandom);
    match Begin::pay(&Book::new(SaleNumber::FIRST), &order, code, key, clock.now()).unwrap() {
        Begin::Run(run) => run,
        Begin::Already(_) => panic!("the book is empty"),
    }
}

async fn pay(url: &str, step_ms: i64) -> (Run, End, Vec<Entry>) {
    let clock = Hasty::by(step_ms);
    let mut journal = Memory::default();
    let mut run = begin(&clock);
    let end = drive(&client_of(url), &mut journal, &clock, &mut run).await.unwrap();
    (run, end, journal.0)
}

fn sent<'a>(seen: &'a [hostile::Seen], what: &str) -> Vec<&'a hostile::Seen> {
    seen.iter().filter(|seen| seen.what == what).collect()
}

const CAPTURES: &str = "POST /v1/payments/pay_00000000000000000000000001/captures";

#[tokio::test]
async fn a_connection_lost_after_the_server_acted_is_tried_again_under_the_same_key() {
    let mut turn = 0;
    let server = Hostile::start(move |seen| {
        turn += 1;
        match (seen.what.as_str(), turn) {
            (_, 1) => Reply::Drop,
            (_, 2) => Reply::Raw(b"HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{\"id\":"),
            (_, 3) => Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>"),
            ("POST /v1/payments", _) => Reply::Json(201, payment("authorised", 0)),
            (CAPTURES, 5) => Reply::Drop,
            (CAPTURES, _) => Reply::Json(201, capture()),
            other => panic!("{other:?}"),
        }
    });
    let (run, end, entries) = pay(&server.url, 1).await;
    assert_eq!(Outcome::of(run.sale(), &end, None), Outcome::Paid);
    let seen = server.seen();
    for what in ["POST /v1/payments", CAPTURES] {
        let tries = sent(&seen, what);
        assert!(tries.len() >= 2 && tries[0].key.is_some());
        assert!(tries.iter().all(|one| one.key == tries[0].key && one.body == tries[0].body), "{what}");
    }
    assert!(seen.iter().all(|one| one.authorization.as_deref() == Some("Bearer key-of-till")));
    let done = entries.iter().filter(|entry| matches!(entry.event, Event::Done { .. })).count();
    assert_eq!((done, run.sale().is_paid()), (1, true));
}

#[tokio::test]
async fn an_answer_that_is_under_way_is_asked_for_until_it_is_there() {
    let mut asked = 0;
    let server = Hostile::start(move |seen| match seen.what.as_str() {
        "POST /v1/payments" => Reply::Json(202, payment("received", 0)),
        what if what.starts_with("GET /v1/payments?idempotency_key=till-") => {
            asked += 1;
            if asked < 3 {
                Reply::Json(202, payment("unknown", 0))
            } else {
                Reply::Json(201, payment("authorised", 0))
            }
        }
        CAPTURES => Reply::Json(201, capture()),
        other => panic!("{other}"),
    });
    let (run, _, _) = pay(&server.url, 1).await;
    assert!(run.sale().is_paid());
    assert_eq!(sent(&server.seen(), "POST /v1/payments").len(), 1);
}

#[tokio::test]
async fn without_an_answer_in_time_the_sale_is_cancelled() {
    let mut cancels = 0;
    let server = Hostile::start(move |seen| match seen.what.as_str() {
        "POST /v1/cancellations" => {
            cancels += 1;
            if cancels < 3 {
                return Reply::Drop;
            }
            Reply::Json(200, serde_json::json!({ "was_received": true, "payment": payment("reversing", 0) }))
        }
        _ => Reply::Json(500, problem("internal", 500)),
    });
    let (run, end, _) = pay(&server.url, 1_500).await;
    assert_eq!(*run.sale().stage(), Stage::Closed(Closing::Cancelled));
    assert!(matches!(Outcome::of(run.sale(), &end, None), Outcome::NotPaid(_)));
    let seen = server.seen();
    let key = seen[0].key.clone().unwrap();
    assert!(sent(&seen, "POST /v1/cancellations").iter().all(|one| one.body["idempotency_key"] == *key));
}

#[tokio::test]
async fn an_answer_about_something_else_is_not_believed() {
    let server = Hostile::start(|seen| match seen.what.as_str() {
        "POST /v1/payments" => {
            let mut other = payment("authorised", 0);
            other["amount_minor"] = 1.into();
            Reply::Json(201, other)
        }
        "POST /v1/cancellations" => {
            Reply::Json(200, serde_json::json!({ "was_received": false, "payment": null }))
        }
        other => panic!("{other}"),
    });
    let (run, _, _) = pay(&server.url, 4_000).await;
    assert_eq!(*run.sale().stage(), Stage::Closed(Closing::Cancelled));
}

#[tokio::test]
async fn a_server_that_is_not_there_leaves_nothing_open() {
    let (run, end, entries) = pay("http://127.0.0.1:1", 1_000).await;
    assert!(matches!(Outcome::of(run.sale(), &end, None), Outcome::Unreachable(_)));
    assert_eq!(entries.len(), 2);
}

#[tokio::test]
async fn what_a_dead_network_left_open_is_ended_by_a_later_run() {
    let dead = Hostile::start(|_| Reply::Drop);
    let (run, end, entries) = pay(&dead.url, 2_000).await;
    assert!(matches!(end, End::Open { is_unreachable: false, .. }));
    assert!(matches!(Outcome::of(run.sale(), &end, None), Outcome::Unknown(_)));

    let well = Hostile::start(|_| {
        Reply::Json(200, serde_json::json!({ "was_received": true, "payment": payment("voided", 0) }))
    });
    let mut book = Book::new(SaleNumber::FIRST);
    entries.iter().for_each(|entry| book.apply(entry).unwrap());
    let mut later = Run::resume(book.sales().next().unwrap()).unwrap();
    let end = drive(&client_of(&well.url), &mut Memory::default(), &Hasty::by(1), &mut later).await.unwrap();
    assert_eq!((end, later.sale().is_open()), (End::Settled, false));
    assert!(well.seen().iter().all(|one| one.what == "POST /v1/cancellations"));
}

#[tokio::test]
async fn a_code_that_the_server_misreads_is_to_be_scanned_again() {
    let server = Hostile::start(|_| Reply::Json(422, problem("code-misread", 422)));
    let (run, end, _) = pay(&server.url, 1).await;
    assert_eq!(Outcome::of(run.sale(), &end, None), Outcome::ScanAgain);
    assert_eq!(server.seen().len(), 1);
}
