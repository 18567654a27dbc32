//! Pages, and what is there when the store is opened again.

use super::payments::{beginning, changing, enrol_one};
use super::sample::{NOW, begin, change, confirmation, customer, entry, method, posting};
use super::{Place, expect, picture};
use model::{CustomerId, Layer, MerchantId, Payment, PaymentId};
use records::{BeginPayment, ChangePayment, Command, Outcome, PAGE_LIMIT_MAX, Page, PutMethod, Queries};

/// A page follows the one before without gap or overlap, in key order.
pub async fn lists_come_in_pages(place: &impl Place) {
    let store = place.open();
    assert_eq!(store.customers(Page::first(5)).await.unwrap(), []);
    for n in (1..=7).rev() {
        expect(&store, Command::CreateCustomer(customer(n), entry("customer.created")), Outcome::Done).await;
    }
    let mut seen = Vec::new();
    let mut page = Page::first(3);
    loop {
        let rows = store.customers(page).await.unwrap();
        assert!(rows.len() <= 3);
        let Some(last) = rows.last() else { break };
        page = Page::after(last.id, 3);
        seen.extend(rows);
    }
    assert_eq!(seen, (1..=7).map(customer).collect::<Vec<_>>());
    assert_eq!(store.customers(Page::first(0)).await.unwrap(), []);
    assert_eq!(store.customers(Page::first(usize::MAX)).await.unwrap().len(), 7);
    assert_eq!(store.customers(Page::after(CustomerId::from_u128(u128::MAX), 3)).await.unwrap(), []);
    assert_eq!(store.audit(Page::after(u64::MAX, 3)).await.unwrap(), []);
    assert_eq!(store.audit(Page::after(5, PAGE_LIMIT_MAX)).await.unwrap().len(), 2);
    let device = enrol_one(&store).await;
    assert_eq!(store.confirmations(device.id, Page::after(u32::MAX, 3)).await.unwrap(), []);
    assert_eq!(store.payments_to_wake(NOW, 0).await.unwrap(), []);
}

/// A merchant's payments come by time, latest first, even from several shards, and no one else's do.
pub async fn a_merchants_payments_come_latest_first(place: &impl Place) {
    let store = place.open();
    let mut device = enrol_one(&store).await;
    let mut made = Vec::new();
    for n in 1..=6_u32 {
        let shard = u16::try_from(n % 3).unwrap();
        let id = PaymentId::derive(shard, NOW.plus_s(n.into()), n.into());
        let mut command = begin(id.to_u128(), &device, n);
        command.payment.order.merchant = MerchantId::from_u128(if n == 4 { 2 } else { 1 });
        expect(&store, beginning(&command), Outcome::Done).await;
        device = command.enrolment.unwrap().enrolment;
        if n != 4 {
            made.insert(0, id);
        }
    }
    let merchant = MerchantId::from_u128(1);
    let ids = |rows: Vec<Payment>| rows.iter().map(|payment| payment.id).collect::<Vec<_>>();
    assert_eq!(ids(store.payments_of_merchant(merchant, Page::first(9)).await.unwrap()), made);
    assert_eq!(ids(store.payments_of_merchant(merchant, Page::after(made[1], 2)).await.unwrap()), made[2..4]);
    assert_eq!(ids(store.payments_of_merchant(merchant, Page::after(made[4], 2)).await.unwrap()), []);
    let first = PaymentId::from_u128(0);
    assert_eq!(ids(store.payments_of_merchant(merchant, Page::after(first, 2)).await.unwrap()), []);
}

/// Opening again shows all that was done, byte for byte, and goes on from there.
pub async fn what_was_done_is_there_when_opened_again(place: &impl Place) {
    let store = place.open();
    let mut device = enrol_one(&store).await;
    let put = PutMethod { expected_version: 0, method: method(1, 1), audit: entry("method.put") };
    expect(&store, Command::CreateCustomer(customer(1), entry("customer.created")), Outcome::Done).await;
    expect(&store, Command::PutMethod(Box::new(put)), Outcome::Done).await;
    for n in 1..=20 {
        let command = begin(n.into(), &device, n);
        let told = confirmation(device.id, command.payment.id, n);
        expect(
            &store,
            beginning(&BeginPayment { confirmation: Some(told), ..command.clone() }),
            Outcome::Done,
        )
        .await;
        let moved =
            ChangePayment { postings: vec![posting(Layer::Pending, n.into())], ..change(&command.payment) };
        expect(&store, changing(&moved), Outcome::Done).await;
        device = command.enrolment.unwrap().enrolment;
    }
    let before = picture(&store).await;
    drop(store);
    let store = place.open();
    assert_eq!(picture(&store).await, before);
    expect(&store, Command::Record(entry("opened")), Outcome::Done).await;
    drop(store);
    let rows = place.open().audit(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    assert!(rows.windows(2).all(|pair| pair[1].follows(&pair[0].hash)), "the audit chain broke");
}
