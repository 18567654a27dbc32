//! Beginning a payment against a bank that answers late, twice, never or nonsense: the till's answer, the money
//! and the books agree in the end.

use crate::support::bank::{Heard, Mood};
use crate::support::falsified::Falsified;
use crate::support::*;
use model::{DeclineReason, PaymentState, Unwatched};
use payments::{Begun, Cancelled, PaymentError};
use protocol::confirmation::ConfirmationKind;
use records::{Command, RequestId, StoreError};
use std::sync::Arc;

#[tokio::test]
async fn an_approval_is_answered_at_once_and_the_same_request_gets_the_same_bytes() {
    let world = World::new().await;
    let request = world.request();
    let (payment, answer) = world.begin_as(request.clone()).await;
    assert!(matches!(payment.state, PaymentState::Authorised(_)));
    assert_eq!((answer.status, world.bank.open_minor(payment.id)), (201, AMOUNT_MINOR));

    let Begun::Known(row) =
        world.payments.begin(request.clone(), world.verified().await, &Unwatched).await.unwrap()
    else {
        panic!("the request was taken for a new one");
    };
    assert_eq!((row.payment, row.answer), (Some(payment.id), Some(answer)));
    let other = RequestId { request_hash: [2; 32], ..request };
    let error = world.payments.begin(other, world.verified().await, &Unwatched).await.unwrap_err();
    assert_eq!(error, PaymentError::OtherRequest);
    assert_eq!(world.bank.heard(), [Heard::Hold(payment.id)]);
    world.assert_sound().await;
}

#[tokio::test]
async fn a_refusal_declines_and_tells_the_phone() {
    let world = World::new().await;
    world.bank.expect(&[Mood::Refuses(DeclineReason::InsufficientFunds)]);
    let (payment, answer) = world.begin().await;
    assert_eq!(payment.state, PaymentState::Declined(DeclineReason::InsufficientFunds));
    assert_eq!(answer.status, 402);
    assert_eq!(world.told().await, [(ConfirmationKind::Declined, AMOUNT_MINOR)]);
    world.assert_settled().await;
}

#[tokio::test]
async fn a_silent_bank_is_asked_again_and_its_answer_is_kept_for_the_till() {
    for mood in [Mood::Deaf, Mood::Mute] {
        let world = World::new().await;
        world.bank.expect(&[mood.clone(), mood]);
        let request = world.request();
        let (payment, answer) = world.begin_as(request.clone()).await;
        assert_eq!((&payment.state, answer.status), (&PaymentState::Unknown, 202));
        world.assert_sound().await;
        world.work_for_s(12).await;
        assert!(matches!(world.payment(payment.id).await.state, PaymentState::Authorised(_)));
        assert_eq!((world.bank.placed(), world.bank.open_minor(payment.id)), (1, AMOUNT_MINOR));
        let row = world.store.request(CHECKOUT, request.key).await.unwrap().unwrap();
        assert_eq!(row.answer.unwrap().status, 201);
        world.assert_sound().await;
    }
}

/// A till asks how its request stands, and what it is told must not be put together from before and after.
#[tokio::test]
async fn a_request_that_is_answered_while_a_till_asks_is_never_told_as_under_way() {
    for (until_s, status) in [(12, 201), (40, 402)] {
        let world = World::new().await;
        world.bank.expect(&vec![Mood::Deaf; if status == 201 { 2 } else { 64 }]);
        let request = world.request();
        let (payment, _) = world.begin_as(request.clone()).await;
        let seen = world.store.request(CHECKOUT, request.key.clone()).await.unwrap().unwrap();
        let meanwhile = world.payments.begun_before(seen.clone(), &request).await.unwrap();
        assert_eq!(meanwhile.status, 202);
        world.work_for_s(until_s).await;
        assert!(!world.payment(payment.id).await.state.is_under_way());
        let answer = world.payments.begun_before(seen.clone(), &request).await.unwrap();
        assert_eq!(answer.status, status);
        let stored = world.store.request(CHECKOUT, request.key.clone()).await.unwrap().unwrap();
        assert_eq!(Some(&answer), stored.answer.as_ref());
        assert_eq!(world.payments.begun_before(stored, &request).await.unwrap(), answer);
        let other = RequestId { request_hash: [2; 32], ..request };
        let refused = world.payments.begun_before(seen, &other).await;
        assert_eq!(refused, Err(PaymentError::OtherRequest));
    }
}

