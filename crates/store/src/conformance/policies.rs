//! Policies, decisions, and what phones paid lately.

use super::sample::{NOW, begin, decision, enrolled, enrolment, entry, merchant, policy};
use super::{Place, enrolment_id, expect, expect_refused, expect_unchanged};
use model::{Currency, MerchantCategory, Money, PaymentId};
use records::{BeginPayment, Command, Enrolment, Merchant, Outcome, Page, Queries, Velocity};

fn beginning(command: &BeginPayment) -> Command {
    Command::BeginPayment(Box::new(command.clone()))
}

/// A merchant's category is set, and nothing else of it.
pub async fn a_category_is_set_and_nothing_else(place: &impl Place) {
    let store = place.open();
    let set = |category| Command::SetMerchantCategory {
        merchant: merchant(1).id,
        category,
        audit: entry("merchant.category_set"),
    };
    let grocer = MerchantCategory::new(5_411);
    expect_unchanged(&store, set(grocer), Outcome::Missing).await;
    expect(&store, Command::CreateMerchant(merchant(1), entry("merchant.created")), Outcome::Done).await;
    for category in [grocer, None] {
        expect(&store, set(category), Outcome::Done).await;
        let stored = store.merchant(merchant(1).id).await.unwrap();
        assert_eq!(stored, Some(Merchant { category, ..merchant(1) }));
    }
}

/// A policy's version is above all before; what is there stays as it is.
pub async fn policies_rise_and_stay(place: &impl Place) {
    let store = place.open();
    let activate = |version| Command::ActivatePolicy(Box::new(policy(version)));
    expect_refused(&store, activate(0)).await;
    for version in [1, 7] {
        expect(&store, activate(version), Outcome::Done).await;
    }
    for stale in [1, 3, 7] {
        expect_unchanged(&store, activate(stale), Outcome::Conflict).await;
    }
    let audit = store.audit(Page::first(10)).await.unwrap();
    assert!(audit.iter().map(|row| &row.entry).eq(&[policy(1).audit_entry(), policy(7).audit_entry()]));
    assert_eq!(store.policy(7).await.unwrap(), Some(policy(7)));
    assert_eq!(store.policy(3).await.unwrap(), None);
    assert_eq!(store.policies(Page::first(10)).await.unwrap(), [policy(1), policy(7)]);
    assert_eq!(store.policies(Page::after(1, 10)).await.unwrap(), [policy(7)]);
    drop(store);
    let store = place.open();
    assert_eq!(store.policies(Page::first(1)).await.unwrap(), [policy(1)]);
    expect_unchanged(&store, activate(7), Outcome::Conflict).await;
}

/// Decisions stand with their payments, and are told shard by shard, latest first.
pub async fn decisions_are_told_latest_first(place: &impl Place) {
    let store = place.open();
    for command in enrolled(1) {
        expect(&store, command, Outcome::Done).await;
    }
    for n in 1..=3_u32 {
        let seen = Enrolment { version: n, ..enrolment(1) };
        expect(&store, beginning(&begin(n.into(), &seen, n)), Outcome::Done).await;
    }
    let ids = async |shard, page| {
        let judged = store.judged(shard, page).await.unwrap();
        judged.into_iter().map(|(payment, verdict)| {
            assert_eq!(verdict.payment, payment.id);
            assert_eq!(verdict.decision, Some(decision()));
            payment.id.to_u128()
        })
    };
    assert!(ids(0, Page::first(10)).await.eq([3, 2, 1]));
    assert!(ids(0, Page::first(2)).await.eq([3, 2]));
    assert!(ids(0, Page::after(PaymentId::from_u128(2), 10)).await.eq([1]));
    assert!(ids(1, Page::first(10)).await.eq([]));
}

/// What a phone paid is replaced together with its enrolment, or not at all.
pub async fn what_a_phone_paid_changes_with_its_enrolment(place: &impl Place) {
    let store = place.open();
    for command in enrolled(1) {
        expect(&store, command, Outcome::Done).await;
    }
    assert_eq!(store.velocity(enrolment_id(1)).await.unwrap(), None);
    let seen = enrolment(1);
    let once = Velocity::nothing(seen.id).with(Money::new(100, Currency::CHF), NOW);
    let first = BeginPayment { velocity: Some(once.clone()), ..begin(1, &seen, 1) };
    expect(&store, beginning(&first), Outcome::Done).await;
    assert_eq!(store.velocity(seen.id).await.unwrap(), Some(once.clone()));

    let twice = once.clone().with(Money::new(1, Currency::EUR), NOW.plus_s(1));
    let late = BeginPayment { velocity: Some(twice.clone()), ..begin(2, &seen, 2) };
    expect_unchanged(&store, beginning(&late), Outcome::Conflict).await;
    let others = BeginPayment { velocity: Some(Velocity::nothing(enrolment_id(2))), ..late.clone() };
    expect_refused(&store, beginning(&others)).await;
    let alone = BeginPayment { enrolment: None, code_use: None, ..late };
    expect_refused(&store, beginning(&alone)).await;

    let seen = Enrolment { version: 2, ..seen };
    let uncounted = BeginPayment { velocity: None, ..begin(2, &seen, 2) };
    expect(&store, beginning(&uncounted), Outcome::Done).await;
    assert_eq!(store.velocity(seen.id).await.unwrap(), Some(once));
    let seen = Enrolment { version: 3, ..seen };
    let next = BeginPayment { velocity: Some(twice.clone()), ..begin(3, &seen, 3) };
    expect(&store, beginning(&next), Outcome::Done).await;
    drop(store);
    assert_eq!(place.open().velocity(seen.id).await.unwrap(), Some(twice));
}
