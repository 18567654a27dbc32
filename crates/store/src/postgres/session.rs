//! One batch over PostgreSQL: rows that were read and locked, and over them what the commands done so far write.
//!
//! Nothing here waits. A command that needs a row which was not read fails with [`Fault::Unread`] and leaves the wish
//! behind; the writer reads what is wished for, in one round trip for all commands, and lets it be carried out again.

use crate::fault::Fault;
use crate::key::Key;
use crate::look::Order;
use crate::postgres::home;
use crate::postgres::sums::Sums;
use crate::postgres::wish::{SpanWish, Wishes};
use crate::row::{self, Row};
use crate::session::Session;
use crate::tables::{LIVES, Life, Map};
use records::{AuditEntry, Balance};
use std::collections::BTreeMap;

/// A row's bytes, or those of a key as PostgreSQL has it.
pub(super) type Bytes = Box<[u8]>;

/// What the database holds for a key.
#[derive(Debug)]
enum Known {
    Row(Bytes),
    Absent,
    /// Nobody looked; the key was drawn just now, so nothing should be there. If something is, inserting fails and
    /// the batch is done again with a look.
    Trusted,
}

/// What becomes of a row.
#[derive(Debug)]
struct Written {
    /// None if it is removed.
    value: Option<Bytes>,
    first: First,
}

/// What was done first to a row that nobody had looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Put,
    PutIfAbsent,
    Remove,
}

/// Rows of a span, as far as they were read.
struct Span {
    wish: SpanWish,
    rows: Vec<(Bytes, Bytes)>,
}

impl Span {
    /// Whether the span holds no row beyond those that were read.
    fn is_whole(&self) -> bool {
        self.rows.len() < self.wish.limit
    }
}

/// One row to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Action {
    /// Nothing may be there yet.
    Insert,
    /// Stays as it is if something is there.
    InsertIfAbsent,
    /// Whether something is there is not known.
    Put,
    /// Something must be there.
    Update,
    /// Something must be there.
    Delete,
    /// Whether something is there is not known.
    DeleteIfThere,
}

/// All rows that one statement writes, in key order.
#[derive(Default, Debug)]
pub(super) struct Lot {
    pub(super) keys: Vec<Bytes>,
    /// Empty for deletions.
    pub(super) rows: Vec<Bytes>,
}

/// What a batch writes, by table, home and kind of statement.
pub(super) type Lots = BTreeMap<(Life, u16, Action), Lot>;

/// What the command under way wants written.
enum Staged {
    Put(Bytes, Bytes),
    PutIfAbsent(Bytes, Bytes),
    Remove(Bytes),
}

/// A batch under way.
#[derive(Default)]
pub(super) struct PostgresSession {
    known: BTreeMap<Bytes, Known>,
    spans: Vec<Span>,
    batch: BTreeMap<Bytes, Written>,
    staged: Vec<Staged>,
    staged_audit: Vec<AuditEntry>,
    staged_sums: Vec<Balance>,
    /// What the command under way took on trust.
    trusted: Vec<Bytes>,
    audit: Vec<AuditEntry>,
    sums: Sums,
    wishes: Wishes,
}

impl PostgresSession {
    /// What must be read before the commands that failed can be carried out.
    pub(super) fn take_wishes(&mut self) -> Wishes {
        core::mem::take(&mut self.wishes)
    }

    /// Takes note that these keys were looked at: whatever [`PostgresSession::found`] does not name is absent.
    pub(super) fn looked(&mut self, keys: &[Bytes]) {
        for key in keys {
            let known = self.known.entry(key.clone()).or_insert(Known::Absent);
            if matches!(known, Known::Trusted) {
                *known = Known::Absent;
            }
        }
    }

    /// Takes note of a row.
    pub(super) fn found(&mut self, key: &[u8], row: &[u8]) {
        self.known.insert(key.into(), Known::Row(row.into()));
    }

    /// Takes on trust that nothing is found by these keys.
    pub(super) fn trust(&mut self, keys: Vec<Bytes>) {
        for key in keys {
            self.known.entry(key).or_insert(Known::Trusted);
        }
    }

    /// Takes note of the rows of a span.
    pub(super) fn spanned(&mut self, wish: SpanWish, rows: Vec<(Bytes, Bytes)>) {
        self.spans.retain(|span| !span.wish.is_same_span(&wish));
        self.spans.push(Span { wish, rows });
    }

    /// The next command takes nothing on trust yet.
    pub(super) fn begin(&mut self) {
        self.trusted.clear();
    }

    /// Whether the command carried out last rests on something taken on trust, which is wished for then.
    pub(super) fn distrust(&mut self) -> bool {
        let trusted = core::mem::take(&mut self.trusted);
        let is_resting = !trusted.is_empty();
        trusted.into_iter().for_each(|key| self.wishes.row(key));
        is_resting
    }

    fn value(&mut self, key: Bytes) -> Result<Option<&[u8]>, Fault> {
        if let Some(written) = self.batch.get(&key) {
            return Ok(written.value.as_deref());
        }
        match self.known.get(&key) {
            Some(Known::Row(row)) => Ok(Some(row)),
            Some(Known::Absent) => Ok(None),
            Some(Known::Trusted) => {
                self.trusted.push(key);
                Ok(None)
            }
            None => {
                self.wishes.row(key);
                Err(Fault::Unread)
            }
        }
    }

