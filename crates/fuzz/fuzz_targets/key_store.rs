//! The software key store's file.
//!
//! Covers `keystore/src/file.rs`, `keystore/src/inner.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::files::key_store(data));
