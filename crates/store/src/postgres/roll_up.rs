//! The sequencer: whatever batches put aside for the audit chain and the balances is added to them here, in the order of
//! commits, by one server at a time. So no payment waits for a row that all payments share. Nothing is missing meanwhile:
//! balances are asked for together with what is not added yet, and whoever asks for the chain has it brought up first.

use crate::fault::Fault;
use crate::postgres::connection::{Connection, Text, Trouble};
use crate::postgres::home::{COMMON, placed};
use crate::postgres::session::{Action, Bytes};
use crate::postgres::statements::Kind;
use crate::postgres::sums::Sums;
use crate::postgres::wanted::slices;
use crate::row;
use crate::tables::{AUDIT, BALANCES, Life};
use records::{AuditEntry, AuditRow, Balance, StoreError};

/// As many batches are rolled up in one transaction.
const BATCHES_MAX: i64 = 500;

const HOLD: &str = "SELECT sequence, hash FROM sequencer WHERE is_single FOR UPDATE";
const TAKE: &str = "WITH taken AS (DELETE FROM roll_ups WHERE id IN (SELECT id FROM roll_ups ORDER BY id LIMIT $1) \
     RETURNING id, entries, sums) SELECT entries, sums FROM taken ORDER BY id";
const MOVE: &str = "UPDATE sequencer SET sequence = $1, hash = $2 WHERE is_single";

fn refused(fault: Fault) -> Trouble {
    Trouble::Refused(fault.told())
}

/// Rolls up what is waiting, all of it.
pub(super) async fn roll_up(connection: &mut Connection) -> Result<(), Trouble> {
    while roll_up_some(connection).await? {}
    Ok(())
}

/// Rolls up some of what is waiting; tells whether there may be more.
async fn roll_up_some(connection: &mut Connection) -> Result<bool, Trouble> {
    let texts = vec![
        Text::Plain(HOLD),
        Text::Plain(TAKE),
        Text::Plain(MOVE),
        Text::Of(Life::Fact, Kind::Write(Action::Insert)),
        Text::Of(Life::Party, Kind::Get),
        Text::Of(Life::Party, Kind::Write(Action::Put)),
    ];
    connection.prepare(texts).await?;
    connection.client.batch_execute("BEGIN").await?;
    let rolled = in_transaction(connection).await;
    if rolled.is_err() {
        // Without its connection it is rolled back too.
        let _ = connection.client.batch_execute("ROLLBACK").await;
    }
    rolled
}

async fn in_transaction(connection: &Connection) -> Result<bool, Trouble> {
    let client = &connection.client;
    let tail = client.query_one(connection.statement(Text::Plain(HOLD)), &[]).await?;
    let (mut sequence, hash): (i64, &[u8]) = (tail.get(0), tail.get(1));
    let damaged = || Trouble::Refused(StoreError::Damaged("`sequencer`: its hash is no hash".into()));
    let mut hash: [u8; 32] = hash.try_into().map_err(|_| damaged())?;
    let taken = client.query(connection.statement(Text::Plain(TAKE)), &[&BATCHES_MAX]).await?;
    if taken.is_empty() {
        client.batch_execute("ROLLBACK").await?;
        return Ok(false);
    }
    let (mut keys, mut rows): (Vec<Bytes>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    let mut sums = Sums::default();
    for batch in &taken {
        for entry in row::read::<Vec<AuditEntry>>("roll_ups", batch.get(0)).map_err(refused)? {
            sequence += 1;
            let number = u64::try_from(sequence).map_err(|_| damaged())?;
            let row = AuditRow::chain(&hash, number, entry);
            hash = row.hash;
            rows.push(row::bytes(AUDIT.name, &row).map_err(refused)?);
            keys.push(placed(AUDIT.place, &number));
        }
        for sum in row::read::<Vec<Balance>>("roll_ups", batch.get(1)).map_err(refused)? {
            sums.add(sum).map_err(refused)?;
        }
    }
    let home = i32::from(COMMON);
    if !keys.is_empty() {
        let keys = slices(&keys);
        let insert = connection.statement(Text::Of(Life::Fact, Kind::Write(Action::Insert)));
        client.execute(insert, &[&home, &keys, &rows]).await?;
        client.execute(connection.statement(Text::Plain(MOVE)), &[&sequence, &&hash[..]]).await?;
    }
    if !sums.is_empty() {
        book(connection, sums).await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(i64::try_from(taken.len()).is_ok_and(|count| count == BATCHES_MAX))
}

/// Adds sums to the balances. Only who holds the sequencer does so.
async fn book(connection: &Connection, mut sums: Sums) -> Result<(), Trouble> {
    let client = &connection.client;
    let home = i32::from(COMMON);
    let get = connection.statement(Text::Of(Life::Party, Kind::Get));
    for balance in client.query(get, &[&home, &sums.keys()]).await? {
        let known = row::read(BALANCES.name, balance.get(1)).map_err(refused)?;
        sums.add(known).map_err(refused)?;
    }
    let rows = sums.balances().map(|sum| row::bytes(BALANCES.name, sum));
    let rows: Vec<_> = rows.collect::<Result<_, _>>().map_err(refused)?;
    let put = connection.statement(Text::Of(Life::Party, Kind::Write(Action::Put)));
    client.execute(put, &[&home, &sums.keys(), &rows]).await?;
    Ok(())
}
