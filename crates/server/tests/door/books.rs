//! What operators do to the books: terms, tasks, disputes.

use crate::support::{Answer, Till, Wish, World, eventually};
use http::Method;
use model::{DeclineReason, MerchantId, PaymentId};
use serde_json::{Value, json};

/// A payment of 12.50 that was captured and that the bank knows of.
async fn paid(world: &World, till: &Till, counter: u32) -> PaymentId {
    let phone = world.paying_phone().await;
    let id = till.authorised(&format!("sale-{counter}"), &phone.code(world, 1)).await;
    till.capture(&format!("capture-{counter}"), id, json!({})).await.is(201);
    id
}

async fn post(world: &World, path: &str, body: Value) -> Answer {
    world.operator(Method::POST, path, Some(body)).await
}

async fn posted_minor(world: &World, account: &str) -> i64 {
    let page = world.operator(Method::GET, "/v1/admin/balances", None).await.is(200);
    let all = page["balances"].as_array().unwrap();
    let found = all.iter().find(|balance| balance["account"].as_str().unwrap().starts_with(account));
    found.map_or(0, |balance| balance["posted_minor"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_pays_what_was_agreed_when_the_payment_was_received() {
    let world = World::new().await;
    let merchant = world.merchant("Bakery").await;
    let till = world.till_of(merchant, &[7]).await;
    let path = format!("/v1/admin/merchants/{merchant}/terms");
    let terms = |bp: u32| {
        json!({"terms": [{"provider": "bank", "currency": "CHF", "fee_fixed_minor": 10,
            "fee_basis_points": bp, "incentive_basis_points": 100}]})
    };
    world.operator(Method::PUT, &path, Some(terms(200))).await.is(200);
    let id = paid(&world, &till, 1).await;
    let sums = (posted_minor(&world, "fees").await, posted_minor(&world, "incentives").await);
    assert_eq!(sums, (-35, -12));
    assert_eq!(posted_minor(&world, "merchant").await, -1_250 + 35 + 12);

    world.operator(Method::PUT, &path, Some(json!({"terms": []}))).await.is(200);
    till.refund("refund", id, json!({})).await.is(201);
    assert_eq!(posted_minor(&world, "incentives").await, 0, "its own terms hold until its end");
    paid(&world, &till, 2).await;
    assert_eq!(posted_minor(&world, "fees").await, -35, "the next one is free");
    assert!(world.audit_actions().await.iter().any(|action| action == "merchant.terms_set"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_that_make_no_sense_are_refused() {
    let world = World::new().await;
    let merchant = world.merchant("Bakery").await;
    let one = json!({"provider": "bank", "currency": "CHF"});
    let put = |id: MerchantId, terms: Value| {
        let path = format!("/v1/admin/merchants/{id}/terms");
        let world = &world;
        async move { world.operator(Method::PUT, &path, Some(json!({ "terms": terms }))).await }
    };
    put(merchant, json!([one, one])).await.is_problem(400, "malformed-request");
    put(merchant, json!([{"provider": "bank", "currency": "CHF", "fee_basis_points": 10_001}]))
        .await
        .is_problem(400, "malformed-request");
    put(merchant, json!([{"provider": "bank", "currency": "CHF", "fee_fixed_minor": -1}]))
        .await
        .is_problem(400, "malformed-request");
    put(merchant, json!(vec![one.clone(); 65])).await.is_problem(400, "malformed-request");
    put(MerchantId::from_u128(9), json!([one])).await.is_problem(404, "not-found");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_to_a_closed_account_becomes_a_task_that_an_operator_settles() {
    let world = World::new().await;
    let till = world.till(&[7]).await;
    let id = paid(&world, &till, 1).await;
    eventually("the capture is booked", || async { posted_minor(&world, "clearing").await == 1_250 }).await;
    world.bank.will([Wish::Refuse(DeclineReason::AccountUnusable)]);
    till.refund("refund", id, json!({"amount_minor": 250})).await.is(201);
    eventually("the refund is refused", || async { posted_minor(&world, "suspense").await == -250 }).await;

    let page = world.operator(Method::GET, "/v1/admin/tasks", None).await.is(200);
    let task = &page["tasks"][0];
    assert_eq!((&task["booking"], &task["amount_minor"]), (&json!("refund"), &json!(250)));
    let path = format!("/v1/admin/tasks/{}/settlement", task["id"].as_str().unwrap());
    post(&world, &path, json!({"with": "nobody"})).await.is_problem(400, "malformed-request");
    post(&world, &path, json!({"with": "merchant"})).await.is(200);
    assert_eq!(posted_minor(&world, "suspense").await, 0);
    post(&world, &path, json!({"with": "merchant"})).await.is_problem(409, "wrong-state");
    let missing = "/v1/admin/tasks/eff_00000000000000000000000001/settlement";
    post(&world, missing, json!({"with": "merchant"})).await.is_problem(404, "not-found");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_opened_and_decided() {
    let world = World::new().await;
    let till = world.till(&[7]).await;
    let id = paid(&world, &till, 1).await;
    let path = format!("/v1/admin/payments/{id}/dispute");
    post(&world, &path, json!({"amount_minor": 1_251})).await.is_problem(422, "amount-exceeded");
    post(&world, &path, json!({"amount_minor": 0})).await.is_problem(422, "amount-refused");
    post(&world, &format!("{path}/lost"), json!({})).await.is_problem(409, "wrong-state");
    let open = post(&world, &path, json!({"amount_minor": 1_000})).await.is(200);
    assert_eq!((&open["state"], &open["disputed_minor"]), (&json!("disputed"), &json!(1_000)));
    till.refund("refund", id, json!({})).await.is_problem(409, "wrong-state");
    let won = post(&world, &format!("{path}/won"), json!({})).await.is(200);
    assert_eq!((&won["state"], &won["disputed_minor"]), (&json!("captured"), &json!(0)));
    post(&world, &path, json!({})).await.is(200);
    let lost = post(&world, &format!("{path}/lost"), json!({})).await.is(200);
    assert_eq!((&lost["state"], &lost["charged_back_minor"]), (&json!("charged_back"), &json!(1_250)));
    till.refund("again", id, json!({})).await.is_problem(409, "wrong-state");
    let actions = world.audit_actions().await;
    for action in ["payment.disputed", "payment.dispute_won", "payment.charged_back"] {
        assert!(actions.iter().any(|done| done == action), "{action}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_another_currency_than_the_account_s_is_declined() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let asked = json!({
        "code": phone.code(&world, 1).to_digits(), "amount_minor": 1_250, "currency": "EUR",
        "terminal": till.terminal,
    });
    let declined = till.ask(Method::POST, "/v1/payments", Some("sale"), Some(asked)).await;
    declined.is_problem(402, "payment-declined");
    assert!(world.bank.asked().is_empty());
    world.end().await;
}
