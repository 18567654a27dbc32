//! Chains of Android Key Attestation, and the extension in them.
//!
//! Covers `attestation/src/chain.rs`, `attestation/src/strict_der.rs`, `attestation/src/android/mod.rs` (not
//! `verify`), `attestation/src/android/key_description.rs`, `attestation/src/android/authorizations.rs`,
//! `attestation/src/android/application_id.rs`, `attestation/src/android/root_of_trust.rs`,
//! `attestation/src/android/expectations.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::attestation::android_key(data));
