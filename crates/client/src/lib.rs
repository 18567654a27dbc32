//! Floor 5: HTTP for wallet and checkout, over TLS with roots of their own.
//!
//! This room carries what the cores give out and brings back what was answered; it decides nothing.
#![forbid(unsafe_code)]

pub mod bank_customer;
pub mod checkout;
pub mod checkout_drive;
pub mod phone;
