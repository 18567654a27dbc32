//! Authentication statements.
//!
//! Covers `protocol/src/authentication_statement.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::statement::authentication_statement(data));
