//! The suite that every store passes: outcomes, isolation, durability, idempotency, lists.
//!
//! Whoever implements [`Store`] says in a [`Place`] how one is opened and calls
//! [`conformance_suite!`](crate::conformance_suite) in a test; each case becomes a test of its own. Cases panic
//! with what they missed.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "these are tests, kept where others can call them"
)]

mod approvals;
mod check;
mod devices;
mod lists;
pub mod maps;
mod memory;
mod parallel;
mod parties;
mod payments;
mod policies;
pub mod sample;
mod webhooks;
mod work;

pub use crate::row::rewrite_each;
pub use approvals::*;
pub use check::*;
pub use devices::*;
pub use lists::*;
pub use memory::Memory;
pub use parallel::*;
pub use parties::*;
pub use payments::*;
pub use policies::*;
pub use webhooks::*;
pub use work::*;

use core::fmt::Debug;
use core::future::Future;
use model::{CustomerId, EffectId, EnrolmentId, MerchantId, PaymentId, Timestamp};
use records::{Command, Outcome, PAGE_LIMIT_MAX, Page, Queries, Store};

/// Where a store is kept while none has it open.
pub trait Place: Send + Sync {
    /// The store under test.
    type Store: Store;

    /// An empty place.
    fn make() -> Self;

    /// Opens the store that is there, making it if there is none. The one opened before is dropped by then.
    fn open(&self) -> Self::Store;
}

/// Makes a test of each case, for the given [`Place`].
#[macro_export]
macro_rules! conformance_suite {
    ($place:ty) => {
        $crate::conformance_suite! { @cases $place;
            parties_are_made_once,
            terms_are_replaced,
            a_category_is_set_and_nothing_else,
            policies_rise_and_stay,
            decisions_are_told_latest_first,
            what_a_phone_paid_changes_with_its_enrolment,
            checkouts_share_no_key_and_no_till,
            methods_change_from_the_version_seen,
            apps_change_from_the_version_seen,
            lists_of_rules_follow_each_other,
            an_activation_code_makes_one_enrolment,
            enrolments_change_from_the_version_seen,
            an_enrolment_comes_with_its_place_certificate_and_notice,
            devices_change_from_the_versions_seen,
            codes_and_certificates_of_devices_are_used_once,
            notices_come_in_order_and_the_oldest_make_room,
            an_erasure_is_whole,
            approvals_are_asked_and_answered_once,
            a_payment_and_its_approval_change_together,
            a_payment_begins_wholly,
            a_request_is_answered_once,
            a_code_is_consumed_once,
            a_cancel_that_came_first_wins,
            a_refused_beginning_changes_nothing,
            a_payment_moves_wholly,
            a_long_story_is_told_whole,
            a_payment_moves_from_the_version_seen,
            a_first_answer_stays,
            postings_that_do_not_count_are_refused,
            effects_are_sent_again_when_due,
            tasks_are_settled_once,
            the_audit_chain_is_signed_where_it_is,
            what_changed_is_to_be_checked,
            a_snapshot_shows_one_moment,
            webhook_endpoints_are_limited_by_what_was_seen,
            webhook_endpoints_change_from_the_version_seen,
            webhooks_are_written_with_their_event,
            webhooks_of_a_payment_come_one_after_the_other,
            webhooks_wait_for_each_endpoint_apart,
            a_webhook_is_settled_from_what_was_seen,
            a_webhook_is_sent_again_in_its_place,
            settled_webhooks_are_listed_and_forgotten,
            lists_come_in_pages,
            a_merchants_payments_come_latest_first,
            one_counter_is_consumed_once_by_many_at_once,
            one_request_begins_once_by_many_at_once,
            sequences_have_no_gaps_under_load,
            what_was_done_is_there_when_opened_again,
        }
    };
    (@cases $place:ty; $($case:ident,)*) => {$(
        #[test]
        fn $case() {
            let place = <$place as $crate::conformance::Place>::make();
            $crate::conformance::run($crate::conformance::$case(&place));
        }
    )*};
}

/// Runs a case to its end.
pub fn run(case: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap()
        .block_on(case);
}

/// Does `command`, which must have this outcome.
async fn expect(store: &impl Store, command: Command, outcome: Outcome) {
    let told = format!("{command:?}");
    let came = store.commit(command).await;
    assert_eq!(came.as_ref(), Ok(&outcome), "after {told}");
}

