//! Capture, void, refund and cancel: each once, however often it is asked.

use crate::support::bank::{Heard, Mood};
use crate::support::*;
use model::{MerchantId, PaymentState, Unwatched};
use payments::{Begun, Cancelled, Changed, NotAllowed, PaymentError, Wanted};
use protocol::confirmation::ConfirmationKind;
use records::RequestId;

#[tokio::test]
async fn each_change_happens_once_and_is_answered_with_the_same_bytes() {
    let world = World::new().await;
    let payment = world.authorised().await;
    for wanted in [capture(600, false), refund(100), Wanted::Void, refund(200)] {
        let request = world.request();
        let (after, answer) = world.change_as(request.clone(), payment.id, wanted).await.unwrap();
        world.clock.advance_s(1);
        world.work().await;
        for _ in 0..2 {
            let again = world.payments.change(request.clone(), MERCHANT, payment.id, wanted).await.unwrap();
            let Changed::Known(row) = again else { panic!("{wanted:?} happened twice") };
            assert_eq!((row.payment, row.answer.as_ref()), (Some(payment.id), Some(&answer)));
        }
        let other = RequestId { request_hash: [2; 32], ..request };
        let error = world.change_as(other, payment.id, wanted).await.unwrap_err();
        assert_eq!(error, PaymentError::OtherRequest);
        let now = world.payment(payment.id).await;
        assert_eq!((now.captured_minor, now.refunded_minor), (after.captured_minor, after.refunded_minor));
        world.assert_sound().await;
    }
    let end = world.payment(payment.id).await;
    assert_eq!((&end.state, end.captured_minor, end.refunded_minor), (&PaymentState::Captured, 600, 300));
    assert_eq!((world.bank.taken_minor(payment.id), world.bank.open_minor(payment.id)), (300, 0));
    let expected = [
        Heard::Hold(payment.id),
        Heard::Capture(payment.id, 600),
        Heard::Refund(payment.id, 100),
        Heard::Release(payment.id),
        Heard::Refund(payment.id, 200),
    ];
    assert_eq!(world.bank.heard(), expected);
    world.assert_settled().await;
}

#[tokio::test]
async fn what_was_refused_is_not_done_when_it_comes_again_late() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.change(payment.id, capture(100, false)).await.unwrap();
    let request = world.request();
    let refused = world.change_as(request.clone(), payment.id, refund(500)).await.unwrap_err();
    assert_eq!(refused, PaymentError::NotAllowed(NotAllowed::TooMuch { left_minor: 100 }));
    world.change(payment.id, capture(900, true)).await.unwrap();
    // The till was told no; the network delivers the same request once more.
    let late = world.change_as(request, payment.id, refund(500)).await.unwrap_err();
    assert_eq!(late, PaymentError::Cancelled);
    assert_eq!(world.payment(payment.id).await.refunded_minor, 0);
    world.change(payment.id, refund(500)).await.unwrap();
    world.assert_sound().await;
}

#[tokio::test]
async fn several_captures_and_a_final_one_give_the_rest_back() {
    let world = World::new().await;
    let payment = world.authorised().await;
    for (amount_minor, is_final) in [(200, false), (300, false), (100, true)] {
        world.change(payment.id, capture(amount_minor, is_final)).await.unwrap();
    }
    world.assert_sound().await;
    world.work().await;
    assert_eq!(
        world.bank.heard(),
        [
            Heard::Hold(payment.id),
            Heard::Capture(payment.id, 200),
            Heard::Capture(payment.id, 300),
            Heard::Capture(payment.id, 100),
            Heard::Release(payment.id),
        ]
    );
    assert_eq!((world.bank.taken_minor(payment.id), world.bank.open_minor(payment.id)), (600, 0));
    let told = [200, 300, 100].map(|minor| (ConfirmationKind::Captured, minor));
    assert_eq!(world.told().await, told);
    world.assert_settled().await;
}

