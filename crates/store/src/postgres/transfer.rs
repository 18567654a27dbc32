//! Moving house: every row of an embedded store into an empty database, byte for byte, and then compared.

use crate::embedded::{EmbeddedStore, OpenError};
use crate::fault::Fault;
use crate::postgres::connection::{Connection, Text, told};
use crate::postgres::home::{self, placed_bytes};
use crate::postgres::session::{Action, Bytes};
use crate::postgres::statements::{KNOW_HOME, Kind, table};
use crate::postgres::wanted::slices;
use crate::postgres::{Database, migrations};
use crate::tables::{AUDIT, LIVES, Life, NAMES};
use records::AuditRow;
use std::collections::BTreeMap;
use tokio_postgres::Error;

/// As many rows are sent together.
const LOT: usize = 1_000;

/// What was moved: each table's name with its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// In the order of the tables.
    pub tables: Vec<(&'static str, u64)>,
}

impl Moved {
    /// All rows together.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

fn failed(error: &Error) -> OpenError {
    OpenError::Failed(format!("PostgreSQL says: {}", told(error)))
}

fn unreadable(fault: Fault) -> OpenError {
    OpenError::Failed(fault.told().to_string())
}

impl Database {
    /// Moves every row of `from`, which nobody else has open, into this database, which must have its tables and no
    /// rows; then reads both sides and compares them. It happens wholly or not at all. `tell` is told of each table.
    ///
    /// # Errors
    /// Says what an operator can do about it.
    pub async fn take_over(
        &self,
        from: &EmbeddedStore,
        mut tell: impl FnMut(&str, u64),
    ) -> Result<Moved, OpenError> {
        let mut connection = self.connect().await?;
        migrations::check(&connection).await?;
        connection.client.batch_execute("BEGIN").await.map_err(|error| failed(&error))?;
        for life in Life::ALL {
            let any = format!("SELECT EXISTS (SELECT FROM {})", table(life));
            let found = connection.client.query_one(&any, &[]).await.map_err(|error| failed(&error))?;
            if found.get::<_, bool>(0) {
                return Err(OpenError::Failed("the database holds rows already; name an empty one".into()));
            }
        }
        let mut moved = Moved::default();
        for (place, name) in NAMES.iter().enumerate() {
            let rows = copy(&mut connection, from, place).await?;
            tell(name, rows);
            moved.tables.push((name, rows));
        }
        go_on_from(&connection, from).await.map_err(|error| failed(&error))?;
        for place in 0..NAMES.len() {
            compare(&mut connection, from, place).await?;
        }
        connection.client.batch_execute("COMMIT").await.map_err(|error| failed(&error))?;
        Ok(moved)
    }
}

/// Copies a table; gives how many rows it has.
async fn copy(connection: &mut Connection, from: &EmbeddedStore, place: usize) -> Result<u64, OpenError> {
    let text = Text::Of(LIVES[place], Kind::Write(Action::Insert));
    connection.prepare(vec![text]).await.map_err(|error| failed(&error))?;
    let (mut count, mut after) = (0, None);
    loop {
        let rows = from.raw_rows(place, after.as_deref(), LOT).map_err(unreadable)?;
        let Some((last, _)) = rows.last() else { return Ok(count) };
        after = Some(last.clone());
        count += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let mut homes: BTreeMap<u16, (Vec<Bytes>, Vec<&[u8]>)> = BTreeMap::new();
        for (key, row) in &rows {
            let key = placed_bytes(place, key);
            let (keys, rows) = homes.entry(home::of(&key).map_err(unreadable)?).or_default();
            keys.push(key);
            rows.push(row);
        }
        for (home, (keys, rows)) in homes {
            let keys = slices(&keys);
            let home = i32::from(home);
            connection.client.execute(KNOW_HOME, &[&home]).await.map_err(|error| failed(&error))?;
            let inserted =
                connection.client.execute(connection.statement(text), &[&home, &keys, &rows]).await;
            inserted.map_err(|error| failed(&error))?;
        }
    }
}

/// Lets the audit chain go on from its last row.
async fn go_on_from(connection: &Connection, from: &EmbeddedStore) -> Result<(), Error> {
    let last = from.engine().read(|snapshot| {
        let whole = (core::ops::Bound::Unbounded, core::ops::Bound::Unbounded);
        snapshot.rows::<u64, AuditRow>(AUDIT, whole, 1, crate::look::Order::Falling)
    });
    let Some(last) = last.ok().and_then(|mut rows| rows.pop()) else { return Ok(()) };
    let sequence = i64::try_from(last.sequence).unwrap_or(i64::MAX);
    let update = "UPDATE sequencer SET sequence = $1, hash = $2 WHERE is_single";
    connection.client.execute(update, &[&sequence, &&last.hash[..]]).await.map(drop)
}

/// Compares a table row by row.
async fn compare(connection: &mut Connection, from: &EmbeddedStore, place: usize) -> Result<(), OpenError> {
    let text = format!(
        "SELECT key, row FROM {} WHERE key >= $1 AND key < $2 ORDER BY key LIMIT {LOT}",
        table(LIVES[place])
    );
    let end = placed_bytes(place + 1, &[]);
    let (mut after, mut begin) = (None::<Bytes>, placed_bytes(place, &[]));
    loop {
        let ours = from.raw_rows(place, after.as_deref(), LOT).map_err(unreadable)?;
        let theirs =
            connection.client.query(&text, &[&&*begin, &&*end]).await.map_err(|error| failed(&error))?;
        let is_same = ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|((key, row), other)| {
                *other.get::<_, &[u8]>(0) == *placed_bytes(place, key) && *other.get::<_, &[u8]>(1) == **row
            });
        if !is_same {
            let name = NAMES[place];
            return Err(OpenError::Damaged(format!(
                "`{name}` reads otherwise in the database than in the file"
            )));
        }
        let Some((last, _)) = ours.last() else { return Ok(()) };
        begin = [&*placed_bytes(place, last), &[0]].concat().into();
        after = Some(last.clone());
    }
}
