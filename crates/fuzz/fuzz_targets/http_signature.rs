//! HTTP message signatures.
//!
//! Covers `protocol/src/http_signature.rs`, `protocol/src/http_signature_input.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::http_signature::http_signature(data));
