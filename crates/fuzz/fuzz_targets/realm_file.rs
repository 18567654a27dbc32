//! Realm files.
//!
//! Covers `protocol/src/realm_file.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::key_bundle::realm_file(data));
