//! Event sequences against the state machine.
//!
//! Drives `payments/src/step.rs` (not `as_confirmation`, `booked_minor`, `wake_at`, `decline_reason`),
//! `payments/src/replay.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::payment_events::payment_events(data));
