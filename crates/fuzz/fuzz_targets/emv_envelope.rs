//! EMV consumer-presented envelopes.
//!
//! Covers `protocol/src/emv_cpm.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::payment_code::emv_envelope(data));
