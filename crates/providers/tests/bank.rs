//! The bank's adapter against a network that says anything: only an answer to the very question, or a refusal of
//! the very booking, counts; all else is silence.

use bank_api::ProblemType;
use core::time::Duration;
use crypto::p256::{Sign, SigningKey};
use crypto::x509::{Certificate, Issue, Profile, issue};
use crypto::{Random, SystemRandom};
use https::{Client, Roots};
use model::{CaptureId, Currency, DeclineReason, LinkId, Money, PaymentId, RefundId, Timestamp};
use payments::{Authorisation, BookingAnswer, HoldRequest, LinkAnswer, Provider};
use providers::{BankAddress, BankProvider};
use std::time::SystemTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const HOLD: PaymentId = PaymentId::from_u128(1);
const CAPTURE: CaptureId = CaptureId::from_u128(2);
const REFUND: RefundId = RefundId::from_u128(3);
const LINK: LinkId = LinkId::from_u128(4);

/// What the other side does with one connection.
enum Plan {
    /// Answers with these bytes.
    Say(Vec<u8>),
    /// Reads the request and closes.
    Close,
    /// Closes before it has read anything.
    Slam,
    /// Reads the request and says nothing.
    Hang,
}

fn http(status: u16, content_type: &str, body: &str) -> Plan {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    Plan::Say((head + body).into_bytes())
}

fn json(status: u16, body: &str) -> Plan {
    http(status, "application/json", body)
}

fn problem(kind: ProblemType, status: u16, detail: &str) -> Plan {
    let body = format!(r#"{{"type":"{}","title":"T","status":{status},"detail":{detail:?}}}"#, kind.urn());
    http(status, "application/problem+json", &body)
}

/// A bank that follows one plan, and the request that it got.
async fn bank(plan: Plan) -> (BankProvider, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let provider = provider(&format!("http://{}/", listener.local_addr().unwrap()));
    let got = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        if matches!(plan, Plan::Slam) {
            return String::new();
        }
        let request = read_request(&mut stream).await;
        match plan {
            Plan::Say(bytes) => {
                // A client that has seen enough may be gone.
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Plan::Hang => tokio::time::sleep(Duration::from_secs(3_600)).await,
            Plan::Close | Plan::Slam => {}
        }
        request
    });
    (provider, got)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let size = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..size]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if size == 0 || body.len() >= length.trim().parse::<usize>().unwrap() {
                return text;
            }
        }
        assert!(size > 0, "the request broke off");
    }
}

fn provider(partner_url: &str) -> BankProvider {
    let key = SigningKey::make(&mut SystemRandom);
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut serial = [0; 16];
    SystemRandom.fill(&mut serial);
    let root = Issue {
        serial,
        subject: "Root".to_owned(),
        issuer: "Root".to_owned(),
        not_before_s: now_s - 60,
        not_after_s: now_s + 3_600,
        public_key: key.verifying_key().clone(),
        profile: Profile::Root,
    };
    let root = Certificate::read(&issue(&root, &key as &dyn Sign).unwrap()).unwrap();
    let address = BankAddress {
        partner_url: partner_url.to_owned(),
        customer_url: "https://bank.example".to_owned(),
        customer_page_url: None,
        partner_name: "shop.example".to_owned(),
    };
    BankProvider::new(address, Client::new(Roots::from_pem(root.to_pem().as_bytes()).unwrap(), None))
}

fn chf(amount_minor: i64) -> Money {
    Money::new(amount_minor, Currency::CHF)
}

fn hold_request() -> HoldRequest {
    HoldRequest {
        payment: HOLD,
        account_ref: "acc-1".to_owned(),
        amount: chf(1_250),
        payee: "Shop".to_owned(),
        statement: b"{}".to_vec(),
        signature: vec![7; 64],
    }
}

async fn authorise(plan: Plan) -> Authorisation {
    bank(plan).await.0.authorise(hold_request()).await
}

async fn capture(plan: Plan) -> BookingAnswer {
    bank(plan).await.0.capture(HOLD, CAPTURE, chf(500)).await
}

async fn release(plan: Plan) -> BookingAnswer {
    bank(plan).await.0.release(HOLD).await
}

async fn refund(plan: Plan) -> BookingAnswer {
    bank(plan).await.0.refund(HOLD, REFUND, chf(200)).await
}

async fn link(plan: Plan) -> LinkAnswer {
    bank(plan).await.0.link(LINK, "proof").await
}

