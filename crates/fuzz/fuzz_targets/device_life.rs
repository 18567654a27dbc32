//! Notices, and the status of certificates.
//!
//! Covers `protocol/src/notice.rs` (not `new`), `protocol/src/certificate_status.rs` (not `new`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::device_life::device_life(data));
