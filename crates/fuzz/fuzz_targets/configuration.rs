//! The security policy and the bank's configuration.
//!
//! Covers `security/src/policy.rs`, `bank/src/config.rs`, `bank/src/partner.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::files::configuration(data));
