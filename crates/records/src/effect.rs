//! What a provider still has to be told, and what a person still has to decide.

use model::{Booking, CaptureId, EffectId, PaymentId, ProviderId, RefundId, Timestamp};
use serde::{Deserialize, Serialize};

/// Something that a provider must learn; written before it is sent, removed when its outcome is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Effect {
    /// Its id.
    pub id: EffectId,
    /// For which payment.
    pub payment: PaymentId,
    /// To whom.
    pub provider: ProviderId,
    /// What.
    pub kind: EffectKind,
    /// How often it was sent.
    pub attempts: u32,
    /// When a worker may send it (again).
    pub due_at: Timestamp,
    /// When it was written.
    pub written_at: Timestamp,
}

/// What a provider must learn.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum EffectKind {
    /// Hold the payment's amount; answered in the till's time or asked again.
    Authorise {
        /// The signed statement of how the customer was authenticated.
        #[serde(with = "serde_bytes")]
        statement: Vec<u8>,
        /// Its signature.
        #[serde(with = "serde_bytes")]
        signature: Vec<u8>,
    },
    /// Debit part of the hold.
    Capture {
        /// Which capture.
        capture: CaptureId,
        /// Minor units.
        amount_minor: i64,
    },
    /// Give back what is left of the hold, or never take it.
    Release,
    /// Pay captured money back.
    Refund {
        /// Which refund.
        refund: RefundId,
        /// Minor units.
        amount_minor: i64,
    },
}

impl EffectKind {
    /// The booking that this tells of; none for an authorisation.
    pub const fn booking(&self) -> Option<Booking> {
        match self {
            Self::Authorise { .. } => None,
            Self::Capture { capture, .. } => Some(Booking::Capture(*capture)),
            Self::Release => Some(Booking::Release),
            Self::Refund { refund, .. } => Some(Booking::Refund(*refund)),
        }
    }
}

/// Something that only a person can decide.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OperatorTask {
    /// The effect that led to it, and its id.
    pub effect: EffectId,
    /// The payment concerned.
    pub payment: PaymentId,
    /// What the provider refused.
    pub booking: Booking,
    /// Minor units that went to suspense because of it; 0 for a release.
    pub amount_minor: i64,
    /// What happened, in words for an operator.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// When an operator settled it.
    pub settled_at: Option<Timestamp>,
}
