//! One write transaction in which commands are carried out, each wholly or not at all.
//!
//! A command looks at rows and stages what it wants written; only when it is done is that written. So one
//! that is refused, however late, has touched nothing, and a command never sees its own staged rows.

use crate::fault::Fault;
use crate::key::{Key, KeyBytes};
use crate::row::{self, Row};
use crate::tables::{self, Bytes, META, Map, NAMES};
use core::ops::Range;
use model::EnrolmentId;
use records::{AuditEntry, AuditRow};
use redb::{ReadableTable, Table, WriteTransaction};

/// The end of the audit chain.
#[derive(Clone, Copy, Default)]
struct AuditTail {
    sequence: u64,
    hash: [u8; 32],
}

/// One row to write, or to remove if it has no value.
struct Change {
    place: usize,
    key: Range<usize>,
    value: Option<Range<usize>>,
}

/// What a command wants written: one buffer, used again for the next command.
#[derive(Default)]
pub(crate) struct Staged {
    bytes: Vec<u8>,
    changes: Vec<Change>,
}

/// A write transaction with its tables, opened when first needed.
pub(crate) struct Session<'txn> {
    txn: &'txn WriteTransaction,
    tables: [Option<Table<'txn, Bytes, Bytes>>; NAMES.len()],
    staged: Staged,
    /// The chain's end as the commands done so far leave it, once looked up.
    tail: Option<AuditTail>,
    /// The chain's end as the present command leaves it.
    staged_tail: Option<AuditTail>,
}

impl<'txn> Session<'txn> {
    pub(crate) fn new(txn: &'txn WriteTransaction, staged: Staged) -> Self {
        Self { txn, tables: [const { None }; NAMES.len()], staged, tail: None, staged_tail: None }
    }

    /// Closes the tables, so that the transaction can be committed, and gives the buffer back.
    pub(crate) fn end(self) -> Staged {
        self.staged
    }

    fn table(&mut self, place: usize) -> Result<&mut Table<'txn, Bytes, Bytes>, Fault> {
        let slot = &mut self.tables[place];
        if slot.is_none() {
            *slot = Some(self.txn.open_table(tables::definition(NAMES[place]))?);
        }
        Ok(slot.as_mut().expect("it was opened just now"))
    }

    /// The row found by `key`.
    pub(crate) fn get<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault> {
        let key = KeyBytes::of(key);
        let found = self.table(map.place)?.get(key.as_slice())?;
        found.map(|row| row::read(map.name, row.value())).transpose()
    }

    /// Whether there is a row found by `key`.
    pub(crate) fn has<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<bool, Fault> {
        Ok(self.table(map.place)?.get(KeyBytes::of(key).as_slice())?.is_some())
    }

    /// The last row from `first` to `last`.
    fn last<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<Option<R>, Fault> {
        let (first, last) = (KeyBytes::of(first), KeyBytes::of(last));
        let found = self.table(map.place)?.range(first.as_slice()..=last.as_slice())?.next_back();
        found.transpose()?.map(|(_, row)| row::read(map.name, row.value())).transpose()
    }

    /// The first row from `first` to `last`.
    pub(crate) fn first<K: Key, R: Row>(
        &mut self,
        map: Map<K, R>,
        first: &K,
        last: &K,
    ) -> Result<Option<R>, Fault> {
        let (first, last) = (KeyBytes::of(first), KeyBytes::of(last));
        let found = self.table(map.place)?.range(first.as_slice()..=last.as_slice())?.next();
        found.transpose()?.map(|(_, row)| row::read(map.name, row.value())).transpose()
    }

    /// How many rows there are from `first` to `last`: for lists that the rules keep short.
    pub(crate) fn count<K: Key, R: Row>(
        &mut self,
        map: Map<K, R>,
        first: &K,
        last: &K,
    ) -> Result<usize, Fault> {
        let (first, last) = (KeyBytes::of(first), KeyBytes::of(last));
        Ok(self.table(map.place)?.range(first.as_slice()..=last.as_slice())?.count())
    }

    /// Stages `row`, in place of what is found by `key` now.
    pub(crate) fn put<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K, row: &R) -> Result<(), Fault> {
        let key = self.staged.push(KeyBytes::of(key).as_slice());
        let start = self.staged.bytes.len();
        row::write(map.name, row, &mut self.staged.bytes)?;
        let value = Some(start..self.staged.bytes.len());
        self.staged.changes.push(Change { place: map.place, key, value });
        Ok(())
    }

    /// Stages the removal of what is found by `key`.
    pub(crate) fn remove<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) {
        let key = self.staged.push(KeyBytes::of(key).as_slice());
        self.staged.changes.push(Change { place: map.place, key, value: None });
    }

    /// Stages the next entry of the audit chain.
    pub(crate) fn audit(&mut self, entry: AuditEntry) -> Result<(), Fault> {
        let tail = match self.staged_tail.or(self.tail) {
            Some(tail) => tail,
            None => self
                .last(tables::AUDIT, &0, &u64::MAX)?
                .map(|row| AuditTail { sequence: row.sequence, hash: row.hash })
                .unwrap_or_default(),
        };
        let sequence = tail.sequence.checked_add(1).ok_or_else(|| Fault::wrong("the audit chain is full"))?;
        let row = AuditRow::chain(&tail.hash, sequence, entry);
        self.put(tables::AUDIT, &sequence, &row)?;
        self.staged_tail = Some(AuditTail { sequence, hash: row.hash });
        Ok(())
    }

    /// The sequence that an enrolment's next confirmation has.
    pub(crate) fn next_confirmation(&mut self, enrolment: EnrolmentId) -> Result<u32, Fault> {
        let last = self.last(tables::CONFIRMATIONS, &(enrolment, 0), &(enrolment, u32::MAX))?;
        last.map_or(0, |row| row.sequence)
            .checked_add(1)
            .ok_or_else(|| Fault::wrong("the enrolment has no sequence left for a confirmation"))
    }

    /// Forgets what is staged.
    pub(crate) fn discard(&mut self) {
        self.staged.clear();
        self.staged_tail = None;
    }

    /// Writes what is staged. Gives whether that was anything.
    pub(crate) fn write(&mut self) -> Result<bool, Fault> {
        let staged = core::mem::take(&mut self.staged);
        for change in &staged.changes {
            let table = self.table(change.place)?;
            let key = &staged.bytes[change.key.clone()];
            match &change.value {
                Some(value) => drop(table.insert(key, &staged.bytes[value.clone()])?),
                None => drop(table.remove(key)?),
            }
        }
        let wrote = !staged.changes.is_empty();
        self.staged = staged;
        self.staged.clear();
        self.tail = self.staged_tail.take().or(self.tail);
        Ok(wrote)
    }

    /// Writes the number of this batch, by which a later look tells whether it became durable.
    pub(crate) fn number_batch(&mut self, number: u64) -> Result<(), Fault> {
        self.txn.open_table(META)?.insert(b"batch".as_slice(), number.to_be_bytes().as_slice())?;
        Ok(())
    }
}

impl Staged {
    fn push(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.changes.clear();
    }
}
