//! Payments, their requests, and what is written with them.

use super::sample::{
    NOW, answer, begin, change, confirmation, effect, enrolled, enrolment, entry, idempotency_key, posting,
    request, task,
};
use super::{EVER, Place, effect_id, enrolment_id, expect, expect_refused, expect_unchanged};
use model::{AccountKey, CheckoutId, Counter, Currency, Layer, MerchantId, Payment, PaymentId, Posting};
use records::{
    Balance, BeginPayment, ChangePayment, CodeUse, Command, Enrolment, EventRow, IdempotencyRow, Outcome,
    Page, PostingRow, Queries, Store, VerdictRow,
};

/// Commands as the store takes them.
pub(super) fn beginning(command: &BeginPayment) -> Command {
    Command::BeginPayment(Box::new(command.clone()))
}

pub(super) fn changing(command: &ChangePayment) -> Command {
    Command::ChangePayment(Box::new(command.clone()))
}

/// Enrolment 1, active.
pub(super) async fn enrol_one(store: &impl Store) -> Enrolment {
    for command in enrolled(1) {
        expect(store, command, Outcome::Done).await;
    }
    enrolment(1)
}

/// All that a beginning brings is there afterwards.
pub async fn a_payment_begins_wholly(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let id = PaymentId::from_u128(1);
    let command = BeginPayment { confirmation: Some(confirmation(device.id, id, 1)), ..begin(1, &device, 1) };
    expect(&store, beginning(&command), Outcome::Done).await;

    assert_eq!(store.payment(id).await.unwrap(), Some(command.payment.clone()));
    assert_eq!(
        store.payments_of_merchant(MerchantId::from_u128(1), Page::first(9)).await.unwrap(),
        [command.payment]
    );
    let verdict = VerdictRow { confirmation: Some(1), ..command.verdict };
    assert_eq!(store.verdict(id).await.unwrap(), Some(verdict));
    assert_eq!(store.code_use(device.id, Counter(1)).await.unwrap(), command.code_use);
    assert_eq!(store.enrolment(device.id).await.unwrap(), command.enrolment.map(|change| change.enrolment));
    let row = IdempotencyRow { request: command.request, payment: Some(id), answer: None, at: NOW };
    assert_eq!(store.begin_request(id).await.unwrap(), Some(row.clone()));
    let by_key = store.request(CheckoutId::from_u128(1), idempotency_key("key-1")).await.unwrap();
    assert_eq!(by_key, Some(row));
    assert_eq!(store.effects_of(id).await.unwrap(), [effect(1, id)]);
    assert_eq!(store.effects_due(NOW, 9).await.unwrap(), [effect(1, id)]);
    assert_eq!(store.payments_to_wake(NOW.plus_s(30), 9).await.unwrap(), [id]);
    assert_eq!(store.payments_to_wake(NOW.plus_s(29), 9).await.unwrap(), []);
    let confirmations = store.confirmations(device.id, Page::first(9)).await.unwrap();
    assert_eq!(confirmations.len(), 1);
    assert_eq!(
        (confirmations[0].sequence, Some(&confirmations[0].confirmation)),
        (1, command.confirmation.as_ref())
    );
    assert_eq!(store.audit(Page::first(9)).await.unwrap().last().unwrap().entry, command.audit[0]);
}

/// The same request gets what is known of it; another under the same key is told so.
pub async fn a_request_is_answered_once(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let id = PaymentId::from_u128(1);
    let first = begin(1, &device, 1);
    expect(&store, beginning(&first), Outcome::Done).await;

    let mut row = IdempotencyRow { request: first.request.clone(), payment: Some(id), answer: None, at: NOW };
    expect_unchanged(&store, beginning(&first), Outcome::Replay(Box::new(row.clone()))).await;
    // Even if everything else about it is new, it is the request that counts.
    let again = BeginPayment { request: first.request.clone(), ..begin(2, &device, 2) };
    expect_unchanged(&store, beginning(&again), Outcome::Replay(Box::new(row.clone()))).await;
    let other = BeginPayment { request: request("key-1", 2), ..begin(2, &device, 2) };
    expect_unchanged(&store, beginning(&other), Outcome::OtherRequest).await;

    let answered = ChangePayment {
        begin_answer: Some((first.request.clone(), answer("approved"))),
        request: Some((request("capture", 3), answer("captured"))),
        ..change(&first.payment)
    };
    expect(&store, changing(&answered), Outcome::Done).await;
    row.answer = Some(answer("approved"));
    expect_unchanged(&store, beginning(&first), Outcome::Replay(Box::new(row))).await;
    let captured = IdempotencyRow {
        request: request("capture", 3),
        payment: Some(id),
        answer: Some(answer("captured")),
        at: NOW,
    };
    expect_unchanged(&store, changing(&answered), Outcome::Replay(Box::new(captured))).await;
    let other =
        ChangePayment { request: Some((request("capture", 4), answer("x"))), ..change(&answered.payment) };
    expect_unchanged(&store, changing(&other), Outcome::OtherRequest).await;
}

