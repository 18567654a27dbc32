//! What operators do to payments: disputes and settled tasks, as the ledger and the check see them.

use crate::support::bank::Mood;
use crate::support::falsified::Falsified;
use crate::support::*;
use model::{AccountKey, Layer, PaymentId, PaymentState, SettledWith};
use payments::check::check;
use payments::{Decision, NotAllowed, PaymentError};
use records::{Actor, OperatorTask, Page};

fn ada() -> Actor {
    Actor::Operator("ada".to_owned())
}

/// What an account has in a layer: debits less credits, in minor units.
async fn sum(world: &World, account: AccountKey, layer: Layer) -> i128 {
    let balances = world.store.balances().await.unwrap();
    let balance = balances.into_iter().find(|balance| balance.account == account);
    balance.map_or(0, |balance| match layer {
        Layer::Pending => balance.pending_debit_minor - balance.pending_credit_minor,
        Layer::Posted => balance.posted_debit_minor - balance.posted_credit_minor,
    })
}

async fn posted(world: &World, account: AccountKey) -> i128 {
    sum(world, account, Layer::Posted).await
}

fn merchant() -> AccountKey {
    AccountKey::Merchant(MERCHANT)
}

fn clearing() -> AccountKey {
    AccountKey::ProviderClearing("bank".parse().unwrap())
}

fn suspense() -> AccountKey {
    AccountKey::Suspense("bank".parse().unwrap())
}

async fn tasks(world: &World) -> Vec<OperatorTask> {
    world.store.tasks(Page::first(10)).await.unwrap()
}

/// A payment of 10.00 that was captured and booked: the fee is 0.03 + 0.13, the incentive 0.09.
async fn paid(world: &World) -> PaymentId {
    let payment = world.authorised().await;
    world.change(payment.id, capture_all()).await.unwrap();
    world.work().await;
    payment.id
}

#[tokio::test]
async fn the_merchant_gets_what_is_captured_less_fee_and_incentive() {
    let world = World::new().await;
    paid(&world).await;
    assert_eq!(posted(&world, clearing()).await, 1_000);
    assert_eq!(posted(&world, AccountKey::Fees).await, -16);
    assert_eq!(posted(&world, AccountKey::Incentives(MERCHANT)).await, -9);
    assert_eq!(posted(&world, merchant()).await, -(1_000 - 16 - 9));
    assert_eq!(posted(&world, AccountKey::CustomerClearing("bank".parse().unwrap())).await, 0);
    world.assert_settled().await;
}

#[tokio::test]
async fn a_dispute_is_pending_until_it_is_decided() {
    let world = World::new().await;
    let id = paid(&world).await;
    world.open(id, Some(400)).await.unwrap();
    assert_eq!(sum(&world, merchant(), Layer::Pending).await, 400);
    assert_eq!(sum(&world, clearing(), Layer::Pending).await, -400);
    assert_eq!(world.report().await.unsettled, 1, "an open dispute is no end");
    assert!(matches!(
        world.change(id, refund(1)).await,
        Err(PaymentError::NotAllowed(NotAllowed::WrongState))
    ));
    assert!(world.open(id, None).await.is_err(), "one dispute at a time");

    world.payments.decide_dispute(id, Decision::Won, &ada()).await.unwrap();
    assert_eq!(world.payment(id).await.state, PaymentState::Captured);
    assert_eq!(sum(&world, merchant(), Layer::Pending).await, 0);
    assert!(world.payments.decide_dispute(id, Decision::Lost, &ada()).await.is_err(), "it was decided");
    world.change(id, refund(1_000)).await.unwrap();
    world.work().await;
    assert!(world.open(id, None).await.is_err(), "nothing is left to dispute");
    world.assert_settled().await;
}

#[tokio::test]
async fn a_lost_dispute_takes_the_money_and_the_incentive_back_but_not_the_fee() {
    let world = World::new().await;
    let id = paid(&world).await;
    world.change(id, refund(100)).await.unwrap();
    world.open(id, Some(300)).await.unwrap();
    world.payments.decide_dispute(id, Decision::Lost, &ada()).await.unwrap();
    assert_eq!(world.payment(id).await.state, PaymentState::Captured, "600 are left");
    assert!(world.change(id, refund(601)).await.is_err());
    let payment = world.open(id, None).await.unwrap();
    let PaymentState::Disputed(open) = payment.state else { panic!("{:?}", payment.state) };
    assert_eq!(open.amount_minor, 600);
    let payment = world.payments.decide_dispute(id, Decision::Lost, &ada()).await.unwrap();
    assert_eq!((payment.state, payment.charged_back_minor), (PaymentState::ChargedBack, 900));
    // The refund that was decided before reaches the bank all the same.
    world.work().await;
    assert_eq!((world.bank.taken_minor(id), posted(&world, clearing()).await), (900, 0));
    assert_eq!(posted(&world, AccountKey::Incentives(MERCHANT)).await, 0);
    assert_eq!(posted(&world, merchant()).await, 16);
    world.assert_settled().await;
}

