//! Pictures of codes.
//!
//! Covers `symbols/src/files.rs`, `symbols/src/read.rs` (not `text`), `symbols/src/luma.rs` (not `shrunk_to`,
//! `span`), `symbols/src/strategies.rs`, `symbols/src/bullseye.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::pictures::pictures(data));
