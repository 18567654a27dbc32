//! Activation requests.
//!
//! Covers `protocol/src/activation_request.rs`, `protocol/src/base64url.rs` (not `expecting`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::activation::activation_request(data));
