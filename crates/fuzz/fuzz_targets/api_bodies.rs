//! JSON bodies of the payment server.
//!
//! Covers `api/src/payment.rs`, `api/src/problem.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::bodies::api_bodies(data));
