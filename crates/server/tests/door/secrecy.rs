//! No secret, PIN, account, code or key in a log, a metric, an audit row or an answer to a till (invariant 6).

use crate::support::{
    ACCOUNT_REF, OPERATOR_KEY, PASSPHRASE, Pending, RIGHT_PIN, WRONG_PIN, Wish, World, eventually,
};
use http::Method;
use records::{Page, Queries};
use serde_json::json;
use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::filter::LevelFilter;

/// Whatever is logged in this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// At the most talkative level there is, other crates' words included.
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// What was said, in which nothing of this may be.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn assert_not_in(&self, place: &str, text: &str) {
        for (what, secret) in &self.0 {
            assert!(!secret.is_empty() && !text.contains(secret), "{what} in {place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_secret_is_told() {
    let log = Log::start();
    let world = World::new().await;
    let till = world.till(&[7]).await;
    let activation_code = world.activation_code(world.customer().await).await;
    let pending = Pending::new(&world, &activation_code).await;
    let request = String::from_utf8(pending.activation.request.clone()).unwrap();
    let reply = pending.send(&world).await;
    Pending::new(&world, &activation_code).await.send(&world).await.is_problem(403, "activation-refused");
    let phone = pending.activated(&world, &reply.body);
    phone.prove_method(&world, model::Currency::CHF).await;
    let slot = phone.add_method(&world).await.slot;
    phone.hand_in(&world, slot, "proof of somebody else").await.is_problem(422, "proof-refused");

    let (good, wrong) = (phone.code(&world, 1), phone.wrong_pin_code(&world, 2));
    let mut told = Vec::new();
    let sale = till.begin("sale", &good).await;
    let id = crate::support::parse(&sale.is(201)["id"]);
    told.push(sale);
    told.push(till.capture("capture", id, json!({})).await);
    told.push(till.begin("wrong", &wrong).await);
    told.push(till.begin("again", &wrong).await);
    told.push(till.begin_with("misread", &good.to_digits()[1..], 1).await);
    told.push(till.begin_with("not-json", "\u{1}", 1).await);
    world.bank.will([Wish::Panic]);
    told.push(till.begin("broken", &phone.code(&world, 3)).await);
    told.push(till.ask(Method::GET, &format!("/v1/{}", good.to_digits()), None, None).await);
    told.push(world.get(&format!("/v1/payments?idempotency_key={}", till.api_key)).await);
    let confirmations = phone.ask(&world, Method::GET, "/v1/confirmations", None).await.is(200);
    let sealed = confirmations["confirmations"][0]["sealed"].as_str().unwrap().to_owned();
    eventually("the bank knows", || async { world.bank.asked().len() >= 2 }).await;
    let metrics = String::from_utf8(world.get("/metrics").await.body).unwrap();
    let audit = format!("{:?}", world.store.audit(Page::first(1_000)).await.unwrap());
    world.end().await;

    let hex = data_encoding::HEXLOWER.encode(good.as_bytes());
    let middle = |text: &str| text[text.len() / 2..].chars().take(40).collect::<String>();
    let mut secrets = vec![
        ("a code's digits", middle(&good.to_digits())),
        ("a code's bytes", middle(&hex)),
        ("a wrong code's digits", middle(&wrong.to_digits())),
        ("the operator's key", OPERATOR_KEY.to_owned()),
        ("a till's key", till.api_key.clone()),
        ("an activation code", activation_code.clone()),
        ("an activation code", activation_code.replace('-', "")),
        ("the pass phrase", PASSPHRASE.to_owned()),
        ("the PIN", RIGHT_PIN.to_owned()),
        ("the wrong PIN", WRONG_PIN.to_owned()),
        ("a proof", "proof CHF".to_owned()),
        ("a wrong proof", "proof of somebody else".to_owned()),
        ("an account", ACCOUNT_REF.to_owned()),
        ("an account's label", "CH.. 42".to_owned()),
        ("an activation request", middle(&request)),
        ("a confirmation", middle(&sealed)),
    ];
    let text = log.text();
    for line in ["request refused", "request failed", "shutting down"] {
        assert!(text.contains(line), "`{line}` is logged");
    }
    let all = Secrets(secrets.clone());
    all.assert_not_in("the log", &text);
    all.assert_not_in("the metrics", &metrics);
    all.assert_not_in("the audit trail", &audit);
    // A till's path and query are its own words, and are told to nobody else.
    secrets.extend([("the customer", "Ada".to_owned()), ("the phone", phone.enrolment.to_string())]);
    let secrets = Secrets(secrets);
    for (place, answer) in told.iter().enumerate() {
        secrets.assert_not_in(&format!("answer {place}"), &String::from_utf8_lossy(&answer.body));
    }
    let id = crate::support::parse::<model::PaymentId>(&json!(id)).to_string();
    for secret in [id, phone.enrolment.to_string(), "mer_".to_owned(), "cus_".to_owned(), "chk_".to_owned()] {
        assert!(!metrics.contains(&secret), "{secret} in the metrics");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_count_what_happened() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    till.authorised("sale", &phone.code(&world, 1)).await;
    till.begin("wrong", &phone.wrong_pin_code(&world, 2)).await.is_declined("enter_again");
    till.begin_with("misread", "123", 1).await.is_problem(422, "code-misread");
    world.get("/nowhere").await.is_problem(404, "no-such-route");
    let patch = world.request(Method::PATCH, "/v1/payments").body(Vec::new()).unwrap();
    world.send(patch).await.is_problem(405, "method-not-allowed");
    let answer = world.get("/metrics").await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let metrics = String::from_utf8(answer.body).unwrap();
    for line in [
        r#"batzen_requests_total{route="/v1/payments",status="201"} 1"#,
        r#"batzen_requests_total{route="/v1/payments",status="402"} 1"#,
        r#"batzen_requests_total{route="/v1/payments",status="422"} 1"#,
        r#"batzen_requests_total{route="/v1/payments",status="405"} 1"#,
        r#"batzen_requests_total{route="none",status="404"} 1"#,
        r#"batzen_verdicts_total{verdict="ok"} 1"#,
        r#"batzen_verdicts_total{verdict="wrong_pin"} 1"#,
        r#"batzen_verdicts_total{verdict="wrong_length"} 1"#,
        r#"batzen_payments_total{state="authorised"} 1"#,
        r#"batzen_payments_total{state="declined"} 1"#,
        r#"batzen_request_seconds_count{route="/v1/payments"} 4"#,
        "batzen_listeners 0",
        "batzen_work_failures 0",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line} is not in\n{metrics}");
    }
    world.end().await;
}