fn placed() -> String {
    format!(r#"{{"hold_id":"{HOLD}","expires_at_ms":1800000000000}}"#)
}

fn captured() -> String {
    format!(r#"{{"capture_id":"{CAPTURE}","captured_minor":500,"open_minor":750}}"#)
}

fn released(state: &str) -> String {
    format!(r#"{{"hold_id":"{HOLD}","state":"{state}","released_minor":0}}"#)
}

fn refunded() -> String {
    format!(r#"{{"refund_id":"{REFUND}","refunded_minor":200}}"#)
}

const LINKED: &str = r#"{"account_ref":"acc-9","iban_masked":"CH93 … 7","currency":"CHF"}"#;

#[tokio::test]
async fn plain_answers_are_understood() {
    let (provider, got) = bank(json(201, &placed())).await;
    let answer = provider.authorise(hold_request()).await;
    assert_eq!(answer, Authorisation::Approved { hold_expires_at: Timestamp::from_ms(1_800_000_000_000) });
    let request = got.await.unwrap();
    assert!(request.starts_with("POST /v1/holds HTTP/1.1\r\n"), "{request}");
    for part in
        [&format!(r#""hold_id":"{HOLD}""#), r#""amount_minor":1250"#, r#""currency":"CHF""#, r#""acc-1""#]
    {
        assert!(request.contains(part), "{part} is missing in {request}");
    }

    let (provider, got) = bank(json(201, &captured())).await;
    assert_eq!(provider.capture(HOLD, CAPTURE, chf(500)).await, BookingAnswer::Booked);
    assert!(got.await.unwrap().starts_with(&format!("POST /v1/holds/{HOLD}/captures ")));
    let (provider, got) = bank(json(201, &refunded())).await;
    assert_eq!(provider.refund(HOLD, REFUND, chf(200)).await, BookingAnswer::Booked);
    assert!(got.await.unwrap().starts_with(&format!("POST /v1/holds/{HOLD}/refunds ")));
    for state in ["captured", "released", "expired", "refused", "cancelled"] {
        assert_eq!(release(json(200, &released(state))).await, BookingAnswer::Booked, "{state}");
    }
    let LinkAnswer::Linked(account) = link(json(201, LINKED)).await else { panic!("not linked") };
    assert_eq!((account.account_ref.as_str(), account.currency), ("acc-9", Currency::CHF));
}

#[tokio::test]
async fn what_is_no_answer_to_the_question_is_silence() {
    let other = PaymentId::from_u128(99);
    let bodies = [
        "",
        "null",
        "{}",
        "[]",
        "\"ok\"",
        "<html>Welcome</html>",
        &placed()[..20],
        &format!(
            r#"{{"hold_id":"{other}","expires_at_ms":1800000000000,"state":"released","released_minor":0}}"#
        ),
        &format!(r#"{{"capture_id":"{other}","captured_minor":500,"open_minor":1}}"#),
        &format!(r#"{{"refund_id":"{other}","refunded_minor":500}}"#),
        r#"{"type":"urn:batzen-bank:problem:hold-ended","title":"","status":409,"detail":""}"#,
        "\u{0}\u{1}\u{2}",
    ];
    for body in bodies {
        for status in [200, 201, 204, 302, 400, 404, 409, 500, 503] {
            let plan = || json(status, body);
            // A problem under a client error's status is a refusal, whatever else it may be; see below.
            if status / 100 == 4 && body.contains("problem") {
                continue;
            }
            let context = format!("{status} {body:?}");
            assert_eq!(authorise(plan()).await, Authorisation::Silent, "{context}");
            assert_eq!(capture(plan()).await, BookingAnswer::Silent, "{context}");
            assert_eq!(release(plan()).await, BookingAnswer::Silent, "{context}");
            assert_eq!(refund(plan()).await, BookingAnswer::Silent, "{context}");
            assert_eq!(link(plan()).await, LinkAnswer::Silent, "{context}");
        }
    }
    assert_eq!(release(json(200, &released("open"))).await, BookingAnswer::Silent);
    assert_eq!(release(json(200, &released("new kind"))).await, BookingAnswer::Silent);
}

#[tokio::test]
async fn a_good_body_under_a_bad_status_is_silence() {
    for status in [302, 400, 404, 409, 500, 503] {
        assert_eq!(authorise(json(status, &placed())).await, Authorisation::Silent, "{status}");
        assert_eq!(capture(json(status, &captured())).await, BookingAnswer::Silent, "{status}");
        assert_eq!(link(json(status, LINKED)).await, LinkAnswer::Silent, "{status}");
    }
}

#[tokio::test]
async fn only_a_refusal_of_this_very_thing_is_final() {
    let refusals = ProblemType::ALL.iter().chain([&ProblemType::Other]);
    for kind in refusals {
        let status = if kind.status() / 100 == 4 { kind.status() } else { 409 };
        let plan = || problem(*kind, status, "words");
        use ProblemType as P;
        let held = match kind {
            P::InsufficientFunds => Authorisation::Refused(DeclineReason::InsufficientFunds),
            P::AccountUnusable => Authorisation::Refused(DeclineReason::AccountUnusable),
            P::AuthenticationRefused | P::HoldCancelled | P::InvalidRequest | P::TooLarge => {
                Authorisation::Refused(DeclineReason::ProviderRefused)
            }
            _ => Authorisation::Silent,
        };
        let is_overload = status == 429 || status == 408;
        assert_eq!(authorise(plan()).await, held, "{kind:?}");
        let is_final = !is_overload
            && matches!(
                kind,
                P::InvalidRequest
                    | P::TooLarge
                    | P::UnknownHold
                    | P::IdempotencyMismatch
                    | P::HoldCancelled
                    | P::HoldEnded
                    | P::CaptureExceedsHold
                    | P::RefundExceedsCaptures
                    | P::AccountUnusable
                    | P::AccountClosed
            );
        for answer in [capture(plan()).await, release(plan()).await, refund(plan()).await] {
            assert_eq!(matches!(answer, BookingAnswer::Refused(_)), is_final, "{kind:?} {answer:?}");
            assert_eq!(answer == BookingAnswer::Silent, !is_final, "{kind:?}");
        }
        let is_bad_proof = matches!(
            kind,
            P::ProofRefused | P::IdempotencyMismatch | P::AccountUnusable | P::InvalidRequest | P::TooLarge
        );
        let expected = if is_bad_proof { LinkAnswer::Refused } else { LinkAnswer::Silent };
        assert_eq!(link(plan()).await, expected, "{kind:?}");
    }
}

#[tokio::test]
async fn a_refusal_that_may_pass_is_silence() {
    for status in [408, 429, 500, 502, 503, 504] {
        let plan = || problem(ProblemType::HoldEnded, status, "");
        assert_eq!(capture(plan()).await, BookingAnswer::Silent, "{status}");
        let plan = || problem(ProblemType::InsufficientFunds, status, "");
        assert_eq!(authorise(plan()).await, Authorisation::Silent, "{status}");
    }
}

#[tokio::test]
async fn a_broken_connection_is_silence() {
    let no_end = b"HTTP/1.1 201 X\r\ncontent-length: 500\r\n\r\n{".to_vec();
    let no_http = b"220 mail.example ESMTP\r\n".to_vec();
    let endless_head = [b"HTTP/1.1 201 X\r\nx: ".to_vec(), vec![b'a'; 1 << 20]].concat();
    let large =
        format!(r#"{{"hold_id":"{HOLD}","expires_at_ms":1800000000000,"x":"{}"}}"#, "x".repeat(1 << 17));
    let plans = || {
        let said = [no_end.clone(), no_http.clone(), endless_head.clone()].map(Plan::Say);
        [Plan::Close, Plan::Slam, json(201, &large)].into_iter().chain(said)
    };
    for (place, plan) in plans().enumerate() {
        assert_eq!(authorise(plan).await, Authorisation::Silent, "plan {place}");
    }
    for (place, plan) in plans().enumerate() {
        assert_eq!(capture(plan).await, BookingAnswer::Silent, "plan {place}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    for address in [address.as_str(), "http://bank.example", "no address", ""] {
        let answer = provider(address).authorise(hold_request()).await;
        assert_eq!(answer, Authorisation::Silent, "{address:?}");
    }
}

#[tokio::test]
async fn a_bank_that_never_answers_is_silent_within_its_budget() {
    assert_eq!(authorise(Plan::Hang).await, Authorisation::Silent);
}

#[tokio::test]
async fn a_refusal_s_words_are_short_and_plain() {
    let detail = format!("line{} {}", r"\u001b", "x".repeat(5_000)).replace(r"\u001b", "\\u001b");
    let body = format!(r#"{{"type":"{}","detail":"{detail}"}}"#, ProblemType::HoldEnded.urn());
    let answer = capture(http(409, "application/problem+json", &body)).await;
    let BookingAnswer::Refused(words) = answer else { panic!("{answer:?}") };
    assert!(words.starts_with("The hold has ended: line"), "{words}");
    assert!(words.len() <= 300 && !words.chars().any(char::is_control));
}

#[tokio::test]
async fn an_account_that_is_no_bank_s_name_is_refused_unsent() {
    let provider = provider("http://127.0.0.1:9");
    let request = HoldRequest { account_ref: "not a name / at all".to_owned(), ..hold_request() };
    let answer = provider.authorise(request).await;
    assert_eq!(answer, Authorisation::Refused(DeclineReason::AccountUnusable));
}
