//! The security policy and the bank's configuration.
//!
//! Covers `security/src/policy.rs` (not `display_limits`, `pin_failures_to_lock`, `pin_wait_s`),
//! `security/src/policy/amounts.rs` (not `new`, `words`, `of`, `expecting`), `security/src/policy/rules.rs` (not
//! `new`, `named_by`, `iter`, `ask_for_velocity`, `expecting`),
//! `security/src/policy/document.rs`, `bank/src/config.rs` (not `read_identity`,
//! `read_partner_roots`, `read_named`), `bank/src/partner.rs` (not `new`, `with_page`, `statement_key`, `page`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::files::configuration(data));
