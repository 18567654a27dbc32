//! What is sealed inside a payment code.
//!
//! Covers `protocol/src/payment_code/open.rs`, `protocol/src/payment_code/fields.rs`,
//! `protocol/src/payment_code/cap.rs`, `protocol/src/payment_code/flags.rs`,
//! `protocol/src/payment_code/message.rs`, `protocol/src/payment_code/make.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::payment_code::sealed_code(data));
