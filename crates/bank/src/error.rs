//! What can go wrong: with a request, with the store, with starting.

use bank_api::ProblemType;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the bank did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// By its rules; the caller is told this kind of problem.
    #[error("{}", .0.title())]
    Rule(ProblemType),
    /// The store failed; except for [`StoreError::Busy`], what was asked for may or may not have been done.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ProblemType> for Refusal {
    fn from(problem: ProblemType) -> Self {
        Self::Rule(problem)
    }
}

/// Why the store cannot be opened or used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder or file may not be written.
    #[error("the bank may not write to {0}; check the folder's owner and that it is not read-only")]
    ReadOnly(PathBuf),
    /// Another process has the store open.
    #[error("another process has the bank's store {0} open; stop it first")]
    InUse(PathBuf),
    /// No space left.
    #[error("the disk with the bank's store is full; make room and start the bank again")]
    DiskFull,
    /// Written by a later version of the program.
    #[error("the bank's store has schema {found}, this program knows up to {known}; use a newer program")]
    FromTheFuture {
        /// The store's schema.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The file is no store of the bank's, or its content contradicts itself.
    #[error("the bank's store is damaged: {0}")]
    Damaged(String),
    /// The system's own words for anything else.
    #[error("the bank's store failed: {0}")]
    Failed(String),
    /// More is waiting than the bank takes; nothing was done.
    #[error("the bank's store is busy")]
    Busy,
    /// The store is closing.
    #[error("the bank's store is closed")]
    Closed,
}

/// Why the bank does not start, or stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BankError {
    /// The configuration cannot be used.
    #[error("configuration {path}: {cause}")]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, and with which field.
        cause: String,
    },
    /// A certificate or key file cannot be used.
    #[error("{path}: {cause}")]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// A listening address cannot be had.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address wanted.
        address: SocketAddr,
        /// The system's words, such as "Address already in use".
        cause: String,
    },
    /// What should be seeded cannot be.
    #[error("cannot seed: {0}")]
    Seed(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A door.
    #[error(transparent)]
    Serve(#[from] https::ServeError),
}

impl StoreError {
    pub(crate) fn from_io(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull,
            ErrorKind::InvalidData => Self::Damaged(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<redb::StorageError> for StoreError {
    fn from(error: redb::StorageError) -> Self {
        match error {
            redb::StorageError::Io(error) => Self::from_io(&error),
            redb::StorageError::Corrupted(what) => Self::Damaged(what),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<redb::TableError> for StoreError {
    fn from(error: redb::TableError) -> Self {
        match error {
            redb::TableError::Storage(error) => error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<redb::TransactionError> for StoreError {
    fn from(error: redb::TransactionError) -> Self {
        match error {
            redb::TransactionError::Storage(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<redb::CommitError> for StoreError {
    fn from(error: redb::CommitError) -> Self {
        match error {
            redb::CommitError::Storage(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}
