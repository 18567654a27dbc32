//! Certificates, requests, keys and signatures.
//!
//! Covers `crypto/src/x509/certificate.rs`, `crypto/src/x509/request.rs`, `crypto/src/x509/parts.rs`,
//! `crypto/src/pem.rs`, `crypto/src/p256/pkcs8.rs`, `crypto/src/p256/signature.rs`, `crypto/src/p256/verify.rs`,
//! `https/src/credentials.rs`.
#![forbid(unsafe_code)]
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::certificates::certificates(data));
