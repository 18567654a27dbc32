//! Scaffolding: what the fuzz targets do with an input, one function for each target.
//!
//! A target reads the input with our parsers and asserts more than that nothing panics: what was read is written as
//! the same bytes, what a signature or a seal covers cannot be changed by a bit, and a model agrees. Sums and seals
//! that chance never finds are put right by the target, as somebody would do who knows the specification and the
//! keys. `cargo xtask fuzz` runs them; [docs/fuzzing.md](../../../docs/fuzzing.md) says what they reach.
#![forbid(unsafe_code)]
#![allow(clippy::missing_panics_doc, reason = "a target panics with what it found: that is its purpose")]

pub mod activation;
pub mod approval;
pub mod attestation;
pub mod bodies;
pub mod certificates;
pub mod confirmation;
pub mod device_life;
pub mod files;
pub mod http_signature;
pub mod iso8583;
pub mod key_bundle;
mod letters;
pub mod payment_code;
pub mod payment_events;
pub mod pictures;
pub mod pin_change;
pub mod rule_list;
pub mod statement;
pub mod store;
mod support;
pub mod texts;
pub mod till;
pub mod wallet_state;
