//! The wallet's sealed state.
//!
//! Covers `wallet/src/seal.rs`, `wallet/src/secret_text.rs`, `wallet/src/state.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::wallet_state::wallet_state(data));
