//! Floor 4: how payments move, what the ledger books, and the port to providers.
//!
//! Takes a `VerifiedCode` as proof that security management accepted the customer's code, and knows no more of
//! security than that. Knows no engine, no network and no adapter.
#![forbid(unsafe_code)]

mod again;
mod answers;
mod approve;
mod begin;
#[cfg(feature = "broken-rules")]
mod broken;
mod cancel;
mod change;
pub mod check;
mod error;
mod failpoint;
mod ledger;
mod openness;
mod operator;
mod provider;
mod replay;
mod service;
mod step;
mod webhooks;
mod work;

pub use begin::{Begun, Refusal};
pub use cancel::Cancelled;
pub use change::{Changed, Wanted};
pub use error::PaymentError;
pub use operator::Decision;
pub use provider::{
    Authorisation, BookingAnswer, HoldRequest, LinkAnswer, LinkedAccount, Provider, ProviderFuture,
};
pub use replay::replay;
pub use service::{IdSource, Observer, Payments, Terms};
pub use step::{EVENTS_MAX, NotAllowed, Step, Told, step};
pub use webhooks::{WEBHOOK_TRIED_FOR_S, webhook_type};
pub use work::Worked;
