//! A till's journal on a disk that may lose power at any entry.

use crate::plan::Cut;
use checkout::journal::{self, JournalEnd, JournalError};
use checkout::{Book, Entry, Journal, SaleNumber};

/// The power failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PowerCut(pub(crate) Cut);

/// The journal.
pub(crate) struct SimJournal {
    bytes: Vec<u8>,
    end: JournalEnd,
    book: Book,
    /// When the power fails: after so many more entries, and where in the writing of the next.
    cut: Option<(u64, Cut)>,
}

impl SimJournal {
    pub(crate) fn begin() -> Self {
        let (end, bytes) = JournalEnd::begin(SaleNumber::FIRST);
        Self { bytes, end, book: Book::new(SaleNumber::FIRST), cut: None }
    }

    /// The sales.
    pub(crate) const fn book(&self) -> &Book {
        &self.book
    }

    /// Every entry that is on the disk.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        journal::read(&self.bytes).ok().flatten().map_or_else(Vec::new, |contents| contents.entries)
    }

    pub(crate) fn cut_after(&mut self, entries: u64, cut: Cut) {
        self.cut = Some((entries, cut));
    }

    pub(crate) fn calm(&mut self) {
        self.cut = None;
    }

    /// Reads what the disk holds, as after a start: what was torn is cut off.
    ///
    /// # Errors
    /// If what is there does not read as what was written.
    pub(crate) fn read_again(&mut self) -> Result<(), JournalError> {
        let Some(contents) = journal::read(&self.bytes)? else {
            *self = Self::begin();
            return Ok(());
        };
        self.bytes.truncate(contents.whole_bytes);
        self.end = contents.end;
        self.book = Book::new(contents.first_sale);
        for entry in &contents.entries {
            self.book.apply(entry).map_err(|_| JournalError::Damaged { line: 0 })?;
        }
        Ok(())
    }

    /// Whether the power fails at this entry.
    fn is_cut(&mut self) -> Option<Cut> {
        let (left, cut) = self.cut?;
        self.cut = left.checked_sub(1).map(|left| (left, cut));
        self.cut.is_none().then_some(cut)
    }
}

impl Journal for SimJournal {
    type Error = PowerCut;

    fn append(&mut self, entry: &Entry) -> Result<(), PowerCut> {
        let cut = self.is_cut();
        let (end, line) = self.end.line(entry).expect("the simulated entries are short");
        match cut {
            Some(Cut::Before) => return Err(PowerCut(Cut::Before)),
            Some(Cut::Torn) => {
                self.bytes.extend_from_slice(&line[..line.len() / 2]);
                return Err(PowerCut(Cut::Torn));
            }
            Some(Cut::After) | None => self.bytes.extend_from_slice(&line),
        }
        self.end = end;
        self.book.apply(entry).expect("a run gives only entries that can follow");
        cut.map_or(Ok(()), |cut| Err(PowerCut(cut)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::START;
    use checkout::Event;
    use model::TerminalNumber;

    fn entry(number: u64) -> Entry {
        let sale = (1..number).fold(SaleNumber::FIRST, |sale, _| sale.next());
        let opening = serde_json::json!({
            "what": "opened", "key": format!("till-{number}"), "code": "00", "terminal": TerminalNumber::new(1), "plan": "capture",
            "amount": {"amount_minor": 5, "currency": "CHF"},
        });
        let event: Event = serde_json::from_value(opening).unwrap();
        Entry { sale, at: START, event }
    }

    #[test]
    fn what_was_kept_is_there_after_each_kind_of_cut() {
        for (cut, kept) in [(Cut::Before, 1), (Cut::Torn, 1), (Cut::After, 2)] {
            let mut journal = SimJournal::begin();
            journal.cut_after(1, cut);
            assert!(journal.append(&entry(1)).is_ok());
            assert!(journal.append(&entry(2)).is_err());
            journal.read_again().unwrap();
            assert_eq!(journal.book().sales().count(), kept, "{cut:?}");
            assert!(journal.append(&entry(3)).is_ok(), "{cut:?}");
        }
    }
}
