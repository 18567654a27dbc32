//! Secrets at rest follow the wrapping keys: once sealed anew, they need the former key no longer.

use crate::support::*;
use crypto::SystemRandom;
use keystore::Role;
use model::{MerchantId, PaymentId, Unwatched, WebhookEndpointId};
use protocol::payment_code::{Pin, PinGeneration, PinKey};
use protocol::pin_change::PinChange;
use protocol::verdict::Verdict;
use protocol::webhook::WebhookSecret;
use records::{
    Actor, AuditEntry, Command, CreateWebhookEndpoint, EndpointStatus, Merchant, Outcome, PreviousSecret,
    Queries, Store, WebhookEndpoint,
};
use security::{KeyStore, Resealed};

const NEW_PIN: &str = "735194";

fn replace(world: &World, role: Role) {
    world.keys.rotate(role, None, start(), &mut SystemRandom).unwrap();
    world.keys.promote(role, start(), &mut SystemRandom).unwrap();
}

/// Destroys every former key of this role.
fn retire_former(world: &World, role: Role) {
    let register = world.keys.register();
    let present = register.present(role).unwrap().name();
    let former: Vec<_> = register.live(role).map(|key| key.name()).filter(|name| *name != present).collect();
    assert!(!former.is_empty());
    for name in former {
        world.keys.retire(name, true, start(), &mut SystemRandom).unwrap();
    }
}

async fn reseal(world: &World) -> Resealed {
    world.security.reseal(start(), &mut SystemRandom).await.unwrap()
}

async fn change_pin(world: &World, phone: &Phone) {
    let key_of = |pin| PinKey::derive(&phone.pin_secret, &Pin::parse(pin).unwrap());
    let device = world.online(phone, start()).await.unwrap();
    let next = PinGeneration::FIRST.next();
    let (realm, to) = (world.keys.realm(), world.keys.activation_key());
    let change = PinChange::make(
        realm,
        phone.enrolment,
        next,
        &key_of(RIGHT_PIN),
        &key_of(NEW_PIN),
        &to,
        &mut SystemRandom,
    );
    let body = change.unwrap().to_json();
    world.security.change_pin(&device, &body, start(), &mut SystemRandom).await.unwrap();
}

#[tokio::test]
async fn pins_of_before_are_known_after_their_wrapping_key_is_gone() {
    let world = World::new();
    let (plain, changed) = (world.paying_phone().await, world.paying_phone().await);
    change_pin(&world, &changed).await;
    assert_eq!(reseal(&world).await, Resealed::default(), "no key is a former one");
    for _ in 0..2 {
        replace(&world, Role::PinWrapping);
    }
    let before = world.enrolment(&plain).await;
    assert_eq!(reseal(&world).await, Resealed { resealed: 2, left: 0 });
    assert_eq!(reseal(&world).await, Resealed::default(), "a second walk finds nothing");
    assert_ne!(world.enrolment(&plain).await.pin.wrapped_key, before.pin.wrapped_key);
    retire_former(&world, Role::PinWrapping);
    assert_eq!(world.verdict(&plain.wrong_pin_code(1, start()), &order(), start()).await, Verdict::WrongPin);
    assert_eq!(world.verdict(&plain.code(2, start()), &order(), start()).await, Verdict::Ok);
    // A code that was shown before the PIN was changed is judged by the PIN before.
    assert_eq!(world.verdict(&changed.code(1, start()), &order(), start()).await, Verdict::Ok);
    let mut plan = Plan { pin: NEW_PIN, ..changed.plan(2, start()) };
    plan.fields.flags.pin_generation = PinGeneration::FIRST.next().bits();
    assert_eq!(world.verdict(&changed.make(&plan), &order(), start()).await, Verdict::Ok);
}

#[tokio::test]
async fn a_payment_that_was_judged_before_is_judged_again_and_nothing_is_lost() {
    let world = World::new();
    let phone = world.paying_phone().await;
    replace(&world, Role::PinWrapping);
    let id = PaymentId::derive(0, start(), draw_u64());
    let judged =
        world.security.verify(&phone.code(1, start()), &order(), id, start(), &Unwatched).await.unwrap();
    assert_eq!(reseal(&world).await, Resealed { resealed: 1, left: 0 });
    let version = world.enrolment(&phone).await.version;
    let security::Verification::Accepted(verified) = judged else { panic!("{judged:?}") };
    assert!(verified.into_parts().enrolment.expected_version < version, "its commit conflicts");
    assert_eq!(world.verdict(&phone.code(1, start()), &order(), start()).await, Verdict::Ok);
}

#[tokio::test]
async fn what_cannot_be_opened_is_counted_and_holds_up_nobody() {
    let world = World::new();
    let lost = world.paying_phone().await;
    let first = world.keys.register().present(Role::PinWrapping).unwrap().name();
    replace(&world, Role::PinWrapping);
    let other = world.paying_phone().await;
    replace(&world, Role::PinWrapping);
    // An operator retires too early what one phone depends on.
    world.keys.retire(first, true, start(), &mut SystemRandom).unwrap();
    assert_eq!(reseal(&world).await, Resealed { resealed: 1, left: 1 });
    assert_eq!(world.verdict(&other.code(1, start()), &order(), start()).await, Verdict::Ok);
    assert!(
        world
            .security
            .verify(&lost.code(1, start()), &order(), PaymentId::derive(0, start(), 1), start(), &Unwatched)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn webhooks_are_signed_as_before_after_their_wrapping_key_is_gone() {
    let world = World::new();
    let merchant = MerchantId::from_u128(1);
    let entry = |subject: String| AuditEntry {
        at: start(),
        actor: Actor::Server,
        action: "made".to_owned(),
        subject,
        detail: String::new(),
    };
    let shop = Merchant {
        id: merchant,
        name: "Corner Shop".to_owned(),
        terms: Vec::new(),
        created_at: start(),
        category: None,
    };
    let made = world.store.commit(Command::CreateMerchant(shop, entry(merchant.to_string()))).await;
    assert_eq!(made.unwrap(), Outcome::Done);
    let id = WebhookEndpointId::from_u128(9);
    let [secret, former] = [(); 2].map(|()| WebhookSecret::make(&mut SystemRandom));
    let wrap = |secret| world.keys.wrap_webhook_secret(id, secret, &mut SystemRandom).unwrap();
    let endpoint = WebhookEndpoint {
        id,
        merchant,
        version: 1,
        url: "https://shop.example/hooks".to_owned(),
        sealed_secret: wrap(&secret),
        previous_secret: Some(PreviousSecret { sealed: wrap(&former), valid_until: start().plus_s(9) }),
        status: EndpointStatus::Enabled,
        created_at: start(),
    };
    let command = CreateWebhookEndpoint { expected_others: 0, endpoint, audit: entry(id.to_string()) };
    let made = world.store.commit(Command::CreateWebhookEndpoint(Box::new(command))).await;
    assert_eq!(made.unwrap(), Outcome::Done);
    replace(&world, Role::WebhookWrapping);
    assert_eq!(reseal(&world).await, Resealed { resealed: 1, left: 0 });
    assert!(world.audit_actions().await.contains(&"webhook_endpoint.resealed".to_owned()));
    retire_former(&world, Role::WebhookWrapping);
    let kept = world.store.webhook_endpoint(id).await.unwrap().unwrap();
    assert_eq!(world.keys.unwrap_webhook_secret(id, &kept.sealed_secret).unwrap(), secret);
    let previous = kept.previous_secret.unwrap();
    assert_eq!(world.keys.unwrap_webhook_secret(id, &previous.sealed).unwrap(), former);
}
