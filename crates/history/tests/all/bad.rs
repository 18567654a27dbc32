//! Histories that no good server has: each is found, at the operation that gives it away.

use crate::server::{answered, problem, reply, view};
use api::payment::{CancellationView, CaptureView, PaymentStateName as State, PaymentView, RefundView};
use api::problem::{Problem, ProblemType};
use history::{Call, Checked, History, Operation, Outcome, Terms, check};
use model::{CaptureId, CustomerAction, PaymentId, RefundId};

/// Builds a history line by line; operations that are not told otherwise follow one another.
#[derive(Default)]
struct Told(Vec<Operation>);

impl Told {
    fn push(&mut self, client: &str, call: Call, times_us: (u64, Option<u64>), outcome: Outcome) {
        self.0.push(Operation {
            number: self.0.len() as u64,
            client: client.to_owned(),
            payer: "robin".to_owned(),
            call,
            invoked_us: times_us.0,
            answered_us: times_us.1,
            outcome,
        });
    }

    /// One after the other.
    fn then(mut self, client: &str, call: Call, reply: (u16, String)) -> Self {
        let at_us = 1_000 * (self.0.len() as u64 + 1);
        self.push(client, call, (at_us, Some(at_us + 500)), answered(reply));
        self
    }

    /// Likewise, and its answer was lost.
    fn lost(mut self, client: &str, call: Call) -> Self {
        let at_us = 1_000 * (self.0.len() as u64 + 1);
        self.push(client, call, (at_us, None), Outcome::Unknown { cause: "cut".to_owned() });
        self
    }

    fn check(self) -> Checked {
        check(&History(self.0), &[], &Terms::default())
    }

    #[track_caller]
    fn expect_clean(self) {
        let checked = self.check();
        assert!(checked.is_clean(), "{:?} {}", checked.undecided, story(&checked));
    }

    /// One violation, whose last operation is this one.
    #[track_caller]
    fn expect_wrong_at(self, number: u64) -> String {
        let checked = self.check();
        let [violation] = checked.violations.as_slice() else { panic!("{}", story(&checked)) };
        assert_eq!(violation.prefix.last().map(|last| last.number), Some(number), "{violation}");
        violation.to_string()
    }
}

fn story(checked: &Checked) -> String {
    checked.violations.iter().map(ToString::to_string).collect()
}

fn authorise(key: &str, counter: u32) -> Call {
    Call::Authorise { key: key.to_owned(), counter, amount_minor: 300 }
}

fn id(number: u64) -> PaymentId {
    view(number, State::Authorised, 300).id
}

fn capture(key: &str, number: u64, amount_minor: Option<i64>, is_final: bool) -> Call {
    Call::Capture { key: key.to_owned(), payment: id(number), amount_minor, is_final }
}

fn void(key: &str, number: u64) -> Call {
    Call::Void { key: key.to_owned(), payment: id(number) }
}

fn refund(key: &str, number: u64, amount_minor: i64) -> Call {
    Call::Refund { key: key.to_owned(), payment: id(number), amount_minor: Some(amount_minor) }
}

fn look(number: u64) -> Call {
    Call::Look { payment: id(number) }
}

fn standing(number: u64, state: State, captured_minor: i64, refunded_minor: i64) -> PaymentView {
    PaymentView { captured_minor, refunded_minor, ..view(number, state, 300) }
}

fn authorised(number: u64) -> (u16, String) {
    reply(201, &view(number, State::Authorised, 300))
}

fn declined(number: u64) -> (u16, String) {
    reply(402, &Problem::declined(CustomerAction::EnterAgain, view(number, State::Declined, 300)))
}

fn captured(name: u128, amount_minor: i64, payment: PaymentView) -> (u16, String) {
    reply(201, &CaptureView { id: CaptureId::from_u128(name), amount_minor, payment })
}

fn refunded(amount_minor: i64, payment: PaymentView) -> (u16, String) {
    reply(201, &RefundView { id: RefundId::from_u128(1), amount_minor, payment })
}

