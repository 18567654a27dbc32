//! The till's journal and book of sales.
//!
//! Covers `checkout/src/journal.rs`, `checkout/src/book.rs`, `checkout/src/sale.rs` (not `key`, `stage`,
//! `operation`, `done`, `failed`, `opened_at`, `answered_at`, `captured_at`, `derive_operation`, `fits`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::till::checkout_journal(data));
