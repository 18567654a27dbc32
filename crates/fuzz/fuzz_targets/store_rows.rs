//! Rows of the embedded store.
//!
//! Covers `store/src/row.rs` (not `read_older`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::store::store_rows(data));
