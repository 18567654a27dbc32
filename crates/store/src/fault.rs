//! Whose fault it is when a command or a query cannot be served: its own, or the engine's.

use records::StoreError;
use redb::{CommitError, StorageError, TableError, TransactionError};
use std::io::ErrorKind;

/// Why a command or a query is not served.
#[derive(Debug)]
pub(crate) enum Fault {
    /// This one alone; others are not concerned.
    Refused(StoreError),
    /// The engine; whatever shares its transaction fails with it.
    Engine(StorageError),
    /// A row is needed that was not read yet.
    Unread,
}

impl Fault {
    /// The command contradicts itself: a mistake in the program that sent it.
    pub(crate) fn wrong(what: impl Into<String>) -> Self {
        Self::Refused(StoreError::Failed(what.into()))
    }

    /// What whoever asked is told.
    pub(crate) fn told(self) -> StoreError {
        match self {
            Self::Refused(error) => error,
            Self::Engine(error) => told(&error),
            Self::Unread => StoreError::Failed("a row was needed that was never read".into()),
        }
    }
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::Engine(error)
    }
}

impl From<TableError> for Fault {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => Self::Engine(error),
            other => Self::Refused(StoreError::Damaged(other.to_string())),
        }
    }
}

impl From<TransactionError> for Fault {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => Self::Engine(error),
            other => Self::Refused(StoreError::Failed(other.to_string())),
        }
    }
}

impl From<CommitError> for Fault {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => Self::Engine(error),
            other => Self::Engine(StorageError::Corrupted(other.to_string())),
        }
    }
}

/// An engine's error in words for whoever asked.
pub(crate) fn told(error: &StorageError) -> StoreError {
    match error {
        StorageError::Corrupted(what) => StoreError::Damaged(what.clone()),
        other => StoreError::Failed(other.to_string()),
    }
}

/// Whether it is room that is missing, on the disk or in the owner's quota.
pub(crate) fn is_disk_full(error: &StorageError) -> bool {
    matches!(error, StorageError::Io(error) if is_full(error.kind()))
}

/// Whether an operation of this outcome lacked room.
pub(crate) fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}
