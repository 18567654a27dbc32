//! The partners' door, over HTTPS with mutual TLS: holds, captures, releases, refunds, and who is let in.

use crate::common::{self, PARTNER, Pki, call, start, start_with};
use bank_api::AccountStatus;
use crypto::SystemRandom;
use crypto::p256::SigningKey;
use crypto::x509::Profile;
use http::Method;
use https::{Client, HttpsError, Identity};
use model::Currency;
use serde_json::{Value, json};

#[tokio::test]
async fn a_hold_is_captured_in_parts_released_and_partly_refunded() {
    let bank = start().await;
    let account = bank.linked().await;
    let placed = bank.post("/v1/holds", bank.hold("h1", &account, 50_00)).await;
    assert_eq!(placed.is(201)["expires_at_ms"], bank.now_ms() + 3_600_000);
    assert_eq!(bank.balance().await, (10_000, 50_00));

    let first = bank.post("/v1/holds/h1/captures", json!({"capture_id": "c1", "amount_minor": 20_00})).await;
    assert_eq!(*first.is(201), json!({"capture_id": "c1", "captured_minor": 20_00, "open_minor": 30_00}));
    let second = bank.post("/v1/holds/h1/captures", json!({"capture_id": "c2", "amount_minor": 10_00})).await;
    assert_eq!(second.is(201)["open_minor"], 20_00);
    let released = bank.post("/v1/holds/h1/release", json!({})).await;
    assert_eq!(*released.is(200), json!({"hold_id": "h1", "state": "released", "released_minor": 20_00}));
    assert_eq!(bank.balance().await, (70_00, 0));

    let refund = bank.post("/v1/holds/h1/refunds", json!({"refund_id": "r1", "amount_minor": 5_00})).await;
    assert_eq!(*refund.is(201), json!({"refund_id": "r1", "refunded_minor": 5_00}));
    let more = bank.post("/v1/holds/h1/refunds", json!({"refund_id": "r2", "amount_minor": 25_01})).await;
    more.is_problem(409, "refund-exceeds-captures");

    let status = bank.partner(Method::GET, "/v1/holds/h1", Value::Null).await;
    let figures = &status.is(200)["figures"];
    assert_eq!(status.body["state"], "released");
    assert_eq!((&figures["captured_minor"], &figures["refunded_minor"]), (&json!(30_00), &json!(5_00)));
    assert_eq!(bank.balance().await, (75_00, 0));
    bank.is_clean();
}

#[tokio::test]
async fn the_same_id_acts_once_and_other_content_is_refused() {
    let bank = start().await;
    let account = bank.linked().await;
    let hold = bank.hold("h1", &account, 30_00);
    let first = bank.post("/v1/holds", hold.clone()).await;
    // Asked again much later, the answer is the first one: the statement's age counts once.
    bank.advance_s(600);
    let again = bank.post("/v1/holds", hold).await;
    assert_eq!(first.is(201), again.is(201));
    bank.post("/v1/holds", bank.hold("h1", &account, 30_01)).await.is_problem(409, "idempotency-mismatch");

    let capture = json!({"capture_id": "c1", "amount_minor": 30_00});
    let first = bank.post("/v1/holds/h1/captures", capture.clone()).await;
    assert_eq!(first.is(201), bank.post("/v1/holds/h1/captures", capture).await.is(201));
    let other = bank.post("/v1/holds/h1/captures", json!({"capture_id": "c1", "amount_minor": 1})).await;
    other.is_problem(409, "idempotency-mismatch");

    let refund = json!({"refund_id": "r1", "amount_minor": 10_00});
    let first = bank.post("/v1/holds/h1/refunds", refund.clone()).await;
    assert_eq!(first.is(201), bank.post("/v1/holds/h1/refunds", refund).await.is(201));
    assert_eq!(bank.balance().await, (80_00, 0));

    let released = bank.post("/v1/holds/h1/release", json!({})).await;
    assert_eq!(released.is(200)["state"], "captured");
    bank.is_clean();
}

