//! Every statement that PostgreSQL is sent for a table, as text.
//!
//! The hot ones, which payments wait for, name one home each and no row that two payers share: `tests` reads them and
//! proves it.

use crate::postgres::session::Action;
use crate::tables::NAMES;

/// What is done to a table by one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Reads rows by key and locks them, in key order.
    Hold,
    /// Reads rows by key.
    Get,
    /// Reads a span, rising.
    Rising,
    /// Reads a span, falling.
    Falling,
    /// Counts a table's rows.
    Count,
    /// Writes.
    Write(Action),
}

/// The text of the statement of this kind on the table at `place`. `$1` is the home.
pub(super) fn text(place: usize, kind: Kind) -> String {
    let table = NAMES[place];
    let given = "SELECT $1::integer, key, row FROM unnest($2::bytea[], $3::bytea[]) AS given (key, row)";
    match kind {
        Kind::Hold => {
            format!("SELECT key, row FROM {table} WHERE home = $1 AND key = ANY($2) ORDER BY key FOR UPDATE")
        }
        Kind::Get => format!("SELECT key, row FROM {table} WHERE home = $1 AND key = ANY($2)"),
        Kind::Rising => span(table, "ASC"),
        Kind::Falling => span(table, "DESC"),
        Kind::Count => format!("SELECT count(*) FROM {table} WHERE home = $1"),
        Kind::Write(Action::Insert) => format!("INSERT INTO {table} (home, key, row) {given}"),
        Kind::Write(Action::InsertIfAbsent) => {
            format!("INSERT INTO {table} (home, key, row) {given} ON CONFLICT (home, key) DO NOTHING")
        }
        Kind::Write(Action::Put) => format!(
            "INSERT INTO {table} (home, key, row) {given} ON CONFLICT (home, key) DO UPDATE SET row = excluded.row"
        ),
        Kind::Write(Action::Update) => format!(
            "WITH touched AS (UPDATE {table} SET row = given.row \
             FROM unnest($2::bytea[], $3::bytea[]) AS given (key, row) \
             WHERE {table}.home = $1 AND {table}.key = given.key RETURNING 1) \
             SELECT expect_rows(count(*), $4) FROM touched"
        ),
        Kind::Write(Action::Delete) => format!(
            "WITH touched AS (DELETE FROM {table} WHERE home = $1 AND key = ANY($2) RETURNING 1) \
             SELECT expect_rows(count(*), $3) FROM touched"
        ),
        Kind::Write(Action::DeleteIfThere) => {
            format!("DELETE FROM {table} WHERE home = $1 AND key = ANY($2)")
        }
    }
}

/// From `$2` on, before `$3`, at most `$4` rows.
fn span(table: &str, order: &str) -> String {
    format!(
        "SELECT key, row FROM {table} WHERE home = $1 AND key >= $2 AND key < $3 ORDER BY key {order} LIMIT $4"
    )
}

/// Begins a batch: whoever moves the writer's mark on has the writer's place, and no earlier batch can follow.
pub(super) const BEGIN_BATCH: &str = "WITH touched AS (UPDATE writers SET batch = $2::bigint WHERE id = $1 AND batch = $2::bigint - 1 RETURNING 1) \
     SELECT expect_rows(count(*), 1) FROM touched";

/// The number of a writer's last batch. That it is an update makes it wait for a batch still under way, and proves
/// that the server that answers may commit.
pub(super) const LAST_BATCH: &str = "UPDATE writers SET seen_at = now() WHERE id = $1 RETURNING batch";

/// Puts aside what is rolled up later: audit entries and sums of a batch.
pub(super) const ROLL_UP_LATER: &str = "INSERT INTO roll_ups (entries, sums) VALUES ($1, $2)";
