//! Objects and assertions of App Attest.
//!
//! Covers `attestation/src/apple/mod.rs` (not `verify`, `judge`), `attestation/src/apple/object.rs`,
//! `attestation/src/apple/authenticator.rs`, `attestation/src/apple/assertion.rs`,
//! `attestation/src/apple/cbor.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::attestation::app_attest(data));