#[tokio::test]
async fn the_same_hold_from_many_sides_at_once_holds_once() {
    let bank = start().await;
    let account = bank.linked().await;
    let hold = bank.hold("h1", &account, 10_00);
    let tries = (0..16).map(|_| bank.post("/v1/holds", hold.clone()));
    let answers = futures_of(tries).await;
    assert!(answers.iter().all(|answer| answer.is(201) == &answers[0].body));
    assert_eq!(bank.balance().await, (10_000, 10_00));
    bank.is_clean();
}

/// Waits for all of them at once.
async fn futures_of<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in waiting.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn solvency_counts_what_is_held_and_the_overdraft() {
    let bank = start().await;
    let account = bank.linked().await;
    bank.post("/v1/holds", bank.hold("h1", &account, 10_000)).await.is(201);
    bank.post("/v1/holds", bank.hold("h2", &account, 20_01)).await.is_problem(402, "insufficient-funds");
    bank.post("/v1/holds", bank.hold("h3", &account, 20_00)).await.is(201);
    // The refusal is kept: when there is money again, the same hold is still refused.
    let same = bank.hold("h4", &account, 1);
    bank.post("/v1/holds", same.clone()).await.is_problem(402, "insufficient-funds");
    bank.post("/v1/holds/h1/release", json!({})).await.is(200);
    bank.post("/v1/holds", same).await.is_problem(402, "insufficient-funds");
    let status = bank.partner(Method::GET, "/v1/holds/h4", Value::Null).await;
    assert_eq!(status.is(200)["refusal"], "urn:batzen-bank:problem:insufficient-funds");
    bank.is_clean();
}

#[tokio::test]
async fn a_release_that_overtakes_its_hold_cancels_it() {
    let bank = start().await;
    let account = bank.linked().await;
    let hold = bank.hold("h1", &account, 10_00);
    bank.partner(Method::GET, "/v1/holds/h1", Value::Null).await.is_problem(404, "unknown-hold");
    let released = bank.post("/v1/holds/h1/release", json!({})).await;
    assert_eq!(*released.is(200), json!({"hold_id": "h1", "state": "cancelled", "released_minor": 0}));
    bank.post("/v1/holds", hold).await.is_problem(409, "hold-cancelled");
    let capture = bank.post("/v1/holds/h1/captures", json!({"capture_id": "c", "amount_minor": 1})).await;
    capture.is_problem(409, "hold-ended");
    assert_eq!(bank.balance().await, (10_000, 0));
    bank.is_clean();
}

#[tokio::test]
async fn captures_stay_within_the_hold_and_nothing_follows_its_end() {
    let bank = start().await;
    let account = bank.linked().await;
    bank.post("/v1/holds", bank.hold("h1", &account, 10_00)).await.is(201);
    let capture = |id: &str, amount: i64| json!({"capture_id": id, "amount_minor": amount});
    bank.post("/v1/holds/h1/captures", capture("c1", 10_01)).await.is_problem(409, "capture-exceeds-hold");
    bank.post("/v1/holds/h1/captures", capture("c2", 9_00)).await.is(201);
    bank.post("/v1/holds/h1/captures", capture("c3", 1_01)).await.is_problem(409, "capture-exceeds-hold");
    bank.post("/v1/holds/h1/release", json!({})).await.is(200);
    bank.post("/v1/holds/h1/captures", capture("c4", 1)).await.is_problem(409, "hold-ended");
    bank.post("/v1/holds/none/captures", capture("c5", 1)).await.is_problem(404, "unknown-hold");
    for amount in [0, -1, i64::MAX] {
        bank.post("/v1/holds/h1/captures", capture("c6", amount)).await.is_problem(400, "invalid-request");
    }
    bank.is_clean();
}

