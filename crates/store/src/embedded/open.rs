//! Opening a store, with errors that tell an operator what to do.

use crate::embedded::disk::{Disk, SyncWatch};
use crate::embedded::log::{LOG_BYTES, Log, Places};
use crate::embedded::migrations::{self, MIGRATIONS};
use crate::embedded::replay;
use crate::embedded::snapshot::Snapshot;
use crate::fault::is_full;
use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, StorageBackend, StorageError};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// How much of the store is kept in memory unless told otherwise.
pub const CACHE_BYTES_DEFAULT: usize = 256 * 1024 * 1024;

/// How to open a store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How much of it may be kept in memory, bytes.
    pub cache_bytes: usize,
    /// Whether every page is compared with its checksum first. Reads the whole file.
    pub check_pages: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: CACHE_BYTES_DEFAULT, check_pages: false }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder that it shall be in is not there.
    #[error("the folder {0} is not there; make it first")]
    FolderMissing(PathBuf),
    /// It may not be written.
    #[error(
        "the store may not be written: {0}; check its owner and rights, and that the disk is not read-only"
    )]
    ReadOnly(io::Error),
    /// There is no room to open it.
    #[error("the store's disk is full; free some room")]
    DiskFull,
    /// Some other process has it open.
    #[error("another process has the store open; stop that one first")]
    InUse,
    /// A later version of this program wrote it.
    #[error("the store has schema {found}, this program knows schemas up to {known}; use a newer program")]
    Newer {
        /// The store's schema.
        found: u32,
        /// The latest schema known here.
        known: u32,
    },
    /// It was written before the first release, whose books begin anew.
    #[error("the store was written before the first release; move it away and set the server up anew")]
    BeforeFirstRelease,
    /// The file is something else.
    #[error("this is not a Batzen store: {0}")]
    NotAStore(String),
    /// It was a store, but does not read as one.
    #[error("the store is damaged: {0}; restore it from a copy")]
    Damaged(String),
    /// It was not closed, and its log is not there.
    #[error(
        "the store's log is missing, and with it the last payments; put the files NAME.log1 and NAME.log2 \
         back beside the store"
    )]
    LogMissing,
    /// The log beside it does not follow it.
    #[error(
        "the log beside the store does not follow it: it is damaged, or not the one that was left there; restore \
         store and log from the same copy"
    )]
    LogForeign,
    /// Something else.
    #[error("the store cannot be opened: {0}")]
    Failed(String),
}

/// Opens the same store again, as often as asked.
pub(crate) type Opener = Box<dyn Fn() -> Result<Opened, OpenError> + Send + Sync>;

/// An engine with a store of the present schema in it.
pub(crate) struct Opened {
    pub(crate) snapshot: Snapshot,
    /// The number of the last batch that is durable.
    pub(crate) batch: u64,
    /// Where batches become durable before the engine syncs; none where the engine syncs each.
    pub(crate) log: Option<Log>,
}

/// Opens the store in the file at `path`, with its log beside it.
pub(crate) fn on_file(path: &Path, options: Options, watch: SyncWatch) -> Opener {
    let path = path.to_owned();
    Box::new(move || {
        let file = match open_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(&path, options)?;
                open_file(&path)
            }
            opened => opened,
        };
        let file = file.map_err(|error| explain_io(error, Some(&path)))?;
        let database = on_open_file(file, &path, options, &watch)?;
        whole(database, open_log(&path, &watch)?, || make_log(&path, &watch))
    })
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

fn on_open_file(file: File, path: &Path, options: Options, watch: &SyncWatch) -> Result<Database, OpenError> {
    let disk = FileBackend::new(file).map_err(|error| explain(error, Some(path)))?;
    open_engine(Disk::new(disk, watch), options).map_err(|error| explain(error, Some(path)))
}

/// The two files of the log beside the store at `path`.
fn log_files(path: &Path) -> [PathBuf; 2] {
    ["log1", "log2"].map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
    })
}

/// The log beside the store at `path`; none if it is not there.
fn open_log(path: &Path, watch: &SyncWatch) -> Result<Option<Places>, OpenError> {
    let [one, other] = log_files(path).map(|file| open_file(&file));
    match (one, other) {
        (Err(error), _) | (_, Err(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        (Err(error), _) | (_, Err(error)) => Err(explain_io(error, Some(path))),
        (Ok(one), Ok(other)) => log_in([one, other], path, watch).map(Some),
    }
}

/// Makes the log beside the store at `path`, for its owner's eyes alone, or takes what is there of it.
fn make_log(path: &Path, watch: &SyncWatch) -> Result<Option<Places>, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let explained = |error| explain_io(error, Some(path));
    let [one, other] = log_files(path).map(|file| options.open(file));
    let files = [one.map_err(explained)?, other.map_err(explained)?];
    sync_folder(path).map_err(explained)?;
    log_in(files, path, watch).map(Some)
}

fn log_in(files: [File; 2], path: &Path, watch: &SyncWatch) -> Result<Places, OpenError> {
    let disk = |file| -> Result<Box<dyn StorageBackend>, OpenError> {
        let disk = FileBackend::new(file).map_err(|error| explain(error, Some(path)))?;
        Ok(Box::new(Disk::new(disk, watch)))
    };
    let [one, other] = files;
    Ok(Places { halves: [disk(one)?, disk(other)?], bytes_max: LOG_BYTES, files: log_files(path).into() })
}

/// Makes an empty store aside, for its owner's eyes alone, and gives it its name once it is whole and durable:
/// a power loss meanwhile leaves no store, never half of one. If another process was quicker, that one's stays.
fn make(path: &Path, options: Options) -> Result<(), OpenError> {
    let explained = |error| explain_io(error, Some(path));
    let aside =
        tempfile::Builder::new().prefix(".new-store-").tempfile_in(folder_of(path)).map_err(explained)?;
    let file = aside.as_file().try_clone().map_err(explained)?;
    let made = on_open_file(file, path, options, &SyncWatch::default())?;
    migrations::migrate(&made, MIGRATIONS)?;
    made.close().map_err(|error| explain(error, Some(path)))?;
    aside.as_file().sync_all().map_err(explained)?;
    match aside.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => return Err(explained(error.error)),
        _ => {}
    }
    sync_folder(path).map_err(explained)
}

