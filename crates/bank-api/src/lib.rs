//! Floor 1: the reference bank's public types: what travels over its two doors as JSON.
//!
//! The **partner API** is for payment servers (mutual TLS; the certificate's common name says who calls), the
//! **customer API** for the bank's own customers. Requests refuse unknown fields, answers are read leniently.
//! Amounts are `i64` minor units (rappen, cents), moments are milliseconds since the Unix epoch. The bank knows
//! nothing of phones and payment codes, and neither does this room. `docs/bank.md` describes every route.
#![forbid(unsafe_code)]

mod bytes;
mod customer;
mod names;
mod partner;
mod problem;
mod return_address;
mod secret;
mod statement;

pub use bytes::Base64Url;
pub use customer::*;
pub use names::*;
pub use partner::*;
pub use problem::{CONTENT_TYPE_PROBLEM, Problem, ProblemType};
pub use return_address::{RETURN_ADDRESS_BYTES_MAX, ReturnAddress, ReturnAddressError};
pub use secret::{Password, Proof, Session};
pub use statement::{AuthenticationLevel, AuthenticationStatement};

/// Largest amount of one hold, capture or refund, and largest overdraft limit: minor units.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;
/// Largest authentication statement, bytes before base64url.
pub const STATEMENT_BYTES_MAX: usize = 8 * 1024;
/// Longest name of a payee, characters.
pub const PAYEE_CHARS_MAX: usize = 70;
/// Most entries on one page of an account statement.
pub const PAGE_ENTRIES_MAX: u32 = 100;
/// Largest body of a request, bytes.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
