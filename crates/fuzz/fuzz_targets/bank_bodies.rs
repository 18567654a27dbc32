//! JSON bodies of the bank.
//!
//! Covers `bank-api/src/partner.rs`, `bank-api/src/bytes.rs`, `bank-api/src/problem.rs` (not `new`, `status`,
//! `title`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::bodies::bank_bodies(data));
