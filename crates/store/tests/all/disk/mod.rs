//! What is on a disk, read with the bare engine.

use redb::{ReadableDatabase, ReadableTable, TableDefinition, TableHandle};
use std::collections::BTreeMap;
pub(crate) use store::fault_disk::{Fate, FaultDisk};

/// Every row of every table, as bytes, but for what the store says of itself.
pub(crate) type Rows = BTreeMap<(String, Vec<u8>), Vec<u8>>;

/// Reads an image with the bare engine.
pub(crate) fn rows(image: Vec<u8>) -> Rows {
    let disk = FaultDisk::holding(image);
    let database = redb::Database::builder().create_with_backend(disk).unwrap();
    let txn = database.begin_read().unwrap();
    let mut rows = Rows::new();
    for table in txn.list_tables().unwrap().filter(|table| table.name() != "meta") {
        let definition = TableDefinition::<&[u8], &[u8]>::new(table.name());
        for row in txn.open_table(definition).unwrap().iter().unwrap() {
            let (key, value) = row.unwrap();
            rows.insert((table.name().to_owned(), key.value().to_vec()), value.value().to_vec());
        }
    }
    rows
}