/// A counter is consumed once, and only upwards, whatever version the caller saw.
pub async fn a_code_is_consumed_once(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    expect(&store, beginning(&begin(1, &device, 5)), Outcome::Done).await;
    expect_unchanged(&store, beginning(&begin(2, &device, 6)), Outcome::Conflict).await;

    let seen = store.enrolment(device.id).await.unwrap().unwrap();
    expect_unchanged(&store, beginning(&begin(2, &seen, 5)), Outcome::Conflict).await;
    expect_unchanged(&store, beginning(&begin(2, &seen, 4)), Outcome::Conflict).await;
    // Even an enrolment set back does not make a consumed code good again.
    let back = records::EnrolmentChange {
        expected_version: seen.version,
        enrolment: Enrolment { version: seen.version + 1, counter: Counter(0), ..seen },
        notice: None,
    };
    let back = records::ChangeEnrolment { change: back, audit: vec![] };
    expect(&store, Command::ChangeEnrolment(Box::new(back)), Outcome::Done).await;
    let seen = store.enrolment(device.id).await.unwrap().unwrap();
    expect_unchanged(&store, beginning(&begin(2, &seen, 5)), Outcome::Conflict).await;
    expect(&store, beginning(&begin(2, &seen, 6)), Outcome::Done).await;
}

/// A cancel that overtook its request leaves a stone that the request stumbles over.
pub async fn a_cancel_that_came_first_wins(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let early = begin(1, &device, 1);
    expect(&store, Command::Cancel(early.request.clone(), NOW), Outcome::Done).await;
    let stone = IdempotencyRow { request: early.request.clone(), payment: None, answer: None, at: NOW };
    let row = store.request(CheckoutId::from_u128(1), idempotency_key("key-1")).await.unwrap();
    assert_eq!(row, Some(stone.clone()));
    expect_unchanged(&store, Command::Cancel(early.request.clone(), NOW), Outcome::Replay(Box::new(stone)))
        .await;
    expect_unchanged(&store, beginning(&early), Outcome::Cancelled).await;
    let other = BeginPayment { request: request("key-1", 2), ..early };
    expect_unchanged(&store, beginning(&other), Outcome::Cancelled).await;

    let begun = begin(2, &device, 1);
    expect(&store, beginning(&begun), Outcome::Done).await;
    let row = store.begin_request(begun.payment.id).await.unwrap().unwrap();
    expect_unchanged(&store, Command::Cancel(begun.request, NOW), Outcome::Replay(Box::new(row))).await;
    expect(&store, Command::Cancel(request("capture", 1), NOW), Outcome::Done).await;
    let late =
        ChangePayment { request: Some((request("capture", 1), answer("x"))), ..change(&begun.payment) };
    expect_unchanged(&store, changing(&late), Outcome::Cancelled).await;
}

/// Beginnings that contradict themselves or what is there leave nothing.
pub async fn a_refused_beginning_changes_nothing(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let unknown = enrolment(9);
    expect_unchanged(&store, beginning(&begin(1, &unknown, 1)), Outcome::Missing).await;
    expect(&store, beginning(&begin(1, &device, 1)), Outcome::Done).await;
    let seen = store.enrolment(device.id).await.unwrap().unwrap();

    let good = begin(2, &seen, 2);
    let same_id = BeginPayment { request: good.request.clone(), ..begin(1, &seen, 2) };
    expect_unchanged(&store, beginning(&same_id), Outcome::Exists).await;
    let uncounted = BeginPayment { enrolment: None, velocity: None, ..good.clone() };
    expect_refused(&store, beginning(&uncounted)).await;
    let others_code = CodeUse { enrolment: enrolment_id(8), ..good.code_use.clone().unwrap() };
    expect_refused(&store, beginning(&BeginPayment { code_use: Some(others_code), ..good.clone() })).await;
    let later = Payment { version: 2, ..good.payment.clone() };
    expect_refused(&store, beginning(&BeginPayment { payment: later, ..good.clone() })).await;
    let nobodys = confirmation(enrolment_id(8), good.payment.id, 2);
    expect_refused(&store, beginning(&BeginPayment { confirmation: Some(nobodys), ..good.clone() })).await;

    // Nothing proved: no enrolment, no code, no effect, but its own record.
    let refused = BeginPayment {
        enrolment: None,
        code_use: None,
        velocity: None,
        effect: None,
        wake_at: None,
        answer: Some(answer("declined")),
        ..good
    };
    expect(&store, beginning(&refused), Outcome::Done).await;
    assert_eq!(store.enrolment(device.id).await.unwrap(), Some(seen));
    let row = store.begin_request(refused.payment.id).await.unwrap().unwrap();
    assert_eq!(row.answer, refused.answer);
}

