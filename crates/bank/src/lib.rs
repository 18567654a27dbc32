//! Floor 6: the reference bank, a program of its own with its own store.
//!
//! It keeps customers, accounts, holds and bookings, and speaks to two kinds of callers: **partners** over mutual
//! TLS, who hold and capture money on accounts that customers linked, and **customers**, who log in, prove an
//! account to a partner and read their statements. It is a stranger to the rest of Batzen: it knows nothing of
//! phones and payment codes, and shares with the payment server only what `bank-api` says. What a partner states
//! about a customer's approval it checks, stores and may refuse.
//!
//! Way of a request: `routes` (form, caller) → `Bank` (this crate's operations) → one command on the store's
//! writer thread → the commit is durable → the answer. `docs/bank.md` describes the doors.
#![forbid(unsafe_code)]

mod accounts;
mod authentication;
mod bank;
mod captures;
mod check;
mod clock;
mod config;
mod device_status;
mod error;
mod expiry;
mod failpoints;
mod holds;
mod iban;
mod ledger;
mod links;
mod login;
mod overview;
mod partner;
mod partner_pages;
mod proofs;
mod routes;
mod run;
#[cfg(feature = "simulation")]
mod simulation;
mod store;
mod throttle;

pub use accounts::{NewAccount, NewCustomer};
pub use bank::{Bank, Settings};
pub use check::{CheckReport, Fault};
pub use clock::Clock;
pub use config::{BankConfig, IdentityFiles};
pub use device_status::DeviceStatusSource;
pub use error::{BankError, Refusal, StoreError};
pub use login::CustomerSession;
pub use partner::{Partner, PartnerPage};
pub use run::{Doors, run};
#[cfg(feature = "simulation")]
pub use store::ManualWriter;
