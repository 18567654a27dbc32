//! Payment codes against the real store: what counts, what is consumed, and what attackers get.

use crate::support::*;
use model::{Currency, MethodSlot, Order, PaymentId, Timestamp, Unwatched};
use protocol::{evidence::Evidence, payment_code::Cap, verdict::Verdict};
use records::{EnrolmentStatus, LockReason, Queries};
use security::{Policy, Security, Verification};
use std::sync::Arc;

#[tokio::test]
async fn a_good_code_pays_once_and_the_statement_names_the_hold() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let code = phone.code(1, start());
    let id = PaymentId::derive(0, start(), 1);
    let Verification::Accepted(verified) =
        world.security.verify(&code, &order(), id, start(), &Unwatched).await.unwrap()
    else {
        panic!("refused");
    };
    assert_eq!((verified.payment(), verified.order(), verified.code_hash()), (id, &order(), code.hash().0));
    assert_eq!(verified.payer().account_ref, "acc-CHF");
    let parts = verified.into_parts();
    let statement = parts.statement.verify(&world.keys.statement_public_key()).unwrap();
    assert_eq!((statement.hold_id, statement.amount_minor), (id.to_string(), 1250));
    assert_eq!((statement.code_hash, statement.terminal_bound), (code.hash().0, false));

    assert_eq!(
        world.verdict(&code, &order(), start()).await,
        Verdict::Ok,
        "verifying alone consumes nothing"
    );
    assert_eq!(world.verdict(&code, &order(), start()).await, Verdict::CounterUsed);
    assert_eq!(world.enrolment(&phone).await.counter, model::Counter(1));
}

#[tokio::test]
async fn wrong_pins_lock_once_each_however_often_they_are_posted() {
    let world = World::new();
    let phone = world.paying_phone().await;
    for counter in 1..=3 {
        let code = phone.wrong_pin_code(counter, start());
        let presented = world.present(&code, &order(), start()).await;
        assert_eq!((presented.verdict, presented.locks_for_pin), (Verdict::WrongPin, counter == 3));
        for _ in 0..3 {
            assert_eq!(world.verdict(&code, &order(), start()).await, Verdict::CounterUsed);
        }
        assert_eq!(u32::from(world.enrolment(&phone).await.pin.failures), counter);
    }
    let locked = world.enrolment(&phone).await;
    assert_eq!(locked.status, EnrolmentStatus::Locked { reason: LockReason::PinFailures, since: start() });
    // Locked, so neither PIN is looked at any more: no oracle.
    assert_eq!(world.verdict(&phone.code(4, start()), &order(), start()).await, Verdict::EnrolmentLocked);
    assert_eq!(
        world.verdict(&phone.wrong_pin_code(5, start()), &order(), start()).await,
        Verdict::EnrolmentLocked
    );
    assert_eq!(world.enrolment(&phone).await.pin.failures, 3);
    assert!(world.audit_actions().await.contains(&"enrolment.locked".to_owned()));

    world.security.unlock(phone.enrolment, "olga", start()).await.unwrap();
    assert_eq!(world.verdict(&phone.code(6, start()), &order(), start()).await, Verdict::Ok);
}

#[tokio::test]
async fn a_right_pin_forgets_wrong_ones_even_if_the_payment_is_refused() {
    let world = World::new();
    let phone = world.paying_phone().await;
    for counter in 1..=2 {
        assert_eq!(
            world.verdict(&phone.wrong_pin_code(counter, start()), &order(), start()).await,
            Verdict::WrongPin
        );
    }
    let too_much = order_of(5_001, Currency::CHF);
    assert_eq!(world.verdict(&phone.code(3, start()), &too_much, start()).await, Verdict::CapExceeded);
    assert_eq!(world.enrolment(&phone).await.pin.failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_parallel_posts_of_one_code_count_once() {
    let world = Arc::new(World::new());
    let phone = world.paying_phone().await;
    for (counter, is_right) in [(1, false), (2, true)] {
        let code =
            if is_right { phone.code(counter, start()) } else { phone.wrong_pin_code(counter, start()) };
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let (world, code) = (world.clone(), code.clone());
                tokio::spawn(async move { world.verdict(&code, &order(), start()).await })
            })
            .collect();
        let mut first = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Verdict::CounterUsed => {}
                other => first.push(other),
            }
        }
        assert_eq!(first, [if is_right { Verdict::Ok } else { Verdict::WrongPin }]);
        assert_eq!(world.enrolment(&phone).await.pin.failures, u8::from(!is_right));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_guesses_never_exceed_the_limit() {
    let world = Arc::new(World::new());
    let phone = world.paying_phone().await;
    let tasks: Vec<_> = (1..=40)
        .map(|counter| {
            let (world, code) = (world.clone(), phone.wrong_pin_code(counter, start()));
            tokio::spawn(async move { world.verdict(&code, &order(), start()).await })
        })
        .collect();
    let mut wrong = 0;
    for task in tasks {
        wrong += u32::from(task.await.unwrap() == Verdict::WrongPin);
    }
    assert!(wrong <= 3, "{wrong} guesses were judged");
    assert!(world.enrolment(&phone).await.pin.failures <= 3);
}

