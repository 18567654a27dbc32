//! What providers are told after we decided: in order, until known, by however many workers.

use crate::support::bank::{Heard, Mood};
use crate::support::*;
use model::{AccountKey, PaymentState};
use payments::{PaymentError, Wanted};

#[tokio::test]
async fn a_refused_booking_goes_to_suspense_and_to_a_person() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.change(payment.id, capture(700, false)).await.unwrap();
    world.bank.expect(&[Mood::RefusesBooking("the hold has ended"), Mood::RefusesBooking("no such hold")]);
    world.work().await;
    let tasks = world.store.tasks(records::Page::first(10)).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!((tasks[0].payment, tasks[0].reason.as_str()), (payment.id, "the hold has ended"));
    assert_eq!(in_suspense(&world).await, 700);
    world.assert_sound().await;

    // The refund of what was never taken is refused too: nothing is owed any more.
    world.change(payment.id, refund(700)).await.unwrap();
    world.work().await;
    assert_eq!(in_suspense(&world).await, 0);
    world.bank.expect(&[Mood::RefusesBooking("no such hold")]);
    world.change(payment.id, Wanted::Void).await.unwrap();
    world.work().await;
    assert_eq!(world.payment(payment.id).await.state, PaymentState::Captured);
    assert_eq!(world.store.tasks(records::Page::first(10)).await.unwrap().len(), 3);
    world.assert_settled().await;
}

#[tokio::test]
async fn a_refused_reversal_ends_with_a_person_s_task() {
    let world = World::new().await;
    world.bank.expect(&[Mood::Deaf, Mood::RefusesBooking("no")]);
    let (payment, _) = world.begin().await;
    world.change(payment.id, Wanted::Void).await.unwrap();
    world.work().await;
    assert_eq!(world.payment(payment.id).await.state, PaymentState::Reversed);
    assert_eq!(world.store.tasks(records::Page::first(10)).await.unwrap().len(), 1);
    world.assert_settled().await;
}

async fn in_suspense(world: &World) -> i128 {
    let account = AccountKey::Suspense("bank".parse().unwrap());
    let balances = world.store.balances().await.unwrap();
    let balance = balances.into_iter().find(|balance| balance.account == account).unwrap();
    balance.posted_debit_minor - balance.posted_credit_minor
}

#[tokio::test]
async fn bookings_keep_their_order_when_one_is_lost_and_when_the_clock_is_set_back() {
    for set_back_s in [0, 3_600] {
        let world = World::new().await;
        let payment = world.authorised().await;
        world.clock.advance_s(600);
        world.change(payment.id, capture(500, false)).await.unwrap();
        world.clock.advance_s(-set_back_s);
        world.change(payment.id, refund(200)).await.unwrap();
        world.change(payment.id, capture(100, true)).await.unwrap();
        world.bank.expect(&[Mood::Mute, Mood::Deaf]);
        world.work().await;
        assert!(!world.bank.heard().contains(&Heard::Refund(payment.id, 200)), "the refund overtook");
        world.clock.advance_s(set_back_s);
        world.work_for_s(10).await;
        let mut heard = world.bank.heard();
        heard.dedup();
        let expected = [
            Heard::Hold(payment.id),
            Heard::Capture(payment.id, 500),
            Heard::Refund(payment.id, 200),
            Heard::Capture(payment.id, 100),
            Heard::Release(payment.id),
        ];
        assert_eq!(heard, expected);
        assert_eq!(world.bank.taken_minor(payment.id), 400);
        world.assert_settled().await;
    }
}

