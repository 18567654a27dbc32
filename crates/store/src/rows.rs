//! Rows that are not in the engine yet, by table and key, in memory.

use crate::tables::NAMES;
use core::ops::Bound;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A key beside its neighbours rather than each elsewhere: comparing them is most of what a look-up costs. Longer ones,
/// which tills may choose, are elsewhere.
type Key = SmallVec<[u8; 48]>;

/// What became of a row.
#[derive(Clone, Debug)]
struct Touched {
    /// Its bytes; none if it was removed.
    value: Option<Box<[u8]>>,
    /// Whether nothing below knows it. Short-lived rows stand side by side where workers look for what is due; once
    /// they are removed traces of all of them would be walked each time, so that none is kept of those.
    is_new: bool,
}

type Table = BTreeMap<Key, Touched>;

/// What was written and not yet handed to the engine.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    tables: Vec<Table>,
    /// Whether anything was written.
    is_empty: bool,
}

impl Default for Rows {
    fn default() -> Self {
        Self { tables: NAMES.iter().map(|_| Table::new()).collect(), is_empty: true }
    }
}

impl Rows {
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// What became of the row found by `key`; none if it was not touched.
    pub(crate) fn get(&self, place: usize, key: &[u8]) -> Option<Option<&[u8]>> {
        self.tables[place].get(key).map(|touched| touched.value.as_deref())
    }

    /// Writes a row, or removes it.
    pub(crate) fn put(&mut self, place: usize, key: &[u8], value: Option<&[u8]>) {
        self.touch(place, key, Touched { value: value.map(Box::from), is_new: false });
    }

    /// Writes a row that is nowhere yet.
    pub(crate) fn put_new(&mut self, place: usize, key: &[u8], value: &[u8]) {
        self.touch(place, key, Touched { value: Some(Box::from(value)), is_new: true });
    }

    fn touch(&mut self, place: usize, key: &[u8], touched: Touched) {
        self.is_empty = false;
        set(&mut self.tables[place], key.into(), touched);
    }

    /// Takes over what `later` holds.
    pub(crate) fn absorb(&mut self, later: Self) {
        for (table, later) in self.tables.iter_mut().zip(later.tables) {
            if table.is_empty() {
                *table = later;
            } else {
                later.into_iter().for_each(|(key, touched)| set(table, key, touched));
            }
        }
        self.is_empty &= later.is_empty;
    }

    /// What was touched between two keys, in key order.
    pub(crate) fn range(
        &self,
        place: usize,
        between: (Bound<&[u8]>, Bound<&[u8]>),
    ) -> impl DoubleEndedIterator<Item = (&[u8], Option<&[u8]>)> {
        let rows = is_range(between).then(|| self.tables[place].range::<[u8], _>(between));
        rows.into_iter().flatten().map(|(key, touched)| (key.as_slice(), touched.value.as_deref()))
    }

    /// Every table that was touched, by place, with its rows in key order.
    pub(crate) fn tables(
        &self,
    ) -> impl Iterator<Item = (usize, impl Iterator<Item = (&[u8], Option<&[u8]>)>)> {
        let touched = self.tables.iter().enumerate().filter(|(_, table)| !table.is_empty());
        touched.map(|(place, table)| {
            (place, table.iter().map(|(key, touched)| (key.as_slice(), touched.value.as_deref())))
        })
    }
}

/// What is below knows of a row what it knew before.
fn set(table: &mut Table, key: Key, touched: Touched) {
    match table.entry(key) {
        Entry::Vacant(place) => drop(place.insert(touched)),
        Entry::Occupied(place) if place.get().is_new && touched.value.is_none() => drop(place.remove()),
        Entry::Occupied(mut place) => place.get_mut().value = touched.value,
    }
}

/// A map refuses what is no range; a question for nothing is an empty answer.
fn is_range((from, to): (Bound<&[u8]>, Bound<&[u8]>)) -> bool {
    match (from, to) {
        (Bound::Excluded(from), Bound::Excluded(to)) => from < to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            from <= to
        }
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_later_counts_removals_too() {
        let (mut rows, mut later) = (Rows::default(), Rows::default());
        assert!(rows.is_empty());
        rows.put(0, b"a", Some(b"1"));
        rows.put(0, b"b", Some(b"1"));
        later.put(0, b"a", None);
        later.put(1, b"a", Some(b"2"));
        rows.absorb(later);
        assert!(!rows.is_empty());
        assert_eq!(rows.get(0, b"a"), Some(None));
        assert_eq!(rows.get(0, b"b"), Some(Some(&b"1"[..])));
        assert_eq!(rows.get(0, b"c"), None);
        assert_eq!(rows.get(1, b"a"), Some(Some(&b"2"[..])));
    }

    #[test]
    fn what_nothing_below_knows_leaves_no_trace() {
        let (mut rows, mut later) = (Rows::default(), Rows::default());
        rows.put_new(0, b"a", b"1");
        rows.put(0, b"a", Some(b"2"));
        rows.put_new(0, b"b", b"1");
        later.put(0, b"a", None);
        later.put(0, b"b", None);
        later.put_new(0, b"c", b"1");
        later.put(0, b"c", None);
        assert_eq!(later.get(0, b"a"), Some(None), "within a batch the trace is needed");
        assert_eq!(later.get(0, b"c"), None);
        rows.absorb(later);
        assert_eq!(rows.get(0, b"a"), None);
        assert_eq!(rows.get(0, b"b"), None);
    }

    #[test]
    fn what_something_below_knows_leaves_a_trace_however_often_it_is_new_again() {
        let (mut rows, mut later) = (Rows::default(), Rows::default());
        rows.put(0, b"a", None);
        later.put_new(0, b"a", b"1");
        rows.absorb(later);
        assert_eq!(rows.get(0, b"a"), Some(Some(&b"1"[..])));
        rows.put(0, b"a", None);
        assert_eq!(rows.get(0, b"a"), Some(None));
    }

    #[test]
    fn a_trace_stays_once_what_is_below_was_set_apart() {
        let mut rows = Rows::default();
        rows.put_new(0, b"a", b"1");
        let _set_apart = core::mem::take(&mut rows);
        let mut later = Rows::default();
        later.put(0, b"a", None);
        rows.absorb(later);
        assert_eq!(rows.get(0, b"a"), Some(None));
    }

    #[test]
    fn a_range_that_is_none_is_empty() {
        let mut rows = Rows::default();
        rows.put(0, b"b", Some(b""));
        let count = |from, to| rows.range(0, (from, to)).count();
        let (a, b, c) = (b"a".as_slice(), b"b".as_slice(), b"c".as_slice());
        assert_eq!(count(Bound::Included(a), Bound::Included(c)), 1);
        assert_eq!(count(Bound::Included(c), Bound::Included(a)), 0);
        assert_eq!(count(Bound::Excluded(b), Bound::Excluded(b)), 0);
        assert_eq!(count(Bound::Excluded(b), Bound::Included(b)), 0);
        assert_eq!(count(Bound::Unbounded, Bound::Included(b)), 1);
    }
}
