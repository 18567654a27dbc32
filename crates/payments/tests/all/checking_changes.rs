//! The incremental check reads what changed, comes to the same sums as the whole one, and finds what is wrong in it.

use crate::support::bank::Mood;
use crate::support::falsified::Falsified;
use crate::support::*;
use model::PaymentEvent;
use payments::check::{Round, check_changes};
use payments::{Decision, Wanted};
use records::{Actor, Command, EventRow, Outcome, Queries};

async fn round_of(world: &World, store: &dyn Queries, limit: usize) -> Round {
    check_changes(store, &world.signed_by(), start(), limit).await.unwrap()
}

/// One round over a snapshot, whose mark is set.
async fn round(world: &World, limit: usize) -> Round {
    let snapshot = world.store.snapshot().await.unwrap();
    let round = round_of(world, &*snapshot, limit).await;
    assert!(round.report.is_sound(), "{:#?}", round.report.findings);
    let moved = Command::MoveCheckMark(Box::new(round.moved.clone().unwrap()));
    assert_eq!(world.store.commit(moved).await.unwrap(), Outcome::Done);
    round
}

#[tokio::test]
async fn only_what_changed_is_read_and_the_sums_are_those_of_a_whole_check() {
    let world = World::new().await;
    let first = world.authorised().await;
    world.change(first.id, capture(600, false)).await.unwrap();
    let untouched = world.authorised().await;
    let read = round(&world, 100).await;
    assert_eq!((read.report.payments, read.report.unsettled, read.is_complete), (2, 2, true));
    assert_eq!(round(&world, 100).await.report.payments, 0, "nothing changed");

    world.work().await;
    world.change(first.id, refund(100)).await.unwrap();
    world.change(first.id, Wanted::Void).await.unwrap();
    let read = round(&world, 100).await;
    assert_eq!((read.report.payments, read.report.unsettled), (1, 2));
    world.bank.expect(&[Mood::RefusesBooking("the account is closed")]);
    world.work().await;
    let task = world.store.tasks(records::Page::first(1)).await.unwrap()[0].effect;
    let ada = Actor::Operator("ada".to_owned());
    assert_eq!(round(&world, 100).await.report.unsettled, 1);
    world.payments.settle_task(task, model::SettledWith::Merchant, &ada).await.unwrap();
    world.payments.open_dispute(first.id, Some(200), &ada).await.unwrap();
    assert_eq!(round(&world, 100).await.report.unsettled, 2, "a dispute is open");
    world.payments.decide_dispute(first.id, Decision::Lost, &ada).await.unwrap();
    world.change(untouched.id, Wanted::Void).await.unwrap();
    world.work().await;
    let read = round(&world, 100).await;
    assert_eq!((read.report.payments, read.report.unsettled, read.is_complete), (2, 0, true));
    let mark = world.store.check_mark().await.unwrap().unwrap();
    assert_eq!((mark.payments, mark.number), (2, 6));
    world.assert_settled().await;
}

#[tokio::test]
async fn much_is_read_in_lots_also_while_it_changes() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(world.authorised().await.id);
    }
    let snapshot = world.store.snapshot().await.unwrap();
    let read = round_of(&world, &*snapshot, 3).await;
    assert_eq!((read.report.payments, read.is_complete), (3, false));
    // Changed after the snapshot and before the mark: it is read again from there.
    world.change(ids[0], capture_all()).await.unwrap();
    let moved = Command::MoveCheckMark(Box::new(read.moved.unwrap()));
    assert_eq!(world.store.commit(moved.clone()).await.unwrap(), Outcome::Done);
    assert_eq!(world.store.commit(moved).await.unwrap(), Outcome::Conflict, "two checks at once");
    let mut payments = 0;
    loop {
        let read = round(&world, 3).await;
        payments += read.report.payments;
        if read.is_complete {
            break;
        }
    }
    assert_eq!(payments, 5);
    assert_eq!(world.store.check_mark().await.unwrap().unwrap().payments, 7);
}

#[tokio::test]
async fn what_is_wrong_is_found_and_stays_to_be_read() {
    let world = World::new().await;
    let payment = world.authorised().await;
    round(&world, 100).await;
    world.change(payment.id, capture_all()).await.unwrap();
    world.work().await;
    let mut store = Falsified::new(world.store.clone());
    store.events = Some(Box::new(|rows: &mut Vec<EventRow>| {
        rows.retain(|row| !matches!(row.event, PaymentEvent::CaptureBooked { .. }));
    }));
    let read = round_of(&world, &store, 100).await;
    assert_eq!(read.report.findings[0].invariant, 3);
    assert_eq!(read.moved, None, "it must be found again");
    let mut store = Falsified::new(world.store.clone());
    store.balances = Some(Box::new(|rows| rows[0].posted_credit_minor += 1));
    assert_eq!(round_of(&world, &store, 100).await.report.findings[0].invariant, 2);
    let mut store = Falsified::new(world.store.clone());
    store.confirmations = Some(Box::new(|rows| rows.clear()));
    assert_eq!(round_of(&world, &store, 100).await.report.findings[0].invariant, 4);
    let mut store = Falsified::new(world.store.clone());
    store.audit = Some(Box::new(|rows| rows.iter_mut().for_each(|row| row.entry.detail.push('x'))));
    world.security.sign_audit_head(start()).await.unwrap();
    assert!(round_of(&world, &store, 100).await.report.is_sound(), "what was read is not read again");
    round(&world, 100).await;
}
