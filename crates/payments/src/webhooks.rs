//! What merchants' systems are told of which event: the table of `spec/webhooks.md`, and the rows that it leads to.

use crate::{PaymentError, Payments};
use api::payment::PaymentView;
use api::webhook::{CaptureMade, RefundMade, WebhookBody, WebhookData, WebhookType};
use model::{Booking, Payment, PaymentEvent, PaymentState, Timestamp, WebhookId};
use records::{Waiting, Webhook, WebhookEndpoint, WebhookState};

/// How long a webhook is tried before it is given up, in seconds: three days.
pub const WEBHOOK_TRIED_FOR_S: i64 = 3 * 24 * 3_600;

/// What a merchant is told of `event`, after which its payment is `after`; nothing of what only the provider and we
/// need to know.
pub fn webhook_type(event: &PaymentEvent, after: &Payment) -> Option<WebhookType> {
    match event {
        PaymentEvent::Approved(_)
        | PaymentEvent::Refused(_)
        | PaymentEvent::GivenUp
        | PaymentEvent::RefusedOnPhone => match after.state {
            PaymentState::Authorised(_) => Some(WebhookType::Authorised),
            _ => Some(WebhookType::Declined),
        },
        PaymentEvent::Capture { .. } => Some(WebhookType::Captured),
        PaymentEvent::Void => Some(match after.state {
            PaymentState::Voided => WebhookType::Voided,
            PaymentState::Reversing | PaymentState::Declined(_) => WebhookType::Declined,
            _ => WebhookType::Released,
        }),
        PaymentEvent::DeadlinePassed => Some(match after.state {
            PaymentState::Expired => WebhookType::Expired,
            PaymentState::Declined(_) => WebhookType::Declined,
            _ => WebhookType::Released,
        }),
        PaymentEvent::Refund { .. } => Some(WebhookType::Refunded),
        PaymentEvent::ReleaseBooked => is_reversed(after).then_some(WebhookType::Reversed),
        // What the provider refuses of a release concerns no money of the merchant's.
        PaymentEvent::BookingRefused { booking: Booking::Release, .. } => {
            is_reversed(after).then_some(WebhookType::Reversed)
        }
        PaymentEvent::BookingRefused { .. } => Some(WebhookType::NeedsOperator),
        PaymentEvent::TaskSettled { booking: Booking::Release, .. } => None,
        PaymentEvent::TaskSettled { .. } => Some(WebhookType::OperatorSettled),
        PaymentEvent::DisputeOpened(_) => Some(WebhookType::Disputed),
        PaymentEvent::DisputeWon(_) => Some(WebhookType::DisputeWon),
        PaymentEvent::DisputeLost(_) => Some(WebhookType::ChargedBack),
        PaymentEvent::Silent
        | PaymentEvent::ApprovedOnPhone
        | PaymentEvent::CaptureBooked { .. }
        | PaymentEvent::RefundBooked { .. } => None,
    }
}

fn is_reversed(payment: &Payment) -> bool {
    payment.state == PaymentState::Reversed
}

/// The capture or refund that an event is about.
fn moved(event: &PaymentEvent) -> (Option<CaptureMade>, Option<RefundMade>) {
    let capture = |id, amount_minor| (Some(CaptureMade { id, amount_minor }), None);
    let refund = |id, amount_minor| (None, Some(RefundMade { id, amount_minor }));
    match event {
        PaymentEvent::Capture { capture: id, amount_minor, .. }
        | PaymentEvent::BookingRefused { booking: Booking::Capture(id), amount_minor }
        | PaymentEvent::TaskSettled { booking: Booking::Capture(id), amount_minor, .. } => {
            capture(*id, *amount_minor)
        }
        PaymentEvent::Refund { refund: id, amount_minor }
        | PaymentEvent::BookingRefused { booking: Booking::Refund(id), amount_minor }
        | PaymentEvent::TaskSettled { booking: Booking::Refund(id), amount_minor, .. } => {
            refund(*id, *amount_minor)
        }
        _ => (None, None),
    }
}

impl Payments {
    /// The webhooks that tell of `event`, which led to `payment`; none if the merchant has no endpoint.
    pub(crate) async fn webhooks(
        &self,
        event: &PaymentEvent,
        payment: &Payment,
        at: Timestamp,
    ) -> Result<Vec<Webhook>, PaymentError> {
        match webhook_type(event, payment) {
            Some(event_type) => self.tell(event_type, Some(event), payment, at).await,
            None => Ok(Vec::new()),
        }
    }

    /// The webhooks that tell of a payment which was refused before it had any event.
    pub(crate) async fn webhooks_of_refusal(&self, payment: &Payment) -> Result<Vec<Webhook>, PaymentError> {
        self.tell(WebhookType::Declined, None, payment, payment.received_at).await
    }

    async fn tell(
        &self,
        event_type: WebhookType,
        event: Option<&PaymentEvent>,
        payment: &Payment,
        at: Timestamp,
    ) -> Result<Vec<Webhook>, PaymentError> {
        let endpoints = self.store.webhook_endpoints(payment.order.merchant).await?;
        let told = endpoints.iter().filter(|endpoint| endpoint.is_enabled());
        Ok(told.map(|endpoint| self.webhook(endpoint, event_type, event, payment, at)).collect())
    }

    fn webhook(
        &self,
        endpoint: &WebhookEndpoint,
        event_type: WebhookType,
        event: Option<&PaymentEvent>,
        payment: &Payment,
        at: Timestamp,
    ) -> Webhook {
        let id = WebhookId::derive(payment.id.shard(), at, self.ids.random());
        let (capture, refund) = event.map_or((None, None), moved);
        let data =
            WebhookData { sequence: payment.version, payment: PaymentView::from(payment), capture, refund };
        let body = WebhookBody { id, event_type, timestamp: at.to_string(), data };
        Webhook {
            id,
            endpoint: endpoint.id,
            payment: payment.id,
            sequence: payment.version,
            at,
            event_type: event_type.name().to_owned(),
            body: serde_json::to_vec(&body).expect("a body has string keys and no failing parts"),
            state: WebhookState::Waiting(Waiting::from(at, at.plus_s(WEBHOOK_TRIED_FOR_S))),
        }
    }
}
