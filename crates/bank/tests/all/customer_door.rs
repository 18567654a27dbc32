//! The customers' door: login and its lock, proofs and links, statements.

use crate::common::{self, CUSTOMER, PARTNER, PASSWORD, Running, start, start_with};
use http::Method;
use model::Currency;
use serde_json::{Value, json};

async fn log_in(bank: &Running, number: &str, password: &str) -> common::Answer {
    let body = json!({"customer_number": number, "password": password});
    bank.customer(Method::POST, "/v1/login", "", body).await
}

#[tokio::test]
async fn five_wrong_passwords_lock_for_fifteen_minutes() {
    let bank = start().await;
    for _ in 0..4 {
        log_in(&bank, CUSTOMER, "wrong horse").await.is_problem(401, "login-refused");
    }
    // A right one in between clears the count.
    log_in(&bank, CUSTOMER, PASSWORD).await.is(200);
    for _ in 0..5 {
        log_in(&bank, CUSTOMER, "wrong horse").await.is_problem(401, "login-refused");
    }
    log_in(&bank, CUSTOMER, PASSWORD).await.is_problem(401, "login-refused");
    bank.advance_s(15 * 60 - 1);
    log_in(&bank, CUSTOMER, PASSWORD).await.is_problem(401, "login-refused");
    bank.advance_s(1);
    log_in(&bank, CUSTOMER, PASSWORD).await.is(200);
}

#[tokio::test]
async fn strangers_and_wrong_passwords_look_the_same() {
    let bank = start().await;
    let stranger = log_in(&bank, "999999", PASSWORD).await;
    let wrong = log_in(&bank, CUSTOMER, "wrong horse").await;
    assert_eq!(stranger.is(401), wrong.is(401));
    log_in(&bank, CUSTOMER, &"x".repeat(257)).await.is_problem(400, "invalid-request");
}

#[tokio::test]
async fn logins_from_one_address_are_limited() {
    let bank = start_with(|config| config.logins_per_minute = 2).await;
    log_in(&bank, "111111", "x").await.is(401);
    log_in(&bank, "222222", "x").await.is(401);
    log_in(&bank, CUSTOMER, PASSWORD).await.is_problem(429, "too-many-requests");
    bank.advance_s(60);
    log_in(&bank, CUSTOMER, PASSWORD).await.is(200);
}

#[tokio::test]
async fn a_session_ends_after_ten_minutes() {
    let bank = start().await;
    let session = bank.login().await;
    bank.customer(Method::GET, "/v1/accounts", &session, Value::Null).await.is(200);
    bank.customer(Method::GET, "/v1/accounts", "made-up", Value::Null).await.is_problem(401, "session-ended");
    bank.customer(Method::GET, "/v1/accounts", "", Value::Null).await.is_problem(401, "session-ended");
    bank.advance_s(600);
    bank.customer(Method::GET, "/v1/accounts", &session, Value::Null).await.is_problem(401, "session-ended");
}

#[tokio::test]
async fn a_proof_links_once_for_its_link_and_partner_and_time() {
    let bank = start().await;
    let link = |id: &str, proof: &str| json!({"link_id": id, "proof": proof});
    let proof = bank.proof("l1").await;
    bank.post("/v1/links", link("l2", &proof)).await.is_problem(422, "proof-refused");
    bank.post("/v1/links", link("l1", "made-up")).await.is_problem(422, "proof-refused");
    let linked = bank.post("/v1/links", link("l1", &proof)).await;
    assert_eq!(linked.is(201)["holder_initials"], "A. B.");
    assert!(linked.body["iban_masked"].as_str().unwrap().starts_with("CH"));
    // The same request again gets the same answer, also when the proof's time is over and it is forgotten.
    bank.advance_s(3600);
    bank.bank.expire_due().await.unwrap();
    assert_eq!(bank.post("/v1/links", link("l1", &proof)).await.is(201), &linked.body);
    bank.post("/v1/links", link("l1", "another")).await.is_problem(409, "idempotency-mismatch");

    let late = bank.proof("l3").await;
    bank.advance_s(600);
    bank.post("/v1/links", link("l3", &late)).await.is_problem(422, "proof-refused");
}