#[tokio::test]
async fn strangers_can_neither_lock_nor_burn() {
    let world = World::new();
    let victim = world.paying_phone().await;
    let stranger = world.paying_phone().await;
    // The victim's enrolment in a code signed by another device: substitution.
    let mut plan = stranger.plan(1, start());
    plan.fields.enrolment = victim.enrolment;
    plan.pin = WRONG_PIN;
    let forged = stranger.make(&plan);
    let before = world.enrolment(&victim).await;
    for _ in 0..5 {
        assert_eq!(world.verdict(&forged, &order(), start()).await, Verdict::BadSignature);
    }
    assert_eq!(world.enrolment(&victim).await, before);
    assert_eq!(world.verdict(&victim.code(1, start()), &order(), start()).await, Verdict::Ok);
}

#[tokio::test]
async fn a_code_for_another_server_is_worth_nothing_here() {
    let (ours, theirs) = (World::new(), World::new());
    let phone = ours.paying_phone().await;
    let mut tricked = phone.clone();
    tricked.recipient = theirs.phone(theirs.customer().await).await.recipient;
    let code = tricked.code(1, start());
    let verdict = ours.verdict(&code, &order(), start()).await;
    assert!(matches!(verdict, Verdict::UnknownKey | Verdict::NotForUs), "{verdict}");
    // Even where the other server's key has the same id here, it cannot be opened.
    tricked.recipient.key_id = phone.recipient.key_id;
    assert_eq!(ours.verdict(&tricked.code(1, start()), &order(), start()).await, Verdict::NotForUs);
    assert_eq!(ours.verdict(&phone.code(1, start()), &order(), start()).await, Verdict::Ok);
}

#[tokio::test]
async fn a_restored_backup_must_resynchronise_and_the_second_time_is_a_clone() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let later = start().plus_s(3_600);
    assert_eq!(world.verdict(&phone.code(1, start()), &order(), start()).await, Verdict::Ok);
    assert_eq!(world.verdict(&phone.code(1, later), &order(), later).await, Verdict::CounterFork);
    let enrolment = world.enrolment(&phone).await;
    assert_eq!(enrolment.status, EnrolmentStatus::Unsynchronised { since: later });
    assert_eq!(world.verdict(&phone.code(2, later), &order(), later).await, Verdict::EnrolmentUnsynchronised);

    let device = world.online(&phone, later).await.unwrap();
    assert_eq!(world.security.resync(&device, later).await.unwrap().0.0, 2);
    assert_eq!(world.verdict(&phone.code(3, later), &order(), later).await, Verdict::Ok);

    let again = later.plus_s(3_600);
    assert_eq!(world.verdict(&phone.code(3, again), &order(), again).await, Verdict::CounterFork);
    let enrolment = world.enrolment(&phone).await;
    assert_eq!(enrolment.status, EnrolmentStatus::Locked { reason: LockReason::Clone, since: again });
    let device = world.online(&phone, again).await.unwrap();
    assert!(world.security.resync(&device, again).await.is_err(), "a clone cannot unlock itself");

    // An operator lets the customer go on; the phone still has to resynchronise first.
    world.security.unlock(phone.enrolment, "olga", again).await.unwrap();
    assert_eq!(world.enrolment(&phone).await.status, EnrolmentStatus::Unsynchronised { since: again });
}

#[tokio::test]
async fn two_devices_with_one_counter_at_the_same_time_are_a_clone_at_once() {
    let world = World::new();
    let phone = world.paying_phone().await;
    assert_eq!(world.verdict(&phone.code(1, start()), &order(), start()).await, Verdict::Ok);
    let soon = start().plus_s(100);
    assert_eq!(world.verdict(&phone.code(1, soon), &order(), soon).await, Verdict::CounterFork);
    let status = world.enrolment(&phone).await.status;
    assert_eq!(status, EnrolmentStatus::Locked { reason: LockReason::Clone, since: soon });
    assert_eq!(world.verdict(&phone.code(2, soon), &order(), soon).await, Verdict::EnrolmentLocked);
}

