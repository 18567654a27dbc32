//! One batch over PostgreSQL: rows that were read and locked, and over them what the commands done so far write.
//!
//! Nothing here waits. A command that needs a row which was not read fails with [`Fault::Unread`] and leaves the wish
//! behind; the writer reads what is wished for, in one round trip for all commands, and lets it be carried out again.

use crate::fault::Fault;
use crate::key::{Key, KeyBytes};
use crate::look::Order;
use crate::postgres::wish::{SpanWish, Wishes};
use crate::row::{self, Row};
use crate::session::Session;
use crate::tables::{Map, NAMES};
use records::{AuditEntry, Balance};
use std::collections::BTreeMap;

/// A row's bytes, or a key's.
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
pub(super) type Lots = BTreeMap<(usize, u16, Action), Lot>;

/// What the command under way wants written.
enum Staged {
    Put(usize, Bytes, Bytes),
    PutIfAbsent(usize, Bytes, Bytes),
    Remove(usize, Bytes),
}

/// A batch under way.
pub(super) struct PostgresSession {
    known: Vec<BTreeMap<Bytes, Known>>,
    spans: Vec<Span>,
    batch: Vec<BTreeMap<Bytes, Written>>,
    staged: Vec<Staged>,
    staged_audit: Vec<AuditEntry>,
    staged_sums: Vec<Balance>,
    /// What the command under way took on trust.
    trusted: Vec<(usize, Bytes)>,
    audit: Vec<AuditEntry>,
    sums: Vec<Balance>,
    wishes: Wishes,
}

fn tables<T>() -> Vec<BTreeMap<Bytes, T>> {
    NAMES.iter().map(|_| BTreeMap::new()).collect()
}

impl PostgresSession {
    pub(super) fn new() -> Self {
        Self {
            known: tables(),
            spans: Vec::new(),
            batch: tables(),
            staged: Vec::new(),
            staged_audit: Vec::new(),
            staged_sums: Vec::new(),
            trusted: Vec::new(),
            audit: Vec::new(),
            sums: Vec::new(),
            wishes: Wishes::default(),
        }
    }

    /// What must be read before the commands that failed can be carried out.
    pub(super) fn take_wishes(&mut self) -> Wishes {
        core::mem::take(&mut self.wishes)
    }

    /// Takes note that these keys were looked at: whatever [`PostgresSession::found`] did not name is absent.
    pub(super) fn looked(&mut self, place: usize, keys: &[Bytes]) {
        for key in keys {
            let known = self.known[place].entry(key.clone()).or_insert(Known::Absent);
            if matches!(known, Known::Trusted) {
                *known = Known::Absent;
            }
        }
    }

    /// Takes note of a row.
    pub(super) fn found(&mut self, place: usize, key: &[u8], row: &[u8]) {
        self.known[place].insert(key.into(), Known::Row(row.into()));
    }

