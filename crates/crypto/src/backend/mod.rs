//! The one place where primitives are called. Two files with the same private functions: `aws` over
//! aws-lc for machines and phones, `rust` over the RustCrypto crates where aws-lc cannot build
//! (WebAssembly). Everything else in this crate is written once, above them.

#[cfg(not(target_arch = "wasm32"))]
mod aws;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use aws::{AgreementKey, EcdhSecretKey, EcdsaPublicKey, EcdsaSecretKey, Gcm, Hmac, sha256};
#[cfg(all(feature = "foreign", not(target_arch = "wasm32")))]
pub(crate) use aws::{is_foreign_signature, unwrap_key, wrap_key};

#[cfg(any(target_arch = "wasm32", feature = "rustcrypto"))]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
// natively only compared with, and used for RFC 6979
pub(crate) mod rust;
#[cfg(target_arch = "wasm32")]
pub(crate) use rust::{AgreementKey, EcdhSecretKey, EcdsaPublicKey, EcdsaSecretKey, Gcm, Hmac, sha256};

#[cfg(all(test, feature = "rustcrypto", not(target_arch = "wasm32")))]
#[allow(clippy::unwrap_used)] // a panic is how a test fails
mod agree_tests;
