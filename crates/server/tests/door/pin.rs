//! A new PIN: who may have one, what a wrong guess costs, which codes are good before and after.

use crate::support::{Answer, Phone, Plan, RIGHT_PIN, WRONG_PIN, World, parse};
use api::phone::{EnrolmentStatusName, EnrolmentView};
use crypto::SystemRandom;
use http::Method;
use model::Clock;
use protocol::payment_code::{PaymentCode, Pin, PinGeneration, PinKey, PinSecret};
use protocol::pin_change::PinChange;
use security::KeyStore;
use serde_json::{Value, json};

const NEW_PIN: &str = "730948";

/// A change to `generation` by whoever types `typed` as the PIN so far, with the secret that it would bring.
fn change(world: &World, phone: &Phone, typed: &str, generation: u32) -> (Value, PinSecret) {
    let new_secret = PinSecret::make(&mut SystemRandom);
    let key = |secret, pin| PinKey::derive(secret, &Pin::parse(pin).unwrap());
    let change = PinChange::make(
        world.keys.realm(),
        phone.enrolment,
        PinGeneration(generation),
        &key(&phone.pin_secret, typed),
        &key(&new_secret, NEW_PIN),
        &world.keys.activation_key(),
        &mut SystemRandom,
    );
    (serde_json::from_slice(&change.unwrap().to_json()).unwrap(), new_secret)
}

async fn ask(world: &World, phone: &Phone, change: &Value) -> Answer {
    phone.ask(world, Method::POST, "/v1/enrolment/pin", Some(change.clone())).await
}

