//! Keeps the journal short: when it has grown, finished sales of the past go to an archive beside it, which is
//! never touched again, and the rest is carried into a new journal.
//!
//! A crash at any point leaves the old journal or the new one: the new one is whole on disk before the old one
//! is renamed.

use super::journal_file::{cannot, path_in};
use crate::failure::Failure;
use crate::service::SystemClock;
use checkout::journal::{Contents, JournalEnd};
use checkout::{Book, SaleNumber};
use model::{Clock, Timestamp};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A journal of this length is shortened when it is next opened: some 8,000 sales.
const ARCHIVE_AT_BYTES: usize = 8 * 1024 * 1024;
/// Finished sales stay in the journal this long, so that they are found by number.
const KEEP_MS: i64 = 7 * 24 * 3_600_000;

/// Whether the journal has grown enough.
pub(super) fn is_due(contents: &Contents, bytes: usize) -> bool {
    bytes >= ARCHIVE_AT_BYTES && contents.whole_bytes == bytes
}

/// Carries what is still needed into a new journal and archives the old one.
pub(super) fn move_finished(state: &Path, contents: &Contents, book: &Book) -> Result<Contents, Failure> {
    let mut carried = carry(contents, kept(book, SystemClock.now()));
    if carried.0.whole_bytes > ARCHIVE_AT_BYTES / 2 {
        carried = carry(contents, book.open().map(checkout::Sale::number).collect());
    }
    let (contents, bytes) = carried;
    let next = next_path(state);
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(path_in(state), archive_path(state))?;
        fs::rename(&next, path_in(state))?;
        File::open(state)?.sync_all()
    };
    write().map_err(|error| cannot(&next, "be written", &error))?;
    Ok(contents)
}

/// Ends what a crash between the two renames left.
pub(super) fn finish_interrupted(state: &Path) -> Result<(), Failure> {
    let next = next_path(state);
    if !next.exists() {
        return Ok(());
    }
    let is_renamed = !path_in(state).exists();
    let done = if is_renamed { fs::rename(&next, path_in(state)) } else { fs::remove_file(&next) };
    done.map_err(|error| cannot(&next, "be moved", &error))
}

fn kept(book: &Book, now: Timestamp) -> BTreeSet<SaleNumber> {
    let is_kept = |sale: &&checkout::Sale| sale.is_open() || now.ms_since(sale.opened_at()) < KEEP_MS;
    book.sales().filter(is_kept).map(checkout::Sale::number).collect()
}

fn carry(contents: &Contents, kept: BTreeSet<SaleNumber>) -> (Contents, Vec<u8>) {
    let next_sale = contents.entries.iter().map(|entry| entry.sale.next()).max();
    let first_sale = next_sale.unwrap_or(contents.first_sale).max(contents.first_sale);
    let (mut end, mut bytes) = JournalEnd::begin(first_sale);
    let mut entries = Vec::new();
    for entry in contents.entries.iter().filter(|entry| kept.contains(&entry.sale)) {
        let (next, line) = end.line(entry).expect("it was a line before");
        end = next;
        bytes.extend_from_slice(&line);
        entries.push(entry.clone());
    }
    (Contents { first_sale, entries, end, whole_bytes: bytes.len() }, bytes)
}

fn next_path(state: &Path) -> PathBuf {
    state.join("journal.next")
}

/// The first name that is free: `journal.000001`, …
fn archive_path(state: &Path) -> PathBuf {
    let name = |number: u32| state.join(format!("journal.{number:06}"));
    (1..=u32::MAX).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkout::journal;
    use checkout::{Entry, Event, Opening, Plan};
    use model::{Currency, Money, TerminalNumber};

    /// A journal of `count` sales: the first open, the others abandoned long ago.
    fn journal_of(count: u64) -> Vec<u8> {
        let (mut end, mut bytes) = JournalEnd::begin(SaleNumber::FIRST);
        let mut sale = SaleNumber::FIRST;
        for number in 0..count {
            let opening = Opening {
                key: format!("till-{number}").parse().unwrap(),
                code: format!("{number:064}"),
                amount: Money::new(1250, Currency::CHF),
                terminal: TerminalNumber::new(572).unwrap(),
                plan: Plan::Capture,
                reference: None,
            };
            let mut events = vec![Event::Opened(opening)];
            if number > 0 {
                events.push(Event::Abandoned { cause: "long ago".to_owned() });
            }
            for event in events {
                let (next, line) = end.line(&Entry { sale, at: Timestamp::from_s(1), event }).unwrap();
                end = next;
                bytes.extend_from_slice(&line);
            }
            sale = sale.next();
        }
        bytes
    }

    fn book_in(state: &Path) -> Book {
        super::super::journal_file::read_book(state).unwrap()
    }

    #[test]
    fn finished_sales_go_and_what_is_open_stays_under_its_number() {
        let folder = tempfile::TempDir::new().unwrap();
        let state = folder.path();
        let bytes = journal_of(50);
        fs::write(path_in(state), &bytes).unwrap();
        let contents = journal::read(&bytes).unwrap().unwrap();
        let before = book_in(state);
        assert!(
            !is_due(&contents, bytes.len())
                && is_due(&Contents { whole_bytes: ARCHIVE_AT_BYTES, ..contents.clone() }, ARCHIVE_AT_BYTES)
        );
        move_finished(state, &contents, &before).unwrap();
        let after = book_in(state);
        assert_eq!(after.sales().map(checkout::Sale::number).collect::<Vec<_>>(), [SaleNumber::FIRST]);
        assert_eq!(after.next_number(), before.next_number(), "no number is given twice");
        assert_eq!(fs::read(state.join("journal.000001")).unwrap(), bytes, "the archive is what was");
    }

    #[test]
    fn a_crash_between_the_renames_is_made_good() {
        let folder = tempfile::TempDir::new().unwrap();
        let state = folder.path();
        fs::write(next_path(state), journal_of(2)).unwrap();
        finish_interrupted(state).unwrap();
        assert_eq!(book_in(state).sales().count(), 2);
        // Before the first rename the old journal still counts.
        fs::write(next_path(state), journal_of(1)).unwrap();
        finish_interrupted(state).unwrap();
        assert!(book_in(state).sales().count() == 2 && !next_path(state).exists());
    }
}
