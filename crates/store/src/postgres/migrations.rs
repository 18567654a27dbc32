//! How the tables come about, one step after the other.
//!
//! Servers of two versions work on one database while it is upgraded: a step is applied first, and then each server is
//! replaced. So a step only adds, and says which programs still work with what it leaves. Applied steps are never
//! edited: `migrations.lock` has their hashes, and the database remembers them too.

use crate::embedded::OpenError;
use crate::postgres::connection::{Connection, told};
use tokio_postgres::Error;

/// One step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Migration {
    /// Its file in `migrations`.
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    /// The oldest program, by the last step that it knows, that works with the tables as this step leaves them.
    pub(super) programs_from: i32,
}

/// All steps, the first one first.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_tables.sql", sql: include_str!("migrations/0001_tables.sql"), programs_from: 1 },
    Migration { name: "0002_views.sql", sql: include_str!("migrations/0002_views.sql"), programs_from: 1 },
];

/// The first step after which this program works.
const NEEDED: i32 = 1;

/// One for all who migrate this database.
const LOCK: i64 = 0x6261_747a_656e;

const STEPS_TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (step integer PRIMARY KEY, name text NOT NULL, \
     sha256 bytea NOT NULL, programs_from integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";

/// How a database stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The last step that was applied; 0 for an empty database.
    pub applied: i32,
    /// The last step that this program knows.
    pub known: i32,
    /// The names of the steps that are still to be applied.
    pub waiting: Vec<&'static str>,
}

fn failed(error: &Error) -> OpenError {
    OpenError::Failed(format!("PostgreSQL says: {}", told(error)))
}

fn known() -> i32 {
    #[cfg(feature = "failpoints")]
    if let Some(known) = std::env::var("BATZEN_SCHEMA_KNOWN").ok().and_then(|known| known.parse().ok()) {
        return known;
    }
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

fn steps() -> &'static [Migration] {
    MIGRATIONS.get(..usize::try_from(known()).unwrap_or_default()).unwrap_or(MIGRATIONS)
}

/// How the database stands; refuses one whose steps are not the ones known here.
async fn look(connection: &Connection) -> Result<Schema, OpenError> {
    let client = &connection.client;
    let is_there = client.query_one("SELECT to_regclass('migrations') IS NOT NULL", &[]).await;
    if !is_there.map_err(|error| failed(&error))?.get::<_, bool>(0) {
        let waiting = steps().iter().map(|step| step.name).collect();
        return Ok(Schema { applied: 0, known: known(), waiting });
    }
    let rows =
        client.query("SELECT step, name, sha256, programs_from FROM migrations ORDER BY step", &[]).await;
    let rows = rows.map_err(|error| failed(&error))?;
    for (row, step) in rows.iter().zip(steps()) {
        let hash = client.query_one("SELECT sha256(convert_to($1, 'UTF8'))", &[&step.sql]).await;
        let hash: Vec<u8> = hash.map_err(|error| failed(&error))?.get(0);
        if hash != row.get::<_, &[u8]>(2) {
            let name: &str = row.get(1);
            return Err(OpenError::NotAStore(format!(
                "its step {name} is not the one that this program knows; use the program that it belongs to"
            )));
        }
    }
    let applied = rows.last().map_or(0, |row| row.get(0));
    let programs_from = rows.iter().map(|row| row.get::<_, i32>(3)).max().unwrap_or_default();
    if programs_from > known() {
        let number = |step: i32| u32::try_from(step).unwrap_or_default();
        return Err(OpenError::Newer { found: number(applied), known: number(known()) });
    }
    let waiting = steps().iter().skip(rows.len()).map(|step| step.name).collect();
    Ok(Schema { applied, known: known(), waiting })
}

/// Whether this program works on the database as it stands.
pub(super) async fn check(connection: &Connection) -> Result<Schema, OpenError> {
    let schema = look(connection).await?;
    if schema.applied < NEEDED {
        return Err(OpenError::Failed(format!(
            "the database is at step {} of its tables and step {NEEDED} is needed; run `batzen admin migrate` first",
            schema.applied
        )));
    }
    Ok(schema)
}

/// Applies what is waiting, each step wholly or not at all; or only says what that is.
pub(super) async fn migrate(connection: &Connection, is_dry: bool) -> Result<Schema, OpenError> {
    let client = &connection.client;
    // Whoever migrates already is waited for.
    client.batch_execute("SET lock_timeout = 0").await.map_err(|error| failed(&error))?;
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map_err(|error| failed(&error))?;
    let before = look(connection).await?;
    if !is_dry {
        client.batch_execute(STEPS_TABLE).await.map_err(|error| failed(&error))?;
        let first = usize::try_from(before.applied).unwrap_or_default();
        for (step, number) in steps().iter().zip(1_i32..).skip(first) {
            apply(connection, step, number).await.map_err(|error| {
                OpenError::Failed(format!("step {} was not applied: {}", step.name, told(&error)))
            })?;
        }
    }
    client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await.map_err(|error| failed(&error))?;
    Ok(before)
}

async fn apply(connection: &Connection, step: &Migration, number: i32) -> Result<(), Error> {
    let client = &connection.client;
    client.batch_execute("BEGIN").await?;
    let applied = async {
        client.batch_execute(step.sql).await?;
        let insert = "INSERT INTO migrations (step, name, sha256, programs_from) \
             VALUES ($1, $2, sha256(convert_to($3, 'UTF8')), $4)";
        client.execute(insert, &[&number, &step.name, &step.sql, &step.programs_from]).await?;
        client.batch_execute("COMMIT").await
    };
    let applied = applied.await;
    if applied.is_err() {
        // What cannot be rolled back is gone with its connection.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    applied
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step's name and its SHA-256 in a line each, in the form of `sha256sum`.
    const LOCK_FILE: &str = include_str!("migrations/migrations.lock");

    /// Databases somewhere were made by these very texts. Whoever changes one of them makes a new step instead; a new
    /// one gets its line with `sha256sum 0003_name.sql >> migrations.lock`.
    #[test]
    fn steps_that_were_once_released_are_never_edited() {
        let locked: Vec<_> = LOCK_FILE.lines().filter_map(|line| line.split_once("  ")).collect();
        let steps: Vec<_> = MIGRATIONS.iter().map(|step| step.name).collect();
        assert_eq!(locked.iter().map(|(_, name)| *name).collect::<Vec<_>>(), steps, "a line for each step");
        for ((hash, name), step) in locked.iter().zip(MIGRATIONS) {
            let now = crypto::hash::sha256(&[step.sql.as_bytes()]);
            let now: String = now.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(now, *hash, "{name} was edited; put what is new into a step of its own");
        }
    }

    /// While servers are replaced one after the other, both versions work on the tables as the later one leaves them.
    #[test]
    fn each_step_leaves_the_program_before_it_working() {
        for (step, number) in MIGRATIONS.iter().zip(1..) {
            assert!(step.programs_from <= (number - 1).max(1), "{} ends the version before it", step.name);
            let words = step.sql.to_uppercase();
            let takes_away =
                ["DROP TABLE", "DROP COLUMN", "RENAME", "ALTER COLUMN", "DROP FUNCTION", "TRUNCATE"];
            assert!(
                !takes_away.iter().any(|word| words.contains(word)),
                "{} takes something away",
                step.name
            );
            assert!(step.name.starts_with(&format!("{number:04}_")), "{} is out of order", step.name);
        }
    }
}
