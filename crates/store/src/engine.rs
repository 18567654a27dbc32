//! The engine as the writer and all readers share it: open, being looked at after a failure, stopped or closed; or
//! frozen, for readers who want one moment.

use crate::fault::Fault;
use crate::key::{Key, KeyBytes};
use crate::row::{self, Row};
use crate::tables::{Bytes, Map, definition};
use records::{Page, StoreError};
use redb::{Database, Range, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTableMetadata};
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// Whether the engine can be used.
pub(crate) enum State {
    /// It can.
    Open(Database),
    /// It shows what was durable at one moment, and is never written to.
    Frozen(Snapshot),
    /// It failed for want of room and is opened again.
    Recovering,
    /// It failed in a way that only an operator can end; says how.
    Stopped(String),
    /// The store is closed.
    Closed,
}

impl State {
    /// Why it cannot be used.
    pub(crate) fn reason(&self) -> StoreError {
        match self {
            Self::Open(_) | Self::Recovering => StoreError::Busy,
            Self::Stopped(reason) => StoreError::Failed(reason.clone()),
            Self::Frozen(_) | Self::Closed => StoreError::Closed,
        }
    }

    /// What is durable now.
    fn look(&self) -> Result<Snapshot, StoreError> {
        let Self::Open(database) = self else { return Err(self.reason()) };
        Ok(Snapshot(database.begin_read().map_err(|error| Fault::from(error).told())?))
    }
}

/// The engine. Readers hold its lock while they read, which takes microseconds; only the writer changes it.
pub(crate) struct Engine(RwLock<State>);

impl Engine {
    pub(crate) fn new(database: Database) -> Self {
        Self(RwLock::new(State::Open(database)))
    }

    /// A look at the state, which cannot change meanwhile.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state once all readers are done; gives the one before.
    pub(crate) fn change(&self, state: State) -> State {
        core::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), state)
    }

    /// An engine that shows what is durable now, for as long as it is kept.
    pub(crate) fn freeze(&self) -> Result<Self, StoreError> {
        Ok(Self(RwLock::new(State::Frozen(self.state().look()?))))
    }

    /// Asks about what is durable.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Snapshot) -> Result<T, Fault>) -> Result<T, StoreError> {
        let state = self.state();
        if let State::Frozen(snapshot) = &*state {
            return ask(snapshot).map_err(Fault::told);
        }
        ask(&state.look()?).map_err(Fault::told)
    }
}

/// All tables as one durable commit left them.
pub(crate) struct Snapshot(ReadTransaction);

impl Snapshot {
    fn table(&self, name: &str) -> Result<ReadOnlyTable<Bytes, Bytes>, Fault> {
        Ok(self.0.open_table(definition(name))?)
    }

    /// The rows between two keys.
    fn range<K: Key>(
        &self,
        name: &str,
        from: Bound<K>,
        to: Bound<K>,
    ) -> Result<Range<'static, Bytes, Bytes>, Fault> {
        let (from, to) = (from.map(|key| KeyBytes::of(&key)), to.map(|key| KeyBytes::of(&key)));
        let between = (from.as_ref().map(KeyBytes::as_slice), to.as_ref().map(KeyBytes::as_slice));
        Ok(self.table(name)?.range::<&[u8]>(between)?)
    }

    /// The row found by `key`.
    pub(crate) fn get<K: Key, R: Row>(&self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault> {
        let found = self.table(map.name)?.get(KeyBytes::of(key).as_slice())?;
        found.map(|row| row::read(map.name, row.value())).transpose()
    }

    /// The row that an index points to.
    pub(crate) fn pointed<K: Key, R: Row>(&self, map: Map<K, R>, key: &K) -> Result<R, Fault> {
        self.get(map, key)?.ok_or_else(|| {
            Fault::Refused(StoreError::Damaged(format!(
                "`{}`: an index points to a row that is not there",
                map.name
            )))
        })
    }

    /// All rows between two keys, in key order: for lists that the rules keep short.
    pub(crate) fn all<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        from: Bound<K>,
        to: Bound<K>,
    ) -> Result<Vec<R>, Fault> {
        self.list(map, from, to, usize::MAX)
    }

    /// At most `limit` rows between two keys, in key order.
    pub(crate) fn list<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        from: Bound<K>,
        to: Bound<K>,
        limit: usize,
    ) -> Result<Vec<R>, Fault> {
        let rows = self.range(map.name, from, to)?;
        rows.take(limit).map(|row| row::read(map.name, row?.1.value())).collect()
    }

    /// At most `limit` rows between two keys, against key order.
    pub(crate) fn list_back<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        from: Bound<K>,
        to: Bound<K>,
        limit: usize,
    ) -> Result<Vec<R>, Fault> {
        let rows = self.range(map.name, from, to)?;
        rows.rev().take(limit).map(|row| row::read(map.name, row?.1.value())).collect()
    }

    /// How many rows there are in the whole table.
    pub(crate) fn count<K: Key, R: Row>(&self, map: Map<K, R>) -> Result<u64, Fault> {
        Ok(self.table(map.name)?.len()?)
    }

    /// A page of a whole table.
    pub(crate) fn page<K: Key, R: Row>(&self, map: Map<K, R>, page: Page<K>) -> Result<Vec<R>, Fault> {
        let limit = page.size();
        self.list(map, page.after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded, limit)
    }
}