/// All that a change brings is there afterwards, and what it ends is gone.
pub async fn a_payment_moves_wholly(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    let id = begun.payment.id;
    expect(&store, beginning(&begun), Outcome::Done).await;
    let command = ChangePayment {
        postings: vec![
            posting(Layer::Pending, 1_250),
            posting(Layer::Posted, 7),
            posting(Layer::Pending, 50),
        ],
        new_effects: vec![effect(2, id), effect(3, id)],
        done_effect: Some(effect_id(1)),
        wake_at: Some(NOW.plus_s(60)),
        confirmation: Some(confirmation(device.id, id, 1)),
        task: Some(task(1, id)),
        audit: vec![entry("payment.authorised")],
        ..change(&begun.payment)
    };
    expect(&store, changing(&command), Outcome::Done).await;

    assert_eq!(store.payment(id).await.unwrap(), Some(command.payment.clone()));
    let event = EventRow { confirmation: Some(1), ..command.event };
    assert_eq!(store.events(id).await.unwrap(), [event]);
    let row = |(place, posting): (u8, _)| PostingRow { payment: id, version: 2, place, posting };
    let rows: Vec<PostingRow> = (0..).zip(command.postings).map(row).collect();
    assert_eq!(store.postings(id).await.unwrap(), rows);
    assert_eq!(store.effects_of(id).await.unwrap(), command.new_effects);
    assert_eq!(store.effects_due(EVER, 9).await.unwrap(), command.new_effects);
    assert_eq!(store.payments_to_wake(NOW.plus_s(59), 9).await.unwrap(), []);
    assert_eq!(store.payments_to_wake(NOW.plus_s(60), 9).await.unwrap(), [id]);
    assert_eq!(store.tasks(Page::first(9)).await.unwrap(), [task(1, id)]);
    assert_eq!(store.confirmations(device.id, Page::first(9)).await.unwrap().len(), 1);

    let command =
        ChangePayment { postings: vec![posting(Layer::Pending, 1).reversed()], ..change(&command.payment) };
    expect(&store, changing(&command), Outcome::Done).await;
    assert_eq!(store.payments_to_wake(EVER, 9).await.unwrap(), []);
    let balances = store.balances().await.unwrap();
    let sums = |balance: &Balance| {
        let pending = (balance.pending_debit_minor, balance.pending_credit_minor);
        (pending, (balance.posted_debit_minor, balance.posted_credit_minor))
    };
    assert_eq!(balances.len(), 2);
    let clearing = balances.iter().find(|b| matches!(b.account, AccountKey::CustomerClearing(_))).unwrap();
    assert_eq!(sums(clearing), ((1_300, 1), (7, 0)));
    let merchant = balances.iter().find(|b| matches!(b.account, AccountKey::Merchant(_))).unwrap();
    assert_eq!(sums(merchant), ((1, 1_300), (0, 7)));
}

/// However many events a payment has, all are told in order with what they booked; and a moment goes on telling those
/// that there were.
pub async fn a_long_story_is_told_whole(place: &impl Place) {
    const EVENTS: u32 = 70;
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    let id = begun.payment.id;
    expect(&store, beginning(&begun), Outcome::Done).await;
    let (mut seen, mut events, mut postings) = (begun.payment, Vec::new(), Vec::new());
    let mut moments = Vec::new();
    for n in 1..=EVENTS {
        let posting = posting(Layer::Posted, i64::from(n));
        let command = ChangePayment { postings: vec![posting.clone()], ..change(&seen) };
        expect(&store, changing(&command), Outcome::Done).await;
        postings.push(PostingRow { payment: id, version: n + 1, place: 0, posting });
        events.push(command.event);
        seen = command.payment;
        assert_eq!(store.events(id).await.unwrap(), events, "after {n} events");
        if n % 23 == 0 {
            moments.push((store.snapshot().await.unwrap(), events.len()));
        }
    }
    assert_eq!(store.postings(id).await.unwrap(), postings);
    for (moment, count) in moments {
        assert_eq!(moment.events(id).await.unwrap(), events[..count]);
        assert_eq!(moment.postings(id).await.unwrap(), postings[..count]);
    }
    drop(store);
    assert_eq!(place.open().events(id).await.unwrap(), events);
}

