//! Primitives against published vectors, against each other's backends and against OpenSSL.

mod common;
mod foreign;
mod hpke;
mod p256;
mod sealing;
mod vectors;
mod x509;
