//! The journal's bytes. One line for each entry: length, checksum, JSON. Each checksum covers the one before, so
//! that a changed, lost or moved line is found; the file's own end is where a crash may have torn the last one.
//!
//! What was torn was never acknowledged: nothing had been sent on the strength of it, nobody told.

use crate::SaleNumber;
use crate::event::Entry;
use crypto::hash::sha256;
use serde::{Deserialize, Serialize};

/// Keeps entries. Written before what they announce is sent, and before anybody is told what they record.
pub trait Journal {
    /// Why an entry could not be kept.
    type Error;

    /// Keeps `entry`: when this returns, no crash and no power cut can lose it.
    ///
    /// # Errors
    /// If it may not have been kept.
    fn append(&mut self, entry: &Entry) -> Result<(), Self::Error>;
}

/// The version that this program writes and reads.
pub const VERSION: u32 = 1;
/// Longest entry, bytes of JSON. A payment's view takes about 400.
pub const ENTRY_BYTES_MAX: usize = 16 * 1024;

const SUM_LEN: usize = 16;
const LENGTH_DIGITS: usize = 5;
/// Length, space, checksum in hex, space.
const PREFIX_LEN: usize = LENGTH_DIGITS + 1 + 2 * SUM_LEN + 1;
const LINE_BYTES_MAX: usize = PREFIX_LEN + ENTRY_BYTES_MAX + 1;
const LABEL: &[u8] = b"batzen checkout journal 1";

/// Why a journal cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A line is not what was written.
    #[error("line {line} is damaged")]
    Damaged {
        /// The line, from 1.
        line: usize,
    },
    /// A later version wrote it.
    #[error("it has version {found}, and this program reads version {VERSION}; use the newer program")]
    Version {
        /// The version found.
        found: u32,
    },
    /// An entry is longer than entries may be.
    #[error("an entry is longer than {ENTRY_BYTES_MAX} bytes")]
    EntryTooLong,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    journal: u32,
    first_sale: SaleNumber,
}

/// Where the next line is joined on: the last line's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalEnd([u8; SUM_LEN]);

impl JournalEnd {
    /// A new journal's first line, whose sales count from `first_sale`.
    #[must_use]
    pub fn begin(first_sale: SaleNumber) -> (Self, Vec<u8>) {
        let json = serde_json::to_vec(&Head { journal: VERSION, first_sale }).expect("two numbers are JSON");
        Self([0; SUM_LEN]).join(&json)
    }

    /// The line of `entry`, and the end after it.
    ///
    /// # Errors
    /// [`JournalError::EntryTooLong`].
    pub fn line(self, entry: &Entry) -> Result<(Self, Vec<u8>), JournalError> {
        let json = serde_json::to_vec(entry).expect("entries have string keys and no failing parts");
        if json.len() > ENTRY_BYTES_MAX {
            return Err(JournalError::EntryTooLong);
        }
        Ok(self.join(&json))
    }

    fn join(self, json: &[u8]) -> (Self, Vec<u8>) {
        let end = self.derive_next(json);
        let mut line = format!("{:0LENGTH_DIGITS$} ", json.len()).into_bytes();
        for byte in end.0 {
            line.extend_from_slice(format!("{byte:02x}").as_bytes());
        }
        line.push(b' ');
        line.extend_from_slice(json);
        line.push(b'\n');
        (end, line)
    }

    fn derive_next(self, json: &[u8]) -> Self {
        let hash = sha256(&[LABEL, &self.0, json]);
        Self(*hash.first_chunk().expect("32 bytes begin with 16"))
    }
}

/// What a journal holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// What sales count from, at least.
    pub first_sale: SaleNumber,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Where the next line is joined on.
    pub end: JournalEnd,
    /// How many bytes are whole lines; what follows them was torn and is to be cut off before writing.
    pub whole_bytes: usize,
}

/// Reads a journal; none if it is empty or its very first line was torn, so that it is to be begun anew.
///
/// # Errors
/// [`JournalError`].
pub fn read(bytes: &[u8]) -> Result<Option<Contents>, JournalError> {
    let start = JournalEnd([0; SUM_LEN]);
    let Some((head, end, mut at)) = next_line::<Head>(bytes, start, 1)? else { return Ok(None) };
    if head.journal != VERSION {
        return Err(JournalError::Version { found: head.journal });
    }
    let mut contents = Contents { first_sale: head.first_sale, entries: Vec::new(), end, whole_bytes: at };
    while let Some((entry, end, len)) =
        next_line::<Entry>(&bytes[at..], contents.end, contents.entries.len() + 2)?
    {
        at += len;
        contents.entries.push(entry);
        contents.end = end;
        contents.whole_bytes = at;
    }
    Ok(Some(contents))
}

/// The first line of `rest`: its content, its checksum, its length. None at the end, or where it was torn.
fn next_line<T: for<'de> Deserialize<'de>>(
    rest: &[u8],
    before: JournalEnd,
    line: usize,
) -> Result<Option<(T, JournalEnd, usize)>, JournalError> {
    if rest.is_empty() {
        return Ok(None);
    }
    let damaged = || if is_torn(rest) { Ok(None) } else { Err(JournalError::Damaged { line }) };
    let Some(len) = announced_len(rest) else { return damaged() };
    let Some(text) = rest.get(..PREFIX_LEN + len + 1) else { return damaged() };
    let json = &text[PREFIX_LEN..PREFIX_LEN + len];
    let (end, right_line) = before.join(json);
    if text != right_line {
        return damaged();
    }
    // The checksum fits, so that this is what a program wrote: if it does not read, a later one did.
    match serde_json::from_slice(json) {
        Ok(content) => Ok(Some((content, end, text.len()))),
        Err(_) => match serde_json::from_slice::<Head>(json) {
            Ok(head) => Err(JournalError::Version { found: head.journal }),
            Err(_) => Err(JournalError::Damaged { line }),
        },
    }
}

fn announced_len(rest: &[u8]) -> Option<usize> {
    let digits = rest.get(..LENGTH_DIGITS)?;
    if rest.get(LENGTH_DIGITS) != Some(&b' ') || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let len = digits.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    (len <= ENTRY_BYTES_MAX).then_some(len)
}

/// Whether what does not read is a last line that a crash cut short, or whose bytes never reached the disk
/// (which then shows zeros up to its end). Anything else is damage: an acknowledged line may be in it.
fn is_torn(rest: &[u8]) -> bool {
    if rest.len() > LINE_BYTES_MAX {
        return false;
    }
    if rest.ends_with(&[0]) {
        return true;
    }
    let is_short = match announced_len(rest) {
        Some(len) => rest.len() < PREFIX_LEN + len + 1,
        None => rest.len() < PREFIX_LEN,
    };
    is_short && !rest.contains(&b'\n')
}
