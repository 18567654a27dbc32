//! The store's schema and how an older one becomes the present one.
//!
//! A migration is a function, and the list of them only ever grows at its end: the schema's number is how
//! many were done. All that an old store lacks is done in one transaction, so that a crash leaves it either
//! as it was or as it shall be.

use crate::embedded::open::{OpenError, explain_storage};
use crate::tables::{META, NAMES, definition};
use redb::{
    CommitError, Database, ReadableTable, ReadableTableMetadata, TableError, TransactionError,
    WriteTransaction,
};

/// One step from a schema to the next.
pub(crate) type Migration = fn(&WriteTransaction) -> Result<(), OpenError>;

/// Every step there ever was.
pub(crate) const MIGRATIONS: &[Migration] = &[
    create,
    start_books,
    add_webhooks,
    join_rows,
    join_stories,
    add_policies,
    add_devices,
    add_apps,
    add_approvals,
];

/// What the store says it is.
const KIND: &[u8] = b"batzen store";

/// 1: makes every table, so that no query meets one that is missing.
fn create(txn: &WriteTransaction) -> Result<(), OpenError> {
    for name in NAMES {
        txn.open_table(definition(name)).map_err(table)?;
    }
    Ok(())
}

/// 2: the ledger has customers' clearing, fees and incentives. What schema 1 booked, before there was any release,
/// knows neither, so only a store without any rows moves on.
fn start_books(txn: &WriteTransaction) -> Result<(), OpenError> {
    refuse_rows(txn, &["customers", "merchants", "payments"])
}

/// 3: makes the tables of webhooks, and lets be those that are there.
fn add_webhooks(txn: &WriteTransaction) -> Result<(), OpenError> {
    create(txn)
}

/// 4: a payment's wake-up and effects stand in its own row, the request in its verdict's, postings in their
/// event's. What was written otherwise, before there was any release, is not rewritten.
fn join_rows(txn: &WriteTransaction) -> Result<(), OpenError> {
    refuse_rows(txn, &["payments"])?;
    for name in ["postings", "begin_requests", "wake_of", "effects", "effects_of"] {
        txn.delete_table(definition(name)).map_err(table)?;
    }
    Ok(())
}

/// 5: what was found and the events stand in the payment's own row, and an enrolment knows when its PIN was changed.
fn join_stories(txn: &WriteTransaction) -> Result<(), OpenError> {
    refuse_rows(txn, &["payments", "enrolments"])
}

/// 6: makes the tables of policies and of what phones paid lately, and lets be those that are there.
fn add_policies(txn: &WriteTransaction) -> Result<(), OpenError> {
    create(txn)
}

/// 7: makes the tables of devices' lives. A phone that was activated before stands in its customer's list from when it is
/// first looked at.
fn add_devices(txn: &WriteTransaction) -> Result<(), OpenError> {
    create(txn)
}

/// 8: makes the tables of apps and of rules for sensors. Enrolments of before read as naming none.
fn add_apps(txn: &WriteTransaction) -> Result<(), OpenError> {
    create(txn)
}

/// 9: makes the table of approvals. Payments of before read as having needed none.
fn add_approvals(txn: &WriteTransaction) -> Result<(), OpenError> {
    create(txn)
}

fn refuse_rows(txn: &WriteTransaction, tables: &[&str]) -> Result<(), OpenError> {
    for name in tables {
        let rows = txn.open_table(definition(name)).map_err(table)?;
        if !rows.is_empty().map_err(|error| explain_storage(error, None))? {
            return Err(OpenError::BeforeFirstRelease);
        }
    }
    Ok(())
}

/// The schema of the store; 0 if it is yet to be made.
///
/// # Errors
/// [`OpenError::Newer`] or [`OpenError::NotAStore`] if this program has no business with it.
pub(crate) fn found(database: &Database, migrations: &[Migration]) -> Result<u32, OpenError> {
    let txn = database.begin_write().map_err(transaction)?;
    let (found, _) = look(&txn)?;
    txn.abort().map_err(|error| explain_storage(error, None))?;
    let known = u32::try_from(migrations.len()).expect("migrations are written by hand");
    if found > known { Err(OpenError::Newer { found, known }) } else { Ok(found) }
}

/// Brings the store to the schema after all of `migrations`. Gives the number of its last batch.
pub(crate) fn migrate(database: &Database, migrations: &[Migration]) -> Result<u64, OpenError> {
    let known = u32::try_from(migrations.len()).expect("migrations are written by hand");
    let txn = database.begin_write().map_err(transaction)?;
    let (found, batch) = look(&txn)?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    if found == known {
        txn.abort().map_err(|error| explain_storage(error, None))?;
        return Ok(batch);
    }
    for migration in &migrations[found as usize..] {
        migration(&txn)?;
    }
    {
        let mut meta = txn.open_table(META).map_err(table)?;
        for (key, value) in [(b"kind".as_slice(), KIND), (b"schema", &known.to_be_bytes())] {
            meta.insert(key, value).map_err(|error| explain_storage(error, None))?;
        }
    }
    txn.commit().map_err(commit)?;
    Ok(batch)
}

