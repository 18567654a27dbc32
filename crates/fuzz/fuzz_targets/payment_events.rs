//! Event sequences against the state machine.
//!
//! Covers `payments/src/step.rs`, `payments/src/replay.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::payment_events::payment_events(data));