#[tokio::test]
async fn an_older_code_never_shown_before_is_refused_and_changes_nothing() {
    let world = World::new();
    let phone = world.paying_phone().await;
    assert_eq!(world.verdict(&phone.code(5, start()), &order(), start()).await, Verdict::Ok);
    let before = world.enrolment(&phone).await;
    assert_eq!(world.verdict(&phone.code(4, start()), &order(), start()).await, Verdict::CounterBehind);
    assert_eq!(world.enrolment(&phone).await, before);
}

#[tokio::test]
async fn only_reuse_at_another_till_raises_an_alarm() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let code = phone.code(1, start());
    assert_eq!(world.verdict(&code, &order(), start()).await, Verdict::Ok);
    assert_eq!(world.verdict(&code, &order(), start()).await, Verdict::CounterUsed);
    assert!(!world.audit_actions().await.contains(&"code.reused_elsewhere".to_owned()));
    let elsewhere = Order { terminal: till(8), ..order() };
    assert_eq!(world.verdict(&code, &elsewhere, start()).await, Verdict::CounterUsed);
    assert!(world.audit_actions().await.contains(&"code.reused_elsewhere".to_owned()));
}

#[tokio::test]
async fn time_window_methods_caps_tills_evidence_and_limits() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let other = world.paying_phone().await;
    world.prove_method(&other, Currency::EUR).await;
    let device = world.online(&phone, start()).await.unwrap();
    let provider = "bank".parse().unwrap();
    // Slot 2 is not proved, slot 3 is removed; slot 4 is nobody's.
    let random = &mut crypto::SystemRandom;
    world.security.add_method(&device, provider, start(), random).await.unwrap();
    let third = world.prove_method(&phone, Currency::EUR).await;
    world.security.remove_method(&device, third, start()).await.unwrap();

    let mut counter = 0;
    let mut case = async |order: Order, change: &dyn Fn(&mut Plan), expected: Verdict| {
        counter += 1;
        let mut plan = phone.plan(counter, start());
        change(&mut plan);
        assert_eq!(world.verdict(&phone.make(&plan), &order, start()).await, expected);
        assert_eq!(world.enrolment(&phone).await.counter.0, counter, "every verdict consumes the code");
    };
    let made = |s: i64| u32::try_from(start().plus_s(s).s()).unwrap();
    case(order(), &|p| p.fields.device_time_s = made(-121), Verdict::TooOld).await;
    case(order(), &|p| p.fields.device_time_s = made(31), Verdict::TooNew).await;
    case(order(), &|p| p.fields.device_time_s = made(-120), Verdict::Ok).await;
    case(order(), &|p| p.fields.device_time_s = made(30), Verdict::Ok).await;
    case(order(), &|p| p.fields.method = MethodSlot(4), Verdict::MethodUnknown).await;
    case(order(), &|p| p.fields.method = MethodSlot(3), Verdict::MethodRemoved).await;
    case(order(), &|p| p.fields.method = MethodSlot(2), Verdict::MethodUnproved).await;
    case(order_of(1250, Currency::EUR), &|_| {}, Verdict::CurrencyMismatch).await;
    case(order(), &|p| p.fields.cap = Cap::at_most(1249).unwrap(), Verdict::CapExceeded).await;
    case(order(), &|p| p.fields.cap = Cap::at_most(1250).unwrap(), Verdict::Ok).await;
    case(order(), &|p| p.fields.terminal = Some(till(8)), Verdict::WrongTerminal).await;
    case(order(), &|p| p.fields.terminal = Some(till(7)), Verdict::Ok).await;
    case(order(), &|p| p.fields.claimed_evidence |= Evidence::HOOKING, Verdict::EvidenceRefused).await;

    let limits = Policy::default().limits[&Currency::CHF].software;
    let huge = |p: &mut Plan| p.fields.cap = Cap::MAX;
    let bound = |p: &mut Plan| {
        huge(p);
        p.fields.terminal = Some(till(7));
    };
    let doubtful = |p: &mut Plan| {
        huge(p);
        p.fields.claimed_evidence |= Evidence::PRIVILEGED;
    };
    for (change, limit_minor) in [
        (&huge as &dyn Fn(&mut Plan), limits.unbound_clean_minor),
        (&bound, limits.bound_clean_minor),
        (&doubtful, limits.unbound_doubtful_minor),
    ] {
        case(order_of(limit_minor, Currency::CHF), change, Verdict::Ok).await;
        case(order_of(limit_minor + 1, Currency::CHF), change, Verdict::LimitExceeded).await;
    }
}

