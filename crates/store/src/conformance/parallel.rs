//! Many at once: what may happen once happens once, and sequences have no gaps.

use super::payments::{beginning, changing, enrol_one};
use super::sample::{begin, change, confirmation, entry};
use super::{Place, expect};
use model::{Counter, PaymentId};
use records::{BeginPayment, ChangePayment, Command, Outcome, PAGE_LIMIT_MAX, Page, Queries, Store};
use std::sync::Arc;

/// Tills that try at once.
const TILLS: u32 = 64;

/// Sends all at once, each from a task of its own.
async fn at_once<S: Store>(store: &Arc<S>, commands: impl Iterator<Item = Command>) -> Vec<Outcome> {
    let tasks: Vec<_> = commands
        .map(|command| {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.commit(command).await.unwrap() })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

fn count(outcomes: &[Outcome], wanted: &Outcome) -> usize {
    outcomes.iter().filter(|outcome| *outcome == wanted).count()
}

/// The same code at many tills at once pays once.
pub async fn one_counter_is_consumed_once_by_many_at_once(place: &impl Place) {
    let store = Arc::new(place.open());
    let mut device = enrol_one(&*store).await;
    for round in 1..=4 {
        let first = round * 1_000;
        let outcomes =
            at_once(&store, (0..TILLS).map(|till| beginning(&begin((first + till).into(), &device, round))))
                .await;
        assert_eq!(count(&outcomes, &Outcome::Done), 1);
        assert_eq!(count(&outcomes, &Outcome::Conflict), TILLS as usize - 1);
        let payments = store.payments(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
        assert_eq!(payments.len(), round as usize);
        let used = store.code_use(device.id, Counter(round)).await.unwrap().unwrap();
        assert!(payments.iter().any(|payment| payment.id == used.payment));
        device = store.enrolment(device.id).await.unwrap().unwrap();
    }
}

/// The same request sent many times at once begins one payment; the others learn of it.
pub async fn one_request_begins_once_by_many_at_once(place: &impl Place) {
    let store = Arc::new(place.open());
    let device = enrol_one(&*store).await;
    let request = begin(1, &device, 1).request;
    let outcomes = at_once(
        &store,
        (0..TILLS).map(|till| {
            beginning(&BeginPayment {
                request: request.clone(),
                ..begin((till + 1).into(), &device, till + 1)
            })
        }),
    )
    .await;
    assert_eq!(count(&outcomes, &Outcome::Done), 1);
    let payments = store.payments(Page::first(9)).await.unwrap();
    assert_eq!(payments.len(), 1);
    let replayed = outcomes.iter().filter(|outcome| match outcome {
        Outcome::Replay(row) => row.payment == Some(payments[0].id),
        _ => false,
    });
    assert_eq!(replayed.count(), TILLS as usize - 1);
}

/// Audit rows and confirmations are numbered without gaps, refusals in between or not.
pub async fn sequences_have_no_gaps_under_load(place: &impl Place) {
    let store = Arc::new(place.open());
    let device = enrol_one(&*store).await;
    let begun = begin(1, &device, 1);
    expect(&*store, beginning(&begun), Outcome::Done).await;
    let refused = |n: u128| BeginPayment {
        enrolment: None,
        code_use: None,
        velocity: None,
        confirmation: Some(confirmation(device.id, PaymentId::from_u128(n), 1)),
        effect: None,
        ..begin(n, &device, 1)
    };
    let stale = ChangePayment {
        confirmation: Some(confirmation(device.id, begun.payment.id, 1)),
        audit: vec![entry("payment.moved")],
        ..change(&begun.payment)
    };
    let outcomes = at_once(
        &store,
        (0..3 * TILLS).map(|n| match n % 3 {
            0 => beginning(&refused(u128::from(n) + 100)),
            1 => changing(&stale),
            _ => Command::Record(entry("looked")),
        }),
    )
    .await;
    assert_eq!(count(&outcomes, &Outcome::Done), 2 * TILLS as usize + 1);
    assert_eq!(count(&outcomes, &Outcome::Conflict), TILLS as usize - 1);

    let confirmations = store.confirmations(device.id, Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    let sequences: Vec<u32> = confirmations.iter().map(|row| row.sequence).collect();
    assert_eq!(sequences, (1..=TILLS + 1).collect::<Vec<_>>());
    let rows = store.audit(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    assert_eq!(rows.len(), 3 + 2 * TILLS as usize + 1);
    let mut hash = [0; 32];
    for (row, sequence) in rows.iter().zip(1..) {
        assert_eq!(row.sequence, sequence);
        assert!(row.follows(&hash), "the chain broke at {sequence}");
        hash = row.hash;
    }
}
