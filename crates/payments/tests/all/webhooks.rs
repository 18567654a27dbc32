//! What a merchant's systems are told of which event, and that it is written with the event.

use crate::support::bank::Mood;
use crate::support::*;
use api::webhook::{WebhookBody, WebhookType};
use model::{DeclineReason, PaymentState, SettledWith, Timestamp, WebhookEndpointId};
use payments::{Decision, Wanted, step, webhook_type};
use records::{
    Actor, AuditEntry, Command, CreateWebhookEndpoint, EndpointStatus, Outcome, Page, SettleWebhook, Webhook,
    WebhookEndpoint, WebhookState, WebhookTotals,
};

#[test]
fn no_change_of_state_goes_untold_and_what_is_told_fits_it() {
    let mut told_of = 0;
    for (_, payment) in sample::every_state() {
        for (name, event, at) in sample::every_event() {
            let Ok(stepped) = step(&payment, &event, at) else { continue };
            let after = stepped.payment;
            let told = webhook_type(&event, &after);
            let has_moved = core::mem::discriminant(&payment.state) != core::mem::discriminant(&after.state);
            let is_waiting = matches!(after.state, PaymentState::Unknown | PaymentState::Received);
            assert!(told.is_some() || !has_moved || is_waiting, "{name} to {:?} is not told", after.state);
            let Some(told) = told else { continue };
            told_of += 1;
            let fits = match told {
                WebhookType::Authorised => matches!(after.state, PaymentState::Authorised(_)),
                WebhookType::Declined => {
                    matches!(after.state, PaymentState::Declined(_) | PaymentState::Reversing)
                }
                WebhookType::Captured => after.captured_minor > payment.captured_minor,
                WebhookType::Released => {
                    after.state == PaymentState::Captured
                        && after.captured_minor < after.order.amount.amount_minor
                }
                WebhookType::Refunded => after.refunded_minor > payment.refunded_minor,
                WebhookType::Voided => after.state == PaymentState::Voided,
                WebhookType::Expired => after.state == PaymentState::Expired,
                WebhookType::Reversed => after.state == PaymentState::Reversed,
                WebhookType::NeedsOperator => name.ends_with("refused by the provider"),
                WebhookType::OperatorSettled => name.ends_with("task settled"),
                WebhookType::Disputed => matches!(after.state, PaymentState::Disputed(_)),
                WebhookType::DisputeWon => after.state == PaymentState::Captured,
                WebhookType::ChargedBack => after.charged_back_minor > payment.charged_back_minor,
            };
            assert!(fits, "{name} to {:?} is told as {told:?}", after.state);
        }
    }
    assert!(told_of > 50, "{told_of}");
}

const ENDPOINT: WebhookEndpointId = WebhookEndpointId::from_u128(9);

async fn listen(world: &World) {
    let audit = AuditEntry {
        at: start(),
        actor: Actor::Server,
        action: "webhook_endpoint.created".to_owned(),
        subject: ENDPOINT.to_string(),
        detail: String::new(),
    };
    let endpoint = WebhookEndpoint {
        id: ENDPOINT,
        merchant: MERCHANT,
        version: 1,
        url: "https://shop.example/hook".to_owned(),
        sealed_secret: Vec::new(),
        previous_secret: None,
        status: EndpointStatus::Enabled,
        created_at: start(),
    };
    let command = CreateWebhookEndpoint { expected_others: 0, endpoint, audit };
    let outcome = world.store.commit(Command::CreateWebhookEndpoint(Box::new(command))).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
}

/// Takes all that waits, in the order in which it may be sent.
async fn taken(world: &World) -> Vec<(Webhook, WebhookBody)> {
    let mut all = Vec::new();
    loop {
        let due = world.store.webhooks_due(Timestamp::from_ms(i64::MAX), 1, Page::first(1)).await.unwrap();
        let Some(webhook) = due.into_iter().next() else { return all };
        let state = WebhookState::Delivered { at: start(), attempts: 1 };
        let command =
            SettleWebhook { payment: webhook.payment, webhook: webhook.id, expected_attempts: 0, state };
        world.store.commit(Command::SettleWebhook(Box::new(command))).await.unwrap();
        let body: WebhookBody = serde_json::from_slice(&webhook.body).unwrap();
        assert_eq!((body.id, body.data.sequence), (webhook.id, webhook.sequence));
        assert_eq!(
            (body.event_type.name(), &body.timestamp),
            (&*webhook.event_type, &webhook.at.to_string())
        );
        all.push((webhook, body));
    }
}

