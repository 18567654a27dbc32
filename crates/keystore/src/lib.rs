//! Floor 5: where the server's keys are kept: in an HSM through PKCS#11, or in one sealed file, for trying Batzen out.
//! Either way behind the same port, [`security::KeyStore`], as [`RealmKeys`].
//!
//! A realm has a register of keys, each with its role, its public half and where it is in its life, and a place that
//! has the private halves and does with them what they are for. The room knows files, tokens and keys, nothing of
//! devices, codes or payments.
#![forbid(unsafe_code)]

mod error;
mod file;
mod first;
mod hardware;
mod home;
mod inner;
mod keyring;
mod life;
mod make;
mod memory;
mod place;
mod realm_keys;
mod register;
mod role;
mod share;
mod software;
mod token;

pub use error::KeyStoreError;
pub use life::Rehearsal;
pub use realm_keys::RealmKeys;
pub use register::{Bytes, EpochTimes, KeyEntry, KeyName, KeyState, Register};
pub use role::{Algorithm, Notice, Role};
pub use share::{RootShare, join_root, split_root};
pub use software::{PASSPHRASE_LEN_MIN, WARNING};
pub use token::TokenAddress;
