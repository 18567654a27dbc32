//! Every statement that PostgreSQL is sent for a table, as text.
//!
//! The hot ones, which payments wait for, name one home each and no row that two payers share: `tests` reads them and
//! proves it.

use crate::postgres::session::Action;
use crate::tables::Life;

/// What is done to a table by one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Reads rows by key and locks them, in key order.
    Hold,
    /// Reads rows by key.
    Get,
    /// Reads the first rows of spans.
    Rising,
    /// Reads the last rows of spans, the last one first.
    Falling,
    /// Counts the rows of a span.
    Count,
    /// Writes.
    Write(Action),
}

/// The table of rows that live so.
pub(super) const fn table(life: Life) -> &'static str {
    match life {
        Life::Party => "parties",
        Life::Sale => "sales",
        Life::Fact => "facts",
        Life::Queue => "queues",
    }
}

/// The text of the statement of this kind on the table of rows that live so. `$1` is the home.
pub(super) fn text(life: Life, kind: Kind) -> String {
    let table = table(life);
    let given = "SELECT $1::integer, key, row FROM unnest($2::bytea[], $3::bytea[]) AS given (key, row)";
    match kind {
        Kind::Hold => {
            format!("SELECT key, row FROM {table} WHERE home = $1 AND key = ANY($2) ORDER BY key FOR UPDATE")
        }
        Kind::Get => format!("SELECT key, row FROM {table} WHERE home = $1 AND key = ANY($2)"),
        Kind::Rising => spans(table, "ASC"),
        Kind::Falling => spans(table, "DESC"),
        Kind::Count => format!("SELECT count(*) FROM {table} WHERE home = $1 AND key >= $2 AND key < $3"),
        Kind::Write(Action::Insert) => format!("INSERT INTO {table} (home, key, row) {given}"),
        Kind::Write(Action::InsertIfAbsent) => {
            format!("INSERT INTO {table} (home, key, row) {given} ON CONFLICT (key, home) DO NOTHING")
        }
        Kind::Write(Action::Put) => format!(
            "INSERT INTO {table} (home, key, row) {given} ON CONFLICT (key, home) DO UPDATE SET row = excluded.row"
        ),
        // Found by key whatever the planner thinks: it would turn a join around while the table is small.
        Kind::Write(Action::Update) => format!(
            "WITH touched AS (UPDATE {table} SET row = ($3::bytea[])[array_position($2::bytea[], key)] \
             WHERE home = $1 AND key = ANY($2) RETURNING 1) \
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

/// Of each span, from a key of `$2` on, before that of `$3`, the outermost `$4` rows, with the span's number from 1.
fn spans(table: &str, order: &str) -> String {
    format!(
        "SELECT span.number, found.key, found.row \
         FROM unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS span (first, last, number) \
         CROSS JOIN LATERAL (SELECT key, row FROM {table} WHERE home = $1 AND key >= span.first AND key < span.last \
         ORDER BY key {order} LIMIT $4) AS found"
    )
}

/// Begins a batch: takes the writer's place, locks and reads.
pub(super) const BEGIN_BATCH: &str = "SELECT held_key, held_row FROM begin_batch($1, $2, $3, $4, $5)";

/// Writes what almost every batch writes.
pub(super) const WRITE_BATCH: &str =
    "SELECT write_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

/// Reads rows of one home by key, from every table.
pub(super) const GET_ANY: &str = "SELECT key, row FROM parties WHERE home = $1 AND key = ANY($2) \
     UNION ALL SELECT key, row FROM sales WHERE home = $1 AND key = ANY($3) \
     UNION ALL SELECT key, row FROM facts WHERE home = $1 AND key = ANY($4) \
     UNION ALL SELECT key, row FROM queues WHERE home = $1 AND key = ANY($5)";

/// Takes note of a home to which rows are written.
pub(super) const KNOW_HOME: &str = "INSERT INTO homes (home) VALUES ($1) ON CONFLICT DO NOTHING";

/// The number of a writer's last batch. That it is an update makes it wait for a batch still under way, and proves
/// that the server that answers may commit.
pub(super) const LAST_BATCH: &str = "UPDATE writers SET seen_at = now() WHERE id = $1 RETURNING batch";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::migrations::MIGRATIONS;

    const ACTIONS: [Action; 6] = [
        Action::Insert,
        Action::InsertIfAbsent,
        Action::Put,
        Action::Update,
        Action::Delete,
        Action::DeleteIfThere,
    ];

    /// The body of a function as the migrations leave it, statement by statement.
    fn body(name: &str) -> Vec<String> {
        let begin = format!("FUNCTION {name}(");
        let sql = MIGRATIONS.iter().rev().find(|step| step.sql.contains(&begin)).unwrap().sql;
        let (_, rest) = sql.rsplit_once(&begin).unwrap();
        let body = rest.split("$$").nth(1).unwrap();
        let lines = body.lines().map(|line| line.split("--").next().unwrap());
        lines.collect::<Vec<_>>().join(" ").split(';').map(|one| one.trim().to_owned()).collect()
    }

    /// Which of the tables of rows a statement names.
    fn named(statement: &str) -> Vec<&'static str> {
        let words: Vec<&str> = statement.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        Life::ALL.map(table).into_iter().filter(|table| words.contains(table)).collect()
    }

    /// Whoever spreads the tables by home can send each statement that payments wait for to one place: it names one
    /// table of rows, of one home, and rows of that home by their keys alone; and no table that payers share but one to
    /// which rows are only added.
    #[test]
    fn hot_statements_are_of_one_home_each() {
        let mut statements: Vec<String> = ["begin_batch", "write_batch"].into_iter().flat_map(body).collect();
        for life in Life::ALL {
            let kinds = [Kind::Hold, Kind::Rising, Kind::Falling].into_iter().chain(ACTIONS.map(Kind::Write));
            statements.extend(kinds.map(|kind| text(life, kind)));
        }
        statements.extend(GET_ANY.split("UNION ALL").map(str::to_owned));
        let mut seen = 0;
        for statement in statements {
            let tables = named(&statement);
            if tables.is_empty() {
                let shared = ["homes", "sequencer", "leases", "migrations"];
                assert!(!shared.iter().any(|table| statement.contains(table)), "{statement}");
                continue;
            }
            seen += 1;
            assert_eq!(tables.len(), 1, "two tables at once: {statement}");
            let of_one_home = ["home = at_home", "home = $1", "SELECT at_home,", "SELECT $1::integer,"];
            assert!(of_one_home.iter().any(|home| statement.contains(home)), "no home: {statement}");
            let by_key = ["key = ANY(", "unnest(", "key >= span.first"];
            assert!(by_key.iter().any(|key| statement.contains(key)), "not by key: {statement}");
            assert!(!statement.contains(" OR ") && !statement.contains("JOIN parties"), "{statement}");
        }
        assert_eq!(seen, 2 + 6 + 4 * 9 + 4);
    }
}
