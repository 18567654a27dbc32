//! ECDSA over P-256 with SHA-256 (FIPS 186-5, SEC 1). Signatures are raw r ‖ s with the lower of the two
//! possible s, so that one message under one key cannot be shown with two different valid signatures
//! made from one. Beside it the agreement of keys over the same curve, for sealing.

mod agree;
mod order;
mod pkcs8;
mod point;
mod sign;
mod signature;
mod verify;

pub use agree::AgreementKey;
pub use point::Point;
pub use sign::{Sign, SigningKey};
pub use signature::Signature;
pub use verify::VerifyingKey;
