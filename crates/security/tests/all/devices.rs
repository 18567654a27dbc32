//! Devices online, their methods, and the audit chain's signature.

use crate::support::*;
use crypto::{SystemRandom, p256::Signature};
use model::{Currency, MethodSlot};
use protocol::verdict::Verdict;
use records::{AuditHead, EnrolmentStatus, LockReason, MethodState, Queries, RevocationReason};
use security::KeyStore;
use security::{AuthenticationRefusal, PhoneTold, Policy, Security, SecurityError};

/// A phone that tells how its clock stands.
fn clock(at: model::Timestamp) -> PhoneTold<'static> {
    PhoneTold { device_time: Some(at), ..PhoneTold::default() }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, SecurityError>) -> AuthenticationRefusal {
    match result {
        Err(SecurityError::Unauthenticated(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_signed_request_is_taken_once_in_time_and_from_its_device_only() {
    let world = World::new();
    let customer = world.customer().await;
    let phone = world.phone(customer).await;
    let request = phone.signed_request(start());
    assert_eq!(world.security.authenticate(&request, start()).await.unwrap().customer(), customer);
    let replayed = world.security.authenticate(&request, start().plus_s(300)).await;
    assert_eq!(refusal(replayed), AuthenticationRefusal::Replayed);
    let late = world.security.authenticate(&phone.signed_request(start()), start().plus_s(301)).await;
    assert_eq!(refusal(late), AuthenticationRefusal::Time);

    let mut thief = phone.clone();
    thief.online_key = thief.device_key.clone();
    let forged = world.security.authenticate(&thief.signed_request(start()), start()).await;
    assert_eq!(refusal(forged), AuthenticationRefusal::Signature);
    thief.enrolment = model::EnrolmentId::from_bytes([0xff; 6]);
    let unknown = world.security.authenticate(&thief.signed_request(start()), start()).await;
    assert_eq!(refusal(unknown), AuthenticationRefusal::UnknownEnrolment);

    world.security.revoke(phone.enrolment, RevocationReason::Lost, "olga", start()).await.unwrap();
    assert_eq!(refusal(world.online(&phone, start()).await), AuthenticationRefusal::Revoked);
    assert_eq!(world.verdict(&phone.code(1, start()), &order(), start()).await, Verdict::EnrolmentLocked);
}

#[tokio::test]
async fn forged_requests_use_up_nothing_of_the_device_s_own() {
    let world = World::new();
    let phone = world.phone(world.customer().await).await;
    let mut stranger = phone.clone();
    stranger.online_key = crypto::p256::SigningKey::make(&mut SystemRandom);
    for _ in 0..200 {
        let forged = world.security.authenticate(&stranger.signed_request(start()), start()).await;
        assert_eq!(refusal(forged), AuthenticationRefusal::Signature);
    }
    for _ in 0..60 {
        world.online(&phone, start()).await.unwrap();
    }
    assert_eq!(world.online(&phone, start()).await.unwrap_err(), SecurityError::TooManyRequests);
    world.online(&phone, start().plus_s(1)).await.unwrap();
}

#[tokio::test]
async fn being_online_is_written_down_seldom_and_clocks_are_followed_in_steps() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let before = world.enrolment(&phone).await.version;
    for s in [1, 60, 3_599] {
        world.online(&phone, start().plus_s(s)).await.unwrap();
    }
    assert_eq!(world.enrolment(&phone).await.version, before);
    let later = start().plus_s(3_600);
    let device = world.online(&phone, later).await.unwrap();
    assert_eq!(world.enrolment(&phone).await.last_online_at, later);

    // The device's clock is two hours ahead: one step an exchange, then its codes are fresh again.
    let shown = later.plus_s(7_200);
    assert_eq!(world.verdict(&phone.code(1, shown), &order(), later).await, Verdict::TooNew);
    let device = world.security.learn(&device, &clock(shown), later).await.unwrap();
    // The code above changed the enrolment meanwhile, so this exchange was not written.
    assert_eq!(world.enrolment(&phone).await.clock_offset_ms, 0);
    drop(device);
    for expected_s in [3_600, 7_200, 7_200] {
        let device = world.online(&phone, later).await.unwrap();
        world.security.learn(&device, &clock(shown), later).await.unwrap();
        assert_eq!(world.enrolment(&phone).await.clock_offset_ms, expected_s * 1000);
    }
    assert_eq!(world.verdict(&phone.code(2, shown), &order(), later).await, Verdict::Ok);
    let device = world.online(&phone, later).await.unwrap();
    for _ in 0..40 {
        let device = world.security.authenticate(&phone.signed_request(later), later).await.unwrap();
        world.security.learn(&device, &clock(later.plus_s(10_000_000)), later).await.unwrap();
    }
    drop(device);
    assert_eq!(world.enrolment(&phone).await.clock_offset_ms, 86_400_000, "no further than policy allows");
}

#[tokio::test]
async fn a_server_clock_that_was_far_ahead_leaves_no_phone_unlimited_offline() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let wrong = start().plus_s(365 * 86_400);
    world.online(&phone, wrong).await.unwrap();
    assert_eq!(world.enrolment(&phone).await.last_online_at, wrong);
    // The operator sets the clock right, and the phone comes by.
    let right = start().plus_s(60);
    world.online(&phone, right).await.unwrap();
    assert_eq!(world.enrolment(&phone).await.last_online_at, right);
    let later = right.plus_s(8 * 86_400);
    assert_eq!(world.verdict(&phone.code(1, later), &order(), later).await, Verdict::OfflineTooLong);
}

#[tokio::test]
async fn customers_and_operators_lock_and_only_operators_unlock() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let device = world.online(&phone, start()).await.unwrap();
    assert_eq!(world.security.resync(&device, start()).await.unwrap().0.0, 0, "nothing to resynchronise");
    assert_eq!(
        world.security.unlock(phone.enrolment, "olga", start()).await.unwrap_err(),
        SecurityError::WrongState("the enrolment is not locked")
    );
    world.security.lock_by_device(&device, start()).await.unwrap();
    assert_eq!(world.verdict(&phone.code(1, start()), &order(), start()).await, Verdict::EnrolmentLocked);
    // Another lock does not hide the first one.
    let locked = world.security.lock_by_operator(phone.enrolment, "olga", start().plus_s(1)).await.unwrap();
    let customer = EnrolmentStatus::Locked { reason: LockReason::Customer, since: start() };
    assert_eq!(locked.status, customer);
    assert!(world.security.resync(&device, start()).await.is_err());
    let unlocked = world.security.unlock(phone.enrolment, "olga", start()).await.unwrap();
    assert_eq!((unlocked.status, unlocked.pin.failures), (EnrolmentStatus::Active, 0));
    assert_eq!(world.verdict(&phone.code(2, start()), &order(), start()).await, Verdict::Ok);
    let nobody = model::EnrolmentId::from_bytes([1; 6]);
    assert_eq!(
        world.security.lock_by_operator(nobody, "olga", start()).await.unwrap_err(),
        SecurityError::NotFound("enrolment")
    );
}

#[tokio::test]
async fn a_lock_during_which_counters_forked_ends_in_a_resynchronisation() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let later = start().plus_s(1_000);
    assert_eq!(world.verdict(&phone.code(1, start()), &order(), start()).await, Verdict::Ok);
    world.security.lock_by_operator(phone.enrolment, "olga", start()).await.unwrap();
    assert_eq!(world.verdict(&phone.code(1, later), &order(), later).await, Verdict::CounterFork);
    let locked = EnrolmentStatus::Locked { reason: LockReason::Operator, since: start() };
    assert_eq!(world.enrolment(&phone).await.status, locked, "a fork makes no lock weaker");
    let unlocked = world.security.unlock(phone.enrolment, "olga", later).await.unwrap();
    assert_eq!(unlocked.status, EnrolmentStatus::Unsynchronised { since: later });
}

