//! The wallet's sealed state.
//!
//! Covers `wallet/src/seal.rs` (not `make`), `wallet/src/secret_text.rs`, `wallet/src/state.rs` (not `new`,
//! `realm_file`, `update_app`, `clock_offset_ms`, `enrolled_mut`, `method`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wallet_state::wallet_state(data));
