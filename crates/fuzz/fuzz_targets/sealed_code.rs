//! What is sealed inside a payment code.
//!
//! Covers `protocol/src/payment_code/open.rs` (not `signed_message`, `verdict`),
//! `protocol/src/payment_code/fields.rs`, `protocol/src/payment_code/cap.rs` (not `amount_minor`, `at_most`,
//! `at_least`, `encode`), `protocol/src/payment_code/flags.rs` (not `next`, `previous`, `bits`, `get`),
//! `protocol/src/payment_code/message.rs`, `protocol/src/payment_code/make.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::payment_code::sealed_code(data));