#[tokio::test]
async fn disputes_are_refused_where_no_captured_money_is_left() {
    let world = World::new().await;
    let held = world.authorised().await;
    assert!(world.open(held.id, Some(1)).await.is_err(), "nothing is captured yet");
    world.change(held.id, capture(400, false)).await.unwrap();
    assert!(world.open(held.id, Some(1)).await.is_err(), "the hold is open");
    let id = paid(&world).await;
    for amount_minor in [0, -1, 1_001, i64::MAX, i64::MIN] {
        assert!(world.open(id, Some(amount_minor)).await.is_err(), "{amount_minor}");
    }
    assert!(matches!(world.open(PaymentId::from_u128(9), None).await, Err(PaymentError::NotFound)));
    world.assert_sound().await;
}

#[tokio::test]
async fn a_refund_to_a_closed_account_waits_in_suspense_until_an_operator_says_whose_it_is() {
    for (with, account) in [
        (SettledWith::Provider, clearing()),
        (SettledWith::Merchant, merchant()),
        (SettledWith::Operator, AccountKey::Fees),
    ] {
        let world = World::new().await;
        let id = paid(&world).await;
        world.change(id, refund(250)).await.unwrap();
        world.bank.expect(&[Mood::RefusesBooking("the account is closed")]);
        world.work().await;
        assert_eq!(posted(&world, suspense()).await, -250, "somebody is owed it");
        let before = posted(&world, account.clone()).await;
        let task = tasks(&world).await.remove(0);
        assert_eq!((task.amount_minor, task.reason.as_str()), (250, "the account is closed"));

        let payment = world.payments.settle_task(task.effect, with, &ada()).await.unwrap();
        assert_eq!(payment.in_suspense_minor, 0);
        assert_eq!(posted(&world, suspense()).await, 0);
        assert_eq!(posted(&world, account).await, before - 250);
        assert!(tasks(&world).await[0].settled_at.is_some());
        let again = world.payments.settle_task(task.effect, with, &ada()).await;
        assert!(matches!(again, Err(PaymentError::NotAllowed(_))), "{again:?}");
        assert_eq!(posted(&world, suspense()).await, 0);
        world.assert_settled().await;
    }
}

#[tokio::test]
async fn a_refused_capture_is_borne_by_whom_the_operator_names() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.change(payment.id, capture_all()).await.unwrap();
    world.bank.expect(&[Mood::RefusesBooking("the hold has ended")]);
    world.work().await;
    assert_eq!(posted(&world, suspense()).await, 1_000, "somebody owes it");
    let task = tasks(&world).await.remove(0);
    world.payments.settle_task(task.effect, SettledWith::Merchant, &ada()).await.unwrap();
    assert_eq!((posted(&world, suspense()).await, posted(&world, merchant()).await), (0, 25));
    world.assert_settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_settled_once_however_many_operators_do_it_at_once() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.change(payment.id, capture_all()).await.unwrap();
    world.bank.expect(&[Mood::RefusesBooking("no")]);
    world.work().await;
    let task = tasks(&world).await[0].effect;
    let settle = |with| {
        let payments = world.payments.clone();
        tokio::spawn(async move { payments.settle_task(task, with, &ada()).await.is_ok() })
    };
    let all = [SettledWith::Merchant, SettledWith::Provider, SettledWith::Operator, SettledWith::Merchant];
    let mut settled = 0;
    for one in all.map(settle) {
        settled += usize::from(one.await.unwrap());
    }
    assert_eq!((settled, posted(&world, suspense()).await), (1, 0));
    world.assert_settled().await;
}

#[tokio::test]
async fn the_check_finds_a_task_that_was_settled_behind_the_ledger_s_back() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.change(payment.id, capture_all()).await.unwrap();
    world.bank.expect(&[Mood::RefusesBooking("no")]);
    world.work().await;
    let settled = |task: &mut OperatorTask| task.settled_at = Some(start());
    let of_more = |task: &mut OperatorTask| task.amount_minor += 1;
    let of_another_booking = |task: &mut OperatorTask| task.booking = model::Booking::Release;
    let lies: [fn(&mut OperatorTask); 3] = [settled, of_more, of_another_booking];
    for (what, lie) in ["settled", "of more", "of another booking"].into_iter().zip(lies) {
        let mut store = Falsified::new(world.store.clone());
        store.tasks = Some(Box::new(move |rows: &mut Vec<OperatorTask>| rows.iter_mut().for_each(lie)));
        let report = check(&store, &world.signed_by()).await.unwrap();
        assert!(!report.is_sound(), "a task that is {what} was not found");
    }
    world.assert_sound().await;
}

impl World {
    async fn open(&self, id: PaymentId, amount_minor: Option<i64>) -> Result<model::Payment, PaymentError> {
        self.payments.open_dispute(id, amount_minor, &ada()).await
    }
}
