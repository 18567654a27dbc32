//! Floor 1: what travels between phone, checkout, server and provider: bytes to types and back.
//!
//! Each room has its page under `spec/`, which a stranger can build from. No I/O, clock or state here: keys,
//! times and randomness come in. Whether something well-formed may be *used* is decided above, in `security`
//! and `wallet`. Cryptography is `crypto`'s.
#![forbid(unsafe_code)]

pub mod activation;
pub mod activation_code;
pub mod activation_reply;
pub mod activation_request;
pub mod approval;
pub mod authentication_statement;
mod base64;
mod base64url;
pub mod certificate_status;
pub mod confirmation;
mod confirmation_cause;
mod confirmation_digits;
mod digits;
pub mod emv_cpm;
pub mod error;
pub mod evidence;
pub mod http_signature;
mod http_signature_input;
mod json;
pub mod key_bundle;
mod letter;
pub mod notice;
pub mod payment_code;
pub mod pin_change;
pub mod pin_proof;
pub mod pin_reset;
pub mod realm;
pub mod realm_file;
pub mod rule_list;
pub mod short_text;
pub mod verdict;
pub mod webhook;