#[tokio::test]
async fn a_phone_that_was_offline_for_too_long_is_declined_or_capped() {
    let late = start().plus_s(7 * 86_400 + 1);
    let world = World::new();
    let phone = world.paying_phone().await;
    let last_moment = late.plus_s(-1);
    assert_eq!(world.verdict(&phone.code(1, last_moment), &order(), last_moment).await, Verdict::Ok);
    assert_eq!(world.verdict(&phone.code(2, late), &order(), late).await, Verdict::OfflineTooLong);
    world.online(&phone, late).await.unwrap();
    assert_eq!(world.verdict(&phone.code(3, late), &order(), late).await, Verdict::Ok);

    let capped =
        Policy { offline: security::OfflineRule::Cap([(Currency::CHF, 1_000)].into()), ..Policy::default() };
    let world = World::with_policy(capped);
    let phone = world.paying_phone().await;
    let small = order_of(1_000, Currency::CHF);
    assert_eq!(world.verdict(&phone.code(1, late), &small, late).await, Verdict::Ok);
    assert_eq!(world.verdict(&phone.code(2, late), &order(), late).await, Verdict::OfflineTooLong);
}

#[tokio::test]
async fn the_certificates_end_and_the_keys_end_are_ends() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let end = world.enrolment(&phone).await.certificate_not_after;
    assert_eq!(world.verdict(&phone.code(1, end), &order(), end).await, Verdict::UnknownKey);
    // The payment key ends before the certificate does; with a younger one the certificate is what counts.
    let keys = world.folder.path().join("keys");
    let random = &mut crypto::SystemRandom;
    let at = end.plus_s(-86_400);
    let renewed = Arc::new(keystore::RealmKeys::open_file(&keys, PASSPHRASE).unwrap());
    renewed.rotate(keystore::Role::Payment, None, at, random).unwrap();
    let security = Security::new(world.store.clone(), renewed.clone(), Policy::default()).unwrap();
    let bundle = security.key_bundle(end).unwrap();
    let realm = &phone.recipient.realm;
    let bundle =
        protocol::key_bundle::KeyBundle::verify(&bundle, &renewed.root_public_key(), realm, end, 0).unwrap();
    let mut phone = phone;
    phone.recipient = bundle.payment_key_at(end).unwrap();
    let id = PaymentId::derive(0, end, 1);
    let verify = async |now: Timestamp, counter| match security
        .verify(&phone.code(counter, now), &order(), id, now, &Unwatched)
        .await
        .unwrap()
    {
        Verification::Accepted(_) => Verdict::Ok,
        Verification::Refused(refused) => refused.verdict(),
    };
    assert_eq!(verify(end, 1).await, Verdict::CertificateExpired);
    assert_eq!(verify(end.plus_s(-1), 1).await, Verdict::OfflineTooLong);
}

#[tokio::test]
async fn refusals_tell_the_phone_the_cause_only_where_a_device_was_proved() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let id = PaymentId::derive(0, start(), 1);
    let refused =
        async |code| match world.security.verify(code, &order(), id, start(), &Unwatched).await.unwrap() {
            Verification::Refused(refused) => refused,
            Verification::Accepted(_) => panic!("accepted"),
        };
    let wrong_pin = phone.wrong_pin_code(1, start());
    let told = refused(&wrong_pin).await.confirmation_cause();
    assert_eq!(told, Some((phone.enrolment, model::Counter(1), Verdict::WrongPin)));
    let mut stranger = phone.clone();
    stranger.device_key = crypto::p256::SigningKey::make(&mut crypto::SystemRandom);
    let parts = *refused(&stranger.code(1, start())).await;
    assert_eq!(parts.confirmation_cause(), None);
    let parts = parts.into_parts();
    assert!(parts.enrolment.is_none() && parts.code_use.is_none() && parts.verdict.enrolment.is_none());
    // Nothing was committed, so nothing was counted.
    assert_eq!(world.store.enrolment(phone.enrolment).await.unwrap().unwrap().pin.failures, 0);
}