#[tokio::test]
async fn a_hold_that_is_not_captured_in_time_expires() {
    let bank = start().await;
    let account = bank.linked().await;
    bank.post("/v1/holds", bank.hold("h1", &account, 10_00)).await.is(201);
    bank.post("/v1/holds", bank.hold("h2", &account, 20_00)).await.is(201);
    bank.advance_s(3600);
    // Even before the worker comes by, nothing can be captured.
    let capture = bank.post("/v1/holds/h1/captures", json!({"capture_id": "c", "amount_minor": 1})).await;
    capture.is_problem(409, "hold-ended");
    bank.bank.expire_due().await.unwrap();
    let released = bank.post("/v1/holds/h2/release", json!({})).await;
    assert_eq!(*released.is(200), json!({"hold_id": "h2", "state": "expired", "released_minor": 20_00}));
    assert_eq!(bank.balance().await, (10_000, 0));
    bank.is_clean();
}

#[tokio::test]
async fn statements_must_be_the_partner_s_about_this_hold_fresh_and_strong() {
    let bank = start().await;
    let account = bank.linked().await;
    let refused = "authentication-refused";
    let mut forged = bank.hold("h1", &account, 1_00);
    let foreign = bank.hold("h1", &account, 2_00);
    forged["authentication_signature"] = foreign["authentication_signature"].clone();
    bank.post("/v1/holds", forged).await.is_problem(402, refused);

    let wrongs: [(&str, Value); 8] = [
        ("hold_id", json!("another")),
        ("amount_minor", json!(99)),
        ("currency", json!("EUR")),
        ("account_ref", json!("acr_other")),
        ("level", json!("browser")),
        ("level", json!("none at all")),
        ("at_ms", json!(bank.now_ms() - 300_001)),
        ("at_ms", json!(bank.now_ms() + 30_001)),
    ];
    for (number, (field, value)) in wrongs.into_iter().enumerate() {
        let id = format!("wrong-{number}");
        let hold = bank.hold_stating(&id, &account, 1_00, |statement| statement[field] = value);
        bank.post("/v1/holds", hold).await.is_problem(402, refused);
    }
    let strong = bank.hold_stating("h2", &account, 1_00, |statement| {
        statement["level"] = json!("hardware");
        statement["at_ms"] = json!(bank.now_ms() - 299_000);
    });
    bank.post("/v1/holds", strong).await.is(201);
    assert_eq!(bank.balance().await, (10_000, 1_00));
    bank.is_clean();
}

#[tokio::test]
async fn accounts_that_cannot_be_used_are_refused() {
    let bank = start().await;
    let account = bank.linked().await;
    let unusable = "account-unusable";
    bank.post("/v1/holds", bank.hold("h0", "acr_unknown", 1)).await.is_problem(402, unusable);
    let mut euro = bank.hold_stating("h1", &account, 1_00, |statement| statement["currency"] = json!("EUR"));
    euro["currency"] = json!("EUR");
    bank.post("/v1/holds", euro).await.is_problem(402, unusable);

    bank.post("/v1/holds", bank.hold("h2", &account, 10_00)).await.is(201);
    bank.bank.set_account_status(bank.account, AccountStatus::Blocked).await.unwrap();
    bank.post("/v1/holds", bank.hold("h3", &account, 1)).await.is_problem(402, unusable);
    // What was promised before is kept, and money may come back.
    bank.post("/v1/holds/h2/captures", json!({"capture_id": "c", "amount_minor": 10_00})).await.is(201);
    bank.post("/v1/holds/h2/refunds", json!({"refund_id": "r1", "amount_minor": 1_00})).await.is(201);

    bank.bank.set_account_status(bank.account, AccountStatus::Closed).await.unwrap();
    let refund = bank.post("/v1/holds/h2/refunds", json!({"refund_id": "r2", "amount_minor": 1_00})).await;
    refund.is_problem(409, "account-closed");
    bank.is_clean();
}

