//! Commands that come while a batch is under way: what they see, and when whoever brought them is told.

use records::{Command, Outcome, Page, Queries, Store, StoreError};
use std::sync::Arc;
use store::conformance::sample;
use store::fault_disk::FaultDisk;
use store::{EmbeddedStore, ManualWriter, Options};
use tokio::task::{JoinHandle, yield_now};

type Answer = Result<Outcome, StoreError>;

fn open(disk: &FaultDisk) -> (Arc<EmbeddedStore>, ManualWriter) {
    let opened =
        EmbeddedStore::open_manual_with_log(disk.clone(), disk.log_halves(), 8_192, Options::default());
    let (store, writer) = opened.unwrap();
    (Arc::new(store), writer)
}

async fn bring(store: &Arc<EmbeddedStore>, command: Command) -> JoinHandle<Answer> {
    let store = Arc::clone(store);
    let bringing = tokio::spawn(async move { store.commit(command).await });
    yield_now().await;
    bringing
}

fn create(n: u128) -> Command {
    Command::CreateCustomer(sample::customer(n), sample::entry("customer.added"))
}

#[tokio::test]
async fn who_comes_later_sees_the_batch_under_way_and_readers_do_not() {
    let (store, mut writer) = open(&FaultDisk::default());
    let first = bring(&store, create(1)).await;
    writer.turn();
    let again = bring(&store, create(1)).await;
    assert_eq!(store.customer(sample::customer(1).id).await.unwrap(), None);

    writer.turn();
    assert_eq!(first.await.unwrap(), Ok(Outcome::Done));
    assert_eq!(store.customer(sample::customer(1).id).await.unwrap(), Some(sample::customer(1)));

    yield_now().await;
    assert!(!again.is_finished(), "a refusal too waits for its batch");
    writer.turn();
    writer.turn();
    assert_eq!(again.await.unwrap(), Ok(Outcome::Exists));
    let chain = store.audit(Page::first(10)).await.unwrap();
    assert_eq!(chain.len(), 1);
}

#[tokio::test]
async fn the_audit_chain_goes_on_over_a_batch_under_way() {
    let (store, mut writer) = open(&FaultDisk::default());
    for n in 0..40 {
        drop(bring(&store, create(n)).await);
        writer.turn();
    }
    writer.turn();
    writer.turn();
    let chain = store.audit(Page::first(100)).await.unwrap();
    assert_eq!(chain.len(), 40);
    assert!(chain.windows(2).all(|pair| pair[1].follows(&pair[0].hash)));
}

#[tokio::test]
async fn what_gathered_over_a_batch_that_failed_fails_with_it_and_leaves_nothing() {
    let disk = FaultDisk::default();
    let (store, mut writer) = open(&disk);
    let under_way = bring(&store, create(1)).await;
    writer.turn();
    let (over_it, beside_it) = (bring(&store, create(1)).await, bring(&store, create(2)).await);
    disk.full_from(Some(disk.operations()));
    writer.turn();
    assert!(under_way.await.unwrap().is_err());
    assert_eq!(
        over_it.await.unwrap(),
        Err(StoreError::DiskFull),
        "it may not be told that the customer exists"
    );
    assert_eq!(beside_it.await.unwrap(), Err(StoreError::DiskFull));

    disk.full_from(None);
    let answer = loop {
        let again = bring(&store, create(2)).await;
        writer.turn();
        writer.turn();
        match again.await.unwrap() {
            Err(StoreError::DiskFull) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            other => break other,
        }
    };
    assert_eq!(answer, Ok(Outcome::Done));
    assert_eq!(store.customer(sample::customer(1).id).await.unwrap(), None);
}
