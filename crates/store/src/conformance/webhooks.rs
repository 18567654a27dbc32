//! Webhook endpoints, and webhooks from their event's commit until they are forgotten.

use super::payments::{beginning, changing, enrol_one};
use super::sample::{NOW, begin, change, entry, webhook, webhook_endpoint};
use super::{EVER, Place, expect, expect_refused, expect_unchanged};
use model::{MerchantId, Payment, PaymentId, Timestamp, WebhookEndpointId, WebhookId};
use records::{
    BeginPayment, ChangePayment, ChangeWebhookEndpoint, Command, CreateWebhookEndpoint, EndpointStatus,
    Outcome, Page, Queries, SettleWebhook, Store, Waiting, Webhook, WebhookEndpoint, WebhookState,
    WebhookTotals,
};

fn create(n: u128, expected_others: usize) -> Command {
    let (endpoint, audit) = (webhook_endpoint(n), entry("webhook_endpoint.created"));
    Command::CreateWebhookEndpoint(Box::new(CreateWebhookEndpoint { expected_others, endpoint, audit }))
}

fn settle(n: u128, expected_attempts: u32, state: WebhookState) -> Command {
    let (payment, webhook) = (payment_of(n), WebhookId::from_u128(n));
    Command::SettleWebhook(Box::new(SettleWebhook { payment, webhook, expected_attempts, state }))
}

/// Webhook 12 tells of payment 1; those up to 9 do so too.
fn payment_of(n: u128) -> PaymentId {
    PaymentId::from_u128((n / 10).max(1))
}

const fn delivered(at: Timestamp) -> WebhookState {
    WebhookState::Delivered { at, attempts: 1 }
}

fn dead(at: Timestamp) -> WebhookState {
    WebhookState::Dead { at, attempts: 1, failure: "it answered with status 500".into() }
}

/// Waits on after one failed attempt.
fn again(due_at: Timestamp) -> WebhookState {
    let waiting = Waiting::from(NOW, NOW.plus_s(86_400));
    WebhookState::Waiting(Waiting { attempts: 1, due_at, last_failure: Some("refused".into()), ..waiting })
}

fn resend(n: u128, at: Timestamp) -> Command {
    let (payment, webhook) = (payment_of(n), WebhookId::from_u128(n));
    Command::ResendWebhook { payment, webhook, at, give_up_at: at.plus_s(9) }
}

/// The numbers of the webhooks that may be sent by `now`, at most `each_max` for one endpoint.
async fn due(store: &impl Store, now: Timestamp, each_max: usize) -> Vec<u128> {
    numbers(&store.webhooks_due(now, each_max, Page::first(99)).await.unwrap())
}

fn numbers(webhooks: &[Webhook]) -> Vec<u128> {
    webhooks.iter().map(|webhook| webhook.id.to_u128()).collect()
}

/// Begins payment `n` and moves it on twice; each of the three events is told to endpoint 1 as webhook `n`1, `n`2,
/// `n`3. The payment's beginning consumes code `n`.
async fn tell_thrice(store: &impl Store, n: u32) {
    let device = match store.enrolment(super::enrolment_id(1)).await.unwrap() {
        Some(device) => device,
        None => enrol_one(store).await,
    };
    let begun = begin(n.into(), &device, n);
    let first = u128::from(n) * 10 + 1;
    let webhooks = vec![webhook(first, 1, &begun.payment)];
    let command = BeginPayment { webhooks, ..begun.clone() };
    expect(store, beginning(&command), Outcome::Done).await;
    let second = told(&begun.payment, first + 1);
    expect(store, changing(&second), Outcome::Done).await;
    expect(store, changing(&told(&second.payment, first + 2)), Outcome::Done).await;
}

/// Moves a payment on and tells endpoint 1 of it as webhook `n`.
fn told(seen: &Payment, n: u128) -> ChangePayment {
    let moved = change(seen);
    ChangePayment { webhooks: vec![webhook(n, 1, &moved.payment)], ..moved }
}