/// A code of a phone that has the new PIN.
fn new_code(world: &World, phone: &Phone, secret: &PinSecret, counter: u32) -> PaymentCode {
    let phone = Phone { pin_secret: secret.clone(), ..phone.clone() };
    let mut plan = phone.plan(counter, world.clock.now());
    plan.fields.flags.pin_generation = PinGeneration(2).bits();
    phone.make(&Plan { pin: NEW_PIN, ..plan })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_pin_pays_and_the_old_one_only_for_codes_under_way() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let (changed, secret) = change(&world, &phone, RIGHT_PIN, 2);
    let view: EnrolmentView = parse(&ask(&world, &phone, &changed).await.is(200));
    assert_eq!((view.pin_generation, view.pin_tries_left), (2, 3));
    till.authorised("new", &new_code(&world, &phone, &secret, 1)).await;
    till.authorised("under-way", &phone.code(&world, 2)).await;
    let wrong = new_code(&world, &phone, &phone.pin_secret, 3);
    till.begin("old-secret", &wrong).await.is_declined("enter_again");
    assert_eq!(phone.status(&world).await.pin_tries_left, 2);
    world.clock.advance_s(301);
    till.begin("too-late", &phone.code(&world, 4)).await.is_declined("open_app_online");
    till.authorised("still", &new_code(&world, &phone, &secret, 5)).await;
    assert!(world.audit_actions().await.contains(&"pin.changed".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_again_is_answered_as_done_and_another_one_is_not() {
    let world = World::new().await;
    let phone = world.paying_phone().await;
    let (changed, _) = change(&world, &phone, RIGHT_PIN, 2);
    let first: EnrolmentView = parse(&ask(&world, &phone, &changed).await.is(200));
    let version = world.enrolment(phone.enrolment).await.version;
    let again: EnrolmentView = parse(&ask(&world, &phone, &changed).await.is(200));
    assert_eq!((first.pin_generation, again.pin_generation), (2, 2));
    assert_eq!(world.enrolment(phone.enrolment).await.version, version, "nothing was changed again");
    let (other, _) = change(&world, &phone, RIGHT_PIN, 2);
    ask(&world, &phone, &other).await.is_problem(409, "wrong-state");
    let (skipping, _) = change(&world, &phone, RIGHT_PIN, 4);
    ask(&world, &phone, &skipping).await.is_problem(409, "wrong-state");
    assert_eq!(phone.status(&world).await.pin_tries_left, 3, "neither was a guess");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_was_locked_since_still_learns_that_its_pin_was_changed() {
    let world = World::new().await;
    let phone = world.paying_phone().await;
    let (changed, _) = change(&world, &phone, RIGHT_PIN, 2);
    ask(&world, &phone, &changed).await.is(200);
    let path = format!("/v1/admin/enrolments/{}/lock", phone.enrolment);
    world.operator(Method::POST, &path, None).await.is(200);
    let view: EnrolmentView = parse(&ask(&world, &phone, &changed).await.is(200));
    assert_eq!((view.pin_generation, view.status), (2, EnrolmentStatusName::LockedOperator));
    let (next, _) = change(&world, &phone, RIGHT_PIN, 3);
    ask(&world, &phone, &next).await.is_problem(409, "wrong-state");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_counted_with_those_in_codes_and_the_last_one_locks() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let (guess, _) = change(&world, &phone, WRONG_PIN, 2);
    ask(&world, &phone, &guess).await.is_problem(403, "wrong-pin");
    assert_eq!(phone.status(&world).await.pin_tries_left, 2);
    till.begin("wrong", &phone.wrong_pin_code(&world, 1)).await.is_declined("enter_again");
    ask(&world, &phone, &guess).await.is_problem(403, "wrong-pin");
    assert_eq!(phone.status(&world).await.status, EnrolmentStatusName::LockedPin);
    let (right, _) = change(&world, &phone, RIGHT_PIN, 2);
    ask(&world, &phone, &right).await.is_problem(409, "wrong-state");
    assert_eq!(world.enrolment(phone.enrolment).await.pin.generation, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_proof_sets_the_count_to_zero() {
    let world = World::new().await;
    let phone = world.paying_phone().await;
    let (guess, _) = change(&world, &phone, WRONG_PIN, 2);
    ask(&world, &phone, &guess).await.is_problem(403, "wrong-pin");
    let (right, _) = change(&world, &phone, RIGHT_PIN, 2);
    ask(&world, &phone, &right).await.is(200);
    assert_eq!(world.enrolment(phone.enrolment).await.pin.failures, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_puts_another_key_in_place_or_uses_another_phone_s_proof() {
    let world = World::new().await;
    let (phone, other) = (world.paying_phone().await, world.paying_phone().await);
    let (right, _) = change(&world, &phone, RIGHT_PIN, 2);
    let (strange, _) = change(&world, &other, RIGHT_PIN, 2);
    let mut swapped = right.clone();
    swapped["enc"] = strange["enc"].clone();
    swapped["sealed"] = strange["sealed"].clone();
    ask(&world, &phone, &swapped).await.is_problem(400, "malformed-request");
    ask(&world, &phone, &strange).await.is_problem(400, "malformed-request");
    let (mine, _) = change(&world, &phone, WRONG_PIN, 2);
    let mut mixed = mine;
    mixed["proof"] = right["proof"].clone();
    ask(&world, &phone, &mixed).await.is_problem(403, "wrong-pin");
    for (name, value) in [
        ("version", json!(2)),
        ("key_id", json!(9)),
        ("proof", json!("AA")),
        ("sealed", json!("")),
        ("pin_generation", json!(-1)),
    ] {
        let mut bad = right.clone();
        bad[name] = value;
        assert_eq!(ask(&world, &phone, &bad).await.problem(), "malformed-request", "{name}");
    }
    assert_eq!(world.enrolment(phone.enrolment).await.pin.generation, 1);
    ask(&world, &phone, &right).await.is(200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_cannot_exceed_the_limit() {
    let world = World::new().await;
    let phone = world.paying_phone().await;
    let guesses = (0..20).map(|_| async {
        let (guess, _) = change(&world, &phone, WRONG_PIN, 2);
        ask(&world, &phone, &guess).await.problem()
    });
    let answers = futures_util::future::join_all(guesses).await;
    assert!(answers.iter().filter(|problem| *problem == "wrong-pin").count() <= 3);
    assert_eq!(phone.status(&world).await.status, EnrolmentStatusName::LockedPin);
    world.end().await;
}