#[tokio::test]
async fn an_account_with_open_holds_is_not_closed() {
    let bank = start().await;
    let account = bank.linked().await;
    bank.post("/v1/holds", bank.hold("h1", &account, 10_00)).await.is(201);
    assert!(bank.bank.set_account_status(bank.account, AccountStatus::Closed).await.is_err());
}

#[tokio::test]
async fn a_revoked_link_holds_nothing_more() {
    let bank = start().await;
    let account = bank.linked().await;
    bank.post("/v1/holds", bank.hold("h1", &account, 10_00)).await.is(201);
    let path = format!("/v1/links/{account}");
    bank.partner(Method::DELETE, &path, Value::Null).await.is(204);
    bank.partner(Method::DELETE, &path, Value::Null).await.is(204);
    bank.post("/v1/holds", bank.hold("h2", &account, 1)).await.is_problem(402, "account-unusable");
    bank.post("/v1/holds/h1/captures", json!({"capture_id": "c", "amount_minor": 10_00})).await.is(201);
}

#[tokio::test]
async fn bad_input_changes_nothing() {
    let bank = start().await;
    let account = bank.linked().await;
    let good = bank.hold("h1", &account, 1_00);
    for (field, value) in [
        ("hold_id", json!("")),
        ("hold_id", json!("no spaces")),
        ("currency", json!("XYZ")),
        ("amount_minor", json!(1.5)),
        ("amount_minor", json!("100")),
        ("payee", json!("bell\u{7}")),
        ("authentication_signature", json!("AA")),
        ("authentication_statement", json!("not base64url!")),
        ("unknown", json!(1)),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        bank.post("/v1/holds", wrong).await.is_problem(400, "invalid-request");
    }
    let mut large = good.clone();
    large["payee"] = json!("x".repeat(70_000));
    bank.post("/v1/holds", large).await.is_problem(413, "too-large");
    bank.post("/v1/holds/no%20name/release", json!({})).await.is_problem(400, "invalid-request");
    bank.post("/v1/nothing", json!({})).await.is_problem(404, "not-found");
    bank.partner(Method::PUT, "/v1/holds", json!({})).await.is_problem(404, "not-found");
    bank.partner(Method::GET, "/v1/holds/h1", Value::Null).await.is_problem(404, "unknown-hold");
    bank.post("/v1/holds", good).await.is(201);
}

#[tokio::test]
async fn only_certificates_of_known_partners_come_in() {
    let bank = start().await;
    let (root, address) = (bank.pki.roots(), bank.partner_address);
    let ask = |identity: Option<Identity>| {
        let client = Client::new(root.clone(), identity);
        async move { call(&client, address, Method::GET, "/v1/holds/h1", "", &Value::Null).await }
    };
    let shown = |issued: common::Issued| {
        Some(Identity::from_pem(issued.chain.as_bytes(), issued.key.as_bytes()).unwrap())
    };
    let nobody = ask(None).await.unwrap_err();
    assert!(matches!(nobody, HttpsError::Tls { .. } | HttpsError::Broken { .. }), "{nobody}");
    let stranger = ask(shown(Pki::make().issue(PARTNER, Profile::TlsClient))).await.unwrap_err();
    assert!(matches!(stranger, HttpsError::Tls { .. } | HttpsError::Broken { .. }), "{stranger}");
    let unknown = ask(shown(bank.pki.issue("who-is-this", Profile::TlsClient))).await.unwrap();
    unknown.is_problem(403, "partner-unknown");
    let known = ask(shown(bank.pki.issue(PARTNER, Profile::TlsClient))).await.unwrap();
    known.is_problem(404, "unknown-hold");
}

