//! Servers whose keys are of suite 2, as an HSM holds them, and servers that go over to it.

use crate::support::{Phone, RIGHT_PIN, Setup, World, make_keys_in, parse};
use api::phone::EnrolmentView;
use crypto::SystemRandom;
use http::Method;
use keystore::{Algorithm, RealmKeys, Role};
use model::Clock;
use protocol::confirmation::ConfirmationKind;
use protocol::payment_code::{Pin, PinGeneration, PinKey, PinSecret, RecipientKey, Suite};
use protocol::pin_change::PinChange;
use security::KeyStore;
use serde_json::json;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_activates_pays_and_changes_its_pin_in_suite_2_alone() {
    let (setup, folder) = (Setup::default(), tempfile::tempdir().unwrap());
    let keys = make_keys_in(&folder, setup.now, Suite::P256);
    assert_eq!(Suite::of(keys.activation_key().public_key.kem()), Suite::P256);
    let world = World::open(setup, folder, keys).await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let code = phone.code(&world, 1);
    assert_eq!((phone.recipient.suite(), code.suite()), (Suite::P256, Suite::P256));
    let id = till.authorised("sale", &code).await;
    till.capture("capture", id, json!({})).await.is(201);
    till.begin("again", &code).await.is_declined("enter_again");
    let confirmations = phone.confirmations(&world, 0).await;
    assert!(confirmations.iter().any(|one| one.kind == ConfirmationKind::Captured), "{confirmations:?}");

    let secret = PinSecret::make(&mut SystemRandom);
    let key = |secret: &PinSecret, pin: &str| PinKey::derive(secret, &Pin::parse(pin).unwrap());
    let change = PinChange::make(
        world.keys.realm(),
        phone.enrolment,
        PinGeneration(2),
        &key(&phone.pin_secret, RIGHT_PIN),
        &key(&secret, RIGHT_PIN),
        &world.keys.activation_key(),
        &mut SystemRandom,
    );
    let change = serde_json::from_slice(&change.unwrap().to_json()).unwrap();
    let answer = phone.ask(&world, Method::POST, "/v1/enrolment/pin", Some(change)).await;
    let view: EnrolmentView = parse(&answer.is(200));
    assert_eq!(view.pin_generation, 2);
    let changed = Phone { pin_secret: secret, ..phone };
    let mut plan = changed.plan(2, world.clock.now());
    plan.fields.flags.pin_generation = PinGeneration(2).bits();
    till.authorised("new-pin", &changed.make(&plan)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_over_to_suite_2_serves_phones_that_know_it_and_phones_that_do_not() {
    let (setup, folder) = (Setup::default(), tempfile::tempdir().unwrap());
    drop(make_keys_in(&folder, setup.now, Suite::X25519));
    let path = folder.path().join("keys");
    let passphrase = crate::support::PASSPHRASE;
    let at = setup.now.plus_s(-1);
    let keys = Arc::new(RealmKeys::open_file(&path, passphrase).unwrap());
    keys.rotate_to(Role::Payment, Algorithm::of(Suite::P256), None, at, &mut SystemRandom).unwrap();
    keys.promote(Role::Payment, at, &mut SystemRandom).unwrap();
    let world = World::open(setup, folder, keys).await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let suites: Vec<u8> = phone.bundle.payment_keys.iter().map(|key| key.suite).collect();
    assert!(suites.contains(&1) && suites.contains(&2), "{suites:?}");

    // One that knows suite 1 alone passes over the key of suite 2.
    let old = phone.bundle.payment_keys.iter().find(|key| key.suite == 1).unwrap();
    let public_key = old.known().unwrap();
    let recipient = RecipientKey { key_id: old.key_id, public_key, ..phone.recipient.clone() };
    let old_phone = Phone { recipient, ..phone.clone() };
    let new = phone.bundle.payment_keys.iter().find(|key| key.suite == 2).unwrap();
    let recipient =
        RecipientKey { key_id: new.key_id, public_key: new.known().unwrap(), ..phone.recipient.clone() };
    let new_phone = Phone { recipient, ..phone };
    let codes = [old_phone.code(&world, 1), new_phone.code(&world, 2)];
    assert_eq!(codes.each_ref().map(|code| code.suite()), [Suite::X25519, Suite::P256]);
    till.authorised("suite-1", &codes[0]).await;
    till.authorised("suite-2", &codes[1]).await;
    world.end().await;
}
