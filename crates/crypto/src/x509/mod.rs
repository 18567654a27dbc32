//! X.509 certificates and PKCS#10 requests (RFC 5280, RFC 2986) of this system's own authorities.
//!
//! One algorithm (ECDSA P-256 with SHA-256), names of one common name, and the profiles of [`Profile`]:
//! a root, an authority for devices, an authority for TLS, and what they issue. Everything is signed
//! through [`crate::p256::Sign`], so the key may sit in an HSM. Reading is strict: what is not the one
//! DER form of what this room could have made is refused. This is no general path validator; TLS uses
//! rustls's. Certificates of other authorities, RSA and P-384 among them, are [`ForeignCertificate`]s.

mod certificate;
mod extensions;
#[cfg(all(feature = "foreign", not(target_arch = "wasm32")))]
mod foreign;
mod issue;
mod parts;
mod request;

pub use certificate::{Certificate, Purpose};
#[cfg(all(feature = "foreign", not(target_arch = "wasm32")))]
pub use foreign::ForeignCertificate;
pub use issue::{Issue, Profile, issue};
pub use request::{Request, make_request, read_request};