/// An endpoint is made by whoever saw all others, so that a limit holds whoever else makes one.
pub async fn webhook_endpoints_are_limited_by_what_was_seen(place: &impl Place) {
    let store = place.open();
    let merchant = MerchantId::from_u128(1);
    expect_unchanged(&store, create(1, 1), Outcome::Conflict).await;
    expect(&store, create(1, 0), Outcome::Done).await;
    expect_unchanged(&store, create(1, 1), Outcome::Exists).await;
    expect_unchanged(&store, create(2, 0), Outcome::Conflict).await;
    expect(&store, create(2, 1), Outcome::Done).await;
    let both = [webhook_endpoint(1), webhook_endpoint(2)];
    assert_eq!(store.webhook_endpoints(merchant).await.unwrap(), both);
    assert_eq!(store.webhook_endpoints(MerchantId::from_u128(2)).await.unwrap(), []);
    assert_eq!(store.webhook_endpoint(both[0].id).await.unwrap(), Some(webhook_endpoint(1)));

    let remove = || Command::RemoveWebhookEndpoint(both[0].id, entry("webhook_endpoint.removed"));
    expect(&store, remove(), Outcome::Done).await;
    expect_unchanged(&store, remove(), Outcome::Missing).await;
    assert_eq!(store.webhook_endpoints(merchant).await.unwrap(), both[1..]);
    assert_eq!(store.webhook_endpoint(both[0].id).await.unwrap(), None);
    expect(&store, create(3, 1), Outcome::Done).await;
}

/// Of two who change an endpoint from the same version, one does.
pub async fn webhook_endpoints_change_from_the_version_seen(place: &impl Place) {
    let store = place.open();
    let status = EndpointStatus::Disabled { at: NOW, is_gone: true };
    let changed = WebhookEndpoint { version: 2, status, ..webhook_endpoint(1) };
    let command = |expected_version, endpoint: &WebhookEndpoint| {
        let (endpoint, audit) = (endpoint.clone(), entry("webhook_endpoint.disabled"));
        Command::ChangeWebhookEndpoint(Box::new(ChangeWebhookEndpoint { expected_version, endpoint, audit }))
    };
    expect_unchanged(&store, command(1, &changed), Outcome::Missing).await;
    expect(&store, create(1, 0), Outcome::Done).await;
    expect_refused(&store, command(2, &changed)).await;
    let stolen = WebhookEndpoint { merchant: MerchantId::from_u128(2), ..changed.clone() };
    expect_refused(&store, command(1, &stolen)).await;
    expect(&store, command(1, &changed), Outcome::Done).await;
    expect_unchanged(&store, command(1, &changed), Outcome::Conflict).await;
    assert_eq!(store.webhook_endpoint(changed.id).await.unwrap(), Some(changed));
}

/// A webhook is there if its event is, and not otherwise.
pub async fn webhooks_are_written_with_their_event(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    let with = |webhooks| beginning(&BeginPayment { webhooks, ..begun.clone() });
    let first = webhook(1, 1, &begun.payment);
    let settled = Webhook { state: delivered(NOW), ..first.clone() };
    let foreign = Webhook { payment: model::PaymentId::from_u128(2), ..first.clone() };
    let early = Webhook { sequence: 2, ..first.clone() };
    let twice = Webhook { id: WebhookId::from_u128(2), ..first.clone() };
    expect_refused(&store, with(vec![settled])).await;
    expect_refused(&store, with(vec![foreign])).await;
    expect_refused(&store, with(vec![early])).await;
    expect_refused(&store, with(vec![first.clone(), twice])).await;
    expect(&store, with(vec![first.clone()]), Outcome::Done).await;
    assert_eq!(store.webhook(first.id).await.unwrap(), Some(first.clone()));

    let taken = told(&begun.payment, 1);
    expect_unchanged(&store, changing(&taken), Outcome::Exists).await;
    expect(&store, changing(&told(&begun.payment, 2)), Outcome::Done).await;
    expect_unchanged(&store, changing(&told(&begun.payment, 3)), Outcome::Conflict).await;
    assert_eq!(store.webhook(WebhookId::from_u128(3)).await.unwrap(), None);
    drop(store);
    assert_eq!(place.open().webhook(first.id).await.unwrap(), Some(first));
}

