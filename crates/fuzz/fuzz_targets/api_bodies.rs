//! JSON bodies of the payment server.
//!
//! Covers `api/src/problem.rs` (not `new`, `app_refused`, `declined`, `status`, `title`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::bodies::api_bodies(data));
