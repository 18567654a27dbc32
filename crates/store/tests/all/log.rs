//! The log in trouble: full, failing, missing, damaged or another time's.

use crate::disk::Fate;
use crate::machine::{Form, Machine, Part};
use records::{Command, Outcome, PAGE_LIMIT_MAX, Page, Queries, Store, StoreError};
use std::time::Duration;
use store::conformance::sample;
use store::{EmbeddedStore, OpenError};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// A command that fills the log soon.
fn large(n: usize) -> Command {
    let mut entry = sample::entry("looked");
    entry.detail = format!("{n} {}", "x".repeat(400));
    Command::Record(entry)
}

async fn count(store: &EmbeddedStore) -> usize {
    let rows = store.audit(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    assert!(rows.windows(2).all(|pair| pair[1].follows(&pair[0].hash)));
    rows.len()
}

/// A machine whose store holds `rows` entries and was not closed.
fn worn(rows: usize) -> (Machine, EmbeddedStore) {
    let machine = Machine::new(Form::Logged);
    let store = machine.open().unwrap();
    for n in 0..rows {
        assert_eq!(runtime().block_on(store.commit(large(n))), Ok(Outcome::Done));
    }
    (machine, store)
}

#[test]
fn after_a_failed_sync_of_the_log_nothing_is_acknowledged() {
    let (machine, store) = worn(20);
    let runtime = runtime();
    machine.fail_syncs(Part::Log);
    for n in 20..22 {
        let answer = runtime.block_on(store.commit(large(n)));
        assert!(
            matches!(&answer, Err(StoreError::Failed(text)) if text.contains("check its disk")),
            "{answer:?}"
        );
    }
    assert!(store.close().is_err());
    let store = Machine::holding(Form::Logged, machine.after_power_loss(Fate::Kept)).open().unwrap();
    assert_eq!(runtime.block_on(count(&store)), 20);
}

/// The engine is given rows in the background; that it cannot take them is noticed, and nothing acknowledged is lost.
#[test]
fn after_a_failed_sync_of_the_engine_what_was_acknowledged_is_in_the_log() {
    let (machine, store) = worn(1);
    let runtime = runtime();
    machine.fail_syncs(Part::Store);
    let mut done = 1;
    for n in 1..1_000 {
        match runtime.block_on(store.commit(large(n))) {
            Ok(_) => done += 1,
            Err(_) => break,
        }
    }
    assert!(done < 1_000, "a store whose engine cannot sync goes on for ever");
    assert!(store.close().is_err());
    let store = Machine::holding(Form::Logged, machine.after_power_loss(Fate::Lost)).open().unwrap();
    assert_eq!(runtime.block_on(count(&store)), done);
}

#[test]
fn wherever_the_disk_is_full_the_answer_is_true_and_passes() {
    for part in [Part::Log, Part::Store] {
        let (machine, store) = worn(10);
        machine.set_full(part, true);
        runtime().block_on(async {
            let mut done = 10;
            let refusal = loop {
                match store.commit(large(done)).await {
                    Ok(_) => done += 1,
                    Err(error) => break error,
                }
            };
            // Or an honest "look again", where not even the log could be looked at.
            assert!(matches!(refusal, StoreError::DiskFull | StoreError::Failed(_)), "{part:?}: {refusal}");
            machine.set_full(part, false);
            loop {
                match store.commit(large(done)).await {
                    Ok(outcome) => break assert_eq!(outcome, Outcome::Done),
                    Err(StoreError::DiskFull) => tokio::time::sleep(Duration::from_millis(50)).await,
                    Err(other) => panic!("{part:?}: {other}"),
                }
            }
            assert_eq!(count(&store).await, done + 1, "{part:?}");
        });
        store.close().unwrap();
    }
}

#[test]
fn a_store_that_was_not_closed_is_not_opened_without_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let runtime = runtime();
    let store = EmbeddedStore::open(&path).unwrap();
    runtime.block_on(store.commit(large(0))).unwrap();
    // As a crash leaves them.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["store", "store.log1", "store.log2"] {
        std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    store.close().unwrap();
    let path = crashed.path().join("store");
    let log = crashed.path().join("store.log1");
    let aside = crashed.path().join("aside");
    std::fs::rename(&log, &aside).unwrap();
    for _ in 0..2 {
        assert!(matches!(EmbeddedStore::open(&path).err(), Some(OpenError::LogMissing)));
    }
    std::fs::rename(&aside, &log).unwrap();
    let store = EmbeddedStore::open(&path).unwrap();
    assert_eq!(runtime.block_on(count(&store)), 1);
}

#[test]
fn a_store_that_was_closed_is_whole_without_its_log_and_ignores_a_strange_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = EmbeddedStore::open(&path).unwrap();
    runtime().block_on(store.commit(large(0))).unwrap();
    let log = folder.path().join("store.log1");
    let strange = std::fs::read(&log).unwrap();
    assert!(strange.len() > 400);
    store.close().unwrap();
    assert!(!log.exists(), "a closed store leaves a log");
    std::fs::write(&log, strange).unwrap();
    let store = EmbeddedStore::open(&path).unwrap();
    assert_eq!(runtime().block_on(count(&store)), 1);
    assert_eq!(std::fs::metadata(&log).unwrap().len(), 0);
}

#[test]
fn a_log_that_is_damaged_before_its_end_is_not_taken_for_one_that_was_torn() {
    // Three records in one half, none of them in the engine yet; the one in the middle is hit.
    let (machine, _store) = worn(3);
    let mut images = machine.after_power_loss(Fate::Lost);
    let undamaged = Machine::holding(Form::Logged, images.clone()).open().unwrap();
    assert_eq!(runtime().block_on(count(&undamaged)), 3);
    Machine::damage_log(&mut images);
    let opened = Machine::holding(Form::Logged, images).open();
    assert!(matches!(opened.err(), Some(OpenError::LogForeign)));
}
