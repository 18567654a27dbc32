//! Floor 0: the only user of cryptographic primitives.
//!
//! Everything that hashes, seals, signs or checks goes through here, so that an auditor reads one crate
//! and a primitive is changed in one place. The room knows nothing of payments, devices, keys' holders
//! or time: randomness, instants and foreign keys come in as arguments ([`Random`], seconds,
//! [`p256::Sign`], [`hpke::Decapsulate`]).
//!
//! On machines and phones the primitives are aws-lc's; in WebAssembly, where that cannot build, the
//! RustCrypto crates'. What stands above them (HKDF, HPKE, X.509) is written once. The feature
//! `rustcrypto` compiles the second backend beside the first, which the tests use to compare them; `foreign`
//! adds what verifiers of others' attestations need, over aws-lc only; `shares` splits secrets among people.
//!
//! `derive_` and plain verbs are deterministic; `make` draws randomness. Secrets print as "redacted".
#![forbid(unsafe_code)]

pub mod aead;
mod backend;
mod error;
pub mod hash;
pub mod hpke;
pub mod kdf;
#[cfg(all(feature = "foreign", not(target_arch = "wasm32")))]
pub mod key_wrap;
pub mod mac;
pub mod p256;
pub mod password;
mod pem;
mod random;
mod secret;
#[cfg(all(feature = "shares", not(target_arch = "wasm32")))]
pub mod shares;
pub mod x25519;
pub mod x509;

pub use error::CryptoError;
pub use random::{Random, SystemRandom};
pub use secret::{Secret, SecretBytes, SecretString};

/// Lower-case hexadecimal, for the `Debug` of public things.
fn write_hex(f: &mut core::fmt::Formatter<'_>, bytes: &[u8]) -> core::fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
