//! Floor 5: where the server's keys are kept. One sealed file, for trying Batzen out; whoever runs it for money
//! puts the keys into an HSM behind the same port, [`security::KeyStore`].
//!
//! It knows files and keys, nothing of devices, codes or payments.
#![forbid(unsafe_code)]

mod error;
mod file;
mod inner;
mod software;

pub use error::KeyStoreError;
pub use software::{PASSPHRASE_LEN_MIN, SoftwareKeyStore, WARNING};
