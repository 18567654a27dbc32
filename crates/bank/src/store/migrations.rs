//! Schema versions. Append only: a step, once released, is never changed.

use super::tables::{self, META};
use crate::StoreError;
use redb::{Database, ReadableTable, WriteTransaction};

const SCHEMA: &str = "schema";

type Step = fn(&WriteTransaction) -> Result<(), StoreError>;

/// Step `n` (from 0) brings schema `n` to `n + 1`.
const STEPS: &[Step] = &[tables::create];

/// Brings the store to the newest schema, in one transaction.
pub(crate) fn migrate(database: &Database) -> Result<(), StoreError> {
    let newest = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    let transaction = database.begin_write()?;
    {
        let mut meta = transaction.open_table(META)?;
        let found = meta.get(SCHEMA)?.map_or(Ok(0), |value| {
            let bytes: Result<[u8; 4], _> = value.value().try_into();
            bytes.map(u32::from_le_bytes).map_err(|_| StoreError::Damaged("schema is no number".to_owned()))
        })?;
        if found > newest {
            return Err(StoreError::FromTheFuture { found, known: newest });
        }
        for step in &STEPS[found as usize..] {
            step(&transaction)?;
        }
        meta.insert(SCHEMA, newest.to_le_bytes().as_slice())?;
    }
    Ok(transaction.commit()?)
}