#[tokio::test]
async fn what_waits_behind_a_lost_booking_takes_no_other_payment_s_place() {
    let world = World::new().await;
    let (stuck, other) = (world.authorised().await, world.authorised().await);
    world.bank.expect(&vec![Mood::Deaf; 3]);
    world.change(stuck.id, capture(500, true)).await.unwrap();
    for _ in 0..3 {
        world.clock.advance_s(1);
        world.payments.work(1).await.unwrap();
    }
    world.clock.advance_ms(1);
    world.change(other.id, capture_all()).await.unwrap();
    let mut rounds = 0;
    while world.bank.taken_minor(other.id) == 0 {
        world.payments.work(1).await.unwrap();
        rounds += 1;
        assert!(rounds < 4, "the release of the stuck payment is found due again and again");
    }
    world.work_for_s(60).await;
    world.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_at_once_do_everything_once() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        let payment = world.authorised().await;
        world.change(payment.id, capture(600, true)).await.unwrap();
        world.change(payment.id, refund(100)).await.unwrap();
        ids.push(payment.id);
    }
    world.bank.expect(&vec![Mood::Deaf; 6]);
    for _ in 0..6 {
        ids.push(world.begin().await.0.id);
    }
    for _ in 0..40 {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let payments = world.payments.clone();
                tokio::spawn(async move { payments.work(256).await.unwrap() })
            })
            .collect();
        for worker in workers {
            assert_eq!(worker.await.unwrap().failed, 0);
        }
        world.clock.advance_s(1);
    }
    for id in &ids[..6] {
        assert_eq!((world.bank.taken_minor(*id), world.bank.open_minor(*id)), (500, 0));
        let events = world.events(*id).await;
        assert_eq!(events.len(), 6, "{events:?}");
    }
    assert_eq!(world.bank.placed(), 12);
    assert_eq!(world.report().await.unsettled, 6, "the others are authorised");
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_tills_and_deadlines_may_all_come_at_once() {
    let world = World::new().await;
    for _ in 0..10 {
        world.bank.expect(&[Mood::Mute]);
        let (payment, _) = world.begin().await;
        world.clock.advance_s(30);
        let works: Vec<_> = (0..2)
            .map(|_| {
                let payments = world.payments.clone();
                tokio::spawn(async move { payments.work(256).await.unwrap().failed })
            })
            .collect();
        let (payments, request) = (world.payments.clone(), world.request());
        let id = payment.id;
        let void =
            tokio::spawn(
                async move { payments.change(request, MERCHANT, id, Wanted::Void).await.map(|_| ()) },
            );
        for work in works {
            assert_eq!(work.await.unwrap(), 0);
        }
        match void.await.unwrap() {
            Ok(()) | Err(PaymentError::NotAllowed(_)) => {}
            other => panic!("{other:?}"),
        }
        world.work().await;
        assert_eq!(world.bank.open_minor(payment.id), 0);
    }
    world.assert_settled().await;
}

#[tokio::test]
async fn a_bank_that_lets_everybody_wait_does_not_keep_deadlines_from_passing() {
    let world = World::new().await;
    let expiring = world.authorised().await;
    world.clock.advance_s(10);
    let mut captured = Vec::new();
    for _ in 0..40 {
        let payment = world.authorised().await;
        world.change(payment.id, capture_all()).await.unwrap();
        captured.push(payment.id);
    }
    // One lot of calls waits; the deadline passes meanwhile.
    world.bank.expect(&vec![Mood::LateToAnswer; 32]);
    let payments = world.payments.clone();
    let round = tokio::spawn(async move { payments.work(256).await.unwrap() });
    world.bank.has_taken_moods().await;
    world.clock.advance_s(3_591);
    world.bank.open_gate();
    round.await.unwrap();
    assert_eq!(world.payment(expiring.id).await.state, PaymentState::Expired, "it waited for all forty");
    world.work().await;
    world.assert_settled().await;
}

#[tokio::test]
async fn a_round_against_a_dead_bank_ends_after_one_lot() {
    let world = World::new().await;
    for _ in 0..40 {
        let payment = world.authorised().await;
        world.change(payment.id, capture_all()).await.unwrap();
    }
    world.bank.expect(&vec![Mood::Deaf; 40]);
    assert_eq!(world.payments.work(256).await.unwrap().payments, 32);
    world.work_for_s(2).await;
    world.assert_settled().await;
}
