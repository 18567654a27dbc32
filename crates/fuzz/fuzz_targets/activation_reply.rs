//! Activation replies.
//!
//! Covers `protocol/src/activation_reply.rs` (not `new`, `seal`), `protocol/src/json.rs` (not `write`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::activation::activation_reply(data));
