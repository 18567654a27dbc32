//! Confirmations, as bytes and digits.
//!
//! Covers `protocol/src/confirmation.rs` (not `name`, `shortened`, `notice`),
//! `protocol/src/confirmation_digits.rs`, `protocol/src/confirmation_cause.rs` (not `name`, `of_verdict`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::confirmation::confirmation(data));