fn sold() -> Told {
    Told::default().then("till 1", authorise("a", 1), authorised(1)).then(
        "till 1",
        capture("c", 1, None, true),
        captured(1, 300, standing(1, State::Captured, 300, 0)),
    )
}

#[test]
fn a_usual_sale_is_explained() {
    sold()
        .then("till 1", refund("r", 1, 100), refunded(100, standing(1, State::Captured, 300, 100)))
        .then("till 1", look(1), reply(200, &standing(1, State::Captured, 300, 100)))
        .expect_clean();
}

#[test]
fn one_code_spent_twice_is_found() {
    let told = Told::default()
        .then("till 1", authorise("a", 7), authorised(1))
        .then("till 2", authorise("b", 6), declined(2))
        .then("till 2", authorise("c", 7), authorised(3));
    let story = told.expect_wrong_at(2);
    // What has nothing to do with it is left out.
    assert!(story.contains("code 7") && !story.contains("code 6"), "{story}");
}

#[test]
fn a_code_older_than_one_that_was_used_is_found_when_it_is_taken() {
    let told = Told::default().then("till 1", authorise("a", 7), authorised(1)).then(
        "till 2",
        authorise("b", 6),
        authorised(2),
    );
    told.expect_wrong_at(1);
}

#[test]
fn an_acknowledged_capture_that_was_lost_is_found() {
    let story =
        sold().then("till 1", look(1), reply(200, &standing(1, State::Authorised, 0, 0))).expect_wrong_at(2);
    assert!(story.contains("may have been Captured, captured 3.00"), "{story}");
}

#[test]
fn an_acknowledged_authorisation_that_was_lost_is_found() {
    let told = Told::default().then("till 1", authorise("a", 1), authorised(1)).then(
        "till 1",
        Call::LookUp { key: "a".to_owned() },
        problem(ProblemType::NotFound),
    );
    told.expect_wrong_at(1);
}

#[test]
fn a_capture_beyond_the_hold_is_found() {
    let told = Told::default()
        .then("till 1", authorise("a", 1), authorised(1))
        .then(
            "till 1",
            capture("c", 1, Some(200), false),
            captured(1, 200, standing(1, State::PartlyCaptured, 200, 0)),
        )
        .then(
            "till 1",
            capture("d", 1, Some(200), true),
            captured(2, 200, standing(1, State::Captured, 400, 0)),
        );
    told.expect_wrong_at(2);
}

#[test]
fn the_same_money_captured_twice_under_two_keys_is_found() {
    let told = sold().then(
        "till 2",
        capture("e", 1, None, true),
        captured(2, 300, standing(1, State::Captured, 300, 0)),
    );
    told.expect_wrong_at(2);
}

#[test]
fn a_replay_with_another_answer_is_found() {
    let again = captured(2, 300, standing(1, State::Captured, 300, 0));
    sold().then("till 1", capture("c", 1, None, true), again).expect_wrong_at(2);
    let right = captured(1, 300, standing(1, State::Captured, 300, 0));
    sold().then("till 1", capture("c", 1, None, true), right).expect_clean();
}

#[test]
fn a_refused_change_that_happened_all_the_same_is_found() {
    let told = Told::default()
        .then("till 1", authorise("a", 1), authorised(1))
        .then("till 1", capture("c", 1, Some(400), true), problem(ProblemType::AmountExceeded))
        .then("till 1", look(1), reply(200, &standing(1, State::Captured, 300, 0)));
    told.expect_wrong_at(2);
}

#[test]
fn a_refused_change_that_is_done_when_it_comes_again_is_found() {
    let begun = || {
        Told::default()
            .then("till 1", authorise("a", 1), authorised(1))
            .then("till 1", refund("r", 1, 100), problem(ProblemType::WrongState))
            .then(
                "till 1",
                capture("c", 1, None, true),
                captured(1, 300, standing(1, State::Captured, 300, 0)),
            )
    };
    let again = refunded(100, standing(1, State::Captured, 300, 100));
    begun().then("till 1", refund("r", 1, 100), again).expect_wrong_at(3);
    begun().then("till 1", refund("r", 1, 100), problem(ProblemType::RequestCancelled)).expect_clean();
}

