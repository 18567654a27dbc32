//! Ids, names, amounts, addresses and what people type.
//!
//! Covers `model/src/id.rs`, `model/src/money.rs`, `model/src/terminal.rs`, `protocol/src/realm.rs`,
//! `protocol/src/short_text.rs`, `protocol/src/activation_code.rs`, `protocol/src/payment_code/pin.rs`,
//! `protocol/src/payment_code/obvious.rs`, `bank-api/src/names.rs`, `bank-api/src/return_address.rs`,
//! `checkout/src/id.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::texts::texts(data));