#[tokio::test]
async fn proofs_are_for_one_s_own_usable_accounts_and_known_partners() {
    let bank = start().await;
    let session = bank.login().await;
    let ask = |account: u64, partner: &str| {
        let body = json!({"link_id": "l1", "account_id": account, "partner": partner});
        bank.customer(Method::POST, "/v1/proofs", &session, body)
    };
    ask(99, PARTNER).await.is_problem(404, "unknown-account");
    ask(bank.account.0, "nobody").await.is_problem(403, "partner-unknown");
    bank.bank.set_account_status(bank.account, bank_api::AccountStatus::Blocked).await.unwrap();
    ask(bank.account.0, PARTNER).await.is_problem(402, "account-unusable");
}

#[tokio::test]
async fn customers_see_and_end_their_links() {
    let bank = start().await;
    let account = bank.linked().await;
    let session = bank.login().await;
    let links = bank.customer(Method::GET, "/v1/links", &session, Value::Null).await;
    assert_eq!(links.is(200)["links"][0]["partner"], PARTNER);
    assert_eq!(links.body["links"][0]["account_ref"], account);
    let path = format!("/v1/links/{account}");
    bank.customer(Method::DELETE, &path, &session, Value::Null).await.is(204);
    let links = bank.customer(Method::GET, "/v1/links", &session, Value::Null).await;
    assert_eq!(links.is(200)["links"], json!([]));
    bank.post("/v1/holds", bank.hold("h", &account, 1)).await.is_problem(402, "account-unusable");
    let made_up = bank.customer(Method::DELETE, "/v1/links/acr_x", &session, Value::Null).await;
    made_up.is_problem(404, "unknown-link");
}

#[tokio::test]
async fn statements_page_backwards_and_show_open_holds_first() {
    let bank = start().await;
    let account = bank.linked().await;
    bank.post("/v1/holds", bank.hold("h1", &account, 50_00)).await.is(201);
    for (id, amount) in [("c1", 1_00), ("c2", 2_00), ("c3", 3_00)] {
        bank.post("/v1/holds/h1/captures", json!({"capture_id": id, "amount_minor": amount})).await.is(201);
    }
    let session = bank.login().await;
    let path = format!("/v1/accounts/{}/statement", bank.account);
    let first = bank.customer(Method::GET, &format!("{path}?limit=3"), &session, Value::Null).await;
    let amounts = |page: &Value| {
        let entries = page["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["amount_minor"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(amounts(first.is(200)), [-3_00, -2_00, -1_00]);
    assert_eq!(first.body["entries"][0]["balance_after_minor"], 94_00);
    assert_eq!(first.body["entries"][0]["text"], "Corner shop");
    assert_eq!(first.body["open_holds"][0]["open_minor"], 44_00);
    let next = format!("{path}?before={}", first.body["next_before"]);
    let second = bank.customer(Method::GET, &next, &session, Value::Null).await;
    assert_eq!(amounts(second.is(200)), [10_000]);
    assert_eq!((&second.body["open_holds"], second.body.get("next_before")), (&json!([]), None));
    let wrong = bank.customer(Method::GET, &format!("{path}?limit=x"), &session, Value::Null).await;
    wrong.is_problem(400, "invalid-request");
    let foreign = bank.customer(Method::GET, "/v1/accounts/77/statement", &session, Value::Null).await;
    foreign.is_problem(404, "unknown-account");
}

#[tokio::test]
async fn seeding_twice_changes_nothing() {
    let bank = start().await;
    assert_eq!(common::seed(&bank.bank).await, bank.account);
    assert_eq!(bank.balance().await, (10_000, 0));
    assert!(bank.bank.seed_account(common::new_account("Private", Currency::EUR)).await.is_err());
    assert!(bank.bank.seed_account(common::new_account("Dollars", "USD".parse().unwrap())).await.is_err());
    bank.is_clean();
}

#[tokio::test]
async fn both_doors_say_that_they_are_well() {
    let bank = start().await;
    bank.customer(Method::GET, "/healthz", "", Value::Null).await.is(200);
    bank.customer(Method::GET, "/readyz", "", Value::Null).await.is(200);
    bank.partner(Method::GET, "/readyz", Value::Null).await.is(200);
}
