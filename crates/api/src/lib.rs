//! Floor 1: the HTTP API's public types, shared by server, checkout and wallet.
//!
//! Requests refuse unknown fields; answers may grow. Money is always minor units and a currency, moments are
//! milliseconds since the Unix epoch in fields that end in `_ms`.
#![forbid(unsafe_code)]

pub mod admin;
pub mod app;
pub mod approval;
pub mod books;
pub mod check;
pub mod checkout;
pub mod device;
pub mod payment;
pub mod phone;
pub mod policy;
pub mod problem;
pub mod rules;
pub mod webhook;

/// The header in which a checkout sends the idempotency key that it stored first.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