#[tokio::test]
async fn partners_see_only_what_is_theirs() {
    let bank = start().await;
    let account = bank.linked().await;
    bank.post("/v1/holds", bank.hold("h1", &account, 10_00)).await.is(201);
    let issued = bank.pki.issue("other-payments", Profile::TlsClient);
    let identity = Identity::from_pem(issued.chain.as_bytes(), issued.key.as_bytes()).unwrap();
    let other = Client::new(bank.pki.roots(), Some(identity));
    let ask = |method: Method, path: &str, body: Value| {
        let (other, address, path) = (other.clone(), bank.partner_address, path.to_owned());
        async move { call(&other, address, method, &path, "", &body).await.unwrap() }
    };
    ask(Method::GET, "/v1/holds/h1", Value::Null).await.is_problem(404, "unknown-hold");
    ask(Method::DELETE, &format!("/v1/links/{account}"), Value::Null).await.is_problem(404, "unknown-link");
    // Its own hold of the same name, on an account that is linked to somebody else.
    let hold = bank.hold("h1", &account, 5_00);
    ask(Method::POST, "/v1/holds", hold).await.is_problem(402, "account-unusable");
    assert_eq!(bank.balance().await, (10_000, 10_00));
}

#[tokio::test]
async fn wrong_servers_are_told_apart() {
    let expired = |pki: &Pki| pki.issue_for("bank", common::server_profile(), (1_000, 2_000));
    let folder = tempfile::tempdir().unwrap();
    let pki = Pki::make();
    let mut config = common::config(folder.path(), &pki, &SigningKey::make(&mut SystemRandom));
    std::fs::write(folder.path().join("old.pem"), expired(&pki).chain).unwrap();
    std::fs::write(folder.path().join("old.key"), expired(&pki).key).unwrap();
    config.identity.certificate_chain = folder.path().join("old.pem");
    config.identity.private_key = folder.path().join("old.key");
    let told = bank::Doors::open(&config).await.unwrap_err().to_string();
    assert!(told.contains("old.pem") && told.contains("expired"), "{told}");
    config.identity.certificate_chain = folder.path().join("bank.pem");
    let told = bank::Doors::open(&config).await.unwrap_err().to_string();
    assert!(told.contains("do not belong together"), "{told}");
    config.identity.private_key = folder.path().join("missing.key");
    let told = bank::Doors::open(&config).await.unwrap_err().to_string();
    assert!(told.contains("missing.key"), "{told}");

    let bank = start().await;
    let client = Client::new(Pki::make().roots(), None);
    let error =
        call(&client, bank.customer_address, Method::GET, "/healthz", "", &Value::Null).await.unwrap_err();
    assert!(error.to_string().contains("none of our roots") && error.surely_not_sent(), "{error}");

    let taken = bank.partner_address;
    let told = start_error(taken).await;
    assert!(told.contains(&taken.to_string()) && told.contains("in use"), "{told}");
}

async fn start_error(taken: std::net::SocketAddr) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut config = common::config(folder.path(), &Pki::make(), &SigningKey::make(&mut SystemRandom));
    config.partner_listen = taken;
    bank::run(config, std::future::pending()).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_hold_in_euro_is_paid_to_the_partner_s_euro_account() {
    let bank = start_with(|config| config.hold_lifetime_s = 60).await;
    let euro = bank.bank.seed_account(common::new_account("Euro", Currency::EUR)).await.unwrap();
    let session = bank.login().await;
    let body = json!({"link_id": "e", "account_id": euro.0, "partner": PARTNER});
    let proof = bank.customer(Method::POST, "/v1/proofs", &session, body).await;
    let link = bank.post("/v1/links", json!({"link_id": "e", "proof": proof.is(201)["proof"]})).await;
    assert_eq!(link.is(201)["currency"], "EUR");
    let account = link.body["account_ref"].as_str().unwrap();
    let mut hold = bank.hold_stating("h1", account, 7_00, |statement| statement["currency"] = json!("EUR"));
    hold["currency"] = json!("EUR");
    bank.post("/v1/holds", hold).await.is(201);
    bank.post("/v1/holds/h1/captures", json!({"capture_id": "c", "amount_minor": 7_00})).await.is(201);
    bank.is_clean();
}
