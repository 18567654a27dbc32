//! Why something was not done, as pages need it: a kind that has a screen of its own, and words for the curious.
//! It knows every error of the core, and no language but English, which no screen shows.

use core::fmt;
use protocol::{error::ProtocolError, payment_code::PinError};
use serde::Serialize;
use wallet::{SealError, WalletError};
use wasm_bindgen::JsValue;

/// What the door's functions give.
pub(crate) type Outcome<T> = Result<T, Fault>;

/// Goes to JavaScript as JSON text with `kind` and `detail`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    kind: &'static str,
    detail: String,
}

impl Fault {
    pub(crate) fn new(kind: &'static str, detail: impl fmt::Display) -> Self {
        Self { kind, detail: detail.to_string() }
    }

    pub(crate) fn vault(error: impl fmt::Display) -> Self {
        Self::new("vault", error)
    }

    pub(crate) fn json(error: &serde_json::Error) -> Self {
        // The error's own words may repeat what it read.
        Self::new("refused", format_args!("not what the API promises, at column {}", error.column()))
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.detail)
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        let json = serde_json::to_string(&fault).expect("two texts can be written");
        Self::from_str(&json)
    }
}

impl From<PinError> for Fault {
    fn from(error: PinError) -> Self {
        let kind = match error {
            PinError::NotDigits => "pin_digits",
            PinError::TooShort => "pin_too_short",
            PinError::TooLong => "pin_too_long",
            PinError::Obvious => "pin_obvious",
            _ => "unexpected",
        };
        Self::new(kind, error)
    }
}

impl From<ProtocolError> for Fault {
    fn from(error: ProtocolError) -> Self {
        Self::new("refused", error)
    }
}

impl From<SealError> for Fault {
    fn from(error: SealError) -> Self {
        Self::new("damaged", error)
    }
}

impl From<WalletError> for Fault {
    fn from(error: WalletError) -> Self {
        let kind = match &error {
            WalletError::Pin(pin) => return (*pin).into(),
            WalletError::NotActivated => "not_activated",
            WalletError::ActivationUnderWay => "activation_under_way",
            WalletError::AlreadyActivated => "already_activated",
            WalletError::NoActivationUnderWay => "no_activation",
            WalletError::SamePin => "pin_same",
            WalletError::PinChangeUnderWay => "pin_change_under_way",
            WalletError::EnterPinAgain => "enter_pin_again",
            WalletError::NoMethod => "no_method",
            WalletError::MethodNotChosen(_) | WalletError::MethodUnknown(_) => "method_unknown",
            WalletError::MethodUnproved(_) => "method_unproved",
            WalletError::CapTooSmall | WalletError::CapCurrency { .. } => "bad_cap",
            WalletError::ClockUnusable(_) => "clock_wrong",
            WalletError::Vault(_) | WalletError::VaultMismatch => "vault",
            WalletError::CounterExhausted => "counter_exhausted",
            WalletError::KeysExpired | WalletError::NoPaymentKey => "keys_expired",
            WalletError::CertificateExpired(_) => "certificate_expired",
            WalletError::Unsynchronised => "unsynchronised",
            WalletError::CertificateEnded(_) => "certificate_ended",
            WalletError::Revoked => "revoked",
            WalletError::Refused(ProtocolError::KeyUnknown(_)) => "key_unknown",
            WalletError::Refused(_) | WalletError::Contradiction(_) => "refused",
            _ => "unexpected",
        };
        Self::new(kind, error)
    }
}