#[tokio::test]
async fn a_bank_that_stays_silent_is_given_up_and_keeps_no_money() {
    for mood in [Mood::Deaf, Mood::Mute] {
        let world = World::new().await;
        world.bank.expect(&vec![mood; 64]);
        let (payment, _) = world.begin().await;
        world.work_for_s(29).await;
        assert_eq!(world.payment(payment.id).await.state, PaymentState::Unknown);
        world.work_for_s(1).await;
        assert_eq!(world.payment(payment.id).await.state, PaymentState::Reversing);
        assert_eq!(world.told().await, [(ConfirmationKind::Declined, AMOUNT_MINOR)]);
        assert_eq!(world.store.begin_request(payment.id).await.unwrap().unwrap().answer.unwrap().status, 402);
        world.assert_sound().await;
        // The release is sent until the bank speaks again: at most five minutes lie between two tries.
        world.work_for_s(3_600).await;
        while world.payment(payment.id).await.state != PaymentState::Reversed {
            world.clock.advance_s(300);
            world.work().await;
        }
        assert_eq!(world.bank.open_minor(payment.id), 0);
        world.assert_settled().await;
    }
}

#[tokio::test]
async fn an_approval_that_arrives_after_a_cancel_never_leaves_money_held() {
    for mood in [Mood::LateToHear, Mood::LateToAnswer] {
        for cancel_is_told_first in [true, false] {
            let world = World::new().await;
            world.bank.expect(std::slice::from_ref(&mood));
            let (request, verified) = (world.request(), world.verified().await);
            let key = request.key.clone();
            let begin = {
                let (payments, request) = (world.payments.clone(), request.clone());
                tokio::spawn(async move { payments.begin(request, verified, &Unwatched).await })
            };
            world.bank.has_taken_moods().await;
            let Cancelled::Received(payment) = world.payments.cancel(CHECKOUT, request.key).await.unwrap()
            else {
                panic!("the request had not arrived");
            };
            assert_eq!(payment.state, PaymentState::Reversing);
            if cancel_is_told_first {
                world.work().await;
            }
            world.bank.open_gate();
            let Begun::Answered(answered, answer) = begin.await.unwrap().unwrap() else { panic!("known") };
            assert_eq!((answered.id, answer.status), (payment.id, 402));
            let row = world.store.request(CHECKOUT, key).await.unwrap().unwrap();
            assert_eq!(row.answer, Some(answer), "asked again, the till is told something else");
            world.work().await;
            assert_eq!(world.payment(payment.id).await.state, PaymentState::Reversed);
            assert_eq!(world.bank.open_minor(payment.id), 0);
            world.assert_settled().await;
        }
    }
}

#[tokio::test]
async fn an_approval_whose_hold_ends_too_soon_is_taken_back() {
    let world = World::new().await;
    for hold_expires_at in [start().plus_s(3_600), start(), start().plus_s(-1_000_000)] {
        world.bank.expect(&[Mood::HoldsUntil(hold_expires_at)]);
        let (payment, answer) = world.begin().await;
        assert_eq!((&payment.state, answer.status), (&PaymentState::Reversing, 402));
        world.assert_sound().await;
        world.work().await;
        assert_eq!(world.payment(payment.id).await.state, PaymentState::Reversed);
        assert_eq!(world.bank.open_minor(payment.id), 0);
    }
    world.assert_settled().await;
}

#[tokio::test]
async fn the_capture_deadline_is_the_sooner_of_the_window_and_the_hold() {
    let world = World::new().await;
    let soon = start().plus_s(3_600 + 600);
    world.bank.expect(&[Mood::HoldsUntil(soon)]);
    for capture_by in [start().plus_s(600), start().plus_s(3_600)] {
        let PaymentState::Authorised(hold) = world.authorised().await.state else { panic!("not authorised") };
        assert_eq!(hold.capture_by, capture_by);
    }
}

