//! What is stored, as one durable batch left it: the engine's pages, and over them what they do not hold yet.
//!
//! Recent rows are in memory, and durable in the log. When there are enough of them they are handed to the engine in
//! the background, in one piece and in key order; meanwhile they are looked up as before and newer ones gather
//! anew. A row that lives shorter than that never costs a page.

use crate::embedded::base::Base;
use crate::fault::Fault;
use crate::key::{Key, KeyBytes};
use crate::look::{Order, Span};
use crate::row::{self, Row};
use crate::rows::Rows;
use crate::tables::{META, Map, NAMES, definition};
use core::ops::Bound;
use redb::{Database, Durability, WriteTransaction};
use std::sync::Arc;

/// All tables, as they can be read now.
pub(crate) struct Snapshot {
    /// None in a copy, which must not keep the engine from being closed.
    database: Option<Arc<Database>>,
    base: Arc<Base>,
    /// On their way into the engine.
    set_apart: Option<Arc<Rows>>,
    recent: Rows,
}

impl Snapshot {
    /// What the engine holds.
    pub(crate) fn of(database: Database) -> Result<Self, Fault> {
        let base = Arc::new(Base::of(&database)?);
        Ok(Self { database: Some(Arc::new(database)), base, set_apart: None, recent: Rows::default() })
    }

    /// The same, as it stays however much is written meanwhile. Copies the recent rows: some ten milliseconds.
    pub(crate) fn copy(&self) -> Self {
        Self {
            database: None,
            base: Arc::clone(&self.base),
            set_apart: self.set_apart.clone(),
            recent: self.recent.clone(),
        }
    }

    /// The engine.
    ///
    /// # Errors
    /// For a copy, which is never written to.
    pub(crate) fn database(&self) -> Result<Arc<Database>, Fault> {
        self.database.clone().ok_or_else(|| Fault::wrong("a copy has no engine"))
    }

    /// Shows what a batch wrote, once that is durable.
    pub(crate) fn absorb(&mut self, batch: Rows) {
        self.recent.absorb(batch);
    }

    /// Sets the recent rows apart, to be handed to the engine.
    pub(crate) fn set_apart(&mut self) -> Arc<Rows> {
        let rows = Arc::new(core::mem::take(&mut self.recent));
        self.set_apart = Some(Arc::clone(&rows));
        rows
    }

    /// Shows what the engine has committed meanwhile. Gives what was set apart, which it holds now.
    pub(crate) fn renew(&mut self) -> Result<Option<Arc<Rows>>, Fault> {
        self.base = Arc::new(Base::of(&*self.database()?)?);
        Ok(self.set_apart.take())
    }

    /// Lets go of the engine, if nobody else has it.
    pub(crate) fn into_database(self) -> Option<Database> {
        drop(self.base);
        self.database.and_then(Arc::into_inner)
    }

