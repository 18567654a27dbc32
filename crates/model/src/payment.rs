//! What a payment is. How it changes is one table in `spec/payment-states.md` and one function in `payments`.

use crate::{
    ApprovalId, CaptureId, CheckoutId, Counter, CustomerId, DisputeId, EnrolmentId, MerchantId, MethodSlot,
    Money, PaymentId, ProviderId, RefundId, SaleTerms, TerminalNumber, Timestamp,
};
use serde::{Deserialize, Serialize};

/// One payment as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Rises by one with each event; the first is 1.
    pub version: u32,
    /// What the till asked for.
    pub order: Order,
    /// Who pays with what; absent when the code was refused before it was known.
    pub payer: Option<Payer>,
    /// What the merchant pays for it.
    pub terms: SaleTerms,
    /// When the payment was received.
    pub received_at: Timestamp,
    /// Where it stands.
    pub state: PaymentState,
    /// Minor units captured so far.
    pub captured_minor: i64,
    /// Minor units refunded so far, underway ones included.
    pub refunded_minor: i64,
    /// Minor units that the provider took back in disputes so far.
    pub charged_back_minor: i64,
    /// Minor units of refused bookings that no operator has settled yet.
    pub in_suspense_minor: i64,
    /// The approval on the phone that policy asks for, if it does.
    pub approval: Option<PaymentApproval>,
}

impl Payment {
    /// What of the captured money is with the merchant, in minor units: neither refunded nor charged back.
    pub const fn kept_minor(&self) -> i64 {
        self.captured_minor - self.refunded_minor - self.charged_back_minor
    }
}

/// What a payment waits, or waited, for before its provider was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PaymentApproval {
    /// Which approval.
    pub approval: ApprovalId,
    /// Until when the customer may answer.
    pub until: Timestamp,
    /// When the customer approved.
    pub approved_at: Option<Timestamp>,
}

/// What the till asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The shop.
    pub merchant: MerchantId,
    /// The installation that asked.
    pub checkout: CheckoutId,
    /// The till where the customer stands.
    pub terminal: TerminalNumber,
    /// How much.
    pub amount: Money,
}

/// Who pays, with what, at whose risk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Payer {
    /// The person.
    pub customer: CustomerId,
    /// The device that made the code.
    pub enrolment: EnrolmentId,
    /// The code's number.
    pub counter: Counter,
    /// The method chosen.
    pub method: MethodSlot,
    /// The provider behind that method.
    pub provider: ProviderId,
    /// The provider's own name for the account; opaque to us.
    pub account_ref: String,
}

/// Where a payment stands. See the table in `spec/payment-states.md`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PaymentState {
    /// Verified and durable; the provider's answer is awaited.
    Received,
    /// The provider's answer did not come in time; it is being asked again.
    Unknown,
    /// The provider holds the amount.
    Authorised(Hold),
    /// Refused, by security management or by the provider. Ended.
    Declined(DeclineReason),
    /// Some of the hold is captured, the rest is still held.
    PartlyCaptured(Hold),
    /// Captured; what was not captured is released. Refunds may follow.
    Captured,
    /// The till gave the hold back. Ended.
    Voided,
    /// The hold was not captured in time and is given back. Ended.
    Expired,
    /// Never answered to the till as approved, and being taken back at the provider.
    Reversing,
    /// Taken back; the provider knows. Ended.
    Reversed,
    /// Captured, and the customer disputes some of it at the provider.
    Disputed(Dispute),
    /// Captured, and what the merchant still had of it was taken back by the provider.
    ChargedBack,
    /// Verified and durable; the customer is asked to approve it on the phone, and no provider knows of it.
    AwaitingApproval,
}

impl PaymentState {
    /// Whether nothing more has to happen to a payment that stands so, but what its provider must still learn.
    pub const fn has_ended(&self) -> bool {
        matches!(
            self,
            Self::Declined(_)
                | Self::Captured
                | Self::ChargedBack
                | Self::Voided
                | Self::Expired
                | Self::Reversed
        )
    }

    /// Whether the till that began it cannot be answered yet.
    pub const fn is_under_way(&self) -> bool {
        matches!(self, Self::Received | Self::Unknown | Self::AwaitingApproval)
    }

