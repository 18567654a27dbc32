//! Authentication statements.
//!
//! Covers `protocol/src/authentication_statement.rs`, `protocol/src/base64url.rs` (not `expecting`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::statement::authentication_statement(data));
