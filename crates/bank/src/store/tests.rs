//! A disk that is full, a neighbour that fails, a store from the future, rows of today read tomorrow.

use super::*;
use crate::{Bank, Settings};
use bank_api::{AccountId, PartnerName};
use model::{Currency, Timestamp};
use redb::StorageBackend;
use redb::backends::InMemoryBackend;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// A disk that can be made full.
#[derive(Debug)]
struct Disk {
    memory: InMemoryBackend,
    is_full: Arc<AtomicBool>,
}

impl Disk {
    fn room(&self) -> io::Result<()> {
        if self.is_full.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.room()?;
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.room()?;
        self.memory.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.room()?;
        self.memory.write(offset, data)
    }
}

fn store() -> (Store, Arc<AtomicBool>) {
    let is_full = Arc::new(AtomicBool::new(false));
    let disk = Disk { memory: InMemoryBackend::new(), is_full: Arc::clone(&is_full) };
    let database = redb::Builder::new().create_with_backend(disk).unwrap();
    (Store::from_database(database).unwrap(), is_full)
}

#[tokio::test]
async fn a_full_disk_is_told_as_such_and_the_bank_is_no_longer_ready() {
    let (store, is_full) = store();
    let bank = Bank::on_store(store, Settings::default());
    bank.set_partners(&[]).await.unwrap();
    is_full.store(true, Ordering::SeqCst);
    let partner: PartnerName = "p".parse().unwrap();
    let refused = bank.release_hold(&partner, "h".parse().unwrap()).await.unwrap_err();
    assert_eq!(refused, crate::Refusal::Store(StoreError::DiskFull));
    assert_eq!(*bank.failure().borrow(), Some(StoreError::DiskFull));
}

#[tokio::test]
async fn a_command_that_fails_fails_alone() {
    let (store, _) = store();
    let write = |number: u64, fails: bool| {
        store.write(move |transaction: &WriteTransaction| {
            transaction.open_table(ACCOUNTS)?.insert(number, [].as_slice())?;
            if fails { Err(StoreError::Damaged("on purpose".to_owned())) } else { Ok(()) }
        })
    };
    let (one, two, three) = tokio::join!(write(1, false), write(2, true), write(3, false));
    assert!(one.is_ok() && two.is_err() && three.is_ok());
    let kept = |number: u64| {
        store.read(|transaction| Ok(transaction.open_table(ACCOUNTS)?.get(number)?.is_some())).unwrap()
    };
    assert_eq!([kept(1), kept(2), kept(3)], [true, false, true]);
    assert_eq!(*store.failure().borrow(), None);
}

#[tokio::test]
async fn a_store_from_the_future_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let set = |transaction: &WriteTransaction| {
        transaction.open_table(META)?.insert("schema", 9_u32.to_le_bytes().as_slice())?;
        Ok(())
    };
    store.write(set).await.unwrap();
    drop(store);
    let error = Store::open(folder.path()).err();
    assert_eq!(error, Some(StoreError::FromTheFuture { found: 9, known: 1 }));
}

/// If this fails, rows that banks have on disk would be misread: write a migration instead.
#[test]
fn rows_keep_their_stored_form() {
    let hold = HoldRecord::Placed(Hold {
        account: AccountId(7),
        amount_minor: 12_50,
        currency: Currency::CHF,
        payee: "Shop".to_owned(),
        request_hash: [1; 32],
        placed_at: Timestamp::from_ms(1_000),
        expires_at: Timestamp::from_ms(2_000),
        captured_minor: 2_50,
        refunded_minor: 0,
        end: Some(HoldEnd { how: HoldEnding::Expired, at: Timestamp::from_ms(2_000), released_minor: 10_00 }),
    });
    let stored = data_encoding::HEXLOWER.encode(&encode(&hold));
    let hash = "01".repeat(32);
    assert_eq!(stored, format!("000007c4130343484604{}{hash}d00fa01ff4030001{}", "53686f70", "02a01fd00f"));
    assert_eq!(decode::<HoldRecord>(&encode(&hold)).unwrap(), hold);

    let booking = Booking {
        at: Timestamp::from_ms(1_000),
        debit: LedgerAccount::Customer(AccountId(7)),
        credit: LedgerAccount::Partner("p".parse().unwrap(), Currency::EUR),
        amount_minor: 5,
        currency: Currency::EUR,
        cause: Cause::Refund("p".parse().unwrap(), "h".parse().unwrap(), "r".parse().unwrap()),
        text: "t".to_owned(),
    };
    let stored = data_encoding::HEXLOWER.encode(&encode(&booking));
    assert_eq!(stored, "00d00f0007010170034555520a0345555202017001680172".to_owned() + "0174");

    let account = Account {
        customer: "1001".parse().unwrap(),
        label: "l".to_owned(),
        iban: "CH".to_owned(),
        currency: Currency::CHF,
        overdraft_limit_minor: 1,
        status: bank_api::AccountStatus::Blocked,
        least_level: bank_api::AuthenticationLevel::Hardware,
        opened_at: Timestamp::from_ms(0),
    };
    let stored = data_encoding::HEXLOWER.encode(&encode(&account));
    assert_eq!(stored, "000431303031016c024348034348460201".to_owned() + "0200");
}
