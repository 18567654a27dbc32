//! The life of a customer's devices: several at once, locked, revoked, named, replaced; what each is told of the others.

use crate::support::{Answer, Pending, Phone, RIGHT_PIN, Setup, WRONG_PIN, World, parse, start};
use api::device::{DevicePage, NoticePage};
use api::phone::EnrolmentStatusName;
use crypto::SystemRandom;
use data_encoding::BASE64URL_NOPAD;
use http::Method;
use model::{Currency, CustomerId, EnrolmentId};
use protocol::notice::{Notice, NoticeBy, NoticeKind, SealedNotice};
use protocol::payment_code::{Pin, PinGeneration, PinKey};
use protocol::pin_proof::{PinProof, PinProofPurpose};
use records::{EnrolmentStatus, RevocationReason};
use security::{KeyStore, Policy};
use serde_json::{Value, json};

/// One more phone of this customer.
async fn another(world: &World, customer: CustomerId) -> Phone {
    Phone::activate(world, &world.activation_code(customer).await).await
}

/// Two phones of one customer, with one proved account.
async fn two_phones(world: &World) -> (Phone, Phone) {
    let customer = world.customer().await;
    let (one, other) = (another(world, customer).await, another(world, customer).await);
    one.prove_method(world, Currency::CHF).await;
    (one, other)
}

pub(crate) fn proof(world: &World, phone: &Phone, purpose: PinProofPurpose, pin: &str) -> Value {
    let key = PinKey::derive(&phone.pin_secret, &Pin::parse(pin).unwrap());
    let (realm, generation) = (world.keys.realm(), PinGeneration::FIRST);
    let proof = PinProof::make(realm, phone.enrolment, purpose, generation, &key, &mut SystemRandom);
    serde_json::to_value(proof).unwrap()
}

async fn revoke(world: &World, phone: &Phone, target: EnrolmentId, pin: &str, last: bool) -> Answer {
    let pin_proof = proof(world, phone, PinProofPurpose::Revoke(target), pin);
    let body = json!({ "pin_proof": pin_proof, "lost": true, "last": last });
    phone.ask(world, Method::POST, &format!("/v1/devices/{target}/revoke"), Some(body)).await
}

async fn lock(world: &World, phone: &Phone, target: EnrolmentId) -> Answer {
    phone.ask(world, Method::POST, &format!("/v1/devices/{target}/lock"), None).await
}

async fn devices(world: &World, phone: &Phone) -> DevicePage {
    parse(&phone.ask(world, Method::GET, "/v1/devices", None).await.is(200))
}