/// The schema and the last batch; 0 and 0 for a store yet to be made.
pub(crate) fn look(txn: &WriteTransaction) -> Result<(u32, u64), OpenError> {
    let mut tables = txn.list_tables().map_err(|error| explain_storage(error, None))?;
    if tables.next().is_none() {
        return Ok((0, 0));
    }
    let meta = txn.open_table(META).map_err(table)?;
    let get = |key: &[u8]| -> Result<Option<Vec<u8>>, OpenError> {
        let value = meta.get(key).map_err(|error| explain_storage(error, None))?;
        Ok(value.map(|value| value.value().to_vec()))
    };
    if get(b"kind")?.as_deref() != Some(KIND) {
        return Err(OpenError::NotAStore("it is some other program's".into()));
    }
    let damaged = |what: &str| OpenError::Damaged(format!("its {what} does not read"));
    let schema = get(b"schema")?.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| damaged("schema"))?;
    let batch = match get(b"batch")? {
        Some(bytes) => u64::from_be_bytes(bytes.try_into().map_err(|_| damaged("last batch"))?),
        None => 0,
    };
    Ok((u32::from_be_bytes(schema), batch))
}

pub(crate) fn table(error: TableError) -> OpenError {
    match error {
        TableError::Storage(error) => explain_storage(error, None),
        other => OpenError::NotAStore(other.to_string()),
    }
}

pub(crate) fn transaction(error: TransactionError) -> OpenError {
    match error {
        TransactionError::Storage(error) => explain_storage(error, None),
        other => OpenError::Failed(other.to_string()),
    }
}

pub(crate) fn commit(error: CommitError) -> OpenError {
    match error {
        CommitError::Storage(error) => explain_storage(error, None),
        other => OpenError::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::backends::InMemoryBackend;
    use redb::{ReadableDatabase, TableDefinition};

    const LATER: TableDefinition<'static, &[u8], &[u8]> = definition("later");

    fn add_table(txn: &WriteTransaction) -> Result<(), OpenError> {
        txn.open_table(LATER).map(drop).map_err(table)
    }

    fn fill_table(txn: &WriteTransaction) -> Result<(), OpenError> {
        let mut later = txn.open_table(LATER).map_err(table)?;
        later.insert(b"a".as_slice(), b"1".as_slice()).map_err(|error| explain_storage(error, None))?;
        Ok(())
    }

    fn fail_halfway(txn: &WriteTransaction) -> Result<(), OpenError> {
        fill_table(txn)?;
        Err(OpenError::Failed("on purpose".into()))
    }

    fn empty() -> Database {
        Database::builder().create_with_backend(InMemoryBackend::new()).unwrap()
    }

    fn tables(database: &Database) -> usize {
        database.begin_read().unwrap().list_tables().unwrap().count()
    }

    #[test]
    fn an_older_store_gets_the_steps_that_it_lacks_and_no_other() {
        let database = empty();
        migrate(&database, MIGRATIONS).unwrap();
        assert_eq!(tables(&database), NAMES.len() + 1);
        let done: Vec<Migration> = vec![fail_halfway; MIGRATIONS.len()];
        migrate(&database, &[done.as_slice(), &[add_table, fill_table]].concat()).unwrap();
        let later = database.begin_read().unwrap().open_table(LATER).unwrap();
        assert_eq!(later.get(b"a".as_slice()).unwrap().unwrap().value(), b"1");
    }

    #[test]
    fn a_step_that_fails_leaves_the_store_as_it_was() {
        let database = empty();
        migrate(&database, MIGRATIONS).unwrap();
        assert!(migrate(&database, &[MIGRATIONS, &[add_table, fail_halfway]].concat()).is_err());
        assert_eq!(tables(&database), NAMES.len() + 1);
        migrate(&database, MIGRATIONS).unwrap();
    }

    #[test]
    fn a_newer_store_is_left_alone() {
        let database = empty();
        migrate(&database, &[MIGRATIONS, &[add_table]].concat()).unwrap();
        let known = u32::try_from(MIGRATIONS.len()).unwrap();
        let found = migrate(&database, MIGRATIONS);
        assert!(
            matches!(found, Err(OpenError::Newer { found, known: k }) if found == known + 1 && k == known)
        );
        assert_eq!(tables(&database), NAMES.len() + 2);
    }

    #[test]
    fn books_of_before_the_first_release_are_left_alone() {
        let database = empty();
        migrate(&database, &MIGRATIONS[..1]).unwrap();
        let txn = database.begin_write().unwrap();
        txn.open_table(definition("merchants")).unwrap().insert(b"a".as_slice(), b"1".as_slice()).unwrap();
        txn.commit().unwrap();
        assert!(matches!(migrate(&database, MIGRATIONS), Err(OpenError::BeforeFirstRelease)));
        assert!(migrate(&database, &MIGRATIONS[..1]).is_ok(), "it was changed all the same");
    }

    #[test]
    fn a_store_whose_rows_were_apart_moves_on_only_while_it_has_no_payments() {
        let fill = |database: &Database, name| {
            let txn = database.begin_write().unwrap();
            txn.open_table(definition(name)).unwrap().insert(b"a".as_slice(), b"1".as_slice()).unwrap();
            txn.commit().unwrap();
        };
        let database = empty();
        migrate(&database, &MIGRATIONS[..3]).unwrap();
        fill(&database, "postings");
        fill(&database, "merchants");
        migrate(&database, MIGRATIONS).unwrap();
        assert_eq!(tables(&database), NAMES.len() + 1, "a table that nobody reads was left");
        for known in [3, 4] {
            let database = empty();
            migrate(&database, &MIGRATIONS[..known]).unwrap();
            fill(&database, "payments");
            assert!(matches!(migrate(&database, MIGRATIONS), Err(OpenError::BeforeFirstRelease)));
        }
    }

    #[test]
    fn another_programs_tables_are_no_store() {
        let database = empty();
        let txn = database.begin_write().unwrap();
        fill_table(&txn).unwrap();
        txn.commit().unwrap();
        assert!(matches!(migrate(&database, MIGRATIONS), Err(OpenError::NotAStore(_))));
        assert_eq!(tables(&database), 1);
    }
}
