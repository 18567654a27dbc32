//! What policy decided of a payment, and the facts that it decided from: kept with the payment, so that the decision can
//! be explained later and a new policy be tried on it.

use crate::{Lately, TrustLevel};
use model::{MerchantCategory, ProviderId};
use serde::{Deserialize, Serialize};

/// A decision: some 30 bytes. The amount stands in the payment's order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DecisionRow {
    /// By which policy; 0 is the one of the server's configuration.
    pub policy_version: u32,
    /// Why.
    pub ground: Ground,
    /// What.
    pub ruling: Ruling,
    /// From what.
    pub facts: Facts,
}

/// What in a policy decided.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Ground {
    /// Nothing spoke against it.
    Nothing,
    /// Claimed evidence that is refused whatever the amount.
    Evidence,
    /// The limit of this trust.
    Limit,
    /// The phone was offline for too long.
    Offline,
    /// A rule, by its place in the policy, from 0.
    Rule(u8),
}

/// What was decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Ruling {
    /// It may be paid.
    Allow,
    /// It may be paid, being within a rule's cap.
    Cap,
    /// It may be paid once it is approved on the phone.
    Approve,
    /// It may not be paid.
    Decline,
    /// It may not be paid, and the phone is locked.
    Lock,
}

impl Ruling {
    /// Its name, for people and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Cap => "cap",
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Lock => "lock",
        }
    }

    /// Whether the payment goes on.
    #[must_use]
    pub const fn lets_pay(self) -> bool {
        matches!(self, Self::Allow | Self::Cap)
    }
}

/// What was known of a payment when it was judged, beside its amount.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// How well the phone keeps its keys.
    pub level: TrustLevel,
    /// What the phone says of itself, 16 bits (`spec/payment-code.md`, chapter 4).
    pub evidence: u16,
    /// How long ago the phone proved its level, seconds, rounded up.
    pub attested_s: u64,
    /// How long ago the phone was last heard of, seconds, rounded up.
    pub offline_s: u64,
    /// Whether the code is bound to the till.
    pub is_bound: bool,
    /// What the merchant sells, where that is known.
    pub category: Option<MerchantCategory>,
    /// Who would pay: the kind of method.
    pub provider: ProviderId,
    /// What the phone paid before; none if no rule of the policy asks for it.
    pub lately: Option<Lately>,
}
