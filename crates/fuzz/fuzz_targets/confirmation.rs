//! Confirmations, as bytes and digits.
//!
//! Covers `protocol/src/confirmation.rs`, `protocol/src/confirmation_digits.rs`,
//! `protocol/src/confirmation_cause.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::confirmation::confirmation(data));
