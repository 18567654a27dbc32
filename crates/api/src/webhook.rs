//! What merchants' systems are told by webhooks (`spec/webhooks.md`), and how operators look after them.

use crate::payment::PaymentView;
use model::{CaptureId, MerchantId, PaymentId, RefundId, WebhookEndpointId, WebhookId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happened to a payment, as merchants are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum WebhookType {
    /// The amount is held.
    #[serde(rename = "payment.authorised")]
    Authorised,
    /// Nothing is held and nothing will be: the payment is over.
    #[serde(rename = "payment.declined")]
    Declined,
    /// Money was taken, for the first time or once more.
    #[serde(rename = "payment.captured")]
    Captured,
    /// What was left of a partly captured hold was given back; the payment stays captured.
    #[serde(rename = "payment.released")]
    Released,
    /// Captured money is paid back.
    #[serde(rename = "payment.refunded")]
    Refunded,
    /// The whole hold was given back by the merchant.
    #[serde(rename = "payment.voided")]
    Voided,
    /// The hold was not captured in time and was given back.
    #[serde(rename = "payment.expired")]
    Expired,
    /// A declined payment that the provider may have held has been taken back there.
    #[serde(rename = "payment.reversed")]
    Reversed,
    /// The provider refused for good to book what was decided; an operator settles it.
    #[serde(rename = "payment.needs_operator")]
    NeedsOperator,
    /// An operator settled what the provider had refused to book.
    #[serde(rename = "payment.operator_settled")]
    OperatorSettled,
    /// The customer disputes captured money at the provider.
    #[serde(rename = "payment.disputed")]
    Disputed,
    /// The dispute was decided for the merchant.
    #[serde(rename = "payment.dispute_won")]
    DisputeWon,
    /// The dispute was decided for the customer: the provider took the money back.
    #[serde(rename = "payment.charged_back")]
    ChargedBack,
}

impl WebhookType {
    /// The text form, such as `payment.captured`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorised => "payment.authorised",
            Self::Declined => "payment.declined",
            Self::Captured => "payment.captured",
            Self::Released => "payment.released",
            Self::Refunded => "payment.refunded",
            Self::Voided => "payment.voided",
            Self::Expired => "payment.expired",
            Self::Reversed => "payment.reversed",
            Self::NeedsOperator => "payment.needs_operator",
            Self::OperatorSettled => "payment.operator_settled",
            Self::Disputed => "payment.disputed",
            Self::DisputeWon => "payment.dispute_won",
            Self::ChargedBack => "payment.charged_back",
        }
    }
}

/// A webhook's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookBody {
    /// Its id, as in the header `webhook-id`: the same however often it is sent.
    #[schema(value_type = String, example = "msg_0006cvs31s7zg8000000000000")]
    pub id: WebhookId,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: WebhookType,
    /// When it happened: RFC 3339, UTC.
    #[schema(example = "2027-01-15T08:00:00.000Z")]
    pub timestamp: String,
    /// To what.
    pub data: WebhookData,
}

/// What a webhook tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookData {
    /// Rises with each event of the payment, with gaps: not every event is told.
    pub sequence: u32,
    /// The payment as it stood after the event.
    pub payment: PaymentView,
    /// The capture that was made, that the provider refused to book, or about which an operator settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureMade>,
    /// The refund that was made, that the provider refused to book, or about which an operator settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundMade>,
}

/// A capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaptureMade {
    /// Its id.
    #[schema(value_type = String)]
    pub id: CaptureId,
    /// Minor units.
    pub amount_minor: i64,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefundMade {
    /// Its id.
    #[schema(value_type = String)]
    pub id: RefundId,
    /// Minor units.
    pub amount_minor: i64,
}

/// `POST /v1/admin/merchants/{id}/webhook-endpoints`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpointRequest {
    /// Where webhooks are posted to: `https://`, at most 512 bytes.
    pub url: String,
}

/// A webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookEndpointView {
    /// The id.
    #[schema(value_type = String)]
    pub id: WebhookEndpointId,
    /// Whose.
    #[schema(value_type = String)]
    pub merchant: MerchantId,
    /// Where webhooks are posted to.
    pub url: String,
    /// Whether it is told anything.
    pub status: EndpointStatusName,
    /// Until when webhooks are signed with the previous secret too, if they are.
    pub previous_secret_until_ms: Option<i64>,
    /// Since when it is known.
    pub created_at_ms: i64,
}

/// Whether an endpoint is told anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatusName {
    /// It is.
    Enabled,
    /// An operator disabled it.
    Disabled,
    /// It answered `410 Gone`, which disabled it.
    Gone,
}

/// All webhook endpoints of a merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookEndpointList {
    /// The endpoints.
    pub endpoints: Vec<WebhookEndpointView>,
}

/// A webhook endpoint with its new secret, which is told once, here, and never again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewSecretView {
    /// The endpoint.
    pub endpoint: WebhookEndpointView,
    /// The secret: `whsec_` and base64.
    pub secret: String,
}

impl core::fmt::Debug for NewSecretView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "NewSecretView({}, redacted)", self.endpoint.id)
    }
}

/// A webhook that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadWebhookView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: WebhookId,
    /// For whom.
    #[schema(value_type = String)]
    pub endpoint: WebhookEndpointId,
    /// The payment that it tells of.
    #[schema(value_type = String)]
    pub payment: PaymentId,
    /// What happened, such as `payment.captured`.
    pub event_type: String,
    /// When it happened.
    pub at_ms: i64,
    /// When the webhook was given up.
    pub dead_at_ms: i64,
    /// How often it was sent.
    pub attempts: u32,
    /// Why it was given up.
    pub failure: String,
}

/// A page of dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadWebhookPage {
    /// The dead letters.
    pub webhooks: Vec<DeadWebhookView>,
    /// What to pass as `after` for the next page; none at the end.
    #[schema(value_type = Option<String>)]
    pub next_after: Option<WebhookId>,
}

/// `POST /v1/admin/webhooks/resend`: which webhooks are to be sent again. What waits is left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendRequest {
    /// Those of this endpoint only.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub endpoint: Option<WebhookEndpointId>,
    /// Those that were given up, or delivered, at this moment or later.
    #[serde(default)]
    pub since_ms: Option<i64>,
    /// Those that were given up, or delivered, by this moment; now if absent.
    #[serde(default)]
    pub until_ms: Option<i64>,
    /// Those that were delivered too, for a receiver that lost them; needs `since_ms`.
    #[serde(default)]
    pub include_delivered: bool,
}

/// How many webhooks will be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResentView {
    /// How many wait again now.
    pub resent: u32,
    /// Whether there are more than one request takes on: ask again for those with the same `until_ms`.
    pub has_more: bool,
    /// Until when webhooks that were given up or delivered were meant.
    pub until_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_called_what_its_body_says() {
        use WebhookType as T;
        let all = [
            T::Authorised,
            T::Declined,
            T::Captured,
            T::Released,
            T::Refunded,
            T::Voided,
            T::Expired,
            T::Reversed,
            T::NeedsOperator,
            T::OperatorSettled,
            T::Disputed,
            T::DisputeWon,
            T::ChargedBack,
        ];
        for one in all {
            assert_eq!(serde_json::to_value(one).unwrap(), one.name());
        }
    }
}
