//! One command over the engine and the rows of its batch; the audit chain and the balances are carried on in place.

use crate::embedded::log::{self, Record};
use crate::embedded::snapshot::{Going, Snapshot};
use crate::fault::Fault;
use crate::key::{Key, KeyBytes};
use crate::look::Order;
use crate::row::{self, Row};
use crate::rows::Rows;
use crate::session::{Session, last_confirmation, next_sequence};
use crate::tables::{self, Map, NAMES};
use core::ops::{Bound, Range};
use model::EnrolmentId;
use records::{AuditEntry, AuditRow, Balance};
use std::collections::HashMap;

/// The end of the audit chain.
#[derive(Clone, Copy, Default)]
struct AuditTail {
    sequence: u64,
    hash: [u8; 32],
}

/// The most enrolments whose last confirmations are remembered.
const CONFIRMATIONS_MAX: usize = 100_000;

/// The ends of what only grows, as the commands done so far leave them, once looked up.
#[derive(Default)]
pub(crate) struct Tails {
    audit: Option<AuditTail>,
    /// The sequence of each enrolment's last confirmation.
    confirmations: HashMap<EnrolmentId, u32>,
}

/// One row to write, or to remove if it has no value.
struct Change {
    place: usize,
    key: Range<usize>,
    value: Option<Range<usize>>,
    /// Whether nothing is found by its key so far.
    is_new: bool,
}

/// What a command wants written: one buffer, used again for the next command. And what the batch has written.
#[derive(Default)]
pub(crate) struct Staged {
    bytes: Vec<u8>,
    changes: Vec<Change>,
    /// The keys of rows that the command found, by table.
    found: Vec<(usize, Range<usize>)>,
    record: Record,
}

/// A batch as one command sees it.
pub(crate) struct EmbeddedSession<'a> {
    snapshot: &'a Snapshot,
    /// What the batch before has written, if that is not in the snapshot yet.
    earlier: Option<&'a Rows>,
    /// What the commands done so far have written.
    batch: &'a mut Rows,
    staged: &'a mut Staged,
    tails: &'a mut Tails,
    /// The chain's end as this command leaves it.
    staged_audit: Option<AuditTail>,
    /// The last confirmation of an enrolment as this command leaves it.
    staged_confirmation: Option<(EnrolmentId, u32)>,
}

impl<'a> EmbeddedSession<'a> {
    pub(crate) fn new(
        snapshot: &'a Snapshot,
        earlier: Option<&'a Rows>,
        batch: &'a mut Rows,
        staged: &'a mut Staged,
        tails: &'a mut Tails,
    ) -> Self {
        Self { snapshot, earlier, batch, staged, tails, staged_audit: None, staged_confirmation: None }
    }

    /// What is not in the snapshot yet, uppermost first.
    fn over(&self) -> impl Iterator<Item = &Rows> {
        core::iter::once(&*self.batch).chain(self.earlier)
    }

    fn outermost<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        first: &K,
        last: &K,
        order: Order,
    ) -> Result<Option<R>, Fault> {
        let mut found = None;
        self.visit(map, first, last, order, |_, row| {
            found = Some(row::read(map.name, row)?);
            Ok(Going::Enough)
        })?;
        Ok(found)
    }

    fn look<K: Key, R: Row, T>(
        &mut self,
        map: Map<K, R>,
        key: &K,
        look: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let key = KeyBytes::of(key);
        let found = self.snapshot.look(self.over(), map.place, key.as_slice(), look)?;
        if found.is_some() {
            let key = self.staged.push(key.as_slice());
            self.staged.found.push((map.place, key));
        }
        Ok(found)
    }

    fn visit<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        first: &K,
        last: &K,
        order: Order,
        visit: impl FnMut(&[u8], &[u8]) -> Result<Going, Fault>,
    ) -> Result<(), Fault> {
        let (first, last) = (KeyBytes::of(first), KeyBytes::of(last));
        let between = (Bound::Included(first.as_slice()), Bound::Included(last.as_slice()));
        self.snapshot.visit(self.over(), map.place, between, order, visit)
    }
}

