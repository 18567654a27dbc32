//! Why the wallet says no, in words for the customer. No variant holds a secret or a code's content.

use model::{Currency, MethodSlot, Timestamp};
use protocol::{error::ProtocolError, payment_code::PinError};

/// What the wallet refuses, by whose matter it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WalletError {
    // The customer's matter.
    /// Nothing works before activation.
    #[error("this wallet is not activated yet")]
    NotActivated,
    /// An activation is under way: its request is sent again until it is answered.
    #[error("an activation is under way; finish it first")]
    ActivationUnderWay,
    /// One wallet is one enrolment.
    #[error("this wallet is activated already")]
    AlreadyActivated,
    /// No activation request waits for a reply.
    #[error("no activation waits for a reply")]
    NoActivationUnderWay,
    /// The PIN cannot be set.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// The new PIN is the one so far.
    #[error("the new PIN is the one that you have; choose another one")]
    SamePin,
    /// Whether the last PIN change was done is not known yet.
    #[error("a PIN change is under way; finish it first")]
    PinChangeUnderWay,
    /// The PIN may not be used any longer for renewals.
    #[error("the code cannot be renewed any more; enter the PIN for a new one")]
    EnterPinAgain,
    /// There is no method to pay with.
    #[error("there is no payment method to pay with; add a bank account first")]
    NoMethod,
    /// Several methods could pay.
    #[error("there are several payment methods; say which one: {}", slots(.0))]
    MethodNotChosen(Vec<MethodSlot>),
    /// The method is not one of this wallet's.
    #[error("this wallet knows no payment method {}", .0.0)]
    MethodUnknown(MethodSlot),
    /// The method was added but not proved.
    #[error("payment method {} is not proved at its bank yet", .0.0)]
    MethodUnproved(MethodSlot),
    /// The cap is zero or below.
    #[error("the cap must be at least 0.01, or the smallest unit of the currency")]
    CapTooSmall,
    /// The cap is in another currency than the method.
    #[error("the payment method pays in {method}, the cap is in {cap}")]
    CapCurrency {
        /// The cap's.
        cap: Currency,
        /// The method's.
        method: Currency,
    },

    // The phone's matter.
    /// The phone's clock shows a time that no code can carry.
    #[error("the clock shows {0}, which cannot be; set it")]
    ClockUnusable(Timestamp),
    /// The vault did not sign or open.
    #[error("the key vault failed: {0}")]
    Vault(crypto::CryptoError),
    /// The vault's keys are not those that were enrolled.
    #[error("the key vault holds other keys than those that this wallet was activated with")]
    VaultMismatch,
    /// All counters are used up.
    #[error("this wallet has made as many codes as it may; activate it anew")]
    CounterExhausted,

    // Time has passed: going online helps.
    /// The server's keys are too old, or the clock is far off.
    #[error(
        "the server's keys have expired: open the wallet where there is a network (or set the clock, if it is wrong)"
    )]
    KeysExpired,
    /// No key of the bundle is for now.
    #[error(
        "the server's keys are not for this time: open the wallet where there is a network (or set the clock, if it is wrong)"
    )]
    NoPaymentKey,
    /// The device certificate has expired, and can be renewed.
    #[error(
        "this wallet's certificate expired at {0}; open the wallet where there is a network, and it is renewed"
    )]
    CertificateExpired(Timestamp),
    /// The device certificate has expired, and it is too late to renew it.
    #[error("this wallet's certificate expired at {0}, too long ago to be renewed; activate it anew")]
    CertificateEnded(Timestamp),

    // The server's matter.
    /// The server asked for a resynchronisation first.
    #[error("this wallet must resynchronise with the server before it can pay")]
    Unsynchronised,
    /// The server ended the enrolment.
    #[error("this wallet was revoked; activate it anew")]
    Revoked,
    /// What came is not what it should be: forged, changed, for another wallet, or older than what is here.
    #[error("what the server sent is refused: {0}")]
    Refused(#[from] ProtocolError),
    /// An answer contradicts itself or what is known.
    #[error("what the server sent is refused: {0}")]
    Contradiction(&'static str),
}

fn slots(slots: &[MethodSlot]) -> String {
    slots.iter().map(|slot| slot.0.to_string()).collect::<Vec<_>>().join(", ")
}
