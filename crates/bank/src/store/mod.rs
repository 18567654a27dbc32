//! The bank's own store: one redb file, one writer thread, commits shared by all that wait.
//!
//! Work is a function over a write transaction. Whoever asks gets the outcome only after the commit that carries
//! it is durable. This room knows tables and rows, not rules.

mod migrations;
mod rows;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use rows::*;
pub(crate) use tables::*;
#[cfg(feature = "simulation")]
pub use writer::ManualWriter;

use crate::StoreError;
use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use writer::Writer;

const FILE: &str = "bank.redb";
/// Memory for pages, bytes.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// The open store. Cheap to clone; the file is let go with the last clone.
#[derive(Clone)]
pub(crate) struct Store {
    // The writer comes first: it ends before the database is dropped.
    writer: Arc<Writer>,
    database: Arc<Database>,
}

impl Store {
    /// Opens the store in `folder`, making both if they are not there, and brings it to the newest schema.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        make_folder(folder).map_err(|error| sort_io(&error, folder))?;
        let database = redb::Builder::new()
            .set_cache_size(CACHE_BYTES)
            .create(&path)
            .map_err(|error| sort_open(error, &path))?;
        // The new file's name must be as durable as what is put into it.
        fs::File::open(folder).and_then(|f| f.sync_all()).map_err(|error| sort_io(&error, folder))?;
        Self::from_database(database)
    }

    pub(crate) fn from_database(database: Database) -> Result<Self, StoreError> {
        let database = Arc::new(database);
        migrations::migrate(&database)?;
        let writer = Arc::new(Writer::start(Arc::clone(&database))?);
        Ok(Self { writer, database })
    }

    /// Opens the store on `disk` without a thread that writes.
    #[cfg(feature = "simulation")]
    pub(crate) fn open_manual(disk: impl redb::StorageBackend) -> Result<(Self, ManualWriter), StoreError> {
        let database = redb::Builder::new()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(disk)
            .map_err(|error| sort_open(error, Path::new(FILE)))?;
        let database = Arc::new(database);
        migrations::migrate(&database)?;
        let (writer, manual) = Writer::manual(Arc::clone(&database));
        Ok((Self { writer: Arc::new(writer), database }, manual))
    }

    /// Does `work` on the writer thread, together with what else waits, and gives its outcome once it is durable.
    /// `work` may run twice, the first time without effect; it decides before it writes.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&WriteTransaction) -> Result<T, StoreError> + Send + 'static,
    {
        self.writer.submit(work).await
    }

    /// Reads one consistent state.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(&self.database.begin_read()?)
    }

    /// Becomes `Some` when the store can no longer write and the program must start again.
    pub(crate) fn failure(&self) -> watch::Receiver<Option<StoreError>> {
        self.writer.failure()
    }
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn sort_io(error: &std::io::Error, path: &Path) -> StoreError {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(path.to_owned()),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull,
        _ => StoreError::Failed(format!("{}: {error}", path.display())),
    }
}

fn sort_open(error: redb::DatabaseError, path: &Path) -> StoreError {
    let path_given = || PathBuf::from(path);
    match error {
        redb::DatabaseError::DatabaseAlreadyOpen | redb::DatabaseError::LockProtocolMismatch => {
            StoreError::InUse(path_given())
        }
        redb::DatabaseError::Storage(redb::StorageError::Io(error))
            if error.kind() != std::io::ErrorKind::InvalidData =>
        {
            sort_io(&error, path)
        }
        redb::DatabaseError::Storage(error) => error.into(),
        other => StoreError::Damaged(other.to_string()),
    }
}