/// Does `command`, which must have this outcome and change nothing.
async fn expect_unchanged(store: &impl Store, command: Command, outcome: Outcome) {
    let before = picture(store).await;
    expect(store, command, outcome).await;
    assert_eq!(picture(store).await, before, "something refused changed something");
}

/// Does `command`, which must be refused as a mistake of the caller and change nothing.
async fn expect_refused(store: &impl Store, command: Command) {
    let before = picture(store).await;
    let told = format!("{command:?}");
    assert!(store.commit(command).await.is_err(), "accepted: {told}");
    assert_eq!(picture(store).await, before, "something refused changed something");
}

/// The end of time, for questions about what is due ever.
const EVER: Timestamp = Timestamp::from_ms(i64::MAX);

/// Everything that the queries show, as text: equal pictures are equal stores.
pub async fn picture(store: &(impl Queries + ?Sized)) -> Vec<String> {
    let mut lines = Vec::new();
    let customers = store.customers(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    for customer in &customers {
        show(&mut lines, &store.methods(customer.id).await.unwrap());
        show(&mut lines, &store.activation_codes_of(customer.id).await.unwrap());
    }
    show(&mut lines, &customers);
    show(&mut lines, &store.apps().await.unwrap());
    show(&mut lines, &store.latest_rule_list().await.unwrap());
    show(&mut lines, &store.merchants(Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    // The customer of all samples.
    let of_samples = CustomerId::from_u128(1);
    show(&mut lines, &store.devices(of_samples).await.unwrap());
    show(&mut lines, &store.notices(of_samples, Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    for serial in 1..9 {
        show(&mut lines, &store.certificate([serial; 16]).await.unwrap());
    }
    let enrolments = store.enrolments(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    for enrolment in &enrolments {
        show(&mut lines, &store.code_uses(enrolment.id, Page::first(PAGE_LIMIT_MAX)).await.unwrap());
        show(&mut lines, &store.confirmations(enrolment.id, Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    }
    for enrolment in &enrolments {
        show(&mut lines, &store.approvals(enrolment.id, Page::first(PAGE_LIMIT_MAX)).await.unwrap());
        show(&mut lines, &store.velocity(enrolment.id).await.unwrap());
    }
    show(&mut lines, &enrolments);
    show(&mut lines, &store.policies(Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    show(&mut lines, &store.judged(0, Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    let payments = store.payments(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    for payment in &payments {
        picture_of_payment(store, payment.id, &mut lines).await;
    }
    show(&mut lines, &payments);
    show(&mut lines, &store.payments_to_wake(EVER, PAGE_LIMIT_MAX).await.unwrap());
    show(&mut lines, &store.effects_due(EVER, PAGE_LIMIT_MAX).await.unwrap());
    show(&mut lines, &store.tasks(Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    show(&mut lines, &store.balances().await.unwrap());
    show(&mut lines, &store.audit(Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    // The merchant of all samples.
    show(&mut lines, &store.webhook_endpoints(MerchantId::from_u128(1)).await.unwrap());
    show(&mut lines, &store.webhooks_due(EVER, PAGE_LIMIT_MAX, Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    show(&mut lines, &store.webhooks_settled(EVER, Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    show(&mut lines, &store.dead_webhooks(Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    show(&mut lines, &store.webhook_totals().await.unwrap());
    show(&mut lines, &store.audit_heads(Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    show(&mut lines, &store.changed(Page::first(PAGE_LIMIT_MAX)).await.unwrap());
    show(&mut lines, &store.check_mark().await.unwrap());
    lines
}

async fn picture_of_payment(store: &(impl Queries + ?Sized), id: PaymentId, lines: &mut Vec<String>) {
    show(lines, &store.verdict(id).await.unwrap());
    show(lines, &store.events(id).await.unwrap());
    show(lines, &store.postings(id).await.unwrap());
    show(lines, &store.begin_request(id).await.unwrap());
    show(lines, &store.effects_of(id).await.unwrap());
}

fn show(lines: &mut Vec<String>, rows: &impl Debug) {
    lines.push(format!("{rows:?}"));
}

/// The ids of an enrolment's sample and an effect's, for cases that need several.
fn enrolment_id(n: u8) -> EnrolmentId {
    EnrolmentId::from_bytes([0, 0, 0, 0, 0, n])
}

fn effect_id(n: u128) -> EffectId {
    EffectId::from_u128(n)
}