    /// Looks at the row found by `key`, with what lies `over` the snapshot, uppermost first.
    pub(crate) fn look<'a, T>(
        &'a self,
        over: impl IntoIterator<Item = &'a Rows>,
        place: usize,
        key: &[u8],
        look: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let mut layers = self.layers(over);
        if let Some(touched) = layers.find_map(|rows| rows.get(place, key)) {
            return touched.map(look).transpose();
        }
        self.base.look(place, key, look)
    }

    /// Visits the rows between two keys, each with its key, with what lies `over` the snapshot, uppermost first; in key
    /// order or against it, until `visit` says that it is enough.
    pub(crate) fn visit<'a>(
        &'a self,
        over: impl IntoIterator<Item = &'a Rows>,
        place: usize,
        between: (Bound<&[u8]>, Bound<&[u8]>),
        order: Order,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<Going, Fault>,
    ) -> Result<(), Fault> {
        let mut layers: Vec<_> =
            self.layers(over).map(|rows| turned(rows.range(place, between), order).peekable()).collect();
        let mut engine = self.base.range(place, between)?;
        let mut stored = engine.next(order)?;
        loop {
            let heads = layers.iter_mut().filter_map(|layer| layer.peek().map(|(key, _)| *key));
            let first = match order {
                Order::Rising => heads.min(),
                Order::Falling => heads.max(),
            };
            let stored_key = stored.as_ref().map(|row| row.key());
            let (is_touched, is_stored) = match (first, stored_key) {
                (None, None) => return Ok(()),
                (Some(_), None) => (true, false),
                (None, Some(_)) => (false, true),
                (Some(first), Some(stored)) => {
                    let before = if order == Order::Rising { first < stored } else { first > stored };
                    (first == stored || before, first == stored || !before)
                }
            };
            let mut touched = None;
            if let (true, Some(first)) = (is_touched, first) {
                for layer in &mut layers {
                    // The uppermost layer that knows the row says what it is.
                    let known = layer.next_if(|(key, _)| *key == first);
                    touched = touched.or(known.map(|(_, value)| value));
                }
            }
            let going = match (touched, is_stored.then_some(&stored)) {
                (Some(Some(value)), _) => visit(first.unwrap_or_default(), value)?,
                (None, Some(Some(row))) => visit(row.key(), row.value())?,
                _ => Going::On,
            };
            if going == Going::Enough {
                return Ok(());
            }
            if is_stored {
                stored = engine.next(order)?;
            }
        }
    }

    /// What lies over the engine, uppermost first.
    fn layers<'a>(&'a self, over: impl IntoIterator<Item = &'a Rows>) -> impl Iterator<Item = &'a Rows> {
        over.into_iter()
            .chain([&self.recent])
            .chain(self.set_apart.as_deref())
            .filter(|rows| !rows.is_empty())
    }

    /// The row found by `key`.
    pub(crate) fn row<K: Key, R: Row>(&self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault> {
        let key = KeyBytes::of(key);
        self.look([], map.place, key.as_slice(), |bytes| row::read(map.name, bytes))
    }

    /// At most `limit` rows of a span, in this order of their keys.
    pub(crate) fn rows<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        (from, to): Span<K>,
        limit: usize,
        order: Order,
    ) -> Result<Vec<R>, Fault> {
        let mut rows = Vec::new();
        if limit == 0 {
            return Ok(rows);
        }
        let (from, to) = (from.map(|key| KeyBytes::of(&key)), to.map(|key| KeyBytes::of(&key)));
        let between = (from.as_ref().map(KeyBytes::as_slice), to.as_ref().map(KeyBytes::as_slice));
        self.visit([], map.place, between, order, |_, bytes| {
            rows.push(row::read(map.name, bytes)?);
            Ok(if rows.len() == limit { Going::Enough } else { Going::On })
        })?;
        Ok(rows)
    }

    /// How many rows there are in the whole table.
    pub(crate) fn count_of<K: Key, R: Row>(&self, map: Map<K, R>) -> Result<u64, Fault> {
        let mut count = self.base.count(map.place)?;
        let whole = (Bound::Unbounded, Bound::Unbounded);
        let recent = self.recent.range(map.place, whole);
        let set_apart = self.set_apart.iter().flat_map(|rows| rows.range(map.place, whole));
        let covered = set_apart.filter(|(key, _)| self.recent.get(map.place, key).is_none());
        for (key, value) in recent.chain(covered) {
            let is_stored = self.base.look(map.place, key, |_| Ok(()))?.is_some();
            match (is_stored, value.is_some()) {
                (false, true) => count += 1,
                (true, false) => count -= 1,
                _ => {}
            }
        }
        Ok(count)
    }
}

/// Whether a visit goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Going {
    On,
    Enough,
}

fn turned<T>(mut rows: impl DoubleEndedIterator<Item = T>, order: Order) -> impl Iterator<Item = T> {
    core::iter::from_fn(move || match order {
        Order::Rising => rows.next(),
        Order::Falling => rows.next_back(),
    })
}

/// Hands `rows` to the engine, durably, with the number of the last batch among them and whatever `also` writes.
pub(crate) fn hand_over(
    database: &Database,
    rows: &Rows,
    batch: u64,
    also: impl FnOnce(&WriteTransaction) -> Result<(), Fault>,
) -> Result<(), Fault> {
    Ok(prepare(database, rows, batch, also)?.commit()?)
}

/// All of [`hand_over`] but its commit: until then nothing can be durable.
pub(crate) fn prepare(
    database: &Database,
    rows: &Rows,
    batch: u64,
    also: impl FnOnce(&WriteTransaction) -> Result<(), Fault>,
) -> Result<WriteTransaction, Fault> {
    let mut txn = database.begin_write()?;
    txn.set_durability(durability()).map_err(|error| Fault::wrong(error.to_string()))?;
    for (place, rows) in rows.tables() {
        let mut table = txn.open_table(definition(NAMES[place]))?;
        for (key, value) in rows {
            match value {
                Some(value) => drop(table.insert(key, value)?),
                None => drop(table.remove(key)?),
            }
        }
    }
    txn.open_table(META)?.insert(b"batch".as_slice(), batch.to_be_bytes().as_slice())?;
    also(&txn)?;
    Ok(txn)
}

/// Each commit is durable before anybody is answered.
fn durability() -> Durability {
    #[cfg(feature = "broken-rules")]
    if model::BrokenRule::AnswerBeforeCommit.is_broken() {
        return Durability::None;
    }
    Durability::Immediate
}