#[tokio::test]
async fn method_slots_are_given_once_and_are_nobody_else_s() {
    let world = World::with_policy(Policy { methods_max: 3, ..Policy::default() });
    let (ada, bob) = (world.paying_phone().await, world.paying_phone().await);
    let random = &mut SystemRandom;
    let device = world.online(&ada, start()).await.unwrap();
    let bank = || "bank".parse().unwrap();

    let second = world.prove_method(&ada, Currency::CHF).await;
    assert_eq!(second, MethodSlot(2));
    let mut plan = bob.plan(1, start());
    plan.fields.method = second;
    assert_eq!(world.verdict(&bob.make(&plan), &order(), start()).await, Verdict::MethodUnknown);

    world.security.remove_method(&device, second, start()).await.unwrap();
    world.security.remove_method(&device, second, start()).await.unwrap();
    let third = world.security.add_method(&device, bank(), start(), random).await.unwrap();
    assert_eq!(third.slot, MethodSlot(3), "a removed slot is not given again");
    world.security.add_method(&device, bank(), start(), random).await.unwrap();
    let full = world.security.add_method(&device, bank(), start(), random).await;
    assert!(matches!(full, Err(SecurityError::WrongState(_))), "{full:?}");
    // What was never proved stops counting once its time is over, and can no longer be proved.
    let later = start().plus_s(3_600);
    world.security.add_method(&device, bank(), later, random).await.unwrap();
    let late = world.security.record_proof(&device, third.slot, &account(Currency::CHF), later).await;
    assert!(matches!(late, Err(SecurityError::WrongState(_))), "{late:?}");
}

