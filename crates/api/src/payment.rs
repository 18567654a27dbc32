//! Payments, as checkouts see them.

use model::{
    CaptureId, Currency, CustomerAction, DeclineReason, Payment, PaymentId, PaymentState, RefundId,
    TerminalNumber,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/payments`: asks that a customer's code be checked and the amount be held.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentRequest {
    /// The payment code as scanned: 365 digits, or base64 of an EMV envelope where the server takes those.
    pub code: String,
    /// How much, in minor units, above zero.
    pub amount_minor: i64,
    /// ISO 4217 code.
    #[schema(value_type = String, example = "CHF")]
    pub currency: Currency,
    /// The till where the customer stands, as on its label.
    #[schema(value_type = String, example = "5724")]
    pub terminal: TerminalNumber,
}

impl core::fmt::Debug for PaymentRequest {
    /// Without the code: it is good for money until it is used or too old.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { code: _, amount_minor, currency, terminal } = self;
        write!(f, "PaymentRequest({amount_minor} {currency}, till {terminal}, redacted)")
    }
}

/// `POST /v1/payments/{id}/captures`: takes held money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptureRequest {
    /// How much, in minor units; all that is left if absent.
    #[serde(default)]
    pub amount_minor: Option<i64>,
    /// Whether what is left after this is given back at once.
    #[serde(default = "yes")]
    pub is_final: bool,
}

const fn yes() -> bool {
    true
}

/// `POST /v1/payments/{id}/refunds`: gives captured money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundRequest {
    /// How much, in minor units; all that is left if absent.
    #[serde(default)]
    pub amount_minor: Option<i64>,
}

/// `POST /v1/cancellations`: the checkout no longer wants what it asked for under this key, whether that
/// has arrived or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancellationRequest {
    /// The idempotency key of the `POST /v1/payments` to cancel.
    pub idempotency_key: String,
}

/// What became of a cancellation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancellationView {
    /// Whether the payment had been received; if not, it will be refused when it comes.
    pub was_received: bool,
    /// The payment, if it had been received.
    pub payment: Option<PaymentView>,
}

/// Where a payment stands; the table is `spec/payment-states.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStateName {
    /// Verified; the provider's answer is awaited.
    Received,
    /// The provider's answer did not come in time; it is being asked again.
    Unknown,
    /// Held.
    Authorised,
    /// Refused.
    Declined,
    /// Some captured, the rest still held.
    PartlyCaptured,
    /// Captured.
    Captured,
    /// Given back by the till.
    Voided,
    /// Given back because it was not captured in time.
    Expired,
    /// Being taken back at the provider.
    Reversing,
    /// Taken back.
    Reversed,
    /// Captured, and the customer disputes some of it.
    Disputed,
    /// Captured, and taken back by the provider after a dispute.
    ChargedBack,
    /// The customer is asked to approve it on the phone.
    AwaitingApproval,
}

/// A payment, as the merchant that asked for it may see it: nothing of who paid with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentView {
    /// Its id.
    #[schema(value_type = String, example = "pay_0006cvs31s7zg8000000000000")]
    pub id: PaymentId,
    /// Where it stands.
    pub state: PaymentStateName,
    /// How much was asked for, in minor units.
    pub amount_minor: i64,
    /// ISO 4217 code.
    #[schema(value_type = String, example = "CHF")]
    pub currency: Currency,
    /// Minor units captured so far.
    pub captured_minor: i64,
    /// Minor units refunded so far.
    pub refunded_minor: i64,
    /// Minor units that the provider took back in disputes so far.
    #[serde(default)]
    pub charged_back_minor: i64,
    /// Minor units that the customer disputes now.
    #[serde(default)]
    pub disputed_minor: i64,
    /// The till.
    #[schema(value_type = String, example = "5724")]
    pub terminal: TerminalNumber,
    /// When it was received.
    pub received_at_ms: i64,
    /// Until when it may be captured, while it may.
    pub capture_by_ms: Option<i64>,
    /// Until when the customer may approve it on the phone, if that was asked for.
    #[serde(default)]
    pub approve_by_ms: Option<i64>,
    /// The neutral thing to tell the customer, if it was declined.
    #[schema(value_type = Option<String>)]
    pub customer_action: Option<CustomerAction>,
}

impl PaymentView {
    /// What may be refunded, in minor units: nothing while the payment is in dispute.
    pub const fn refundable_minor(&self) -> i64 {
        if matches!(self.state, PaymentStateName::Disputed) {
            return 0;
        }
        self.captured_minor - self.refunded_minor - self.charged_back_minor
    }
}

impl From<&Payment> for PaymentView {
    fn from(payment: &Payment) -> Self {
        let capture_by_ms = match &payment.state {
            PaymentState::Authorised(hold) | PaymentState::PartlyCaptured(hold) => Some(hold.capture_by.ms()),
            _ => None,
        };
        let approve_by_ms = payment.approval.map(|approval| approval.until.ms());
        let customer_action = match payment.state {
            PaymentState::Declined(reason) => Some(DeclineReason::customer_action(reason)),
            _ => None,
        };
        let disputed_minor = match &payment.state {
            PaymentState::Disputed(dispute) => dispute.amount_minor,
            _ => 0,
        };
        Self {
            id: payment.id,
            state: PaymentStateName::from(&payment.state),
            amount_minor: payment.order.amount.amount_minor,
            currency: payment.order.amount.currency,
            captured_minor: payment.captured_minor,
            refunded_minor: payment.refunded_minor,
            charged_back_minor: payment.charged_back_minor,
            disputed_minor,
            terminal: payment.order.terminal,
            received_at_ms: payment.received_at.ms(),
            capture_by_ms,
            approve_by_ms,
            customer_action,
        }
    }
}

impl From<&PaymentState> for PaymentStateName {
    fn from(state: &PaymentState) -> Self {
        match state {
            PaymentState::Received => Self::Received,
            PaymentState::Unknown => Self::Unknown,
            PaymentState::Authorised(_) => Self::Authorised,
            PaymentState::Declined(_) => Self::Declined,
            PaymentState::PartlyCaptured(_) => Self::PartlyCaptured,
            PaymentState::Captured => Self::Captured,
            PaymentState::Voided => Self::Voided,
            PaymentState::Expired => Self::Expired,
            PaymentState::Reversing => Self::Reversing,
            PaymentState::Reversed => Self::Reversed,
            PaymentState::Disputed(_) => Self::Disputed,
            PaymentState::ChargedBack => Self::ChargedBack,
            PaymentState::AwaitingApproval => Self::AwaitingApproval,
        }
    }
}

/// A capture's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaptureView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: CaptureId,
    /// Minor units taken.
    pub amount_minor: i64,
    /// The payment after it.
    pub payment: PaymentView,
}

/// A refund's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefundView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: RefundId,
    /// Minor units given back.
    pub amount_minor: i64,
    /// The payment after it.
    pub payment: PaymentView,
}

/// A page of payments, latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentPage {
    /// The payments.
    pub payments: Vec<PaymentView>,
    /// What to pass as `after` for the next page; none at the end.
    #[schema(value_type = Option<String>)]
    pub next_after: Option<PaymentId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_to_pay_does_not_show_its_code() {
        let request = PaymentRequest {
            code: "7501999".to_owned(),
            amount_minor: 1_250,
            currency: Currency::CHF,
            terminal: TerminalNumber::new(572).unwrap(),
        };
        assert_eq!(format!("{request:?}"), "PaymentRequest(1250 CHF, till 5724, redacted)");
    }
}
