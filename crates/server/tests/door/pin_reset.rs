//! A new PIN by a code, and rounds of wrong PINs.

use crate::support::{Answer, Phone, Plan, RIGHT_PIN, Setup, World, parse};
use api::phone::{EnrolmentStatusName, EnrolmentView};
use crypto::SystemRandom;
use http::Method;
use model::{Clock, EnrolmentId};
use protocol::payment_code::{PaymentCode, Pin, PinGeneration, PinKey, PinSecret};
use protocol::pin_reset::PinReset;
use security::{KeyStore, Policy};
use serde_json::Value;

const NEW_PIN: &str = "730948";

async fn reset_code(world: &World, enrolment: EnrolmentId) -> String {
    let path = format!("/v1/admin/enrolments/{enrolment}/pin-reset-codes");
    world.operator(Method::POST, &path, None).await.text_of(201, "activation_code")
}

fn reset(world: &World, phone: &Phone, code: &str, generation: u32) -> (Value, PinSecret) {
    let secret = PinSecret::make(&mut SystemRandom);
    let reset = PinReset::make(
        world.keys.realm(),
        phone.enrolment,
        PinGeneration(generation),
        code.parse().unwrap(),
        &PinKey::derive(&secret, &Pin::parse(NEW_PIN).unwrap()),
        &world.keys.activation_key(),
        &mut SystemRandom,
    );
    (serde_json::from_slice(&reset.unwrap().to_json()).unwrap(), secret)
}

async fn send(world: &World, phone: &Phone, request: &Value) -> Answer {
    phone.ask(world, Method::POST, "/v1/enrolment/pin-reset", Some(request.clone())).await
}