/// Opens the store on a disk, and with the halves of its log on two others, of so many bytes, if it shall have one.
/// Clones of each are the same disk. An empty one becomes a store in place.
pub(crate) fn on_disk<B: StorageBackend + Clone>(
    disk: B,
    log: Option<([B; 2], u64)>,
    options: Options,
    watch: SyncWatch,
) -> Opener {
    Box::new(move || {
        let database =
            open_engine(Disk::new(disk.clone(), &watch), options).map_err(|error| explain(error, None))?;
        let places = || {
            log.clone().map(|(halves, bytes_max)| {
                let halves = halves.map(|half| Box::new(Disk::new(half, &watch)) as Box<dyn StorageBackend>);
                Places { halves, bytes_max, files: Vec::new() }
            })
        };
        whole(database, places(), || Ok(places()))
    })
}

/// Commits use the engine's single sync with checksums, not its two phases: a commit torn by a power loss is
/// found by its checksums when the store is opened again, and half the syncs are twice the payments.
fn open_engine(disk: impl StorageBackend, options: Options) -> Result<Database, DatabaseError> {
    Builder::new()
        .set_cache_size(options.cache_bytes)
        .set_check_integrity_on_open(options.check_pages)
        .create_with_backend(disk)
}

/// Brings the store up to its log, and then to the present schema, since the log is of the one before; then it goes
/// on in a log, if it shall have one. A store that is refused stays as it was.
fn whole(
    database: Database,
    log: Option<Places>,
    make_log: impl FnOnce() -> Result<Option<Places>, OpenError>,
) -> Result<Opened, OpenError> {
    if migrations::found(&database, MIGRATIONS)? > 0 {
        replay::catch_up(&database, log.as_ref())?;
    }
    let batch = migrations::migrate(&database, MIGRATIONS)?;
    let places = match log {
        Some(log) => Some(log),
        None => make_log()?,
    };
    let log = places.map(|places| replay::go_on(&database, places)).transpose()?;
    let snapshot = Snapshot::of(database).map_err(|fault| OpenError::Failed(fault.told().to_string()))?;
    Ok(Opened { snapshot, batch, log })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn explain(error: DatabaseError, path: Option<&Path>) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => OpenError::InUse,
        DatabaseError::UpgradeRequired(_) => OpenError::NotAStore("its engine's format is older".into()),
        DatabaseError::Storage(error) => explain_storage(error, path),
        other => OpenError::Failed(other.to_string()),
    }
}

pub(crate) fn explain_storage(error: StorageError, path: Option<&Path>) -> OpenError {
    match error {
        StorageError::Io(error) => explain_io(error, path),
        StorageError::Corrupted(what) => OpenError::Damaged(what),
        other => OpenError::Failed(other.to_string()),
    }
}

fn explain_io(error: io::Error, path: Option<&Path>) -> OpenError {
    match (error.kind(), path) {
        (ErrorKind::NotFound, Some(path)) => OpenError::FolderMissing(folder_of(path).to_owned()),
        (ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem, _) => OpenError::ReadOnly(error),
        (ErrorKind::InvalidData | ErrorKind::IsADirectory | ErrorKind::NotADirectory, _) => {
            OpenError::NotAStore(error.to_string())
        }
        (kind, _) if is_full(kind) => OpenError::DiskFull,
        _ => OpenError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_told_in_an_operators_words() {
        let explained = |kind: ErrorKind| explain_io(io::Error::from(kind), Some(Path::new("/a/store")));
        assert!(
            matches!(explained(ErrorKind::NotFound), OpenError::FolderMissing(folder) if folder == Path::new("/a"))
        );
        assert!(matches!(explained(ErrorKind::ReadOnlyFilesystem), OpenError::ReadOnly(_)));
        assert!(matches!(explained(ErrorKind::PermissionDenied), OpenError::ReadOnly(_)));
        assert!(matches!(explained(ErrorKind::StorageFull), OpenError::DiskFull));
        assert!(matches!(explained(ErrorKind::QuotaExceeded), OpenError::DiskFull));
        assert!(matches!(explained(ErrorKind::TimedOut), OpenError::Failed(_)));
    }
}
