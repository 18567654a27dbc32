//! A payment code as a scanner gives it.
//!
//! Covers `protocol/src/payment_code/form.rs` (not `suite`, `assemble`, `header`, `enc`, `sealed`,
//! `derive_header`), `protocol/src/digits.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::payment_code::payment_code(data));
