//! What can go wrong with a key store file, in words that say what to do.

use std::{io, path::PathBuf};

use crypto::CryptoError;

/// Why a key store could not be made, opened or written. Holds no key and no pass phrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// There is no file.
    #[error("there is no key store at {0}; make one first")]
    Missing(PathBuf),
    /// There is a file already.
    #[error("there is a key store at {0} already; it is not replaced")]
    Exists(PathBuf),
    /// Other users of the machine may read or change the file.
    #[error("the key store {path} is open to others (mode {mode:03o}); run `chmod 600 {path}`", path = path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The pass phrase does not open it.
    #[error("the pass phrase does not open the key store {0}")]
    WrongPassphrase(PathBuf),
    /// The pass phrase is too short to keep anything.
    #[error("a key store's pass phrase has at least {0} characters")]
    WeakPassphrase(usize),
    /// The file is not what was written.
    #[error("the key store {path} is damaged: {what}; restore it from a backup", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
    },
    /// The file is of another version of this program.
    #[error("the key store {0} has a version that this program does not know")]
    VersionUnsupported(PathBuf),
    /// The system refused to read or write.
    #[error("the key store {path} cannot be {doing}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read`, `written` or `locked`.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The keys are there and not what this program can use.
    #[error("the keys are not usable: {0}")]
    Unusable(&'static str),
    /// What was asked would do harm, or is not possible.
    #[error("{0}")]
    Refused(&'static str),
    /// The token is not there, or does not do what it must.
    #[error("the token `{token}`: {cause}")]
    Token {
        /// Its label.
        token: String,
        /// What happened and what to do.
        cause: String,
    },
    /// A key or certificate could not be made.
    #[error("a key or certificate could not be made: {0}")]
    Crypto(#[from] CryptoError),
}

impl KeyStoreError {
    /// In the words that security management knows.
    pub(crate) fn to_crypto(&self) -> CryptoError {
        match self {
            Self::Crypto(error) => *error,
            Self::Token { .. } => CryptoError::KeyStore("the token does not answer"),
            Self::Missing(_) | Self::NotPrivate { .. } | Self::WrongPassphrase(_) | Self::Io { .. } => {
                CryptoError::KeyStore("the key store cannot be read")
            }
            _ => CryptoError::KeyStore("the keys are not usable"),
        }
    }
}