async fn types(world: &World) -> Vec<String> {
    let types = taken(world).await.into_iter().map(|(webhook, _)| webhook.event_type);
    types.map(|name| name.strip_prefix("payment.").unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_payment_is_told_from_its_authorisation_to_its_last_refund() {
    let world = World::new().await;
    listen(&world).await;
    let payment = world.authorised().await;
    world.change(payment.id, capture(700, false)).await.unwrap();
    world.change(payment.id, Wanted::Void).await.unwrap();
    world.change(payment.id, refund(300)).await.unwrap();
    world.work().await;
    let told = taken(&world).await;
    let names: Vec<_> = told.iter().map(|(webhook, _)| webhook.event_type.as_str()).collect();
    assert_eq!(names, ["payment.authorised", "payment.captured", "payment.released", "payment.refunded"]);
    let sums = |at: usize| (told[at].1.data.payment.captured_minor, told[at].1.data.payment.refunded_minor);
    assert_eq!([sums(0), sums(1), sums(2), sums(3)], [(0, 0), (700, 0), (700, 0), (700, 300)]);
    assert_eq!(told[1].1.data.capture.as_ref().map(|made| made.amount_minor), Some(700));
    assert_eq!(told[3].1.data.refund.as_ref().map(|made| made.amount_minor), Some(300));
    assert!(told[0].1.data.capture.is_none() && told[2].1.data.refund.is_none());
    world.assert_settled().await;
}

#[tokio::test]
async fn what_ends_unpaid_is_told() {
    let world = World::new().await;
    listen(&world).await;
    world.bank.expect(&[Mood::Refuses(DeclineReason::InsufficientFunds)]);
    world.begin().await;
    assert_eq!(types(&world).await, ["declined"]);

    let payment = world.authorised().await;
    world.change(payment.id, Wanted::Void).await.unwrap();
    world.work().await;
    assert_eq!(types(&world).await, ["authorised", "voided"]);

    world.authorised().await;
    world.work_for_s(3_700).await;
    assert_eq!(types(&world).await, ["authorised", "expired"]);

    world.bank.expect(&[Mood::Deaf]);
    let (payment, _) = world.begin().await;
    world.change(payment.id, Wanted::Void).await.unwrap();
    world.work().await;
    assert_eq!(types(&world).await, ["declined", "reversed"], "over at once, and then taken back");
    world.assert_settled().await;
}

#[tokio::test]
async fn a_booking_that_the_provider_refuses_is_told_with_what_was_to_be_booked() {
    let world = World::new().await;
    listen(&world).await;
    let payment = world.authorised().await;
    world.bank.expect(&[Mood::RefusesBooking("the hold has ended")]);
    world.change(payment.id, capture(700, true)).await.unwrap();
    world.work().await;
    let told = taken(&world).await;
    let (webhook, body) = told.iter().find(|(one, _)| one.event_type == "payment.needs_operator").unwrap();
    assert_eq!(body.data.capture, told[1].1.data.capture);
    assert_eq!(webhook.payment, payment.id);
    let task = world.store.tasks(Page::first(1)).await.unwrap()[0].effect;
    world.payments.settle_task(task, SettledWith::Merchant, &Actor::Server).await.unwrap();
    let settled = taken(&world).await;
    assert_eq!(settled[0].0.event_type, "payment.operator_settled");
    assert_eq!(settled[0].1.data.capture, told[1].1.data.capture);
}

#[tokio::test]
async fn a_dispute_is_told_until_it_is_decided() {
    let world = World::new().await;
    listen(&world).await;
    let payment = world.authorised().await;
    world.change(payment.id, capture_all()).await.unwrap();
    world.work().await;
    for decision in [Decision::Won, Decision::Lost] {
        world.payments.open_dispute(payment.id, None, &Actor::Server).await.unwrap();
        world.payments.decide_dispute(payment.id, decision, &Actor::Server).await.unwrap();
    }
    let told = types(&world).await;
    assert_eq!(told[2..], ["disputed", "dispute_won", "disputed", "charged_back"]);
}

#[tokio::test]
async fn nothing_is_written_for_a_merchant_without_an_endpoint() {
    let world = World::new().await;
    let payment = world.authorised().await;
    world.change(payment.id, capture_all()).await.unwrap();
    world.work().await;
    assert_eq!(world.store.webhook_totals().await.unwrap(), WebhookTotals::default());
}
