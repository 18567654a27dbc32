//! What the incremental check still has to read, and looking at one moment.

use super::payments::{beginning, changing, enrol_one};
use super::sample::{begin, change, entry};
use super::{Place, expect, expect_refused, expect_unchanged, picture};
use model::PaymentId;
use records::{ChangePayment, CheckMark, Command, MoveCheckMark, Outcome, Page, Queries, Store};

fn moved(number: u64, payments: &[(PaymentId, u32)]) -> Command {
    let mark = CheckMark { number, ..CheckMark::default() };
    Command::MoveCheckMark(Box::new(MoveCheckMark { mark, payments: payments.to_vec() }))
}

async fn changed(store: &impl Queries) -> Vec<(PaymentId, u32)> {
    store.changed(Page::first(9)).await.unwrap()
}

/// A payment is to be read from when it changes until it was read as it stands.
pub async fn what_changed_is_to_be_checked(place: &impl Place) {
    let store = place.open();
    assert_eq!(store.check_mark().await.unwrap(), None);
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    let id = begun.payment.id;
    expect(&store, beginning(&begun), Outcome::Done).await;
    let next = change(&begun.payment);
    expect(&store, changing(&next), Outcome::Done).await;
    assert_eq!(changed(&store).await, [(id, 0)]);

    expect_unchanged(&store, moved(2, &[(id, 2)]), Outcome::Conflict).await;
    expect_unchanged(&store, moved(1, &[(id, 2), (PaymentId::from_u128(9), 1)]), Outcome::Missing).await;
    expect(&store, moved(1, &[(id, 1)]), Outcome::Done).await;
    assert_eq!(changed(&store).await, [(id, 1)], "it changed while it was read");
    expect(&store, moved(2, &[(id, 2)]), Outcome::Done).await;
    assert_eq!(changed(&store).await, []);
    assert_eq!(store.check_mark().await.unwrap().unwrap().number, 2);
    expect_unchanged(&store, moved(2, &[]), Outcome::Conflict).await;

    expect(&store, changing(&change(&next.payment)), Outcome::Done).await;
    assert_eq!(changed(&store).await, [(id, 2)]);
    let wrong = ChangePayment { expected_version: 9, ..change(&next.payment) };
    expect_refused(&store, changing(&wrong)).await;
}

/// A snapshot stays as it was, whatever happens after it.
pub async fn a_snapshot_shows_one_moment(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    expect(&store, beginning(&begun), Outcome::Done).await;
    let before = picture(&store).await;
    let snapshot = store.snapshot().await.unwrap();
    expect(&store, changing(&change(&begun.payment)), Outcome::Done).await;
    expect(&store, Command::Record(entry("looked")), Outcome::Done).await;
    assert_ne!(picture(&store).await, before);
    assert_eq!(picture(&*snapshot).await, before);
    drop(snapshot);
    assert_eq!(store.payment(begun.payment.id).await.unwrap().unwrap().version, 2);
}
