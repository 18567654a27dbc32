//! Brings the engine up to its log when a store is opened: what the log holds beyond the engine's last sync was
//! acknowledged, and is carried out again.

use crate::embedded::log::{Change, Log, Places, Read, Reader};
use crate::embedded::migrations::{self, look};
use crate::embedded::open::{OpenError, explain_storage};
use crate::tables::{META, NAMES, definition};
use redb::{Database, ReadableTable, StorageError, TableError, WriteTransaction};

/// Stands in [`META`] while a store goes on in its log: without that log it is not whole.
const LOGGED: &[u8] = b"logged";

/// Carries out again what `log` holds beyond the engine's last batch, durably, if the store went on in its log.
///
/// # Errors
/// [`OpenError`]; among them that the log is missing, is another store's, or is damaged.
pub(crate) fn catch_up(database: &Database, log: Option<&Places>) -> Result<(), OpenError> {
    let txn = database.begin_write().map_err(migrations::transaction)?;
    if !is_marked(&txn)? {
        return txn.abort().map_err(storage);
    }
    replay(&txn, log.ok_or(OpenError::LogMissing)?)?;
    txn.commit().map_err(migrations::commit)
}

/// Lets the store go on in a log, which begins anew.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn go_on(database: &Database, places: Places) -> Result<Log, OpenError> {
    // Whatever stands there is in the engine or belongs to another time. It is gone before the store is marked.
    empty(&places)?;
    let txn = database.begin_write().map_err(migrations::transaction)?;
    mark(&txn, true).map_err(migrations::table)?;
    txn.commit().map_err(migrations::commit)?;
    Ok(Log::new(places))
}

/// Marks in `txn` whether the store goes on in its log.
pub(crate) fn mark(txn: &WriteTransaction, is_logged: bool) -> Result<(), TableError> {
    let mut meta = txn.open_table(META)?;
    if is_logged {
        drop(meta.insert(LOGGED, b"".as_slice())?);
    } else {
        drop(meta.remove(LOGGED)?);
    }
    Ok(())
}

fn is_marked(txn: &WriteTransaction) -> Result<bool, OpenError> {
    let meta = txn.open_table(META).map_err(migrations::table)?;
    Ok(meta.get(LOGGED).map_err(storage)?.is_some())
}

fn empty(places: &Places) -> Result<(), OpenError> {
    places.halves.iter().try_for_each(|half| half.set_len(0).and_then(|()| half.sync_data())).map_err(io)
}

/// Carries out again what the halves hold beyond the engine's last batch, the older half first.
fn replay(txn: &WriteTransaction, places: &Places) -> Result<(), OpenError> {
    let (_, batch) = look(txn)?;
    let mut halves = Vec::new();
    for half in &places.halves {
        let mut reader = Reader::new(&**half).map_err(io)?;
        if let Some(first) = reader.next().map_err(io)? {
            halves.push((first, reader));
        }
    }
    halves.sort_by_key(|(first, _)| first.number);
    let mut last = batch;
    for (first, mut reader) in halves {
        let mut expected = first.number;
        let mut read = Some(first);
        // Another number is an earlier round's, behind the last record of this one.
        while let Some(record) = read.filter(|record| record.number == expected) {
            if record.number > batch {
                if record.number != last + 1 {
                    return Err(OpenError::LogForeign);
                }
                apply(txn, &record)?;
                last = record.number;
            }
            expected += 1;
            read = reader.next().map_err(io)?;
            if read.is_none()
                && let Some(next) = reader.behind(expected + 1).map_err(io)?
            {
                // One that the engine holds may be missing: the first record of the next round was torn as it was
                // written over it.
                if expected > batch {
                    return Err(OpenError::LogForeign);
                }
                expected += 1;
                read = Some(next);
            }
        }
    }
    let mut meta = txn.open_table(META).map_err(migrations::table)?;
    meta.insert(b"batch".as_slice(), last.to_be_bytes().as_slice()).map_err(storage)?;
    Ok(())
}

fn apply(txn: &WriteTransaction, read: &Read) -> Result<(), OpenError> {
    for change in read.changes() {
        let unknown = || OpenError::Damaged("its log holds what this program does not understand".into());
        let Change { table, key, value } =
            change.filter(|change| NAMES.contains(&change.table)).ok_or_else(unknown)?;
        let mut table = txn.open_table(definition(table)).map_err(migrations::table)?;
        match value {
            Some(value) => drop(table.insert(key, value).map_err(storage)?),
            None => drop(table.remove(key).map_err(storage)?),
        }
    }
    Ok(())
}

fn storage(error: StorageError) -> OpenError {
    explain_storage(error, None)
}

