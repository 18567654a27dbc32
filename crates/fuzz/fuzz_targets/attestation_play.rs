//! Tokens of Play Integrity, and the verdict in them.
//!
//! Covers `attestation/src/play_integrity/mod.rs`, `attestation/src/play_integrity/token.rs`,
//! `attestation/src/play_integrity/verdict.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::attestation::play_integrity(data));