    /// Its name in the specification.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Unknown => "unknown",
            Self::Authorised(_) => "authorised",
            Self::Declined(_) => "declined",
            Self::PartlyCaptured(_) => "partly captured",
            Self::Captured => "captured",
            Self::Voided => "voided",
            Self::Expired => "expired",
            Self::Reversing => "reversing",
            Self::Reversed => "reversed",
            Self::Disputed(_) => "disputed",
            Self::ChargedBack => "charged back",
            Self::AwaitingApproval => "awaiting approval",
        }
    }
}

/// A dispute that is not decided yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dispute {
    /// Which.
    pub dispute: DisputeId,
    /// Minor units in dispute.
    pub amount_minor: i64,
}

/// An amount held by the provider for us.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// When the provider drops it by itself.
    pub expires_at: Timestamp,
    /// Until when the till may capture; always before `expires_at`.
    pub capture_by: Timestamp,
}

/// Why a payment was declined, as far as `payments` knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineReason {
    /// Security management refused the code; the cause is in its own records.
    Security(CustomerAction),
    /// Not enough money, or over the account's limit.
    InsufficientFunds,
    /// The account cannot be used: closed, blocked, unlinked, wrong currency.
    AccountUnusable,
    /// The provider refused the authentication statement or for a reason of its own.
    ProviderRefused,
    /// It was to be approved on the phone, and was not: refused there, or not answered in time.
    NotApproved,
}

impl DeclineReason {
    /// What the till may tell the customer.
    pub const fn customer_action(self) -> CustomerAction {
        match self {
            Self::Security(action) => action,
            Self::NotApproved => CustomerAction::OpenAppOnline,
            Self::InsufficientFunds | Self::AccountUnusable | Self::ProviderRefused => {
                CustomerAction::OtherMethod
            }
        }
    }
}

/// The one neutral thing that a till learns about a refusal; each is shared by several causes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerAction {
    /// Make a new code and scan again.
    EnterAgain,
    /// Open the app where there is a network.
    OpenAppOnline,
    /// Pay with another method.
    OtherMethod,
}

/// Something that happened to a payment, in order; stored with it and never changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PaymentEvent {
    /// The provider holds the amount.
    Approved(Hold),
    /// The provider will not.
    Refused(DeclineReason),
    /// The provider did not answer within its time budget, or not understandably.
    Silent,
    /// The till no longer waits for an answer, or none came within the time that one may take.
    GivenUp,
    /// The till takes money.
    Capture {
        /// The till's capture.
        capture: CaptureId,
        /// Minor units.
        amount_minor: i64,
        /// Whether the rest of the hold is given back.
        is_final: bool,
    },
    /// The till gives the hold, or what is left of it, back.
    Void,
    /// The till gives captured money back.
    Refund {
        /// The till's refund.
        refund: RefundId,
        /// Minor units.
        amount_minor: i64,
    },
    /// The capture deadline passed.
    DeadlinePassed,
    /// The provider knows of our capture.
    CaptureBooked {
        /// The till's capture.
        capture: CaptureId,
        /// Minor units.
        amount_minor: i64,
    },
    /// The provider knows of our refund.
    RefundBooked {
        /// The till's refund.
        refund: RefundId,
        /// Minor units.
        amount_minor: i64,
    },
    /// The provider knows that the rest of the hold is given back.
    ReleaseBooked,
    /// The provider refused a booking for good; the amount is in suspense and an operator decides.
    BookingRefused {
        /// Which booking.
        booking: Booking,
        /// Minor units that went to suspense.
        amount_minor: i64,
    },
    /// An operator settled what a refused booking left.
    TaskSettled {
        /// Which booking.
        booking: Booking,
        /// Minor units that leave suspense.
        amount_minor: i64,
        /// With whom.
        with: SettledWith,
    },
    /// The customer disputes captured money at the provider.
    DisputeOpened(Dispute),
    /// The dispute was decided for the merchant.
    DisputeWon(DisputeId),
    /// The dispute was decided for the customer: the provider takes the money back.
    DisputeLost(DisputeId),
    /// The customer approved the payment on the phone.
    ApprovedOnPhone,
    /// The customer refused the payment on the phone.
    RefusedOnPhone,
}

/// Whose money a refused booking turned out to move. Of a refused capture: who bears the loss; of a refused
/// refund: who has the money.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledWith {
    /// The provider: it paid, or paid out, after all.
    Provider,
    /// The merchant: it goes without, or keeps it.
    Merchant,
    /// The operator's own fees.
    Operator,
}

/// A provider's booking that follows a decision of ours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Booking {
    /// A capture.
    Capture(CaptureId),
    /// A refund.
    Refund(RefundId),
    /// A release or a reversal.
    Release,
}
