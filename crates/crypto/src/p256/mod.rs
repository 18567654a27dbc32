//! ECDSA over P-256 with SHA-256 (FIPS 186-5, SEC 1). Signatures are raw r ‖ s with the lower of the two
//! possible s, so that one message under one key cannot be shown with two different valid signatures
//! made from one.

mod order;
mod pkcs8;
mod sign;
mod signature;
mod verify;

pub use sign::{Sign, SigningKey};
pub use signature::Signature;
pub use verify::VerifyingKey;
