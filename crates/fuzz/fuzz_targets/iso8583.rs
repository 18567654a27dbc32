//! Card hosts' messages and the tables that they are read by.
//!
//! Covers `iso8583/src/bitmap.rs`, `iso8583/src/coding.rs`, `iso8583/src/content.rs`, `iso8583/src/decode.rs`,
//! `iso8583/src/encode.rs`, `iso8583/src/json.rs`, `iso8583/src/mti.rs`, `iso8583/src/spec.rs`, `iso8583/src/tlv.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::iso8583::iso8583(data));