pub(crate) async fn notices(world: &World, phone: &Phone, after: u32) -> Vec<Notice> {
    let path = format!("/v1/notices?after={after}");
    let page: NoticePage = parse(&phone.ask(world, Method::GET, &path, None).await.is(200));
    let open = |view: &api::device::NoticeView| {
        let sealed = BASE64URL_NOPAD.decode(view.sealed.as_bytes()).unwrap();
        let sealed = SealedNotice::from_bytes(sealed).unwrap();
        let signing_key = |id| phone.bundle.confirmation_key(id);
        let notice = sealed.open(&phone.confirmation_key, signing_key, world.keys.realm()).unwrap();
        assert_eq!(notice.sequence, view.sequence);
        notice
    };
    page.notices.iter().map(open).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_has_as_many_phones_as_policy_says_and_the_code_stays_good_for_later() {
    let policy = Policy { devices_max: 2, ..Setup::default().policy };
    let world = World::with(Setup { policy, ..Setup::default() }).await;
    let customer = world.customer().await;
    let (one, other) = (another(&world, customer).await, another(&world, customer).await);
    let code = world.activation_code(customer).await;
    let refused = Pending::new(&world, &code).await.send(&world).await;
    refused.is_problem(409, "too-many-devices");
    // A locked phone still counts: it may come back.
    lock(&world, &one, other.enrolment).await.is(200);
    Pending::new(&world, &code).await.send(&world).await.is_problem(409, "too-many-devices");
    revoke(&world, &one, other.enrolment, RIGHT_PIN, false).await.is(200);
    let third = Phone::activate(&world, &code).await;
    let page = devices(&world, &third).await;
    let ids: Vec<_> = page.devices.iter().map(|device| (device.id, device.is_this)).collect();
    assert_eq!((ids, page.devices_max), (vec![(one.enrolment, false), (third.enrolment, true)], 2));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_activations_at_once_no_more_than_allowed_are_done() {
    let policy = Policy { devices_max: 2, ..Setup::default().policy };
    let world = World::with(Setup { policy, ..Setup::default() }).await;
    let customer = world.customer().await;
    let mut asked = Vec::new();
    for _ in 0..6 {
        asked.push(Pending::new(&world, &world.activation_code(customer).await).await);
    }
    let answers = futures_util::future::join_all(asked.iter().map(|pending| pending.send(&world))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_locks_and_names_another_and_the_locked_one_pays_no_more() {
    let world = World::new().await;
    let (till, (one, other)) = (world.till(&[7]).await, two_phones(&world).await);
    let path = format!("/v1/devices/{}/name", other.enrolment);
    let name = |name: &str| Some(json!({ "name": name }));
    one.ask(&world, Method::PUT, &path, name("Ada's second phone")).await.is(200);
    for bad in ["two\nlines", "\u{202e}reversed", &"x".repeat(65)] {
        assert!(one.ask(&world, Method::PUT, &path, name(bad)).await.status >= 400, "{bad:?}");
    }
    till.authorised("before", &other.code(&world, 1)).await;
    let page: DevicePage = parse(&lock(&world, &one, other.enrolment).await.is(200));
    let locked = &page.devices[1];
    assert_eq!(
        (locked.name.as_str(), locked.model.as_str(), locked.status),
        ("Ada's second phone", "test", EnrolmentStatusName::LockedCustomer)
    );
    till.begin("after", &other.code(&world, 2)).await.is_declined("open_app_online");
    // What is locked asks for nothing about others, and is unlocked by an operator alone.
    lock(&world, &other, one.enrolment).await.is_problem(409, "wrong-state");
    revoke(&world, &other, one.enrolment, RIGHT_PIN, false).await.is_problem(409, "wrong-state");
    let path = format!("/v1/admin/enrolments/{}/unlock", other.enrolment);
    world.operator(Method::POST, &path, None).await.is(200);
    till.authorised("again", &other.code(&world, 3)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_phone_is_as_good_as_none() {
    let world = World::new().await;
    let (mine, theirs) = (world.phone().await, world.phone().await);
    lock(&world, &mine, theirs.enrolment).await.is_problem(404, "not-found");
    revoke(&world, &mine, theirs.enrolment, RIGHT_PIN, false).await.is_problem(404, "not-found");
    let path = format!("/v1/devices/{}/name", theirs.enrolment);
    mine.ask(&world, Method::PUT, &path, Some(json!({"name": "mine"}))).await.is_problem(404, "not-found");
    let nobody = EnrolmentId::from_bytes([9; 6]);
    lock(&world, &mine, nobody).await.is_problem(404, "not-found");
    assert_eq!(world.enrolment(theirs.enrolment).await.status, EnrolmentStatus::Active);
    assert_eq!(devices(&world, &mine).await.devices.len(), 1);
    assert!(notices(&world, &theirs, 0).await.iter().all(|notice| notice.about == theirs.enrolment));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_phone_neither_pays_nor_asks_nor_renews() {
    let world = World::new().await;
    let (till, (one, other)) = (world.till(&[7]).await, two_phones(&world).await);
    let under_way = other.code(&world, 1);
    let open = till.authorised("open", &one.code(&world, 1)).await;
    revoke(&world, &one, other.enrolment, RIGHT_PIN, false).await.is(200);
    till.begin("under-way", &under_way).await.is_declined("open_app_online");
    for (method, path) in [
        (Method::GET, "/v1/enrolment"),
        (Method::GET, "/v1/devices"),
        (Method::GET, "/v1/notices"),
        (Method::POST, "/v1/enrolment/certificate"),
        (Method::POST, "/v1/enrolment/pin-reset"),
        (Method::POST, "/v1/enrolment/move"),
    ] {
        other.ask(&world, method, path, None).await.is_problem(401, "unauthenticated");
    }
    let stored = world.enrolment(other.enrolment).await;
    let since = start();
    assert_eq!(stored.status, EnrolmentStatus::Revoked { reason: RevocationReason::Lost, since });
    // Nobody unlocks it, and another reason does not hide the first.
    let at = |verb: &str| format!("/v1/admin/enrolments/{}/{verb}", other.enrolment);
    world.operator(Method::POST, &at("unlock"), None).await.is_problem(409, "wrong-state");
    let again = world.operator(Method::POST, &at("revoke"), Some(json!({"reason": "retired"}))).await;
    assert_eq!(again.is(200)["revoked_for"], "lost");
    // What the customer owns and has begun is untouched: methods are the customer's, and the open payment goes on.
    till.capture("open-capture", open, json!({})).await.is(201);
    till.authorised("other-phone", &one.code(&world, 2)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_takes_the_pin_and_the_last_phone_goes_only_when_that_is_meant() {
    let world = World::new().await;
    let (one, other) = two_phones(&world).await;
    revoke(&world, &one, other.enrolment, WRONG_PIN, false).await.is_problem(403, "wrong-pin");
    assert_eq!(one.status(&world).await.pin_tries_left, 2);
    assert_eq!(world.enrolment(other.enrolment).await.status, EnrolmentStatus::Active);
    // A proof for one phone, or for another purpose, is none for this.
    for purpose in [PinProofPurpose::Revoke(one.enrolment), PinProofPurpose::Move] {
        let body = json!({ "pin_proof": proof(&world, &one, purpose, RIGHT_PIN) });
        let path = format!("/v1/devices/{}/revoke", other.enrolment);
        let answer = one.ask(&world, Method::POST, &path, Some(body)).await;
        answer.is_problem(403, "wrong-pin");
        world.operator(Method::POST, &format!("/v1/admin/enrolments/{}/unlock", one.enrolment), None).await;
    }
    world.end().await;

    let world = World::new().await;
    let (one, other) = two_phones(&world).await;
    revoke(&world, &one, other.enrolment, RIGHT_PIN, false).await.is(200);
    revoke(&world, &one, other.enrolment, RIGHT_PIN, false).await.is(200);
    revoke(&world, &one, one.enrolment, RIGHT_PIN, false).await.is_problem(409, "last-device");
    revoke(&world, &one, one.enrolment, RIGHT_PIN, true).await.is(200);
    one.ask(&world, Method::GET, "/v1/devices", None).await.is_problem(401, "unauthenticated");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_that_revoke_each_other_at_once_leave_one() {
    for _ in 0..8 {
        let world = World::new().await;
        let (one, other) = two_phones(&world).await;
        let (first, second) = tokio::join!(
            revoke(&world, &one, other.enrolment, RIGHT_PIN, false),
            revoke(&world, &other, one.enrolment, RIGHT_PIN, false)
        );
        let ids = [one.enrolment, other.enrolment];
        let mut living = 0;
        for id in ids {
            living += u32::from(!matches!(world.enrolment(id).await.status, EnrolmentStatus::Revoked { .. }));
        }
        assert_eq!(living, 1, "{} {}", first.status, second.status);
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_again_by_others_is_refused() {
    let world = World::new().await;
    let (one, other) = two_phones(&world).await;
    let path = format!("/v1/devices/{}/lock", other.enrolment);
    let recorded = one.signed(&world, &Method::POST, &path, None);
    world.send(recorded.clone()).await.is(200);
    let unlock = format!("/v1/admin/enrolments/{}/unlock", other.enrolment);
    world.operator(Method::POST, &unlock, None).await.is(200);
    world.send(recorded).await.is_problem(401, "unauthenticated");
    assert_eq!(world.enrolment(other.enrolment).await.status, EnrolmentStatus::Active);
    // A proof taken out of a request proves nothing in another phone's name.
    let pin_proof = proof(&world, &one, PinProofPurpose::Revoke(one.enrolment), RIGHT_PIN);
    let path = format!("/v1/devices/{}/revoke", one.enrolment);
    let stolen = other.ask(&world, Method::POST, &path, Some(json!({ "pin_proof": pin_proof }))).await;
    stolen.is_problem(403, "wrong-pin");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_phone_is_told_of_the_others_from_its_activation_on() {
    let world = World::new().await;
    let customer = world.customer().await;
    let one = another(&world, customer).await;
    let till = world.till(&[7]).await;
    one.prove_method(&world, Currency::CHF).await;
    lock(&world, &one, one.enrolment).await.is(200);
    let at = |verb: &str| format!("/v1/admin/enrolments/{}/{verb}", one.enrolment);
    world.operator(Method::POST, &at("unlock"), None).await.is(200);
    let other = another(&world, customer).await;
    for counter in 1..=3 {
        till.begin(&format!("wrong-{counter}"), &other.wrong_pin_code(&world, counter)).await;
    }
    world.operator(Method::POST, &at("revoke"), Some(json!({"reason": "lost"}))).await.is(200);
    let told: Vec<_> = notices(&world, &other, 0)
        .await
        .into_iter()
        .map(|notice| (notice.sequence, notice.kind, notice.about, notice.by))
        .collect();
    let by_itself = NoticeBy::Device(other.enrolment);
    let expected = [
        (4, NoticeKind::Activated, other.enrolment, by_itself),
        (5, NoticeKind::Locked, other.enrolment, NoticeBy::Server),
        (6, NoticeKind::Revoked, one.enrolment, NoticeBy::Operator),
    ];
    assert_eq!(told, expected, "what was before its activation, or nothing of what came after");
    assert_eq!(notices(&world, &other, 5).await.len(), 1);
    // A till's key opens nothing here.
    let stranger = till.ask(Method::GET, "/v1/notices", None, None).await;
    assert_eq!(stranger.status, 401);
    let actions = world.audit_actions().await;
    for action in ["enrolment.activated", "enrolment.locked", "enrolment.unlocked", "enrolment.revoked"] {
        assert!(actions.iter().any(|known| known == action), "{action} is not in the audit trail");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_phone_takes_the_place_of_one_by_its_pin_or_by_the_bank_s_word() {
    let policy = Policy { devices_max: 1, ..Setup::default().policy };
    let world = World::with(Setup { policy, ..Setup::default() }).await;
    let (till, old) = (world.till(&[7]).await, world.paying_phone().await);
    let ask = |pin| {
        let body = json!({ "pin_proof": proof(&world, &old, PinProofPurpose::Move, pin) });
        old.ask(&world, Method::POST, "/v1/enrolment/move", Some(body))
    };
    ask(WRONG_PIN).await.is_problem(403, "wrong-pin");
    let code = ask(RIGHT_PIN).await.text_of(201, "activation_code");
    till.authorised("still-old", &old.code(&world, 1)).await;
    let new = Phone::activate(&world, &code).await;
    till.begin("old", &old.code(&world, 2)).await.is_declined("open_app_online");
    till.authorised("new", &new.code(&world, 1)).await;
    let replaced = world.enrolment(old.enrolment).await.status;
    let since = start();
    assert_eq!(replaced, EnrolmentStatus::Revoked { reason: RevocationReason::Replaced, since });
    Pending::new(&world, &code).await.send(&world).await.is_problem(403, "activation-refused");

    let path = format!("/v1/admin/enrolments/{}/replacement-codes", new.enrolment);
    let code = world.operator(Method::POST, &path, None).await.text_of(201, "activation_code");
    let newer = Phone::activate(&world, &code).await;
    till.authorised("newer", &newer.code(&world, 1)).await;
    let gone = format!("/v1/admin/enrolments/{}/replacement-codes", old.enrolment);
    world.operator(Method::POST, &gone, None).await.is_problem(409, "wrong-state");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_a_phone_that_was_revoked_meanwhile_replaces_nothing() {
    let world = World::new().await;
    let (one, other) = two_phones(&world).await;
    let path = format!("/v1/admin/enrolments/{}/replacement-codes", other.enrolment);
    let code = world.operator(Method::POST, &path, None).await.text_of(201, "activation_code");
    revoke(&world, &one, other.enrolment, RIGHT_PIN, false).await.is(200);
    Pending::new(&world, &code).await.send(&world).await.is_problem(403, "activation-refused");
    assert_eq!(devices(&world, &one).await.devices.len(), 1);
    world.end().await;
}
