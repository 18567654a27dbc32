//! Confirmations on their way to phones: by poll, live, without gaps; and the end of a server with phones and
//! tills at work.

use crate::support::{Setup, Wish, World, eventually, parse};
use http::Method;
use model::{Currency, PaymentId};
use protocol::confirmation::{Confirmation, ConfirmationKind};
use serde_json::json;
use server::ServerLimits;
use std::sync::Arc;
use tokio::sync::Semaphore;

const STREAM: &str = "/v1/confirmations/stream";

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_learns_what_became_of_its_codes() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let id = till.authorised("sale", &phone.code(&world, 1)).await;
    assert_eq!(phone.confirmations(&world, 0).await, [], "a hold is not a payment yet");
    till.capture("c", id, json!({"amount_minor": 1_000})).await.is(201);
    till.refund("r", id, json!({"amount_minor": 400})).await.is(201);
    let voided = till.authorised("voided", &phone.code(&world, 2)).await;
    till.void("v", voided).await.is(200);
    till.begin("wrong", &phone.wrong_pin_code(&world, 3)).await.is_declined("enter_again");
    let told = phone.confirmations(&world, 0).await;
    let facts = |told: &Confirmation| (told.sequence, told.kind, told.counter.0, told.amount_minor);
    let expected = [
        (1, ConfirmationKind::Captured, 1, 1_000),
        (2, ConfirmationKind::Refunded, 1, 400),
        (3, ConfirmationKind::Voided, 2, 1_250),
        (4, ConfirmationKind::Declined, 3, 1_250),
    ];
    assert_eq!(told.iter().map(facts).collect::<Vec<_>>(), expected);
    assert_eq!(told[0].payment, id);
    assert_eq!(told[3].cause.name(), Some("wrong_pin"));
    for one in &told {
        assert_eq!((one.currency, one.terminal), (Some(Currency::CHF), Some(till.terminal)));
        assert_eq!(one.merchant.as_str(), "Bakery");
    }
    assert_eq!(phone.confirmations(&world, 2).await, told[2..], "the phone asks for what it misses");
    assert_eq!(phone.status(&world).await.last_confirmation, 4);
    assert_eq!(world.paying_phone().await.status(&world).await.last_confirmation, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_come_in_pages_and_the_last_sequence_is_right_for_every_length() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    for counter in 1..=105 {
        let late = phone.make(&phone.plan(counter, model::Timestamp::from_s(1_789_999_000)));
        till.begin(&format!("late-{counter}"), &late).await.is_declined("enter_again");
        if counter <= 17 || counter >= 100 {
            assert_eq!(phone.status(&world).await.last_confirmation, counter);
        }
    }
    let page = phone.ask(&world, Method::GET, "/v1/confirmations", None).await.is(200);
    assert_eq!((page["confirmations"].as_array().unwrap().len(), &page["has_more"]), (100, &json!(true)));
    let rest = phone.confirmations(&world, 100).await;
    assert_eq!(rest.iter().map(|told| told.sequence).collect::<Vec<_>>(), [101, 102, 103, 104, 105]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_listens_is_told_at_once_and_misses_nothing() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let stranger = world.paying_phone().await;
    for counter in 1..=3 {
        till.begin(&format!("b-{counter}"), &phone.wrong_pin_code(&world, counter))
            .await
            .is_declined("enter_again");
    }
    let mut stream =
        world.listen(phone.signed(&world, &Method::GET, &format!("{STREAM}?after=1"), None)).await;
    for sequence in [2, 3] {
        let told = phone.open(&stream.next().await.unwrap());
        assert_eq!(
            (told.sequence, told.cause.name()),
            (sequence, ["wrong_pin", "pin_locked"].get(sequence as usize - 2).copied())
        );
    }
    world
        .operator(Method::POST, &format!("/v1/admin/enrolments/{}/unlock", phone.enrolment), None)
        .await
        .is(200);
    // Somebody else's news are none of this phone's.
    let (paying, listening) = tokio::join!(
        async {
            for counter in 4..=23 {
                let id = till.authorised(&format!("s-{counter}"), &phone.code(&world, counter)).await;
                till.capture(&format!("c-{counter}"), id, json!({})).await.is(201);
                let other = till.authorised(&format!("o-{counter}"), &stranger.code(&world, counter)).await;
                till.capture(&format!("d-{counter}"), other, json!({})).await.is(201);
            }
        },
        async {
            let mut told = Vec::new();
            for _ in 4..=23 {
                told.push(phone.open(&stream.next().await.unwrap()));
            }
            told
        }
    );
    let () = paying;
    let facts: Vec<_> = listening.iter().map(|told| (told.sequence, told.counter.0)).collect();
    assert_eq!(facts, (4..=23).map(|number| (number, number)).collect::<Vec<_>>());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_to_listen_are_limited_and_come_back() {
    let limits = ServerLimits { listeners_max: 2, ..Setup::default().limits };
    let world = World::with(Setup { limits, ..Setup::default() }).await;
    let phones = [world.phone().await, world.phone().await, world.phone().await];
    let signed = |place: usize| phones[place].signed(&world, &Method::GET, STREAM, None);
    let first = world.listen(signed(0)).await;
    let _second = world.listen(signed(1)).await;
    world.send(signed(2)).await.is_problem(503, "unavailable");
    let metrics = String::from_utf8(world.get("/metrics").await.body).unwrap();
    assert!(metrics.contains("batzen_listeners 2"));
    drop(first);
    eventually("the place is free", || async {
        let limits = https::StreamLimits {
            deadline: core::time::Duration::from_secs(10),
            idle: core::time::Duration::from_secs(10),
        };
        world.client.send_streaming(signed(2), limits).await.unwrap().status().as_u16() == 200
    })
    .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_finishes_what_it_has_begun() {
    let mut world = World::with(Setup { tls: true, ..Setup::default() }).await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let mut stream = world.listen(phone.signed(&world, &Method::GET, STREAM, None)).await;
    assert_eq!(world.get("/readyz").await.status, 200);
    let gate = Arc::new(Semaphore::new(0));
    world.bank.will([Wish::Wait(gate.clone())]);
    let code = phone.code(&world, 1);
    let under_way = tokio::spawn({
        let till = till.clone();
        async move { till.begin("sale", &code).await }
    });
    eventually("the bank is asked", || async { !world.bank.asked().is_empty() }).await;
    let ended = world.drain();
    assert!(stream.next().await.is_none(), "the stream ends, so that the phone asks another node");
    eventually("no new connections", || async {
        tokio::net::TcpStream::connect(world.address).await.is_err()
    })
    .await;
    gate.add_permits(1);
    let answer = under_way.await.unwrap().is(201);
    assert_eq!(answer["state"], "authorised");
    ended.await;
    world.assert_sound().await;
    let id: PaymentId = parse(&answer["id"]);
    let stored = records::Queries::payment(&*world.store, id).await.unwrap().unwrap();
    assert!(matches!(stored.state, model::PaymentState::Authorised(_)));
    let heads = records::Queries::audit_heads(&*world.store, records::Page::first(10)).await.unwrap();
    assert!(!heads.is_empty(), "the audit trail is signed at the end");
}
