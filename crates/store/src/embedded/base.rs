//! The engine as one of its commits left it. It never changes, so that what is asked again and again is remembered
//! for as long as it is looked at.

use crate::fault::Fault;
use crate::look::Order;
use crate::tables::{Bytes, NAMES, PARTIES_ASKED_OFTEN, definition};
use core::ops::Bound;
use redb::{
    AccessGuard, Database, Range, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTableMetadata,
};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// The most answers that are remembered of a table.
const ANSWERS_MAX: usize = 20_000;

pub(crate) struct Base {
    txn: ReadTransaction,
    /// Its tables, opened when first needed.
    tables: Vec<OnceLock<Table>>,
}

struct Table {
    rows: ReadOnlyTable<Bytes, Bytes>,
    /// None of a table of which nothing is remembered.
    answers: Option<Answers>,
}

/// Answers by question.
type Answers = RwLock<HashMap<Box<[u8]>, Answer>>;

/// Rows in key order, each with its key.
type Answer = Arc<[(Box<[u8]>, Box<[u8]>)]>;

/// Rows in key order, from either end.
pub(crate) enum Rows {
    Read(Range<'static, Bytes, Bytes>),
    Remembered(Answer, core::ops::Range<usize>),
}

/// A row with its key.
pub(crate) enum Row {
    Read(AccessGuard<'static, Bytes>, AccessGuard<'static, Bytes>),
    Remembered(Answer, usize),
}

impl Base {
    pub(crate) fn of(database: &Database) -> Result<Self, Fault> {
        Ok(Self { txn: database.begin_read()?, tables: NAMES.iter().map(|_| OnceLock::new()).collect() })
    }

    fn table(&self, place: usize) -> Result<&Table, Fault> {
        if self.tables[place].get().is_none() {
            let rows = self.txn.open_table(definition(NAMES[place]))?;
            let answers = PARTIES_ASKED_OFTEN.contains(&place).then(RwLock::default);
            // Whoever was quicker opened the same one.
            let _ = self.tables[place].set(Table { rows, answers });
        }
        Ok(self.tables[place].get().expect("it was opened just now"))
    }

    /// Looks at the row found by `key`.
    pub(crate) fn look<T>(
        &self,
        place: usize,
        key: &[u8],
        look: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let Table { rows, answers } = self.table(place)?;
        let Some(answers) = answers else {
            return rows.get(key)?.map(|row| look(row.value())).transpose();
        };
        let found = remembered(rows, answers, (Bound::Included(key), Bound::Included(key)))?;
        found.first().map(|(_, row)| look(row)).transpose()
    }

    /// The rows between two keys.
    pub(crate) fn range(&self, place: usize, between: (Bound<&[u8]>, Bound<&[u8]>)) -> Result<Rows, Fault> {
        let Table { rows, answers } = self.table(place)?;
        match answers {
            Some(answers) if !is_open(between) => {
                let found = remembered(rows, answers, between)?;
                let all = 0..found.len();
                Ok(Rows::Remembered(found, all))
            }
            _ => Ok(Rows::Read(rows.range::<&[u8]>(between)?)),
        }
    }

    /// How many rows a table has.
    pub(crate) fn count(&self, place: usize) -> Result<u64, Fault> {
        Ok(self.table(place)?.rows.len()?)
    }
}

/// What is between two keys; a question is asked of the table once.
fn remembered(
    rows: &ReadOnlyTable<Bytes, Bytes>,
    answers: &Answers,
    between: (Bound<&[u8]>, Bound<&[u8]>),
) -> Result<Answer, Fault> {
    let question = question(between);
    // They are whole after every single change.
    if let Some(known) = answers.read().unwrap_or_else(PoisonError::into_inner).get(question.as_slice()) {
        return Ok(Arc::clone(known));
    }
    let found = rows.range::<&[u8]>(between)?;
    let pair = |row: Result<(AccessGuard<'_, Bytes>, AccessGuard<'_, Bytes>), _>| {
        row.map(|(key, value)| (Box::from(key.value()), Box::from(value.value())))
    };
    let answer: Answer = found.map(pair).collect::<Result<_, redb::StorageError>>()?;
    let mut answers = answers.write().unwrap_or_else(PoisonError::into_inner);
    if answers.len() >= ANSWERS_MAX {
        answers.clear();
    }
    answers.insert(question.as_slice().into(), Arc::clone(&answer));
    Ok(answer)
}

impl Rows {
    /// The next row from the front, or from the back.
    pub(crate) fn next(&mut self, order: Order) -> Result<Option<Row>, Fault> {
        match (self, order) {
            (Self::Read(rows), Order::Rising) => Ok(rows.next().transpose()?.map(Row::read)),
            (Self::Read(rows), Order::Falling) => Ok(rows.next_back().transpose()?.map(Row::read)),
            (Self::Remembered(rows, left), order) => {
                let n = if order == Order::Rising { left.next() } else { left.next_back() };
                Ok(n.map(|n| Row::Remembered(Arc::clone(rows), n)))
            }
        }
    }
}

impl Row {
    fn read((key, row): (AccessGuard<'static, Bytes>, AccessGuard<'static, Bytes>)) -> Self {
        Self::Read(key, row)
    }

    pub(crate) fn key(&self) -> &[u8] {
        match self {
            Self::Read(key, _) => key.value(),
            Self::Remembered(rows, n) => &rows[*n].0,
        }
    }

    pub(crate) fn value(&self) -> &[u8] {
        match self {
            Self::Read(_, row) => row.value(),
            Self::Remembered(rows, n) => &rows[*n].1,
        }
    }
}

/// What an answer is remembered under: both keys, each behind its length and whether it counts itself.
fn question((from, to): (Bound<&[u8]>, Bound<&[u8]>)) -> SmallVec<[u8; 80]> {
    let mut question = SmallVec::new();
    for bound in [from, to] {
        let (kind, key): (u8, &[u8]) = match bound {
            Bound::Included(key) => (0, key),
            Bound::Excluded(key) => (1, key),
            Bound::Unbounded => (2, &[]),
        };
        question.push(kind);
        question.extend_from_slice(&key.len().to_be_bytes());
        question.extend_from_slice(key);
    }
    question
}

/// Pages of a whole table are asked for once; they are not worth remembering.
fn is_open((from, to): (Bound<&[u8]>, Bound<&[u8]>)) -> bool {
    from == Bound::Unbounded || to == Bound::Unbounded
}
