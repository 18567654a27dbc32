//! The tables, and how rows get in and out of them.

use crate::StoreError;
use redb::{Key, ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A row: postcard of [`Versioned`].
pub(crate) type Row = &'static [u8];
type Rows<K> = TableDefinition<'static, K, Row>;
type Index<K> = TableDefinition<'static, K, ()>;
type Text = &'static str;

/// Facts about the store itself.
pub(crate) const META: Rows<Text> = TableDefinition::new("meta");
/// Customer number → `Customer`.
pub(crate) const CUSTOMERS: Rows<Text> = TableDefinition::new("customers");
/// Account id → `Account`.
pub(crate) const ACCOUNTS: Rows<u64> = TableDefinition::new("accounts");
/// (Customer number, label) → account id.
pub(crate) const ACCOUNTS_OF: TableDefinition<'static, (Text, Text), u64> =
    TableDefinition::new("accounts_of");
/// Partner name → `PartnerKeys`.
pub(crate) const PARTNERS: Rows<Text> = TableDefinition::new("partners");
/// SHA-256 of a proof → `ProofMade`.
pub(crate) const PROOFS: Rows<Row> = TableDefinition::new("proofs");
/// (Expiry in ms, SHA-256 of a proof).
pub(crate) const PROOFS_BY_EXPIRY: Index<(i64, Row)> = TableDefinition::new("proofs_by_expiry");
/// Account reference → `Link`.
pub(crate) const LINKS: Rows<Text> = TableDefinition::new("links");
/// (Partner, link id) → account reference.
pub(crate) const LINKS_BY_ID: TableDefinition<'static, (Text, Text), Text> =
    TableDefinition::new("links_by_id");
/// (Account id, account reference).
pub(crate) const LINKS_OF: Index<(u64, Text)> = TableDefinition::new("links_of");
/// (Partner, hold id) → `HoldRecord`.
pub(crate) const HOLDS: Rows<(Text, Text)> = TableDefinition::new("holds");
/// (Expiry in ms, partner, hold id) of open holds.
pub(crate) const OPEN_BY_EXPIRY: Index<(i64, Text, Text)> = TableDefinition::new("open_holds_by_expiry");
/// (Account id, partner, hold id) of open holds.
pub(crate) const OPEN_OF: Index<(u64, Text, Text)> = TableDefinition::new("open_holds_of");
/// (Partner, hold id) → `StatementKept`.
pub(crate) const STATEMENTS: Rows<(Text, Text)> = TableDefinition::new("statements");
/// (Partner, hold id, capture id) → `Taken`.
pub(crate) const CAPTURES: Rows<(Text, Text, Text)> = TableDefinition::new("captures");
/// (Partner, hold id, refund id) → `Taken`.
pub(crate) const REFUNDS: Rows<(Text, Text, Text)> = TableDefinition::new("refunds");
/// Number → `Booking`.
pub(crate) const BOOKINGS: Rows<u64> = TableDefinition::new("bookings");
/// Ledger account → `Balance`.
pub(crate) const BALANCES: Rows<Text> = TableDefinition::new("balances");
/// (Ledger account, booking number) → `Entry`.
pub(crate) const ENTRIES: Rows<(Text, u64)> = TableDefinition::new("entries");

/// Schema 1: all tables, so that reads find them from the start.
pub(crate) fn create(transaction: &WriteTransaction) -> Result<(), StoreError> {
    for table in [CUSTOMERS, PARTNERS, LINKS, BALANCES] {
        transaction.open_table(table)?;
    }
    for table in [ACCOUNTS, BOOKINGS] {
        transaction.open_table(table)?;
    }
    for table in [HOLDS, STATEMENTS] {
        transaction.open_table(table)?;
    }
    for table in [CAPTURES, REFUNDS] {
        transaction.open_table(table)?;
    }
    transaction.open_table(ACCOUNTS_OF)?;
    transaction.open_table(PROOFS)?;
    transaction.open_table(PROOFS_BY_EXPIRY)?;
    transaction.open_table(LINKS_BY_ID)?;
    transaction.open_table(LINKS_OF)?;
    transaction.open_table(OPEN_BY_EXPIRY)?;
    transaction.open_table(OPEN_OF)?;
    transaction.open_table(ENTRIES)?;
    Ok(())
}

/// A row with its version. A row that changes its shape gets an enum of its own with both.
#[derive(Serialize, Deserialize)]
enum Versioned<T> {
    V1(T),
}

pub(crate) fn encode<T: Serialize>(row: &T) -> Vec<u8> {
    postcard::to_allocvec(&Versioned::V1(row)).expect("rows are plain data, which postcard always writes")
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    match postcard::from_bytes(bytes) {
        Ok(Versioned::V1(row)) => Ok(row),
        Err(error) => Err(StoreError::Damaged(format!("a row cannot be read: {error}"))),
    }
}

/// Reads single rows, from either kind of transaction.
pub(crate) trait Source {
    /// The row under `key`, if there is one.
    fn row<K: Key + 'static, T: DeserializeOwned>(
        &self,
        table: Rows<K>,
        key: K::SelfType<'_>,
    ) -> Result<Option<T>, StoreError>;
}

impl Source for WriteTransaction {
    fn row<K: Key + 'static, T: DeserializeOwned>(
        &self,
        table: Rows<K>,
        key: K::SelfType<'_>,
    ) -> Result<Option<T>, StoreError> {
        row_in(&self.open_table(table)?, key)
    }
}

impl Source for ReadTransaction {
    fn row<K: Key + 'static, T: DeserializeOwned>(
        &self,
        table: Rows<K>,
        key: K::SelfType<'_>,
    ) -> Result<Option<T>, StoreError> {
        row_in(&self.open_table(table)?, key)
    }
}

pub(crate) fn row_in<K: Key + 'static, T: DeserializeOwned>(
    table: &impl ReadableTable<K, Row>,
    key: K::SelfType<'_>,
) -> Result<Option<T>, StoreError> {
    table.get(&key)?.map(|bytes| decode(bytes.value())).transpose()
}

/// Writes a row, in place of what was there.
pub(crate) fn put<K: Key + 'static, T: Serialize>(
    transaction: &WriteTransaction,
    table: Rows<K>,
    key: K::SelfType<'_>,
    row: &T,
) -> Result<(), StoreError> {
    let mut table: Table<'_, K, Row> = transaction.open_table(table)?;
    table.insert(&key, encode(row).as_slice())?;
    Ok(())
}

/// Writes an index entry.
pub(crate) fn mark<K: Key + 'static>(
    transaction: &WriteTransaction,
    index: Index<K>,
    key: K::SelfType<'_>,
) -> Result<(), StoreError> {
    transaction.open_table(index)?.insert(&key, ())?;
    Ok(())
}

/// Takes an index entry away.
pub(crate) fn unmark<K: Key + 'static>(
    transaction: &WriteTransaction,
    index: Index<K>,
    key: K::SelfType<'_>,
) -> Result<(), StoreError> {
    transaction.open_table(index)?.remove(&key)?;
    Ok(())
}
