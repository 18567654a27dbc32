//! Certificates, requests, keys and signatures.
//!
//! Covers `crypto/src/x509/certificate.rs`, `crypto/src/x509/request.rs` (not `new`, `to_be_signed`, `finish`,
//! `make_request`), `crypto/src/x509/parts.rs` (not `name`), `crypto/src/pem.rs`, `crypto/src/p256/pkcs8.rs`,
//! `crypto/src/p256/signature.rs` (not `to_bytes`), `crypto/src/p256/verify.rs` (not `hash`),
//! `https/src/credentials.rs` (not `store`, `certified`).
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::certificates::certificates(data));