fn io(error: std::io::Error) -> OpenError {
    explain_storage(StorageError::Io(error), None)
}

#[cfg(all(test, feature = "conformance"))]
mod tests {
    use super::*;
    use crate::conformance::Memory;
    use crate::embedded::log::Record;
    use redb::backends::InMemoryBackend;
    use redb::{ReadableDatabase, StorageBackend};

    /// An engine that goes on in its log after this batch.
    fn engine(batch: u64) -> Database {
        let database = redb::Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
        migrations::migrate(&database, migrations::MIGRATIONS).unwrap();
        let txn = database.begin_write().unwrap();
        mark(&txn, true).unwrap();
        txn.open_table(META).unwrap().insert(b"batch".as_slice(), batch.to_be_bytes().as_slice()).unwrap();
        txn.commit().unwrap();
        database
    }

    fn places(halves: [&Memory; 2]) -> Places {
        let halves = halves.map(|half| Box::new(half.clone()) as Box<dyn StorageBackend>);
        Places { halves, bytes_max: 10_000, files: Vec::new() }
    }

    /// A half with these records, each of one row of this table with its number as key.
    fn half(numbers: &[u64], table: &str) -> Memory {
        let half = Memory::holding(Vec::new());
        let mut log = Log::new(places([&half, &Memory::holding(Vec::new())]));
        for number in numbers {
            let mut record = Record::default();
            record.push(Change { table, key: &number.to_be_bytes(), value: Some(b"row") });
            log.append(*number, &mut record).unwrap();
        }
        half
    }

    /// Opens an engine at `batch` beside halves that hold these records; of the first half one bit of each of `damaged`
    /// is turned. Gives the rows that are there then.
    fn opened(batch: u64, [first, second]: [&[u64]; 2], damaged: &[u64]) -> Result<Vec<u64>, OpenError> {
        let halves = [half(first, "customers"), half(second, "customers")];
        let mut bytes = vec![0; usize::try_from(halves[0].len().unwrap()).unwrap()];
        halves[0].read(0, &mut bytes).unwrap();
        // Each record is as long as the others.
        let length = 20 + 1 + "customers".len() + 8 + 8 + 3;
        for number in damaged {
            let place = first.iter().position(|one| one == number).unwrap();
            bytes[place * length + length - 1] ^= 1;
        }
        halves[0].write(0, &bytes).unwrap();
        let database = engine(batch);
        catch_up(&database, Some(&places(halves.each_ref())))?;
        let txn = database.begin_read().unwrap();
        let rows = txn.open_table(definition("customers")).unwrap();
        let number = |key: &[u8]| u64::from_be_bytes(key.try_into().unwrap());
        Ok(rows.iter().unwrap().map(|row| number(row.unwrap().0.value())).collect())
    }

    #[test]
    fn a_record_that_the_engine_holds_may_be_missing_and_one_that_it_does_not_may_not() {
        assert_eq!(opened(4, [&[1, 2, 3, 4], &[5, 6]], &[]).unwrap(), [5, 6]);
        // The next round's first record was torn as it was written over them.
        assert_eq!(opened(4, [&[1, 2, 3, 4], &[5, 6]], &[2]).unwrap(), [5, 6]);
        assert_eq!(opened(4, [&[1, 2, 3, 4], &[5, 6]], &[3, 4]).unwrap(), [5, 6]);
        // What stands behind one that is missing is not lost.
        assert_eq!(opened(2, [&[1, 2, 3, 4], &[]], &[2]).unwrap(), [3, 4]);
        // The last one was torn: nobody was answered.
        assert_eq!(opened(2, [&[1, 2, 3, 4], &[]], &[4]).unwrap(), [3]);
        for (batch, damaged) in [(2, 3), (1, 2), (0, 3)] {
            let opened = opened(batch, [&[1, 2, 3, 4], &[]], &[damaged]);
            assert!(matches!(opened, Err(OpenError::LogForeign)), "{batch} {damaged}: {opened:?}");
        }
        // The half behind it is not carried out without it.
        assert!(matches!(opened(2, [&[1, 2, 3, 4], &[5]], &[4]), Err(OpenError::LogForeign)));
    }

    /// What comes of a log whose only record names this table.
    fn opened_with(table: &str) -> Result<(), OpenError> {
        let (half, empty) = (half(&[1], table), Memory::holding(Vec::new()));
        catch_up(&engine(0), Some(&places([&half, &empty])))
    }

    #[test]
    fn a_table_that_this_program_does_not_know_is_not_made() {
        assert!(opened_with("customers").is_ok());
        for table in ["", "strangers", "meta"] {
            assert!(matches!(opened_with(table), Err(OpenError::Damaged(_))), "{table:?}");
        }
    }
}