#[tokio::test]
async fn a_capture_of_everything_releases_nothing() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.change(payment.id, Wanted::Capture { amount_minor: None, is_final: false }).await.unwrap();
    world.work().await;
    assert_eq!(world.bank.heard(), [Heard::Hold(payment.id), Heard::Capture(payment.id, AMOUNT_MINOR)]);
    let error = world.change(payment.id, capture(1, true)).await.unwrap_err();
    assert_eq!(error, PaymentError::NotAllowed(NotAllowed::WrongState));
    let error = world.change(payment.id, refund(AMOUNT_MINOR + 1)).await.unwrap_err();
    assert_eq!(error, PaymentError::NotAllowed(NotAllowed::TooMuch { left_minor: AMOUNT_MINOR }));
    world.change(payment.id, Wanted::Refund { amount_minor: None }).await.unwrap();
    world.work().await;
    assert_eq!(world.bank.taken_minor(payment.id), 0);
    world.assert_settled().await;
}

#[tokio::test]
async fn a_hold_that_is_not_captured_in_time_expires() {
    let world = World::new().await;
    let (untouched, partly) = (world.authorised().await, world.authorised().await);
    world.change(partly.id, capture(400, false)).await.unwrap();
    world.clock.advance_s(3_600);
    world.work().await;
    assert!(matches!(world.payment(untouched.id).await.state, PaymentState::Authorised(_)));
    world.clock.advance_ms(1);
    for id in [untouched.id, partly.id] {
        let error = world.change(id, capture(100, true)).await.unwrap_err();
        assert_eq!(error, PaymentError::NotAllowed(NotAllowed::TooLate(start().plus_s(3_600))));
    }
    world.work().await;
    assert_eq!(world.payment(untouched.id).await.state, PaymentState::Expired);
    assert_eq!(world.payment(partly.id).await.state, PaymentState::Captured);
    assert_eq!((world.bank.open_minor(untouched.id), world.bank.open_minor(partly.id)), (0, 0));
    assert_eq!(world.bank.taken_minor(partly.id), 400);
    let told = [(ConfirmationKind::Captured, 400), (ConfirmationKind::Expired, AMOUNT_MINOR)];
    assert_eq!(world.told().await, told);
    world.assert_settled().await;
}

#[tokio::test]
async fn a_payment_without_an_answer_can_be_voided_and_its_first_request_is_answered() {
    let world = World::new().await;
    world.bank.expect(&[Mood::Mute]);
    let request = world.request();
    let (payment, _) = world.begin_as(request.clone()).await;
    let (voided, answer) = world.change(payment.id, Wanted::Void).await.unwrap();
    assert_eq!((&voided.state, answer.status), (&PaymentState::Reversing, 200));
    let row = world.store.request(CHECKOUT, request.key).await.unwrap().unwrap();
    assert_eq!(row.answer.unwrap().status, 402);
    world.work().await;
    assert_eq!(world.bank.open_minor(payment.id), 0);
    world.assert_settled().await;
}

#[tokio::test]
async fn a_cancel_that_comes_first_keeps_its_request_out() {
    let world = World::new().await;
    let request = world.request();
    for _ in 0..2 {
        let cancelled = world.payments.cancel(CHECKOUT, request.key.clone()).await.unwrap();
        assert_eq!(cancelled, Cancelled::Remembered);
    }
    let error = world.payments.begin(request.clone(), world.verified().await, &Unwatched).await.unwrap_err();
    assert_eq!(error, PaymentError::Cancelled);
    assert_eq!(world.bank.heard(), []);
    let payment = world.authorised().await;
    let error = world.change_as(request, payment.id, capture_all()).await.unwrap_err();
    assert_eq!(error, PaymentError::Cancelled);
    world.assert_sound().await;
}

#[tokio::test]
async fn a_cancel_gives_back_what_is_held_and_says_the_same_again() {
    let world = World::new().await;
    let request = world.request();
    let (payment, _) = world.begin_as(request.clone()).await;
    for _ in 0..2 {
        let Cancelled::Received(after) = world.payments.cancel(CHECKOUT, request.key.clone()).await.unwrap()
        else {
            panic!("the request had arrived");
        };
        assert_eq!((after.id, &after.state), (payment.id, &PaymentState::Voided));
    }
    world.work().await;
    assert_eq!(world.bank.open_minor(payment.id), 0);
    world.assert_settled().await;

    let request = world.request();
    let (payment, _) = world.begin_as(request.clone()).await;
    world.change(payment.id, capture(300, false)).await.unwrap();
    for _ in 0..2 {
        let Cancelled::Received(after) = world.payments.cancel(CHECKOUT, request.key.clone()).await.unwrap()
        else {
            panic!("the request had arrived");
        };
        assert_eq!((&after.state, after.captured_minor), (&PaymentState::Captured, 300));
        world.work().await;
    }
    world.assert_settled().await;
}

