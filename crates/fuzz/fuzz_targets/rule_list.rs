//! Lists of rules for sensors and the deltas between them.
//!
//! Covers `protocol/src/rule_list/mod.rs` (not `signed_head`), `protocol/src/rule_list/entry.rs`,
//! `protocol/src/rule_list/head.rs`, `protocol/src/rule_list/delta.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::rule_list::rule_list(data));
