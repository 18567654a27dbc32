//! The payment code: making it on a phone, opening it on a server (`spec/payment-code.md`).
//!
//! [`Draft`] → [`Unsigned`] → [`PaymentCode`] → [`open()`] → [`OpenedCode`]. No I/O, clock or state:
//! counters, times and keys come in, bytes go out. Whether a code may be *used* is for `security` to say.

mod cap;
mod fields;
mod flags;
mod form;
mod make;
mod message;
mod obvious;
mod open;
mod pin;
mod recipient;
mod suite;

pub use crate::{digits::DIGITS_LEN, emv_cpm::EmvProfile};
pub use cap::Cap;
pub use fields::{FIELDS_LEN, Fields, MalformedFields};
pub use flags::{ClockConfidence, CustomerVerification, Flags, PinGeneration, PinGenerationBits};
pub use form::{CODE_LEN, CodeHash, FormError, PaymentCode};
pub use make::{Draft, MakeError, Unsigned};
pub use open::{OpenError, OpenedCode, open};
pub use pin::{PIN_TAG_LEN, Pin, PinError, PinKey, PinSecret};
pub use recipient::{KeyId, RecipientKey};
pub use suite::Suite;
