//! Command sequences against the embedded store.
//!
//! Drives `store/src/commands/enrolments.rs`, `store/src/commands/ledger.rs`, `store/src/commands/payments.rs`,
//! `store/src/commands/requests.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::store::store_commands(data));
