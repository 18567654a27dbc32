//! Codes that may not be paid with: used, guessed, forged, copied, for the wrong method. What the till learns,
//! what the phone learns, and what is counted.

use crate::support::{Answer, Phone, Plan, Till, WRONG_PIN, World};
use api::phone::EnrolmentStatusName;
use crypto::SystemRandom;
use crypto::p256::SigningKey;
use futures_util::future::join_all;
use http::Method;
use model::{Clock, Currency, EnrolmentId, MethodSlot};
use protocol::payment_code::PaymentCode;
use serde_json::{Value, json};

const ROUNDS: u32 = 1_000;
const PHONES: u32 = 10;

/// Posts one code at each of these tills at the same moment.
async fn at_once(tills: &[Till], key: &str, code: &PaymentCode) -> Vec<Answer> {
    join_all(tills.iter().map(|till| till.begin(key, code))).await
}

async fn tills(world: &World, count: u32) -> Vec<Till> {
    let mut tills = Vec::new();
    for number in 1..=count {
        tills.push(world.till(&[number]).await);
    }
    tills
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_code_at_two_tills_at_once_pays_once_a_thousand_times() {
    let world = World::new().await;
    let tills = tills(&world, 2).await;
    let rounds = (0..PHONES).map(|_| async {
        let phone = world.paying_phone().await;
        for counter in 1..=ROUNDS / PHONES {
            let code = phone.code(&world, counter);
            let key = format!("{}-{counter}", phone.enrolment);
            let mut answers = at_once(&tills, &key, &code).await;
            answers.sort_by_key(|answer| answer.status);
            assert_eq!(answers[0].is(201)["state"], "authorised");
            answers[1].is_declined("enter_again");
        }
        let enrolment = world.enrolment(phone.enrolment).await;
        assert_eq!((enrolment.counter.0, enrolment.pin.failures), (ROUNDS / PHONES, 0));
    });
    join_all(rounds).await;
    assert_eq!(world.bank.asked().len(), ROUNDS as usize, "the bank was asked once for each code");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_is_counted_once_however_often_it_is_posted() {
    let world = World::new().await;
    let (tills, phone) = (tills(&world, 5).await, world.paying_phone().await);
    let code = phone.wrong_pin_code(&world, 1);
    let posts = (0..50).map(|number| {
        let (till, code) = (&tills[number % 5], &code);
        async move { till.begin(&format!("try-{number}"), code).await }
    });
    for answer in join_all(posts).await {
        answer.is_declined("enter_again");
    }
    assert_eq!(world.enrolment(phone.enrolment).await.pin.failures, 1);
    assert_eq!(phone.status(&world).await.pin_tries_left, 2);
    tills[0].authorised("right", &phone.code(&world, 2)).await;
    assert_eq!(phone.status(&world).await.pin_tries_left, 3, "a right PIN starts the count anew");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_cannot_exceed_the_limit() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let guesses = (1..=20).map(|counter| {
        let code = phone.wrong_pin_code(&world, counter);
        let till = &till;
        async move { till.begin(&format!("guess-{counter}"), &code).await }
    });
    for answer in join_all(guesses).await {
        answer.is_problem(402, "payment-declined");
    }
    // Codes that came after a later one are only behind: they were not looked at, and nothing is told of them.
    let causes: Vec<_> =
        phone.confirmations(&world, 0).await.iter().map(|told| told.cause.name().unwrap()).collect();
    assert_eq!(usize::from(world.enrolment(phone.enrolment).await.pin.failures), causes.len().min(3));
    for (place, cause) in causes.iter().enumerate() {
        assert_eq!(*cause, ["wrong_pin", "wrong_pin", "pin_locked", "enrolment_locked"][place.min(3)]);
    }
    world.end().await;
}

/// A problem as the till has it, without what names the payment and its time.
fn told(answer: &Answer) -> (u16, String, Value) {
    let (mut problem, status) = (answer.json(), answer.status);
    for name in ["id", "received_at_ms", "customer_action"] {
        problem["payment"][name].take();
    }
    problem["customer_action"].take();
    let detail = problem["detail"].take().as_str().unwrap().to_owned();
    (status, detail, problem)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_pins_lock_until_an_operator_unlocks_and_the_till_learns_nothing() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let mut answers = Vec::new();
    for counter in 1..=3 {
        let code = phone.wrong_pin_code(&world, counter);
        answers.push(till.begin(&format!("guess-{counter}"), &code).await);
    }
    assert_eq!(phone.status(&world).await.status, EnrolmentStatusName::LockedPin);
    let locked = till.begin("right", &phone.code(&world, 4)).await;
    let locked_wrong = till.begin("wrong", &phone.wrong_pin_code(&world, 5)).await;
    locked.is_declined("open_app_online");
    assert_eq!(told(&locked), told(&locked_wrong), "a locked phone tells nothing about its PIN");

    let path = format!("/v1/admin/enrolments/{}/unlock", phone.enrolment);
    assert_eq!(world.operator(Method::POST, &path, None).await.is(200)["status"], "active");
    world.operator(Method::POST, &path, None).await.is_problem(409, "wrong-state");
    assert!(world.audit_actions().await.contains(&"enrolment.unlocked".to_owned()));
    till.authorised("unlocked", &phone.code(&world, 6)).await;

    let late = phone.code(&world, 7);
    world.clock.advance_s(121);
    let expired = till.begin("late", &late).await;
    for answer in &answers {
        answer.is_declined("enter_again");
        assert_eq!(told(answer), told(&expired), "a wrong PIN looks like a code that is too old");
        assert_eq!((told(answer).0, told(answer).2), (told(&locked).0, told(&locked).2));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_codes_lock_nobody_out() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    // A stranger knows the enrolment and the server's public key, not the device's own.
    let forger = Phone { device_key: SigningKey::make(&mut SystemRandom), ..phone.clone() };
    let before = world.enrolment(phone.enrolment).await;
    let forged = join_all((1..=20).map(|counter| {
        let code = forger.make(&Plan { pin: WRONG_PIN, ..forger.plan(counter, world.clock.now()) });
        let till = &till;
        async move { till.begin(&format!("forged-{counter}"), &code).await }
    }));
    for answer in forged.await {
        answer.is_declined("enter_again");
    }
    assert_eq!(world.enrolment(phone.enrolment).await, before);
    assert!(phone.confirmations(&world, 0).await.is_empty());
    let nobody = Phone { enrolment: EnrolmentId::from_bytes([9; 6]), ..phone.clone() };
    till.begin("nobody", &nobody.code(&world, 1)).await.is_declined("open_app_online");
    till.authorised("right", &phone.code(&world, 1)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_are_not_ready_or_not_this_customers_are_refused() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    // Somebody else has slots up to 5; this customer has three.
    let other = world.paying_phone().await;
    for _ in 2..=5 {
        other.prove_method(&world, Currency::CHF).await;
    }
    let removed = phone.prove_method(&world, Currency::CHF).await;
    let path = format!("/v1/methods/{}", removed.0);
    assert_eq!(phone.ask(&world, Method::DELETE, &path, None).await.is(200)["state"], "removed");
    let unproved = phone.add_method(&world).await.slot;
    let euros = phone.prove_method(&world, Currency::EUR).await;
    let mut told = Vec::new();
    for (counter, slot) in (1..).zip([removed, unproved, euros, MethodSlot(5), MethodSlot(255)]) {
        let mut plan = phone.plan(counter, world.clock.now());
        plan.fields.method = slot;
        let answer = till.begin(&format!("slot-{}", slot.0), &phone.make(&plan)).await;
        answer.is_declined("other_method");
        told.push(self::told(&answer));
    }
    assert!(told.iter().all(|one| *one == told[0]), "the till cannot tell them apart");
    let causes: Vec<_> =
        phone.confirmations(&world, 0).await.iter().map(|told| told.cause.name().unwrap()).collect();
    let expected =
        ["method_removed", "method_unproved", "currency_mismatch", "method_unknown", "method_unknown"];
    assert_eq!(causes, expected);
    assert_eq!(world.bank.asked(), []);
    till.authorised("own", &phone.code(&world, 6)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_are_proved_at_the_bank_before_they_count() {
    let world = World::new().await;
    let phone = world.phone().await;
    phone
        .ask(&world, Method::POST, "/v1/methods", Some(json!({"provider": "other"})))
        .await
        .is_problem(404, "not-found");
    let method = phone.add_method(&world).await;
    assert_eq!(method.proof_url.as_deref(), Some("https://bank.example/prove"));
    assert!(method.link.is_some() && method.label.is_none());
    phone.hand_in(&world, method.slot, "wrong").await.is_problem(422, "proof-refused");
    phone.hand_in(&world, method.slot, "silent").await.is_problem(503, "provider-unavailable");
    phone.hand_in(&world, MethodSlot(9), "proof CHF").await.is_problem(404, "not-found");
    let proved = phone.hand_in(&world, method.slot, "proof CHF").await.is(200);
    assert_eq!(
        (&proved["state"], &proved["label"], &proved["link"]),
        (&json!("active"), &json!("CH.. 42"), &Value::Null)
    );
    assert_eq!(phone.hand_in(&world, method.slot, "proof CHF").await.is(200), proved);
    let late = phone.add_method(&world).await;
    world.clock.advance_s(3_601);
    phone.hand_in(&world, late.slot, "proof CHF").await.is_problem(409, "too-late");
    // Each customer sees their own alone, and where accounts can be added.
    let other = world.phone().await;
    let listed = other.ask(&world, Method::GET, "/v1/methods", None).await.is(200);
    assert_eq!(listed, json!({"methods": [], "providers": ["bank"]}));
    other.hand_in(&world, late.slot, "proof CHF").await.is_problem(404, "not-found");
    let listed = phone.ask(&world, Method::GET, "/v1/methods", None).await.is(200);
    assert_eq!(listed["methods"].as_array().unwrap().len(), 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_asks_for_a_resync_and_the_second_one_locks_as_a_clone() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    till.authorised("first", &phone.code(&world, 1)).await;
    // A backup is restored, later than the window in which a copy is taken for a clone at once.
    world.clock.advance_s(300);
    till.begin("fork", &phone.code(&world, 1)).await.is_declined("open_app_online");
    assert_eq!(phone.status(&world).await.status, EnrolmentStatusName::Unsynchronised);
    till.begin("before", &phone.code(&world, 2)).await.is_declined("open_app_online");

    let resynced =
        phone.ask(&world, Method::POST, "/v1/enrolment/resync", Some(json!({"counter": 1}))).await.is(200);
    assert_eq!((&resynced["status"], &resynced["counter"]), (&json!("active"), &json!(2)));
    till.authorised("after", &phone.code(&world, 3)).await;
    till.authorised("far-ahead", &phone.code(&world, 0xffff)).await;
    till.begin("behind", &phone.code(&world, 4)).await.is_declined("open_app_online");

    world.clock.advance_s(300);
    till.begin("fork-again", &phone.code(&world, 3)).await.is_declined("open_app_online");
    assert_eq!(phone.status(&world).await.status, EnrolmentStatusName::LockedClone);
    till.begin("locked", &phone.code(&world, 0x1_0000)).await.is_declined("open_app_online");
    let asked = Some(json!({"counter": 3}));
    phone.ask(&world, Method::POST, "/v1/enrolment/resync", asked).await.is_problem(409, "wrong-state");
    let actions = world.audit_actions().await;
    for action in ["code.counter_fork", "enrolment.resynchronised", "code.counter_behind", "enrolment.locked"]
    {
        assert!(actions.iter().any(|other| other == action), "{action} is not in {actions:?}");
    }
    let path = format!("/v1/admin/enrolments/{}/unlock", phone.enrolment);
    let unlocked = world.operator(Method::POST, &path, None).await.is(200);
    assert_eq!(unlocked["status"], "unsynchronised", "an unlocked clone must resynchronise first");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_with_the_same_keys_at_once_are_a_clone_at_once() {
    let world = World::new().await;
    let (tills, phone) = (tills(&world, 2).await, world.paying_phone().await);
    let (one, other) = (phone.code(&world, 1), phone.code(&world, 1));
    let (a, b) = tokio::join!(tills[0].begin("one", &one), tills[1].begin("other", &other));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 402]);
    assert_eq!(phone.status(&world).await.status, EnrolmentStatusName::LockedClone);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_phone_is_locked_by_its_owner_or_an_operator() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let locked = phone.ask(&world, Method::POST, "/v1/enrolment/lock", None).await.is(200);
    assert_eq!(locked["status"], "locked_customer");
    till.begin("locked", &phone.code(&world, 1)).await.is_declined("open_app_online");
    let path = format!("/v1/admin/enrolments/{}", phone.enrolment);
    assert_eq!(world.operator(Method::GET, &path, None).await.is(200)["status"], "locked_customer");
    world.operator(Method::POST, &format!("{path}/unlock"), None).await.is(200);
    till.authorised("again", &phone.code(&world, 2)).await;
    let locked = world.operator(Method::POST, &format!("{path}/lock"), None).await.is(200);
    assert_eq!(locked["status"], "locked_operator");
    till.begin("locked-again", &phone.code(&world, 3)).await.is_declined("open_app_online");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_its_till_its_cap_and_its_minutes() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7, 8]).await, world.paying_phone().await);
    let bound = |counter, terminal| {
        let mut plan = phone.plan(counter, world.clock.now());
        plan.fields.terminal = model::TerminalNumber::new(terminal);
        phone.make(&plan)
    };
    till.begin("elsewhere", &bound(1, 8)).await.is_declined("enter_again");
    till.authorised("here", &bound(2, 7)).await;
    till.begin_with("cap", &phone.code(&world, 3).to_digits(), 5_001).await.is_declined("enter_again");
    let future = phone.make(&phone.plan(4, world.clock.now().plus_s(31)));
    till.begin("future", &future).await.is_declined("open_app_online");
    let causes: Vec<_> = phone
        .confirmations(&world, 0)
        .await
        .iter()
        .map(|told| (told.cause.name().unwrap(), told.counter.0))
        .collect();
    assert_eq!(causes, [("wrong_terminal", 1), ("cap_exceeded", 3), ("too_new", 4)]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_clock_was_set_tells_so_online_and_pays_again() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[1]).await, world.paying_phone().await);
    let ahead = world.clock.now().plus_s(1_800);
    let _ = till.begin("too-new", &phone.make(&phone.plan(1, ahead))).await.is(402);
    let path = format!("/v1/enrolment?device_time_ms={}", ahead.ms());
    let _ = phone.ask(&world, Method::GET, &path, None).await.is(200);
    let _ = till.authorised("in-time", &phone.make(&phone.plan(2, ahead))).await;
    world.end().await;
}