/// A change that rests on what is no longer so leaves nothing.
pub async fn a_payment_moves_from_the_version_seen(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    let id = begun.payment.id;
    let moved = ChangePayment { done_effect: Some(effect_id(1)), ..change(&begun.payment) };
    expect_unchanged(&store, changing(&moved), Outcome::Missing).await;
    expect(&store, beginning(&begun), Outcome::Done).await;
    expect(&store, changing(&moved), Outcome::Done).await;
    expect_unchanged(&store, changing(&moved), Outcome::Conflict).await;

    let seen = moved.payment;
    let again = ChangePayment { done_effect: Some(effect_id(1)), ..change(&seen) };
    expect_unchanged(&store, changing(&again), Outcome::Missing).await;
    let unasked = ChangePayment { begin_answer: Some((request("key-9", 1), answer("x"))), ..change(&seen) };
    expect_unchanged(&store, changing(&unasked), Outcome::Missing).await;
    let written = ChangePayment { new_effects: vec![effect(4, id)], ..change(&seen) };
    expect(&store, changing(&written), Outcome::Done).await;
    let seen = written.payment;
    let same = ChangePayment { new_effects: vec![effect(4, id)], ..change(&seen) };
    expect_unchanged(&store, changing(&same), Outcome::Exists).await;
    let others = ChangePayment { new_effects: vec![effect(5, PaymentId::from_u128(9))], ..change(&seen) };
    expect_refused(&store, changing(&others)).await;
    let twice = ChangePayment { new_effects: vec![effect(5, id), effect(5, id)], ..change(&seen) };
    expect_refused(&store, changing(&twice)).await;
    let jump = ChangePayment { expected_version: 1, ..change(&seen) };
    expect_refused(&store, changing(&jump)).await;
    let mut out_of_step = change(&seen);
    out_of_step.event.version += 1;
    expect_refused(&store, changing(&out_of_step)).await;
    expect(&store, changing(&change(&seen)), Outcome::Done).await;
}

/// An answer that the till may have is never replaced, and does not hold the payment up.
pub async fn a_first_answer_stays(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    expect(&store, beginning(&begun), Outcome::Done).await;
    let answered = |text: &str, seen: &Payment| ChangePayment {
        begin_answer: Some((begun.request.clone(), answer(text))),
        ..change(seen)
    };
    let first = answered("first", &begun.payment);
    expect(&store, changing(&first), Outcome::Done).await;
    expect(&store, changing(&answered("second", &first.payment)), Outcome::Done).await;
    let row = store.begin_request(begun.payment.id).await.unwrap().unwrap();
    assert_eq!(row.answer, Some(answer("first")));
    assert_eq!(store.payment(begun.payment.id).await.unwrap().unwrap().version, 3);
}

/// Amounts of nothing, below nothing, beyond counting or in another currency are refused with all that came with them.
pub async fn postings_that_do_not_count_are_refused(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    expect(&store, beginning(&begun), Outcome::Done).await;
    for amounts in [vec![0], vec![-1], vec![i64::MIN], vec![5, -5]] {
        let postings = amounts.iter().map(|amount| posting(Layer::Posted, *amount)).collect();
        expect_refused(&store, changing(&ChangePayment { postings, ..change(&begun.payment) })).await;
    }
    let foreign = Posting { currency: Currency::EUR, ..posting(Layer::Posted, 1) };
    let mixed = vec![posting(Layer::Posted, 1), foreign];
    expect_refused(&store, changing(&ChangePayment { postings: mixed, ..change(&begun.payment) })).await;
    let many = vec![posting(Layer::Posted, 1); 257];
    expect_refused(&store, changing(&ChangePayment { postings: many, ..change(&begun.payment) })).await;
    let most = ChangePayment { postings: vec![posting(Layer::Posted, i64::MAX)], ..change(&begun.payment) };
    expect(&store, changing(&most), Outcome::Done).await;
    let more = ChangePayment { postings: vec![posting(Layer::Posted, 1)], ..change(&most.payment) };
    expect(&store, changing(&more), Outcome::Done).await;
    let sums = store.balances().await.unwrap();
    let largest = sums.iter().map(|sum| sum.posted_debit_minor).max();
    assert_eq!(largest, Some(i128::from(i64::MAX) + 1), "sums are counted beyond what one posting can be");
}
