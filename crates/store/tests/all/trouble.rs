//! A full disk, a disk that fails to sync, and what the store promises then.

use crate::disk::{Fate, FaultDisk, rows};
use records::{Command, Outcome, PAGE_LIMIT_MAX, Page, Queries, Store, StoreError};
use std::time::Duration;
use store::EmbeddedStore;
use store::conformance::sample;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// A command that takes room.
fn large(n: u32) -> Command {
    let mut entry = sample::entry("looked");
    entry.detail = format!("{n} {}", "x".repeat(20_000));
    Command::Record(entry)
}

/// Tries until it is no longer refused for want of room.
async fn done_in_the_end(store: &EmbeddedStore, command: &Command) {
    loop {
        match store.commit(command.clone()).await {
            Ok(outcome) => return assert_eq!(outcome, Outcome::Done),
            Err(StoreError::DiskFull) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_full_disk_is_told_changes_nothing_and_passes() {
    let disk = FaultDisk::default();
    let store = EmbeddedStore::open_on(disk.clone()).unwrap();
    disk.limit(Some(disk.len_seen() + 3_000_000));
    runtime().block_on(async {
        let mut done = 0;
        let refusal = loop {
            match store.commit(large(done)).await {
                Ok(_) => done += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(refusal, StoreError::DiskFull);
        assert!(done > 10);
        assert_eq!(store.commit(large(done)).await, Err(StoreError::DiskFull));
        let there = store.audit(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
        assert_eq!(there.len(), done as usize, "a full disk must not hide what is there");

        disk.limit(None);
        done_in_the_end(&store, &large(done)).await;
        let there = store.audit(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
        assert_eq!(there.len(), done as usize + 1);
        assert!(there.windows(2).all(|pair| pair[1].follows(&pair[0].hash)));
    });
    store.close().unwrap();
    EmbeddedStore::open_on(FaultDisk::holding(disk.after_power_loss(Fate::Lost))).unwrap();
}

/// The disk runs full in every operation of one commit: `DiskFull` always means that nothing was changed, and
/// the store goes on once there is room.
#[test]
fn wherever_the_disk_runs_full_the_answer_is_true() {
    let span = {
        let (disk, store) = worn();
        let before = disk.operations();
        runtime().block_on(store.commit(large(9))).unwrap();
        disk.operations() - before
    };
    assert!(span > 3);
    std::thread::scope(|scope| {
        for offset in 0..span {
            scope.spawn(move || {
                let (disk, store) = worn();
                let before = rows(disk.seen());
                disk.full_from(Some(disk.operations() + offset));
                runtime().block_on(async {
                    let answer = store.commit(large(9)).await;
                    disk.full_from(None);
                    let found = rows(disk.seen());
                    match answer {
                        Ok(_) => assert_ne!(found, before),
                        Err(StoreError::DiskFull) => assert_eq!(found, before, "operation {offset}"),
                        // An honest "look again".
                        Err(StoreError::Failed(_)) => {}
                        Err(other) => panic!("operation {offset}: {other}"),
                    }
                    done_in_the_end(&store, &large(10)).await;
                });
            });
        }
    });
}

/// Whoever reads before they write, as every route of the server does, is not turned away for ever.
#[test]
fn readers_are_let_in_again_once_there_is_room_without_a_command() {
    let (disk, store) = worn();
    disk.full_from(Some(disk.operations()));
    let runtime = runtime();
    let answer = runtime.block_on(store.commit(large(9)));
    // Or an honest "look again", where the room ran out in the commit itself.
    assert!(matches!(&answer, Err(StoreError::DiskFull | StoreError::Failed(_))), "{answer:?}");
    assert_eq!(runtime.block_on(store.customers(Page::first(1))), Err(StoreError::Busy));
    disk.full_from(None);
    let back = async {
        while store.customers(Page::first(1)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), back).await }).unwrap();
}

/// A store with some rows in it.
fn worn() -> (FaultDisk, EmbeddedStore) {
    let disk = FaultDisk::default();
    let store = EmbeddedStore::open_on(disk.clone()).unwrap();
    for n in 0..8 {
        runtime().block_on(store.commit(large(n))).unwrap();
    }
    (disk, store)
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged() {
    let (disk, store) = worn();
    let runtime = runtime();
    disk.fail_syncs();
    let answer = runtime.block_on(store.commit(large(8)));
    assert!(
        matches!(&answer, Err(StoreError::Failed(text)) if text.contains("check its disk")),
        "{answer:?}"
    );
    let answer = runtime.block_on(store.commit(large(9)));
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    assert!(store.close().is_err());

    // The system may still show what the disk never took; after a power loss the truth is what was acknowledged.
    let store = EmbeddedStore::open_on(FaultDisk::holding(disk.after_power_loss(Fate::Kept))).unwrap();
    assert_eq!(runtime.block_on(store.audit(Page::first(99))).unwrap().len(), 8);
}

#[test]
fn what_waits_is_done_before_the_store_closes() {
    let disk = FaultDisk::default();
    let store = EmbeddedStore::open_on(disk.clone()).unwrap();
    // Each is handed over by its first poll, and none is waited for.
    for n in 0..100 {
        let mut waiting = store.commit(Command::CreateCustomer(sample::customer(n), sample::entry("made")));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = waiting.as_mut().poll(&mut context);
    }
    store.close().unwrap();
    let store = EmbeddedStore::open_on(FaultDisk::holding(disk.after_power_loss(Fate::Lost))).unwrap();
    assert_eq!(runtime().block_on(store.customers(Page::first(200))).unwrap().len(), 100);
}
