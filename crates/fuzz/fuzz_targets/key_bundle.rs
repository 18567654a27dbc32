//! Signed key bundles.
//!
//! Covers `protocol/src/key_bundle.rs` (not `new`, `as_bytes`, `default`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::key_bundle::key_bundle(data));