fn new_code(world: &World, phone: &Phone, secret: &PinSecret, counter: u32) -> PaymentCode {
    let phone = Phone { pin_secret: secret.clone(), ..phone.clone() };
    let mut plan = phone.plan(counter, world.clock.now());
    plan.fields.flags.pin_generation = PinGeneration(2).bits();
    phone.make(&Plan { pin: NEW_PIN, ..plan })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_gives_a_locked_phone_a_new_pin_and_leaves_its_methods() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    for counter in 1..=3 {
        till.begin(&format!("wrong-{counter}"), &phone.wrong_pin_code(&world, counter)).await;
    }
    assert_eq!(phone.status(&world).await.status, EnrolmentStatusName::LockedPin);
    let code = reset_code(&world, phone.enrolment).await;
    let (request, secret) = reset(&world, &phone, &code, 2);
    let view: EnrolmentView = parse(&send(&world, &phone, &request).await.is(200));
    assert_eq!((view.status, view.pin_generation, view.pin_tries_left), (EnrolmentStatusName::Active, 2, 3));
    till.authorised("new", &new_code(&world, &phone, &secret, 4)).await;
    // The old one is worth nothing, not even for codes under way.
    till.begin("old", &phone.code(&world, 5)).await.is_declined("open_app_online");
    // The answer was lost: the same again is done already, and changes nothing.
    let version = world.enrolment(phone.enrolment).await.version;
    send(&world, &phone, &request).await.is(200);
    assert_eq!(world.enrolment(phone.enrolment).await.version, version);
    // Another request with the same code is refused.
    let (again, _) = reset(&world, &phone, &code, 3);
    send(&world, &phone, &again).await.is_problem(403, "activation-refused");
    assert!(world.audit_actions().await.contains(&"pin.reset".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_for_one_phone_and_one_purpose_and_lifts_no_other_lock() {
    let world = World::new().await;
    let (phone, other) = (world.paying_phone().await, world.paying_phone().await);
    let code = reset_code(&world, other.enrolment).await;
    let (request, _) = reset(&world, &phone, &code, 2);
    send(&world, &phone, &request).await.is_problem(403, "activation-refused");
    // Another phone's request is not even opened.
    let (theirs, _) = reset(&world, &other, &code, 2);
    send(&world, &phone, &theirs).await.is_problem(400, "malformed-request");
    let customer = world.enrolment(phone.enrolment).await.customer;
    let activation = world.activation_code(customer).await;
    let (request, _) = reset(&world, &phone, &activation, 2);
    send(&world, &phone, &request).await.is_problem(403, "activation-refused");
    // Nor does a code for a PIN activate a phone.
    let pending = crate::support::Pending::new(&world, &code).await;
    pending.send(&world).await.is_problem(403, "activation-refused");

    let own = reset_code(&world, phone.enrolment).await;
    let (skipping, _) = reset(&world, &phone, &own, 4);
    send(&world, &phone, &skipping).await.is_problem(409, "wrong-state");
    let path = format!("/v1/admin/enrolments/{}/lock", phone.enrolment);
    world.operator(Method::POST, &path, None).await.is(200);
    let (request, _) = reset(&world, &phone, &own, 2);
    let view: EnrolmentView = parse(&send(&world, &phone, &request).await.is(200));
    assert_eq!((view.status, view.pin_generation), (EnrolmentStatusName::LockedOperator, 2));
    world.clock.advance_s(86_401);
    let late = reset_code(&world, other.enrolment).await;
    world.clock.advance_s(86_401);
    let (request, _) = reset(&world, &other, &late, 2);
    send(&world, &other, &request).await.is_problem(403, "activation-refused");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_on_a_phone_ends_soon() {
    let world = World::new().await;
    let phone = world.phone().await;
    let mut refused = 0;
    loop {
        let guess = protocol::activation_code::ActivationCode::make(&mut SystemRandom).to_grouped();
        let (request, _) = reset(&world, &phone, &guess, 2);
        let answer = send(&world, &phone, &request).await;
        if answer.status == 429 {
            break;
        }
        answer.is_problem(403, "activation-refused");
        refused += 1;
        assert!(refused <= 10, "guessing goes on and on");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_of_wrong_pins_make_wait_longer_and_the_last_one_locks() {
    let policy = Policy { pin_rounds: 3, pin_round_waits_s: vec![60, 300], ..Setup::default().policy };
    let world = World::with(Setup { policy, ..Setup::default() }).await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let mut counter = 0;
    for wait_s in [60, 300] {
        for _ in 0..3 {
            counter += 1;
            till.begin(&format!("wrong-{counter}"), &phone.wrong_pin_code(&world, counter))
                .await
                .is_declined("enter_again");
        }
        let view = phone.status(&world).await;
        assert_eq!(view.status, EnrolmentStatusName::Active);
        assert_eq!(view.pin_blocked_until_ms, Some(world.clock.now().plus_s(wait_s).ms()));
        // While it is waited out neither PIN is looked at, so that neither is counted.
        world.clock.advance_s(wait_s - 1);
        for (name, code) in
            [("r", phone.code(&world, counter + 1)), ("w", phone.wrong_pin_code(&world, counter + 2))]
        {
            till.begin(&format!("{name}-{wait_s}"), &code).await.is_declined("open_app_online");
        }
        counter += 2;
        assert_eq!(phone.status(&world).await.pin_tries_left, view.pin_tries_left);
        world.clock.advance_s(1);
    }
    let view = phone.status(&world).await;
    assert_eq!((view.pin_tries_left, view.pin_blocked_until_ms), (3, None));
    for _ in 0..3 {
        counter += 1;
        till.begin(&format!("wrong-{counter}"), &phone.wrong_pin_code(&world, counter)).await;
    }
    assert_eq!(phone.status(&world).await.status, EnrolmentStatusName::LockedPin);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_pin_after_the_wait_begins_the_rounds_anew() {
    let policy = Policy { pin_rounds: 2, pin_round_waits_s: vec![60], ..Setup::default().policy };
    let world = World::with(Setup { policy, ..Setup::default() }).await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    for counter in 1..=3 {
        till.begin(&format!("wrong-{counter}"), &phone.wrong_pin_code(&world, counter)).await;
    }
    world.clock.advance_s(60);
    till.authorised("right", &phone.code(&world, 4)).await;
    let view = phone.status(&world).await;
    assert_eq!((view.pin_tries_left, view.pin_blocked_until_ms), (6, None));
    assert_eq!(RIGHT_PIN.len(), 6);
    world.end().await;
}