#[tokio::test]
async fn proofs_count_once_and_only_for_accounts_that_can_be_used() {
    let world = World::new();
    let phone = world.phone(world.customer().await).await;
    let device = world.online(&phone, start()).await.unwrap();
    let random = &mut SystemRandom;
    let slot =
        world.security.add_method(&device, "bank".parse().unwrap(), start(), random).await.unwrap().slot;
    let mut unusable = account(Currency::CHF);
    unusable.account_ref = "with space".to_owned();
    assert!(world.security.record_proof(&device, slot, &unusable, start()).await.is_err());
    let proved = world.security.record_proof(&device, slot, &account(Currency::CHF), start()).await.unwrap();
    assert!(matches!(proved.state, MethodState::Active { .. }));
    let again = world.security.record_proof(&device, slot, &account(Currency::CHF), start()).await.unwrap();
    assert_eq!(again.version, proved.version);
    assert!(world.security.record_proof(&device, slot, &account(Currency::EUR), start()).await.is_err());
    let nothing = world.security.record_proof(&device, MethodSlot(9), &account(Currency::CHF), start()).await;
    assert_eq!(nothing.unwrap_err(), SecurityError::NotFound("method"));
}

#[tokio::test]
async fn the_audit_chain_is_signed_to_its_end_also_after_a_restart() {
    let world = World::new();
    assert_eq!(world.security.sign_audit_head(start()).await.unwrap(), None);
    let phone = world.paying_phone().await;
    let head = world.security.sign_audit_head(start()).await.unwrap().unwrap();
    let last = world.store.audit(records::Page::first(1_000)).await.unwrap().pop().unwrap();
    assert_eq!((head.sequence, head.hash), (last.sequence, last.hash));
    let signature = Signature::from_bytes(head.signature.as_slice().try_into().unwrap()).unwrap();
    let signed = AuditHead::to_sign(head.sequence, &head.hash);
    world.keys.audit_keys()[0].verify(&[&signed], &signature).unwrap();
    assert_eq!(world.security.sign_audit_head(start()).await.unwrap(), None);

    let restarted = Security::new(world.store.clone(), world.keys.clone(), Policy::default()).unwrap();
    assert_eq!(restarted.sign_audit_head(start()).await.unwrap(), None);
    restarted.lock_by_operator(phone.enrolment, "olga", start()).await.unwrap();
    let next = restarted.sign_audit_head(start()).await.unwrap().unwrap();
    assert_eq!(next.sequence, head.sequence + 1);
    // The first one sees that the other was faster.
    assert!(world.security.sign_audit_head(start()).await.unwrap().is_some());
    assert_eq!(world.security.sign_audit_head(start()).await.unwrap(), None);
}

#[tokio::test]
async fn bundles_are_the_same_within_an_hour_and_rise_after_it() {
    let world = World::new();
    let bundle = |s: i64| world.security.key_bundle(start().plus_s(s)).unwrap();
    assert_eq!(bundle(0), bundle(1));
    let verify = |s: i64, last| {
        let (root, realm) = (&world.keys.root_public_key(), security::KeyStore::realm(&*world.keys));
        protocol::key_bundle::KeyBundle::verify(&bundle(s), root, realm, start().plus_s(s), last)
    };
    let first = verify(0, 0).unwrap();
    let later = verify(3_600, first.sequence).unwrap();
    assert!(later.sequence > first.sequence);
    assert!(first.payment_key_at(start()).is_some());
}