/// One process has the engine, and one command at a time is carried out: whatever is looked at stays as it is.
impl Session for EmbeddedSession<'_> {
    fn get<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault> {
        self.look(map, key, |row| row::read(map.name, row))
    }

    fn has<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<bool, Fault> {
        Ok(self.look(map, key, |_| Ok(()))?.is_some())
    }

    fn first<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<Option<R>, Fault> {
        self.outermost(map, first, last, Order::Rising)
    }

    fn last<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<Option<R>, Fault> {
        self.outermost(map, first, last, Order::Falling)
    }

    fn count<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<usize, Fault> {
        let mut count = 0;
        self.visit(map, first, last, Order::Rising, |_, _| {
            count += 1;
            Ok(Going::On)
        })?;
        Ok(count)
    }

    fn put<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K, row: &R) -> Result<(), Fault> {
        let key = KeyBytes::of(key);
        let is_new = !self.staged.knows(map.place, key.as_slice());
        let key = self.staged.push(key.as_slice());
        let start = self.staged.bytes.len();
        row::write(map.name, row, &mut self.staged.bytes)?;
        let value = Some(start..self.staged.bytes.len());
        self.staged.changes.push(Change { place: map.place, key, value, is_new });
        Ok(())
    }

    fn put_if_absent<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K, row: &R) -> Result<(), Fault> {
        if self.has(map, key)? { Ok(()) } else { self.put(map, key, row) }
    }

    fn remove<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) {
        let key = self.staged.push(KeyBytes::of(key).as_slice());
        self.staged.changes.push(Change { place: map.place, key, value: None, is_new: false });
    }

    fn audit(&mut self, entry: AuditEntry) -> Result<(), Fault> {
        let tail = match self.staged_audit.or(self.tails.audit) {
            Some(tail) => tail,
            None => self
                .last(tables::AUDIT, &0, &u64::MAX)?
                .map(|row| AuditTail { sequence: row.sequence, hash: row.hash })
                .unwrap_or_default(),
        };
        let sequence = tail.sequence.checked_add(1).ok_or_else(|| Fault::wrong("the audit chain is full"))?;
        let row = AuditRow::chain(&tail.hash, sequence, entry);
        self.put(tables::AUDIT, &sequence, &row)?;
        self.staged_audit = Some(AuditTail { sequence, hash: row.hash });
        Ok(())
    }

    fn book(&mut self, sums: Vec<Balance>) -> Result<(), Fault> {
        for sum in sums {
            let key = (sum.account.clone(), sum.currency);
            let balance = match self.get(tables::BALANCES, &key)? {
                Some(balance) => balance.plus(&sum).ok_or_else(|| Fault::wrong("a balance is too large"))?,
                None => sum,
            };
            self.put(tables::BALANCES, &key, &balance)?;
        }
        Ok(())
    }

    fn discard(&mut self) {
        self.staged.clear();
        self.staged_audit = None;
        self.staged_confirmation = None;
    }

    fn write(&mut self) -> Result<bool, Fault> {
        let Staged { bytes, changes, record, .. } = &mut *self.staged;
        for change in changes.iter() {
            let key = &bytes[change.key.clone()];
            let value = change.value.clone().map(|value| &bytes[value]);
            match value {
                Some(value) if change.is_new => self.batch.put_new(change.place, key, value),
                value => self.batch.put(change.place, key, value),
            }
            record.push(log::Change { table: NAMES[change.place], key, value });
        }
        let wrote = !changes.is_empty();
        self.staged.clear();
        self.tails.audit = self.staged_audit.take().or(self.tails.audit);
        if let Some((enrolment, sequence)) = self.staged_confirmation.take() {
            if self.tails.confirmations.len() >= CONFIRMATIONS_MAX {
                self.tails.confirmations.clear();
            }
            self.tails.confirmations.insert(enrolment, sequence);
        }
        Ok(wrote)
    }

    fn next_confirmation(&mut self, enrolment: EnrolmentId) -> Result<u32, Fault> {
        let last = match self.tails.confirmations.get(&enrolment) {
            Some(last) => *last,
            None => last_confirmation(self, enrolment)?,
        };
        let next = next_sequence(last)?;
        self.staged_confirmation = Some((enrolment, next));
        Ok(next)
    }
}

impl Staged {
    /// Gives the record of the batch, and goes on in `next`, whatever stands in it.
    pub(crate) fn begin_record(&mut self, mut next: Record) -> Record {
        next.clear();
        core::mem::replace(&mut self.record, next)
    }

    fn push(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    /// Whether the command found a row by this key, or has written there.
    fn knows(&self, place: usize, key: &[u8]) -> bool {
        let found = self.found.iter().map(|(place, key)| (*place, key));
        let changed = self.changes.iter().map(|change| (change.place, &change.key));
        found.chain(changed).any(|(other, known)| other == place && self.bytes[known.clone()] == *key)
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.changes.clear();
        self.found.clear();
    }
}
