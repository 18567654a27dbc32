//! Floor 1: verifiers of what platforms say of a phone and its key.
//!
//! Three platforms' words, each a module: [`android`] (Key Attestation: a certificate chain), [`apple`] (App Attest: a
//! CBOR object, and assertions later), [`play_integrity`] (Google's verdict: a sealed, signed token). Each has `read`,
//! which checks what can be checked without knowing what was asked for, and `verify`, which also holds it against a
//! challenge, a key and expectations, and gives evidence with a [`Level`]. A refusal is a [`Refusal`].
//!
//! The room knows no enrolments and no policy: what a level is worth is `security`'s to say. It has no clock, no
//! network and no files; the time, the roots and the list of revoked certificates come in as arguments. What is
//! checked, and what it is worth, is told in docs/attestation.md.
#![forbid(unsafe_code)]

pub mod android;
pub mod apple;
mod chain;
mod level;
pub mod play_integrity;
mod refusal;
mod revocation;
mod roots;
mod strict_der;
mod text;

pub use level::Level;
pub use refusal::Refusal;
pub use revocation::RevocationList;
pub use roots::Roots;
