//! One batch, in which commands are carried out, each wholly or not at all.
//!
//! A command looks at rows and stages what it wants written; only when it is done is that the batch's. So one
//! that is refused, however late, has touched nothing, and a command never sees its own staged rows.

use crate::fault::Fault;
use crate::key::{Key, KeyBytes};
use crate::log::{self, Record};
use crate::row::{self, Row};
use crate::rows::Rows;
use crate::snapshot::{Going, Order, Snapshot};
use crate::tables::{self, Map, NAMES};
use core::ops::{Bound, Range};
use model::EnrolmentId;
use records::{AuditEntry, AuditRow};

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

/// What a command wants written: one buffer, used again for the next command. And what the batch has written.
#[derive(Default)]
pub(crate) struct Staged {
    bytes: Vec<u8>,
    changes: Vec<Change>,
    pub(crate) record: Record,
}

/// A batch under way.
pub(crate) struct Session<'a> {
    snapshot: &'a Snapshot,
    /// What the commands done so far have written.
    batch: Rows,
    staged: Staged,
    /// The chain's end as the commands done so far leave it, once looked up.
    tail: Option<AuditTail>,
    /// The chain's end as the present command leaves it.
    staged_tail: Option<AuditTail>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, mut staged: Staged) -> Self {
        staged.record.clear();
        Self { snapshot, batch: Rows::default(), staged, tail: None, staged_tail: None }
    }

    /// What was written, and the buffer back.
    pub(crate) fn end(self) -> (Rows, Staged) {
        (self.batch, self.staged)
    }

    /// The row found by `key`.
    pub(crate) fn get<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault> {
        let key = KeyBytes::of(key);
        self.snapshot.look(Some(&self.batch), map.place, key.as_slice(), |row| row::read(map.name, row))
    }

    /// Whether there is a row found by `key`.
    pub(crate) fn has<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<bool, Fault> {
        let key = KeyBytes::of(key);
        Ok(self.snapshot.look(Some(&self.batch), map.place, key.as_slice(), |_| Ok(()))?.is_some())
    }

    /// The last row from `first` to `last`.
    fn last<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<Option<R>, Fault> {
        self.outermost(map, first, last, Order::Falling)
    }

    /// The first row from `first` to `last`.
    pub(crate) fn first<K: Key, R: Row>(
        &mut self,
        map: Map<K, R>,
        first: &K,
        last: &K,
    ) -> Result<Option<R>, Fault> {
        self.outermost(map, first, last, Order::Rising)
    }

    fn outermost<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        first: &K,
        last: &K,
        order: Order,
    ) -> Result<Option<R>, Fault> {
        let mut found = None;
        self.visit(map, first, last, order, |row| {
            found = Some(row::read(map.name, row)?);
            Ok(Going::Enough)
        })?;
        Ok(found)
    }

    /// How many rows there are from `first` to `last`: for lists that the rules keep short.
    pub(crate) fn count<K: Key, R: Row>(
        &mut self,
        map: Map<K, R>,
        first: &K,
        last: &K,
    ) -> Result<usize, Fault> {
        let mut count = 0;
        self.visit(map, first, last, Order::Rising, |_| {
            count += 1;
            Ok(Going::On)
        })?;
        Ok(count)
    }

    fn visit<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        first: &K,
        last: &K,
        order: Order,
        visit: impl FnMut(&[u8]) -> Result<Going, Fault>,
    ) -> Result<(), Fault> {
        let (first, last) = (KeyBytes::of(first), KeyBytes::of(last));
        let between = (Bound::Included(first.as_slice()), Bound::Included(last.as_slice()));
        self.snapshot.visit(Some(&self.batch), map.place, between, order, visit)
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

    /// Takes what is staged into the batch. Gives whether that was anything.
    pub(crate) fn write(&mut self) -> Result<bool, Fault> {
        let Staged { bytes, changes, record } = &mut self.staged;
        for change in changes.iter() {
            let key = &bytes[change.key.clone()];
            let value = change.value.clone().map(|value| &bytes[value]);
            if value.is_none() && !self.snapshot.is_below(change.place, key)? {
                self.batch.forget(change.place, key);
            } else {
                self.batch.put(change.place, key, value);
            }
            record.push(log::Change { table: NAMES[change.place], key, value });
        }
        let wrote = !changes.is_empty();
        self.staged.clear();
        self.tail = self.staged_tail.take().or(self.tail);
        Ok(wrote)
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