#[test]
fn what_a_busy_server_promised_not_to_have_done_is_found() {
    let told = Told::default()
        .then("till 1", authorise("a", 1), authorised(1))
        .then("till 1", capture("c", 1, None, true), problem(ProblemType::Unavailable))
        .then("till 1", look(1), reply(200, &standing(1, State::Captured, 300, 0)));
    told.expect_wrong_at(2);
}

#[test]
fn a_refusal_without_a_reason_is_found() {
    let told = Told::default().then("till 1", authorise("a", 1), authorised(1)).then(
        "till 1",
        void("v", 1),
        problem(ProblemType::WrongState),
    );
    told.expect_wrong_at(1);
}

#[test]
fn a_request_that_was_cancelled_and_came_about_is_found() {
    let cancelled = reply(200, &CancellationView { was_received: false, payment: None });
    let told = Told::default().then("till 1", Call::Cancel { key: "a".to_owned() }, cancelled).then(
        "till 1",
        authorise("a", 1),
        authorised(1),
    );
    told.expect_wrong_at(1);
}

#[test]
fn a_payment_that_nobody_gave_up_is_not_reversed_before_its_time() {
    let reversing = Problem::declined(CustomerAction::EnterAgain, view(1, State::Reversing, 300));
    let under_way = reply(202, &view(1, State::Received, 300));
    let begun = || Told::default().then("till 1", authorise("a", 1), under_way.clone());
    begun().then("till 1", authorise("a", 1), reply(402, &reversing)).expect_wrong_at(1);
    let mut late = begun();
    let later_us = Terms::default().answer_deadline_us + 2_000;
    late.push("till 1", authorise("a", 1), (later_us, Some(later_us)), answered(reply(402, &reversing)));
    late.expect_clean();
}

#[test]
fn a_refund_of_more_than_was_captured_is_found() {
    let told = sold()
        .then("till 1", refund("r", 1, 200), refunded(200, standing(1, State::Captured, 300, 200)))
        .then("till 1", refund("s", 1, 200), refunded(200, standing(1, State::Captured, 300, 400)));
    told.expect_wrong_at(3);
}

#[test]
fn two_sales_that_are_told_to_be_one_payment_are_found() {
    let told = Told::default().then("till 1", authorise("a", 1), authorised(1)).then(
        "till 1",
        authorise("b", 2),
        authorised(1),
    );
    told.expect_wrong_at(1);
}

#[test]
fn a_payment_that_nobody_asked_for_is_found() {
    let checked = check(&History(sold().0), &[id(1), id(9)], &Terms::default());
    assert!(story(&checked).contains(&id(9).to_string()), "{}", story(&checked));
    assert!(!story(&checked).contains(&id(1).to_string()));
}

#[test]
fn an_answer_that_was_lost_may_have_happened_or_not_but_not_both() {
    let begun = || {
        Told::default()
            .then("till 1", authorise("a", 1), authorised(1))
            .lost("till 1", capture("c", 1, None, true))
    };
    let held = || reply(200, &standing(1, State::Authorised, 0, 0));
    let taken = || reply(200, &standing(1, State::Captured, 300, 0));
    begun().then("till 1", look(1), held()).expect_clean();
    begun().then("till 1", look(1), taken()).expect_clean();
    begun().then("till 1", look(1), held()).then("till 1", look(1), taken()).expect_clean();
    begun().then("till 1", look(1), taken()).then("till 1", look(1), held()).expect_wrong_at(3);
}

#[test]
fn what_overlaps_may_have_happened_in_either_order_and_what_does_not_may_not() {
    let both = |second_asked_us| {
        let mut told = Told::default().then("till 1", authorise("a", 1), authorised(1));
        let taken = captured(1, 300, standing(1, State::Captured, 300, 0));
        told.push("till 1", capture("c", 1, None, true), (5_000, Some(6_000)), answered(taken));
        let held = reply(200, &standing(1, State::Authorised, 0, 0));
        told.push("till 2", look(1), (second_asked_us, Some(7_000)), answered(held));
        told
    };
    both(5_500).expect_clean();
    both(6_500).expect_wrong_at(2);
}
