//! Wishes on their way: which statements fulfil them, and what those brought.

use crate::look::Order;
use crate::postgres::connection::{Connection, Text, Trouble};
use crate::postgres::home;
use crate::postgres::session::{Bytes, PostgresSession};
use crate::postgres::statements::Kind;
use crate::postgres::wish::{SpanWish, Wishes};
use crate::tables::{LIVES, Life};
use futures_util::future::{join, join_all};
use std::collections::BTreeMap;
use tokio_postgres::Error;

/// Wishes, those together that one statement fulfils: rows by table and home, spans also by order and limit.
pub(super) struct Wanted {
    rows: BTreeMap<(Life, u16), Vec<Bytes>>,
    spans: Vec<((Life, u16), Vec<SpanWish>)>,
}

pub(super) type Rows = Vec<tokio_postgres::Row>;

impl Wanted {
    pub(super) fn of(wishes: Wishes) -> Result<Self, Trouble> {
        let whose = |key: &[u8]| match home::of(key) {
            Ok(home) => Ok((LIVES[home::place_of(key)], home)),
            Err(fault) => Err(Trouble::Refused(fault.told())),
        };
        let mut rows: BTreeMap<(Life, u16), Vec<Bytes>> = BTreeMap::new();
        for key in wishes.rows {
            rows.entry(whose(&key)?).or_default().push(key);
        }
        let mut spans: Vec<((Life, u16), Vec<SpanWish>)> = Vec::new();
        for span in wishes.spans {
            let of = whose(&span.first)?;
            let alike = |(other, spans): &&mut ((Life, u16), Vec<SpanWish>)| {
                *other == of
                    && spans.iter().all(|other| (other.order, other.limit) == (span.order, span.limit))
            };
            match spans.iter_mut().find(alike) {
                Some((_, spans)) => spans.push(span),
                None => spans.push((of, vec![span])),
            }
        }
        Ok(Self { rows, spans })
    }

    /// Takes out the parties and sales of the first home, which are read as the batch begins.
    pub(super) fn take_first(&mut self) -> (u16, Vec<Bytes>, Vec<Bytes>) {
        let home = self.rows.keys().next().map_or(home::COMMON, |(_, home)| *home);
        let mut take = |life| self.rows.remove(&(life, home)).unwrap_or_default();
        (home, take(Life::Party), take(Life::Sale))
    }

    pub(super) fn texts(&self) -> Vec<Text> {
        let rows = self.rows.keys().map(|(life, _)| Text::Of(*life, Kind::Hold));
        rows.chain(self.spans.iter().map(|((life, _), spans)| span_text(*life, spans))).collect()
    }

    /// Rows are locked in the order of the statements, and of the keys in each; spans come after.
    pub(super) async fn fetch(&self, connection: &Connection) -> Result<(Vec<Rows>, Vec<Rows>), Error> {
        let rows = self.rows.iter().map(|((life, home), keys)| hold(connection, *life, *home, keys));
        let rows: Vec<_> = rows.collect();
        let spans =
            self.spans.iter().map(|((life, home), spans)| read_spans(connection, *life, *home, spans));
        let spans: Vec<_> = spans.collect();
        let all = |rows: Vec<Result<Rows, Error>>| rows.into_iter().collect::<Result<Vec<_>, _>>();
        let (rows, spans) = join(join_all(rows), join_all(spans)).await;
        Ok((all(rows)?, all(spans)?))
    }

    pub(super) fn note(self, (rows, spans): (Vec<Rows>, Vec<Rows>), session: &mut PostgresSession) {
        for (keys, rows) in self.rows.values().zip(rows) {
            session.looked(keys);
            rows.iter().for_each(|row| session.found(row.get(0), row.get(1)));
        }
        for ((_, wishes), rows) in self.spans.into_iter().zip(spans) {
            let mut found: Vec<Vec<(Bytes, Bytes)>> = wishes.iter().map(|_| Vec::new()).collect();
            for row in &rows {
                let (number, pair) = of_span(row);
                if let Some(found) = found.get_mut(number) {
                    found.push(pair);
                }
            }
            wishes.into_iter().zip(found).for_each(|(wish, found)| session.spanned(wish, found));
        }
    }
}

/// Which of the spans asked for a row is of, from 0, and its key and bytes.
pub(super) fn of_span(row: &tokio_postgres::Row) -> (usize, (Bytes, Bytes)) {
    let number = usize::try_from(row.get::<_, i64>(0) - 1).unwrap_or(usize::MAX);
    (number, (row.get::<_, &[u8]>(1).into(), row.get::<_, &[u8]>(2).into()))
}

/// Keys and rows.
pub(super) type Slices<'a> = (Vec<&'a [u8]>, Vec<&'a [u8]>);

pub(super) fn slices(all: &[Bytes]) -> Vec<&[u8]> {
    all.iter().map(|bytes| &**bytes).collect()
}

async fn hold(connection: &Connection, life: Life, home: u16, keys: &[Bytes]) -> Result<Rows, Error> {
    let keys = slices(keys);
    let statement = connection.statement(Text::Of(life, Kind::Hold));
    connection.client.query(statement, &[&i32::from(home), &keys]).await
}

async fn read_spans(
    connection: &Connection,
    life: Life,
    home: u16,
    spans: &[SpanWish],
) -> Result<Rows, Error> {
    let limit = i64::try_from(spans.iter().map(|span| span.limit).max().unwrap_or(0)).unwrap_or(i64::MAX);
    let from: Vec<&[u8]> = spans.iter().map(|span| &*span.first).collect();
    // The first key behind the last one.
    let to: Vec<Vec<u8>> = spans.iter().map(|span| [&*span.last, &[0]].concat()).collect();
    let statement = connection.statement(span_text(life, spans));
    connection.client.query(statement, &[&i32::from(home), &from, &to, &limit]).await
}

fn span_text(life: Life, spans: &[SpanWish]) -> Text {
    let is_rising = spans.iter().any(|span| span.order == Order::Rising);
    Text::Of(life, if is_rising { Kind::Rising } else { Kind::Falling })
}
