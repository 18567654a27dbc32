//! Floor 5: adapters between the provider port and real providers' protocols.
//!
//! An adapter translates and nothing more: whatever does not make sense is [`Silent`](payments::Authorisation),
//! and what follows from silence is `payments`' business.
#![forbid(unsafe_code)]

mod bank;

pub use bank::{BankAddress, BankProvider, Carrier, CarrierFuture};
