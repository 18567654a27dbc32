//! Approvals on a device: asked once, answered once, with their payments.

use super::payments::enrol_one;
use super::sample::{approval, approval_change, begin, change, entry, request_of_bank};
use super::{Place, enrolment_id, expect, expect_refused, expect_unchanged};
use model::{ApprovalId, PaymentId};
use records::{
    Approval, ApprovalChange, ApprovalState, BeginPayment, ChangePayment, Command, Outcome, Page,
    PutApproval, Queries, Store,
};

fn putting(change: ApprovalChange) -> Command {
    Command::PutApproval(Box::new(PutApproval { change, audit: entry("approval.put") }))
}

fn refused() -> ApprovalState {
    ApprovalState::Refused { at: super::sample::NOW, signature: vec![7; 64] }
}

async fn ids(store: &impl Store, page: Page<ApprovalId>) -> Vec<u128> {
    let rows: Vec<Approval> = store.approvals(enrolment_id(1), page).await.unwrap();
    rows.into_iter().map(|row| row.id.to_u128()).collect()
}

/// A request of the bank is asked once and answered once; lists come latest first.
pub async fn approvals_are_asked_and_answered_once(place: &impl Place) {
    let store = place.open();
    enrol_one(&store).await;
    let device = enrolment_id(1);
    for n in 1..=3 {
        expect(&store, putting(approval_change(&request_of_bank(n, device), None)), Outcome::Done).await;
    }
    let asked = request_of_bank(2, device);
    assert_eq!(store.approval(device, asked.id).await.unwrap(), Some(asked.clone()));
    assert_eq!(ids(&store, Page::first(2)).await, [3, 2]);
    assert_eq!(ids(&store, Page::after(ApprovalId::from_u128(2), 2)).await, [1]);
    expect_unchanged(&store, putting(approval_change(&asked, None)), Outcome::Exists).await;
    let absent = approval_change(&request_of_bank(9, device), Some(refused()));
    expect_unchanged(&store, putting(absent), Outcome::Missing).await;
    let nobodys = request_of_bank(4, enrolment_id(9));
    expect_refused(&store, putting(approval_change(&nobodys, None))).await;
    let mut jump = approval_change(&asked, Some(refused()));
    jump.approval.version = 7;
    expect_refused(&store, putting(jump)).await;

    let answer = approval_change(&asked, Some(refused()));
    expect(&store, putting(answer.clone()), Outcome::Done).await;
    assert_eq!(store.approval(device, asked.id).await.unwrap(), Some(answer.approval.clone()));
    expect_unchanged(&store, putting(answer.clone()), Outcome::Conflict).await;
    let again = approval_change(&answer.approval, Some(ApprovalState::Waiting));
    expect_unchanged(&store, putting(again), Outcome::Conflict).await;
    drop(store);
    let store = place.open();
    assert_eq!(ids(&store, Page::first(9)).await, [3, 2, 1]);
}

/// What a payment waits for is written with it, and answered with it.
pub async fn a_payment_and_its_approval_change_together(place: &impl Place) {
    let store = place.open();
    let seen = enrol_one(&store).await;
    let (device, id) = (seen.id, PaymentId::from_u128(1));
    let asked = approval(1, device, id);
    let begun =
        BeginPayment { effect: None, approval: Some(approval_change(&asked, None)), ..begin(1, &seen, 1) };
    let others = approval_change(&approval(2, device, PaymentId::from_u128(9)), None);
    let strange = BeginPayment { approval: Some(others.clone()), ..begun.clone() };
    expect_refused(&store, Command::BeginPayment(Box::new(strange))).await;
    expect_refused(&store, putting(approval_change(&asked, None))).await;
    expect(&store, Command::BeginPayment(Box::new(begun.clone())), Outcome::Done).await;
    assert_eq!(store.approval(device, asked.id).await.unwrap(), Some(asked.clone()));

    let answer = approval_change(&asked, Some(refused()));
    let moved = ChangePayment { approval: Some(answer.clone()), ..change(&begun.payment) };
    let strange = ChangePayment { approval: Some(others), ..moved.clone() };
    expect_refused(&store, Command::ChangePayment(Box::new(strange))).await;
    expect(&store, Command::ChangePayment(Box::new(moved.clone())), Outcome::Done).await;
    assert_eq!(store.approval(device, asked.id).await.unwrap(), Some(answer.approval));
    let twice = ChangePayment { approval: moved.approval, ..change(&moved.payment) };
    expect_unchanged(&store, Command::ChangePayment(Box::new(twice)), Outcome::Conflict).await;
}