#[tokio::test]
async fn what_is_captured_cannot_be_cancelled_by_any_key() {
    let world = World::new().await;
    let (begin, take) = (world.request(), world.request());
    let (payment, _) = world.begin_as(begin.clone()).await;
    world.change_as(take.clone(), payment.id, capture(300, false)).await.unwrap();
    let error = world.payments.cancel(CHECKOUT, take.key).await.unwrap_err();
    assert_eq!(error, PaymentError::OtherRequest, "a capture's key must not void the rest");
    assert!(matches!(world.payment(payment.id).await.state, PaymentState::PartlyCaptured(_)));
    world.change(payment.id, capture_all()).await.unwrap();
    let error = world.payments.cancel(CHECKOUT, begin.key).await.unwrap_err();
    assert_eq!(error, PaymentError::NotAllowed(NotAllowed::WrongState));
    world.work().await;
    assert_eq!(world.bank.taken_minor(payment.id), AMOUNT_MINOR);
    world.assert_settled().await;
}

#[tokio::test]
async fn another_merchant_finds_nothing() {
    let world = World::new().await;
    let payment = world.authorised().await;
    let other = MerchantId::from_u128(99);
    let error = world.payments.change(world.request(), other, payment.id, capture_all()).await.unwrap_err();
    assert_eq!(error, PaymentError::NotFound);
    assert_eq!(world.payments.of_merchant(other, payment.id).await, Err(PaymentError::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_captures_never_exceed_the_hold_and_none_is_lost() {
    let world = World::new().await;
    let payment = world.authorised().await;
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let (payments, request) = (world.payments.clone(), world.request());
            let id = payment.id;
            tokio::spawn(async move { payments.change(request, MERCHANT, id, capture(300, false)).await })
        })
        .collect();
    let mut captured = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(Changed::Answered(..)) => captured += 300,
            Err(PaymentError::NotAllowed(NotAllowed::TooMuch { .. } | NotAllowed::WrongState)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(captured, 900);
    assert_eq!(world.payment(payment.id).await.captured_minor, 900);
    world.work().await;
    assert_eq!(world.bank.taken_minor(payment.id), 900);
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_sent_many_times_at_once_begins_one_payment() {
    let world = World::new().await;
    let request = world.request();
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (payments, request, verified) = (world.payments.clone(), request.clone(), world.verified().await);
        tasks.push(tokio::spawn(async move { payments.begin(request, verified, &Unwatched).await }));
    }
    let (mut begun, mut known) = (0, 0);
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Begun::Answered(..) => begun += 1,
            // The codes are different ones, verified before any was consumed.
            Begun::Known(_) | Begun::VerifyAgain => known += 1,
        }
    }
    assert_eq!((begun, known, world.bank.placed()), (1, 7, 1));
    world.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_sent_many_times_at_once_happens_once_and_each_is_told_so() {
    for _ in 0..20 {
        let world = World::new().await;
        let payment = world.authorised().await;
        for wanted in [capture_all(), Wanted::Refund { amount_minor: None }] {
            let request = world.request();
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let (payments, request, id) = (world.payments.clone(), request.clone(), payment.id);
                    tokio::spawn(async move { payments.change(request, MERCHANT, id, wanted).await })
                })
                .collect();
            let mut answers = Vec::new();
            for task in tasks {
                match task.await.unwrap() {
                    Ok(Changed::Answered(_, answer)) => answers.push(answer),
                    Ok(Changed::Known(row)) => answers.push(row.answer.unwrap()),
                    Err(error) => panic!("a till would take this for a refusal: {error}"),
                }
            }
            assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }
}
