//! The journal on disk: one process at a time, every entry durable before the next thing happens, a torn end
//! cut off, damage refused.

use super::report::UNKNOWN;
use super::{archive, config};
use crate::failure::Failure;
use crate::output::Output;
use checkout::journal::{self, Contents, JournalEnd};
use checkout::{Book, Entry, Journal, SaleNumber};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Largest journal read, bytes. Finished sales are archived long before.
const JOURNAL_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The journal, open for writing.
pub(super) struct JournalFile {
    path: PathBuf,
    file: File,
    end: JournalEnd,
    len: u64,
    book: Book,
    /// After a failed write nobody knows what is on the disk: nothing more is written.
    is_broken: bool,
    _lock: File,
}

impl JournalFile {
    /// Opens the journal in the folder `state`, beginning it if there is none, for this process alone.
    pub(super) fn open(state: &Path, output: &Output) -> Result<Self, Failure> {
        config::make_folder(state)?;
        let lock = lock(state)?;
        archive::finish_interrupted(state)?;
        let path = path_in(state);
        let wrong = |error| cannot(&path, "be opened", &error);
        let mut file = open_options().open(&path).map_err(wrong)?;
        let bytes = read_all(&mut file).map_err(wrong)?;
        let contents = parse(&path, &bytes)?;
        let contents = match contents {
            Some(contents) if archive::is_due(&contents, bytes.len()) => {
                let contents = archive::move_finished(state, &contents, &book_of(&path, &contents)?)?;
                file = open_options().open(&path).map_err(wrong)?;
                contents
            }
            Some(contents) => {
                if contents.whole_bytes < bytes.len() {
                    output.note(
                        "The journal's last entry was cut off by a crash and is dropped; nothing hung on it.",
                    );
                    file.set_len(contents.whole_bytes as u64)
                        .and_then(|()| file.sync_all())
                        .map_err(wrong)?;
                }
                contents
            }
            None => begin(state, &path, &mut file)?,
        };
        let book = book_of(&path, &contents)?;
        let len = contents.whole_bytes as u64;
        Ok(Self { path, file, end: contents.end, len, book, is_broken: false, _lock: lock })
    }

    /// The sales.
    pub(super) const fn book(&self) -> &Book {
        &self.book
    }
}

impl Journal for JournalFile {
    type Error = Failure;

    fn append(&mut self, entry: &Entry) -> Result<(), Failure> {
        if self.is_broken {
            return Err(Failure::new("the journal could not be written before; nothing more is sent"));
        }
        let (end, line) = self.end.line(entry)?;
        self.book.would_take(entry)?;
        if let Err(error) = self.file.write_all(&line).and_then(|()| self.file.sync_data()) {
            self.is_broken = true;
            let failure = cannot(&self.path, "be written", &error);
            // If not even that works, the entry may be there the next time, and `resume` follows it.
            return Err(match self.file.set_len(self.len).and_then(|()| self.file.sync_data()) {
                Ok(()) => failure,
                Err(_) => failure.with_code(UNKNOWN),
            });
        }
        self.book.apply(entry)?;
        self.end = end;
        self.len += line.len() as u64;
        Ok(())
    }
}

/// The sales in the folder `state`, without touching anything: another process may be writing.
pub(super) fn read_book(state: &Path) -> Result<Book, Failure> {
    let path = path_in(state);
    let bytes = match File::open(&path).and_then(|mut file| read_all(&mut file)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Book::new(SaleNumber::FIRST)),
        Err(error) => return Err(cannot(&path, "be read", &error)),
    };
    match parse(&path, &bytes)? {
        Some(contents) => book_of(&path, &contents),
        None => Ok(Book::new(SaleNumber::FIRST)),
    }
}

/// The journal's file in this folder.
pub(super) fn path_in(state: &Path) -> PathBuf {
    state.join("journal")
}

fn open_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    options
}

/// The system frees the lock when the process ends, however it ends.
fn lock(state: &Path) -> Result<File, Failure> {
    let path = state.join("lock");
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = opened.map_err(|error| cannot(&path, "be opened", &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let state = state.display();
            Err(Failure::new(format!(
                "another `batzen checkout` is working in {state}; wait until it is done"
            )))
        }
        Err(TryLockError::Error(error)) => Err(cannot(&path, "be locked", &error)),
    }
}

fn begin(state: &Path, path: &Path, file: &mut File) -> Result<Contents, Failure> {
    let (end, line) = JournalEnd::begin(SaleNumber::FIRST);
    let mut write = || -> std::io::Result<()> {
        file.set_len(0)?;
        file.write_all(&line)?;
        file.sync_all()?;
        File::open(state)?.sync_all()
    };
    write().map_err(|error| cannot(path, "be written", &error))?;
    Ok(Contents { first_sale: SaleNumber::FIRST, entries: Vec::new(), end, whole_bytes: line.len() })
}

fn read_all(file: &mut File) -> std::io::Result<Vec<u8>> {
    if file.metadata()?.len() > JOURNAL_BYTES_MAX {
        return Err(std::io::Error::other("it is too large"));
    }
    let mut bytes = Vec::new();
    file.take(JOURNAL_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Option<Contents>, Failure> {
    journal::read(bytes).map_err(|error| not_usable(path, &error))
}

fn book_of(path: &Path, contents: &Contents) -> Result<Book, Failure> {
    let mut book = Book::new(contents.first_sale);
    for entry in &contents.entries {
        book.apply(entry).map_err(|error| not_usable(path, &error))?;
    }
    Ok(book)
}

fn not_usable(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::new(format!(
        "the journal {} is not usable: {error}. Nothing was changed. Keep the file, move it aside, and compare its \
         sales with `GET /v1/payments` before the till goes on",
        path.display()
    ))
}

/// What the system would not do, in words.
pub(super) fn cannot(path: &Path, what: &str, error: &std::io::Error) -> Failure {
    let cause = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full; make room".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        ErrorKind::PermissionDenied => "this user may not write there".to_owned(),
        ErrorKind::FileTooLarge => "it has reached the limit that this user's files have".to_owned(),
        _ => error.to_string(),
    };
    Failure::new(format!("{} cannot {what}: {cause}", path.display()))
}