#[tokio::test]
async fn a_server_killed_after_the_intent_finds_out_when_it_starts_again() {
    for (mood, down_s, is_paid) in
        [(Mood::LateToHear, 6, true), (Mood::LateToAnswer, 6, true), (Mood::LateToAnswer, 31, false)]
    {
        let world = World::new().await;
        world.bank.expect(&[mood]);
        let (payments, request, verified) = (world.payments.clone(), world.request(), world.verified().await);
        let id = verified.payment();
        let asked = request.clone();
        let begin = tokio::spawn(async move { payments.begin(asked, verified, &Unwatched).await });
        world.bank.has_taken_moods().await;
        begin.abort();
        assert!(begin.await.unwrap_err().is_cancelled());
        let world = world.restart().await;
        assert_eq!(world.payment(id).await.state, PaymentState::Received);
        world.assert_sound().await;
        world.clock.advance_s(down_s);
        world.work().await;
        let state = world.payment(id).await.state;
        assert_eq!(matches!(state, PaymentState::Authorised(_)), is_paid, "{state:?}");
        assert_eq!(state == PaymentState::Reversed, !is_paid, "{state:?}");
        assert_eq!(world.bank.open_minor(id), if is_paid { AMOUNT_MINOR } else { 0 });
        let answer = world.store.request(CHECKOUT, request.key).await.unwrap().unwrap().answer.unwrap();
        assert_eq!(answer.status, if is_paid { 201 } else { 402 });
        world.assert_sound().await;
    }
}

#[tokio::test]
async fn a_store_that_fails_after_the_intent_never_makes_us_say_that_nothing_happened() {
    let world = World::new().await;
    let mut store = Falsified::new(world.store.clone());
    store.refuse =
        Some(Box::new(|command| matches!(command, Command::ChangePayment(_)).then_some(StoreError::Busy)));
    let payments = world.payments_over(Arc::new(store));
    let Begun::Answered(payment, answer) =
        payments.begin(world.request(), world.verified().await, &Unwatched).await.unwrap()
    else {
        panic!("known");
    };
    assert_eq!(answer.status, 202);
    world.work_for_s(6).await;
    assert!(matches!(world.payment(payment.id).await.state, PaymentState::Authorised(_)));
    assert_eq!(world.bank.placed(), 1);
    world.assert_sound().await;
}

#[tokio::test]
async fn payments_of_one_millisecond_do_not_share_an_effect_s_id() {
    let world = World::new().await;
    let payments = world.payments_with_repeating_ids(6);
    world.bank.expect(&[Mood::Deaf, Mood::Deaf, Mood::Deaf]);
    for _ in 0..3 {
        let begun = payments.begin(world.request(), world.verified().await, &Unwatched).await.unwrap();
        assert!(matches!(begun, Begun::Answered(_, answer) if answer.status == 202));
    }
    world.work_for_s(6).await;
    let mut ids = Vec::new();
    for payment in world.store.payments(records::Page::first(10)).await.unwrap() {
        assert!(matches!(payment.state, PaymentState::Authorised(_)));
        ids.push(payment.id);
    }
    for id in ids {
        let begun = payments.change(world.request(), MERCHANT, id, capture(100, true)).await;
        assert!(begun.is_ok(), "{begun:?}");
    }
    world.assert_sound().await;
    world.work().await;
    world.assert_settled().await;
}

#[tokio::test]
async fn a_bank_that_left_the_configuration_is_waited_for() {
    let world = World::new().await;
    world.bank.expect(&[Mood::Deaf]);
    let (payment, _) = world.begin().await;
    let world = world.restart_with_bank(false).await;
    world.clock.advance_s(6);
    let worked = world.payments.work(256).await.unwrap();
    assert_eq!((worked.payments, worked.failed), (1, 1));
    assert_eq!(world.payments.work(256).await.unwrap().payments, 0, "it is tried later, not in every round");
    world.assert_sound().await;
    let world = world.restart().await;
    world.work_for_s(5).await;
    assert!(matches!(world.payment(payment.id).await.state, PaymentState::Authorised(_)));
    world.assert_sound().await;
}