/// The next of a payment may be sent once the one before is delivered or dead; other payments do not wait.
pub async fn webhooks_of_a_payment_come_one_after_the_other(place: &impl Place) {
    let store = place.open();
    tell_thrice(&store, 1).await;
    tell_thrice(&store, 2).await;
    assert_eq!(due(&store, NOW.plus_ms(-1), 9).await, []);
    assert_eq!(due(&store, NOW, 9).await, [11, 21]);
    expect(&store, settle(11, 0, again(NOW.plus_s(5))), Outcome::Done).await;
    assert_eq!(due(&store, NOW, 9).await, [21], "one that failed lets none of its payment pass");
    expect(&store, settle(21, 0, delivered(NOW)), Outcome::Done).await;
    assert_eq!(due(&store, NOW, 9).await, [22]);
    assert_eq!(due(&store, NOW.plus_s(5), 9).await, [22, 11]);
    assert_eq!(due(&store, NOW.plus_s(5), 1).await, [22]);
    expect(&store, settle(11, 1, dead(NOW)), Outcome::Done).await;
    assert_eq!(due(&store, NOW, 9).await, [12, 22], "a dead letter holds nothing up");
    for n in [22, 23, 12, 13] {
        expect(&store, settle(n, 0, delivered(NOW)), Outcome::Done).await;
    }
    assert_eq!(due(&store, EVER, 9).await, []);
}

/// What waits for one endpoint neither holds up nor hides what waits for another.
pub async fn webhooks_wait_for_each_endpoint_apart(place: &impl Place) {
    let store = place.open();
    let device = enrol_one(&store).await;
    let begun = begin(1, &device, 1);
    let both = vec![webhook(1, 1, &begun.payment), webhook(2, 2, &begun.payment)];
    let command = BeginPayment { webhooks: both, ..begun.clone() };
    expect(&store, beginning(&command), Outcome::Done).await;
    expect(&store, changing(&told(&begun.payment, 3)), Outcome::Done).await;
    assert_eq!(due(&store, NOW, 1).await, [1, 2]);
    expect(&store, settle(2, 0, delivered(NOW)), Outcome::Done).await;
    assert_eq!(due(&store, NOW, 1).await, [1]);
    expect(&store, settle(1, 0, delivered(NOW)), Outcome::Done).await;
    assert_eq!(due(&store, NOW, 1).await, [3]);

    tell_thrice(&store, 5).await;
    tell_thrice(&store, 6).await;
    let endpoint = WebhookEndpointId::from_u128;
    let page = |after: Option<u128>, limit| Page { after: after.map(endpoint), limit };
    let of_page = async |page| numbers(&store.webhooks_due(EVER, 2, page).await.unwrap());
    assert_eq!(of_page(page(None, 9)).await, [3, 51], "two for each endpoint");
    assert_eq!(of_page(page(None, 1)).await, [3]);
    assert_eq!(of_page(page(Some(0), 9)).await, [3, 51]);
    assert_eq!(of_page(page(Some(1), 9)).await, []);
}

/// Two workers that sent the same webhook write down one outcome, and one outcome stays.
pub async fn a_webhook_is_settled_from_what_was_seen(place: &impl Place) {
    let store = place.open();
    expect_unchanged(&store, settle(11, 0, delivered(NOW)), Outcome::Missing).await;
    tell_thrice(&store, 1).await;
    expect_unchanged(&store, settle(11, 1, delivered(NOW)), Outcome::Conflict).await;
    expect(&store, settle(11, 0, again(NOW.plus_s(5))), Outcome::Done).await;
    expect_unchanged(&store, settle(11, 0, delivered(NOW)), Outcome::Conflict).await;
    expect(&store, settle(11, 1, delivered(NOW.plus_s(6))), Outcome::Done).await;
    expect_unchanged(&store, settle(11, 1, again(NOW.plus_s(9))), Outcome::Conflict).await;
    let row = store.webhook(WebhookId::from_u128(11)).await.unwrap().unwrap();
    assert_eq!(row.state, delivered(NOW.plus_s(6)));
    let renewed = WebhookState::Waiting(Waiting::from(NOW.plus_s(1), NOW.plus_s(9)));
    expect_refused(&store, settle(12, 0, renewed)).await;
}

