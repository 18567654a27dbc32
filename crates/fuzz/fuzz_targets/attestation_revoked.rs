//! Lists of revoked certificates, and roots.
//!
//! Covers `attestation/src/revocation.rs` (not `check`, `is_empty`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::attestation::revocations(data));
