//! Questions to a customer's phone, and answers.
//!
//! Covers `protocol/src/approval.rs` (not `fmt`), `protocol/src/letter.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::approval::approval(data));