/// Sent again, a webhook stands before the later ones of its payment that still wait.
pub async fn a_webhook_is_sent_again_in_its_place(place: &impl Place) {
    let store = place.open();
    expect_unchanged(&store, resend(11, NOW), Outcome::Missing).await;
    tell_thrice(&store, 1).await;
    expect_unchanged(&store, resend(11, NOW), Outcome::Conflict).await;
    expect(&store, settle(11, 0, dead(NOW)), Outcome::Done).await;
    assert_eq!(due(&store, EVER, 9).await, [12]);
    let later = NOW.plus_s(60);
    expect(&store, resend(11, later), Outcome::Done).await;
    assert_eq!(due(&store, EVER, 9).await, [11], "the later one waits for it again");
    assert_eq!(due(&store, later.plus_ms(-1), 9).await, []);
    assert_eq!(numbers(&store.dead_webhooks(Page::first(9)).await.unwrap()), []);
    let waiting = store.webhook(WebhookId::from_u128(11)).await.unwrap().unwrap();
    assert_eq!(waiting.waiting(), Some(&Waiting::from(later, later.plus_s(9))));

    // The later one was on its way when the earlier one was asked for again.
    expect(&store, settle(12, 0, delivered(later)), Outcome::Done).await;
    assert_eq!(due(&store, EVER, 9).await, [11]);
    expect(&store, resend(12, later), Outcome::Done).await;
    assert_eq!(due(&store, EVER, 9).await, [11]);
    expect(&store, settle(11, 0, delivered(later)), Outcome::Done).await;
    assert_eq!(due(&store, EVER, 9).await, [12]);
    expect(&store, settle(12, 0, delivered(later)), Outcome::Done).await;
    expect(&store, settle(13, 0, delivered(later)), Outcome::Done).await;
    assert_eq!(store.webhook_totals().await.unwrap(), WebhookTotals::default());
}

/// What was delivered or given up is found by time and by endpoint until it is forgotten.
pub async fn settled_webhooks_are_listed_and_forgotten(place: &impl Place) {
    let store = place.open();
    tell_thrice(&store, 1).await;
    let at = |s| NOW.plus_s(s);
    let totals = |waiting, dead, oldest: Option<i64>| WebhookTotals {
        waiting,
        dead,
        oldest_since: oldest.map(|s| NOW.plus_s(s)),
    };
    assert_eq!(store.webhook_totals().await.unwrap(), totals(3, 0, Some(0)));
    expect(&store, settle(11, 0, delivered(at(1))), Outcome::Done).await;
    expect(&store, settle(12, 0, dead(at(2))), Outcome::Done).await;
    assert_eq!(store.webhook_totals().await.unwrap(), totals(1, 1, Some(0)));
    let settled = async |until, page| numbers(&store.webhooks_settled(until, page).await.unwrap());
    assert_eq!(settled(at(0), Page::first(9)).await, []);
    assert_eq!(settled(at(1), Page::first(9)).await, [11]);
    assert_eq!(settled(EVER, Page::first(9)).await, [11, 12]);
    assert_eq!(settled(EVER, Page::first(1)).await, [11]);
    let key = |s, n| (at(s), WebhookId::from_u128(n));
    assert_eq!(settled(EVER, Page::after(key(1, 11), 9)).await, [12]);
    assert_eq!(settled(at(1), Page::after(key(5, 0), 9)).await, []);
    let dead_after = async |key| numbers(&store.dead_webhooks(Page { after: key, limit: 9 }).await.unwrap());
    assert_eq!(dead_after(None).await, [12]);
    let endpoint = WebhookEndpointId::from_u128(1);
    assert_eq!(dead_after(Some((endpoint, WebhookId::from_u128(0)))).await, [12]);
    assert_eq!(dead_after(Some((endpoint, WebhookId::from_u128(12)))).await, []);

    let ids = [11, 12, 13, 99].map(WebhookId::from_u128).to_vec();
    expect(&store, Command::ForgetWebhooks(ids), Outcome::Done).await;
    assert_eq!(settled(EVER, Page::first(9)).await, []);
    assert_eq!(store.webhook(WebhookId::from_u128(12)).await.unwrap(), None);
    assert_eq!(store.webhook_totals().await.unwrap(), totals(1, 0, Some(0)), "what waits is kept");
    assert_eq!(due(&store, NOW, 9).await, [13]);
}
