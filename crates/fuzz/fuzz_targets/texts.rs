//! Ids, names, amounts, addresses and what people type.
//!
//! Covers `model/src/id.rs` (not `derive`, `as_str`), `model/src/money.rs`, `model/src/terminal.rs`,
//! `protocol/src/realm.rs` (not `as_str`, `as_bytes`, `context`), `protocol/src/short_text.rs`,
//! `protocol/src/activation.rs` (not `from_bytes`, `make`, `as_bytes`, `derive_key_attestation_challenge`,
//! `derive_app_attestation_hash`, `device_proof_message`, `online_proof_message`, `message`),
//! `protocol/src/activation_code.rs` (not `make`, `hash`, `expecting`), `protocol/src/payment_code/pin.rs` (not
//! `make`, `from_secret`, `secret`, `derive`), `protocol/src/payment_code/obvious.rs`, `bank-api/src/names.rs`
//! (not `as_str`), `bank-api/src/return_address.rs`, `checkout/src/id.rs` (not `make_key`, `derive_key`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::texts::texts(data));
