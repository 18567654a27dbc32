//! Floor 0: money, identifiers, time and payment states as plain data.
//!
//! Everything here is a value: no I/O, no clock, no randomness. Rules that change a payment live in
//! `payments`; this room only says what a payment *is*.
#![forbid(unsafe_code)]

pub mod app;
#[cfg(feature = "broken-rules")]
pub mod broken_rule;
pub mod category;
pub mod id;
pub mod ledger;
pub mod money;
pub mod payment;
pub mod terminal;
pub mod time;
pub mod watch;

pub use app::{AppError, AppId, AppVersion};
#[cfg(feature = "broken-rules")]
pub use broken_rule::BrokenRule;
pub use category::{MerchantCategory, MerchantCategoryError};
pub use id::*;
pub use ledger::{AccountKey, Layer, Posting, SaleTerms};
pub use money::{Currency, Money, MoneyError};
pub use payment::*;
pub use terminal::{TerminalNumber, TerminalNumberError};
pub use time::{Clock, Timestamp};
pub use watch::{PaymentStep, Unwatched, Watch};
