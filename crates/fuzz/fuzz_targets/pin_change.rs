//! New PINs.
//!
//! Covers `protocol/src/pin_change.rs`, `protocol/src/pin_reset.rs`, `protocol/src/pin_proof.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::pin_change::pin_change(data));
