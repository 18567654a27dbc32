//! Effects, tasks, signatures under the audit chain.

use super::payments::{beginning, changing, enrol_one};
use super::sample::{NOW, begin, change, effect, entry, task};
use super::{EVER, Place, effect_id, expect, expect_unchanged};
use model::PaymentId;
use records::{AuditHead, ChangePayment, Command, Effect, Outcome, Page, Queries};

/// An effect is due when it was last said to be, soonest first.
pub async fn effects_are_sent_again_when_due(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    let id = begun.payment.id;
    expect(&store, beginning(&begun), Outcome::Done).await;
    let later = Effect { due_at: NOW.plus_s(5), ..effect(2, id) };
    let command = ChangePayment { new_effects: vec![later.clone()], ..change(&begun.payment) };
    expect(&store, changing(&command), Outcome::Done).await;
    assert_eq!(store.effects_due(NOW.plus_ms(-1), 9).await.unwrap(), []);
    assert_eq!(store.effects_due(NOW, 9).await.unwrap(), [effect(1, id)]);

    let due_at = NOW.plus_s(10);
    let delay = |effect| Command::DelayEffect { payment: id, effect, attempts: 3, due_at };
    expect_unchanged(&store, delay(effect_id(9)), Outcome::Missing).await;
    let stranger =
        Command::DelayEffect { payment: PaymentId::from_u128(9), effect: effect_id(1), attempts: 3, due_at };
    expect_unchanged(&store, stranger, Outcome::Missing).await;
    expect(&store, delay(effect_id(1)), Outcome::Done).await;
    let delayed = Effect { attempts: 3, due_at, ..effect(1, id) };
    assert_eq!(store.effects_due(NOW, 9).await.unwrap(), []);
    assert_eq!(store.effects_due(EVER, 9).await.unwrap(), [later.clone(), delayed.clone()]);
    assert_eq!(store.effects_due(EVER, 1).await.unwrap(), [later]);
    expect(&store, delay(effect_id(1)), Outcome::Done).await;
    assert_eq!(store.effects_due(EVER, 9).await.unwrap().len(), 2);

    let done = ChangePayment { done_effect: Some(effect_id(1)), ..change(&command.payment) };
    expect(&store, changing(&done), Outcome::Done).await;
    assert_eq!(store.effects_due(EVER, 9).await.unwrap().len(), 1);
    expect_unchanged(&store, delay(effect_id(1)), Outcome::Missing).await;
}

/// A task is settled once, together with the payment that it is about.
pub async fn tasks_are_settled_once(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    expect(&store, beginning(&begun), Outcome::Done).await;
    let settle = |seen, n| changing(&ChangePayment { settled_task: Some(effect_id(n)), ..change(seen) });
    expect_unchanged(&store, settle(&begun.payment, 1), Outcome::Missing).await;
    let made = ChangePayment { task: Some(task(1, begun.payment.id)), ..change(&begun.payment) };
    expect(&store, changing(&made), Outcome::Done).await;
    let again = ChangePayment { task: Some(task(1, begun.payment.id)), ..change(&made.payment) };
    expect_unchanged(&store, changing(&again), Outcome::Exists).await;
    let device = store.enrolment(device.id).await.unwrap().unwrap();
    let other = begin(2, &device, 2);
    expect(&store, beginning(&other), Outcome::Done).await;
    expect_unchanged(&store, settle(&other.payment, 1), Outcome::Missing).await;
    assert_eq!(store.task(effect_id(1)).await.unwrap(), Some(task(1, begun.payment.id)));
    expect(&store, settle(&made.payment, 1), Outcome::Done).await;
    let seen = store.payment(made.payment.id).await.unwrap().unwrap();
    expect_unchanged(&store, settle(&seen, 1), Outcome::Conflict).await;
    assert_eq!(store.task(effect_id(1)).await.unwrap().unwrap().settled_at, Some(NOW));
    assert_eq!(store.task(effect_id(9)).await.unwrap(), None);
}

/// A signature covers a row that is there, once.
pub async fn the_audit_chain_is_signed_where_it_is(place: &impl Place) {
    let store = place.open();
    for _ in 0..3 {
        expect(&store, Command::Record(entry("looked")), Outcome::Done).await;
    }
    let rows = store.audit(Page::first(9)).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(rows[0].follows(&[0; 32]));
    assert!(rows.windows(2).all(|pair| pair[1].follows(&pair[0].hash)));

    let head = |sequence, hash| AuditHead { sequence, hash, at: NOW, signature: vec![1; 64] };
    let last = rows[2].hash;
    expect_unchanged(&store, Command::SignAudit(head(4, last)), Outcome::Missing).await;
    expect_unchanged(&store, Command::SignAudit(head(3, [7; 32])), Outcome::Conflict).await;
    expect(&store, Command::SignAudit(head(3, last)), Outcome::Done).await;
    expect_unchanged(&store, Command::SignAudit(head(3, last)), Outcome::Exists).await;
    assert_eq!(store.audit_heads(Page::first(9)).await.unwrap(), [head(3, last)]);
}