    /// The outermost row of a span, with what the batch did to it.
    fn outermost<K: Key, R: Row>(
        &mut self,
        map: Map<K, R>,
        first: &K,
        last: &K,
        order: Order,
    ) -> Result<Option<R>, Fault> {
        let wish = SpanWish::new(map.place, first, last, order, SpanWish::FEW);
        let written = self.batch.range::<[u8], _>((wish.from(), wish.to()));
        let mut written = written.filter_map(|(key, written)| Some((key, written.value.as_ref()?)));
        let ours = if order == Order::Rising { written.next() } else { written.next_back() };
        let Some(span) = self.spans.iter().find(|span| span.wish.is_same_span(&wish)) else {
            self.wishes.span(wish);
            return Err(Fault::Unread);
        };
        let theirs = span.rows.iter().find(|(key, _)| !self.batch.contains_key(key));
        if theirs.is_none() && !span.is_whole() {
            let more = span.wish.limit * 8;
            self.wishes.span(SpanWish { limit: more, ..wish });
            return Err(Fault::Unread);
        }
        let theirs = theirs.map(|(key, row)| (key, row));
        let outermost = match (ours, theirs) {
            (Some(ours), Some(theirs)) if (order == Order::Rising) == (ours.0 < theirs.0) => Some(ours),
            (ours, theirs) => theirs.or(ours),
        };
        outermost.map(|(_, bytes)| row::read(map.name, bytes)).transpose()
    }

    /// What the batch writes, the audit entries and the sums apart. A database error means that none of it is done.
    pub(super) fn end(self) -> Result<(Lots, Vec<AuditEntry>, Vec<Balance>), Fault> {
        let mut lots = Lots::new();
        for (key, Written { value, first }) in self.batch {
            let life = LIVES[home::place_of(&key)];
            let action = match (self.known.get(&key), &value, first) {
                (Some(Known::Row(_)), Some(_), _) => Action::Update,
                (Some(Known::Row(_)), None, _) => Action::Delete,
                // Such a row says what its key says: one that is there is the same.
                (_, Some(_), _) if life == Life::Queue => Action::InsertIfAbsent,
                (Some(_), Some(_), _) | (None, Some(_), First::Put) => Action::Insert,
                (None, Some(_), First::PutIfAbsent) => Action::InsertIfAbsent,
                (None, Some(_), First::Remove) => Action::Put,
                (None, None, First::Remove) => Action::DeleteIfThere,
                // It came and went within the batch.
                (Some(_), None, _) | (None, None, _) => continue,
            };
            let lot = lots.entry((life, home::of(&key)?, action)).or_default();
            lot.keys.push(key);
            lot.rows.extend(value);
        }
        Ok((lots, self.audit, self.sums.into_balances()))
    }

    fn written(&mut self, key: Bytes, value: Option<Bytes>, first: First) {
        self.batch
            .entry(key)
            .and_modify(|written| written.value.clone_from(&value))
            .or_insert(Written { value, first });
    }
}

impl Session for PostgresSession {
    fn get<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault> {
        let value = self.value(home::placed(map.place, key))?;
        value.map(|bytes| row::read(map.name, bytes)).transpose()
    }

    fn has<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<bool, Fault> {
        Ok(self.value(home::placed(map.place, key))?.is_some())
    }

    fn first<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<Option<R>, Fault> {
        self.outermost(map, first, last, Order::Rising)
    }

    fn last<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<Option<R>, Fault> {
        self.outermost(map, first, last, Order::Falling)
    }

    fn count<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<usize, Fault> {
        let wish = SpanWish::new(map.place, first, last, Order::Rising, SpanWish::MANY);
        let Some(span) = self.spans.iter().find(|span| span.wish.is_same_span(&wish)) else {
            self.wishes.span(wish);
            return Err(Fault::Unread);
        };
        if !span.is_whole() {
            return Err(Fault::wrong("a list that must be short is long"));
        }
        let theirs = span.rows.iter().filter(|(key, _)| !self.batch.contains_key(key)).count();
        let written = self.batch.range::<[u8], _>((wish.from(), wish.to()));
        Ok(theirs + written.filter(|(_, written)| written.value.is_some()).count())
    }

    fn put<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K, row: &R) -> Result<(), Fault> {
        let row = row::bytes(map.name, row)?.into();
        self.staged.push(Staged::Put(home::placed(map.place, key), row));
        Ok(())
    }

    fn put_if_absent<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K, row: &R) -> Result<(), Fault> {
        let row = row::bytes(map.name, row)?.into();
        self.staged.push(Staged::PutIfAbsent(home::placed(map.place, key), row));
        Ok(())
    }

    fn remove<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) {
        self.staged.push(Staged::Remove(home::placed(map.place, key)));
    }

    fn audit(&mut self, entry: AuditEntry) -> Result<(), Fault> {
        self.staged_audit.push(entry);
        Ok(())
    }

    fn book(&mut self, sums: Vec<Balance>) -> Result<(), Fault> {
        self.staged_sums.extend(sums);
        Ok(())
    }

    fn discard(&mut self) {
        self.staged.clear();
        self.staged_audit.clear();
        self.staged_sums.clear();
    }

    fn write(&mut self) -> Result<bool, Fault> {
        let wrote = !self.staged.is_empty() || !self.staged_audit.is_empty() || !self.staged_sums.is_empty();
        for staged in core::mem::take(&mut self.staged) {
            match staged {
                Staged::Put(key, row) => self.written(key, Some(row), First::Put),
                Staged::Remove(key) => self.written(key, None, First::Remove),
                Staged::PutIfAbsent(key, row) => {
                    let is_there = match (self.batch.get(&key), self.known.get(&key)) {
                        (Some(written), _) => written.value.is_some(),
                        (None, known) => matches!(known, Some(Known::Row(_))),
                    };
                    if !is_there {
                        self.written(key, Some(row), First::PutIfAbsent);
                    }
                }
            }
        }
        self.audit.append(&mut self.staged_audit);
        self.staged_sums.drain(..).try_for_each(|sum| self.sums.add(sum))?;
        Ok(wrote)
    }
}
