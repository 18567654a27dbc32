//! The log in front of the embedded store.
//!
//! Covers `store/src/embedded/log.rs` (not `clear`, `push`, `finish`, `is_full`, `append`, `make_room`, `is_synced`, `turn`, `remove`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::store::store_log(data));