    /// Takes on trust that nothing is found by these keys.
    pub(super) fn trust(&mut self, keys: Vec<(usize, Bytes)>) {
        for (place, key) in keys {
            self.known[place].entry(key).or_insert(Known::Trusted);
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
        for (place, key) in trusted {
            self.wishes.row(place, key);
        }
        is_resting
    }

    fn value(&mut self, place: usize, key: &KeyBytes) -> Result<Option<&[u8]>, Fault> {
        let key = key.as_slice();
        if let Some(written) = self.batch[place].get(key) {
            return Ok(written.value.as_deref());
        }
        match self.known[place].get(key) {
            Some(Known::Row(row)) => Ok(Some(row)),
            Some(Known::Absent) => Ok(None),
            Some(Known::Trusted) => {
                self.trusted.push((place, key.into()));
                Ok(None)
            }
            None => {
                self.wishes.row(place, key.into());
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
        let batch = &self.batch[map.place];
        let written = batch.range::<[u8], _>((wish.from(), wish.to()));
        let mut written = written.filter_map(|(key, written)| Some((key, written.value.as_ref()?)));
        let ours = if order == Order::Rising { written.next() } else { written.next_back() };
        let Some(span) = self.spans.iter().find(|span| span.wish.is_same_span(&wish)) else {
            self.wishes.span(wish);
            return Err(Fault::Unread);
        };
        let theirs = span.rows.iter().find(|(key, _)| !batch.contains_key(key));
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
        for (place, rows) in self.batch.into_iter().enumerate() {
            for (key, Written { value, first }) in rows {
                let known = self.known[place].get(&key);
                let action = match (known, &value, first) {
                    (Some(Known::Row(_)), Some(_), _) => Action::Update,
                    (Some(Known::Row(_)), None, _) => Action::Delete,
                    (Some(_), Some(_), _) | (None, Some(_), First::Put) => Action::Insert,
                    (None, Some(_), First::PutIfAbsent) => Action::InsertIfAbsent,
                    (None, Some(_), First::Remove) => Action::Put,
                    (None, None, First::Remove) => Action::DeleteIfThere,
                    // It came and went within the batch.
                    (Some(_), None, _) | (None, None, _) => continue,
                };
                let home = super::home::of(place, &key)?;
                let lot = lots.entry((place, home, action)).or_default();
                lot.keys.push(key);
                lot.rows.extend(value);
            }
        }
        Ok((lots, self.audit, self.sums))
    }

    fn written(&mut self, place: usize, key: Bytes, value: Option<Bytes>, first: First) {
        self.batch[place]
            .entry(key)
            .and_modify(|written| written.value.clone_from(&value))
            .or_insert(Written { value, first });
    }
}

fn bytes_of<R: Row>(map_name: &'static str, row: &R) -> Result<Bytes, Fault> {
    let mut bytes = Vec::new();
    row::write(map_name, row, &mut bytes)?;
    Ok(bytes.into())
}

impl Session for PostgresSession {
    fn get<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault> {
        let value = self.value(map.place, &KeyBytes::of(key))?;
        value.map(|bytes| row::read(map.name, bytes)).transpose()
    }

    fn has<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<bool, Fault> {
        Ok(self.value(map.place, &KeyBytes::of(key))?.is_some())
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
        let batch = &self.batch[map.place];
        let theirs = span.rows.iter().filter(|(key, _)| !batch.contains_key(key)).count();
        let written = batch.range::<[u8], _>((wish.from(), wish.to()));
        Ok(theirs + written.filter(|(_, written)| written.value.is_some()).count())
    }

    fn put<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K, row: &R) -> Result<(), Fault> {
        let row = bytes_of(map.name, row)?;
        self.staged.push(Staged::Put(map.place, KeyBytes::of(key).as_slice().into(), row));
        Ok(())
    }

    fn put_if_absent<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K, row: &R) -> Result<(), Fault> {
        let row = bytes_of(map.name, row)?;
        self.staged.push(Staged::PutIfAbsent(map.place, KeyBytes::of(key).as_slice().into(), row));
        Ok(())
    }

    fn remove<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) {
        self.staged.push(Staged::Remove(map.place, KeyBytes::of(key).as_slice().into()));
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
                Staged::Put(place, key, row) => self.written(place, key, Some(row), First::Put),
                Staged::Remove(place, key) => self.written(place, key, None, First::Remove),
                Staged::PutIfAbsent(place, key, row) => {
                    let is_there = match (self.batch[place].get(&key), self.known[place].get(&key)) {
                        (Some(written), _) => written.value.is_some(),
                        (None, known) => matches!(known, Some(Known::Row(_))),
                    };
                    if !is_there {
                        self.written(place, key, Some(row), First::PutIfAbsent);
                    }
                }
            }
        }
        self.audit.append(&mut self.staged_audit);
        for sum in self.staged_sums.drain(..) {
            let same = |known: &&mut Balance| known.account == sum.account && known.currency == sum.currency;
            match self.sums.iter_mut().find(same) {
                Some(known) => *known = known.plus(&sum).ok_or_else(|| Fault::wrong("a sum is too large"))?,
                None => self.sums.push(sum),
            }
        }
        Ok(wrote)
    }
}
