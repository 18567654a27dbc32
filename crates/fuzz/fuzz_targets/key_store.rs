//! The software key store's file.
//!
//! Covers `keystore/src/file.rs` (not `write`, `lock`, `put`, `get`), `keystore/src/inner.rs` (not `make`, `to_json`,
//! `serialize`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::files::key_store(data));
