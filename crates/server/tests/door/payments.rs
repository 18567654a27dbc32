//! What tills do once a payment is authorised, and what the server does by itself.

use crate::support::{Asked, Wish, World, eventually};
use http::Method;
use model::DeclineReason;
use payments::Terms;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_captured_refunded_and_told_to_the_bank() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let id = till.authorised("sale", &phone.code(&world, 1)).await;
    let captured = till.capture("capture", id, json!({})).await.is(201);
    assert_eq!(
        (&captured["amount_minor"], &captured["payment"]["state"]),
        (&json!(1250), &json!("captured"))
    );
    let refunded = till.refund("refund", id, json!({"amount_minor": 250})).await.is(201);
    assert_eq!(refunded["payment"]["refunded_minor"], 250);
    till.refund("more", id, json!({"amount_minor": 1_001})).await.is_problem(422, "amount-exceeded");
    till.refund("rest", id, json!({})).await.is(201);
    till.refund("none", id, json!({})).await.is_problem(422, "amount-refused");
    eventually("the bank knows", || async { world.bank.asked().len() == 4 }).await;
    let asked = world.bank.asked();
    assert!(matches!(asked[0], Asked::Authorise(of, amount) if of == id && amount.amount_minor == 1_250));
    assert_eq!(asked[1..], [Asked::Capture(id, 1_250), Asked::Refund(id, 250), Asked::Refund(id, 1_000)]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_captured_until_the_hold_is_used_up() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let id = till.authorised("sale", &phone.code(&world, 1)).await;
    let part = till.capture("1", id, json!({"amount_minor": 500, "is_final": false})).await.is(201);
    assert_eq!(part["payment"]["state"], "partly_captured");
    let too_much = json!({"amount_minor": 751, "is_final": false});
    till.capture("2", id, too_much).await.is_problem(422, "amount-exceeded");
    till.capture("3", id, json!({"amount_minor": 0})).await.is_problem(422, "amount-refused");
    till.capture("4", id, json!({"amount_minor": -1})).await.is_problem(422, "amount-refused");
    let last = till.capture("5", id, json!({"amount_minor": 700})).await.is(201);
    assert_eq!(
        (&last["payment"]["state"], &last["payment"]["captured_minor"]),
        (&json!("captured"), &json!(1200))
    );
    till.capture("6", id, json!({"amount_minor": 1})).await.is_problem(409, "wrong-state");
    till.void("7", id).await.is_problem(409, "wrong-state");
    eventually("the bank knows", || async { world.bank.asked().contains(&Asked::Release(id)) }).await;
    // What was refused stays refused: its key asks for nothing any more, another one does.
    till.refund("7", id, json!({"amount_minor": 1})).await.is_problem(409, "request-cancelled");
    till.refund("8", id, json!({"amount_minor": 1})).await.is(201);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_gives_everything_back_and_ends_the_payment() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let id = till.authorised("sale", &phone.code(&world, 1)).await;
    let voided = till.void("void", id).await;
    assert_eq!(voided.is(200)["state"], "voided");
    assert_eq!(till.void("void", id).await.body, voided.body, "the same request, the same bytes");
    till.void("again", id).await.is_problem(409, "wrong-state");
    till.capture("late", id, json!({})).await.is_problem(409, "wrong-state");
    till.refund("nothing", id, json!({})).await.is_problem(409, "wrong-state");
    eventually("the bank knows", || async { world.bank.asked().contains(&Asked::Release(id)) }).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_captured_in_time_is_given_back() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let id = till.authorised("sale", &phone.code(&world, 1)).await;
    world.clock.advance_s(Terms::default().capture_window_s + 1);
    let late = till.capture("late", id, json!({})).await;
    assert!(["too-late", "wrong-state"].contains(&late.problem().as_str()));
    eventually("it expires", || async { till.state(id).await == "expired" }).await;
    eventually("the bank knows", || async { world.bank.asked().contains(&Asked::Release(id)) }).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_merchants_payment_is_not_there() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let id = till.authorised("sale", &phone.code(&world, 1)).await;
    let stranger = world.till(&[9]).await;
    stranger.show(id).await.is_problem(404, "not-found");
    stranger.capture("c", id, json!({})).await.is_problem(404, "not-found");
    stranger.void("v", id).await.is_problem(404, "not-found");
    stranger.refund("r", id, json!({})).await.is_problem(404, "not-found");
    stranger.status_of("sale").await.is_problem(404, "not-found");
    let listed = stranger.ask(Method::GET, "/v1/payments", None, None).await.is(200);
    assert_eq!(listed, json!({"payments": [], "next_after": null}));
    let unknown = stranger.show(model::PaymentId::from_u128(1)).await;
    assert_eq!(unknown.body, stranger.show(id).await.body, "nobody can tell whether it exists elsewhere");
    assert_eq!(till.state(id).await, "authorised");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_read_a_page_at_a_time_latest_first() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let mut ids = Vec::new();
    for counter in 1..=5 {
        ids.push(till.authorised(&format!("sale-{counter}"), &phone.code(&world, counter)).await.to_string());
        world.clock.advance_s(1);
    }
    ids.reverse();
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = till.ask(Method::GET, &format!("/v1/payments?limit=2{after}"), None, None).await.is(200);
        let rows = page["payments"].as_array().unwrap();
        assert!(rows.len() <= 2);
        seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_after"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ids);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_refuses_is_declined_with_a_neutral_word() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    world.bank.will([Wish::Refuse(DeclineReason::InsufficientFunds)]);
    let poor = till.begin("poor", &phone.code(&world, 1)).await;
    poor.is_declined("other_method");
    world.bank.will([Wish::Refuse(DeclineReason::AccountUnusable)]);
    let closed = till.begin("closed", &phone.code(&world, 2)).await;
    closed.is_declined("other_method");
    let told = |answer: &crate::support::Answer| {
        let mut problem = answer.json();
        problem["payment"]["id"].take();
        problem
    };
    assert_eq!(told(&poor), told(&closed), "why is none of the till's business");
    let causes: Vec<_> =
        phone.confirmations(&world, 0).await.iter().map(|told| told.cause.name().unwrap()).collect();
    assert_eq!(causes, ["insufficient_funds", "account_unusable"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_bank_leaves_the_payment_unknown_until_it_speaks() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    world.bank.will([Wish::Silent]);
    let code = phone.code(&world, 1);
    let under_way = till.begin("sale", &code).await.is(202);
    assert_eq!(under_way["state"], "unknown");
    let id = crate::support::parse(&under_way["id"]);
    assert_eq!(till.begin("sale", &code).await.is(202)["state"], "unknown");
    assert_eq!(till.status_of("sale").await.is(202)["state"], "unknown");
    till.capture("too-early", id, json!({})).await.is_problem(409, "wrong-state");
    world.clock.advance_s(7);
    eventually("it is known", || async { till.state(id).await == "authorised" }).await;
    assert_eq!(till.status_of("sale").await.is(201)["state"], "authorised");
    till.capture("now", id, json!({})).await.is(201);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_stays_silent_is_told_to_let_go() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    world.bank.will([Wish::Silent]);
    let under_way = till.begin("sale", &phone.code(&world, 1)).await.is(202);
    let id = crate::support::parse(&under_way["id"]);
    world.clock.advance_s(Terms::default().answer_within_s + 1);
    // The worker may ask once more before it gives up; whatever it hears then, the money goes back or is held.
    eventually("it ends", || async { till.state(id).await != "unknown" }).await;
    let state = till.state(id).await;
    if state == "authorised" {
        till.void("void", id).await.is(200);
    } else {
        till.status_of("sale").await.is_declined("enter_again");
    }
    eventually("the bank lets go", || async { world.bank.asked().contains(&Asked::Release(id)) }).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_adapter_kills_neither_the_server_nor_its_worker() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    world.bank.will([Wish::Panic, Wish::Panic]);
    let code = phone.code(&world, 1);
    till.begin("sale", &code).await.is_problem(500, "internal");
    let under_way = till.begin("sale", &code).await.is(202);
    let id = crate::support::parse(&under_way["id"]);
    // The worker meets the second panic, and tries again all the same.
    world.clock.advance_s(7);
    eventually("it is known", || async { till.state(id).await == "authorised" }).await;
    assert_eq!(world.bank.asked().len(), 3);
    till.void("void", id).await.is(200);
    world.end().await;
}
