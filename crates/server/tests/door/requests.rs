//! Idempotency: a till may send again whatever it is not sure of, and may give up what it no longer wants.

use crate::support::{Asked, Wish, World, eventually, parse};
use futures_util::future::join_all;
use http::Method;
use model::DeclineReason;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Semaphore;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_gets_the_same_bytes_and_acts_once() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let code = phone.code(&world, 1);
    let first = till.begin("sale", &code).await;
    let id = parse(&first.is(201)["id"]);
    let captured = till.capture("capture", id, json!({})).await;
    captured.is(201);
    // The payment has moved on; the answer to its beginning has not.
    world.clock.advance_s(3_600);
    for _ in 0..3 {
        let again = till.begin("sale", &code).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        let again = till.capture("capture", id, json!({})).await;
        assert_eq!((again.status, &again.body), (201, &captured.body));
    }
    assert_eq!(till.status_of("sale").await.body, first.body);
    let declined = till.begin("used", &code).await;
    declined.is_declined("enter_again");
    let again = till.begin("used", &code).await;
    assert_eq!(again.body, declined.body);
    assert_eq!(again.headers["content-type"], "application/problem+json");
    assert_eq!(till.status_of("used").await.body, declined.body);
    eventually("the bank knows", || async { world.bank.asked().len() == 2 }).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request_of_one_checkout() {
    let world = World::new().await;
    let (till, other, phone) =
        (world.till(&[7, 8]).await, world.till(&[9]).await, world.paying_phone().await);
    let code = phone.code(&world, 1);
    let id = till.authorised("key", &code).await;
    let reused = |answer: crate::support::Answer| answer.is_problem(422, "idempotency-key-reused");
    reused(till.begin_with("key", &code.to_digits(), 1_251).await);
    reused(till.begin("key", &phone.code(&world, 2)).await);
    let asked = json!({"code": code.to_digits(), "amount_minor": 1250, "currency": "CHF", "terminal": model::TerminalNumber::new(8)});
    reused(till.ask(Method::POST, "/v1/payments", Some("key"), Some(asked)).await);
    reused(till.capture("key", id, json!({})).await);
    reused(till.void("key", id).await);
    till.capture("capture", id, json!({"amount_minor": 100, "is_final": false})).await.is(201);
    reused(till.capture("capture", id, json!({"amount_minor": 101, "is_final": false})).await);
    reused(till.capture("capture", id, json!({"amount_minor": 100})).await);
    reused(till.refund("capture", id, json!({"amount_minor": 100})).await);
    // The code of the refused request was not looked at, and another checkout's keys are its own.
    other.begin("key", &phone.code(&world, 2)).await.is(201);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_repeats_of_one_request_are_one_payment() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    for counter in 1..=20 {
        let code = phone.code(&world, counter);
        let key = format!("sale-{counter}");
        let answers = join_all((0..8).map(|_| till.begin(&key, &code))).await;
        for answer in &answers {
            assert!([201, 202].contains(&answer.status), "{}", answer.json());
            assert_eq!(answer.json()["id"], answers[0].json()["id"]);
        }
        let id = parse(&answers[0].json()["id"]);
        let answers = join_all((0..8).map(|_| till.capture("same-key", id, json!({"amount_minor": 1}))));
        for answer in answers.await {
            // One key, so only the first payment is captured with it.
            if counter == 1 {
                answer.is(201);
            } else {
                answer.is_problem(422, "idempotency-key-reused");
            }
        }
    }
    let authorised = world.bank.asked().iter().filter(|asked| matches!(asked, Asked::Authorise(..))).count();
    assert_eq!(authorised, 20);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_looked_up_by_its_key() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    till.status_of("never").await.is_problem(404, "not-found");
    let gate = Arc::new(Semaphore::new(0));
    world.bank.will([Wish::Wait(gate.clone())]);
    let code = phone.code(&world, 1);
    let (answer, ()) = tokio::join!(till.begin("sale", &code), async {
        eventually("the bank is asked", || async { !world.bank.asked().is_empty() }).await;
        assert_eq!(till.status_of("sale").await.is(202)["state"], "received");
        assert_eq!(till.begin("sale", &code).await.is(202)["state"], "received");
        gate.add_permits(1);
    });
    assert_eq!(till.status_of("sale").await.body, answer.body);
    assert_eq!(answer.is(201)["state"], "authorised");
    world.bank.will([Wish::Refuse(DeclineReason::InsufficientFunds)]);
    till.begin("poor", &phone.code(&world, 2)).await.is_declined("other_method");
    till.status_of("poor").await.is_declined("other_method");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_overtakes_its_request_wins() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let code = phone.code(&world, 1);
    let cancelled = till.cancel("sale").await.is(200);
    assert_eq!(cancelled, json!({"was_received": false, "payment": null}));
    assert_eq!(till.cancel("sale").await.is(200), cancelled);
    till.begin("sale", &code).await.is_problem(409, "request-cancelled");
    till.status_of("sale").await.is_problem(409, "request-cancelled");
    assert_eq!(world.bank.asked(), []);
    // The code was not looked at: the customer may show it again.
    till.authorised("anew", &code).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_of_what_was_received_gives_it_back() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let id = till.authorised("held", &phone.code(&world, 1)).await;
    let cancelled = till.cancel("held").await.is(200);
    assert_eq!(
        (&cancelled["was_received"], &cancelled["payment"]["state"]),
        (&json!(true), &json!("voided"))
    );
    till.capture("c", id, json!({})).await.is_problem(409, "wrong-state");
    eventually("the bank lets go", || async { world.bank.asked().contains(&Asked::Release(id)) }).await;

    let gate = Arc::new(Semaphore::new(0));
    world.bank.will([Wish::Wait(gate.clone())]);
    let code = phone.code(&world, 2);
    let (answer, id) = tokio::join!(till.begin("under-way", &code), async {
        eventually("the bank is asked", || async { world.bank.asked().len() == 3 }).await;
        let cancelled = till.cancel("under-way").await.is(200);
        assert_eq!(
            (&cancelled["was_received"], &cancelled["payment"]["state"]),
            (&json!(true), &json!("reversing"))
        );
        gate.add_permits(1);
        parse(&cancelled["payment"]["id"])
    });
    answer.is_declined("enter_again");
    eventually("it is taken back", || async { till.state(id).await == "reversed" }).await;
    let declined = till.begin("poor", &phone.wrong_pin_code(&world, 3)).await;
    declined.is_declined("enter_again");
    assert_eq!(till.cancel("poor").await.is(200)["payment"]["state"], "declined");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_and_requests_that_race_end_in_one_of_two_ways() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    for counter in 1..=50 {
        let (code, key) = (phone.code(&world, counter), format!("sale-{counter}"));
        let (begun, cancelled) = tokio::join!(till.begin(&key, &code), till.cancel(&key));
        let cancelled = cancelled.is(200);
        if cancelled["was_received"] == true {
            let id = parse(&cancelled["payment"]["id"]);
            eventually("nothing stays held", || async {
                ["voided", "reversed"].contains(&till.state(id).await.as_str())
            })
            .await;
        } else {
            begun.is_problem(409, "request-cancelled");
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_hangs_up_finds_its_payment_later() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    world.bank.will([Wish::Wait(Arc::new(Semaphore::new(0)))]);
    let code = phone.code(&world, 1);
    let under_way = tokio::spawn({
        let (till, code) = (till.clone(), code.clone());
        async move { till.begin("sale", &code).await }
    });
    eventually("the bank is asked", || async { !world.bank.asked().is_empty() }).await;
    under_way.abort();
    assert!(under_way.await.unwrap_err().is_cancelled());
    assert_eq!(till.begin("sale", &code).await.is(202)["state"], "received");
    world.clock.advance_s(7);
    eventually("it is known", || async { till.status_of("sale").await.status == 201 }).await;
    let id = parse(&till.begin("sale", &code).await.is(201)["id"]);
    till.capture("capture", id, json!({})).await.is(201);
    world.end().await;
}
