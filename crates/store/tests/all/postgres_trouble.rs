//! A database that goes away, in the middle of everything: what was acknowledged is there, once.

use crate::databases::wait;
use e2e::postgres::{Cluster, psql};
use model::{Layer, Payment};
use records::{ChangePayment, Command, Outcome, PAGE_LIMIT_MAX, Page, Queries, Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use store::PostgresStore;
use store::conformance::sample;
use store::postgres::{Address, PostgresOptions};
use tokio::time::sleep;

/// Payments that move at the same time, each of a phone of its own.
const PAYMENTS: u8 = 12;
/// How often each moves.
const MOVES: u32 = 150;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
}

async fn open(cluster: &Cluster) -> PostgresStore {
    let database = cluster.url().parse::<Address>().unwrap().unprotected();
    database.migrate(false).await.unwrap();
    database.open(PostgresOptions::default()).await.unwrap()
}

/// Commits until it is known what became of it. Gives the outcome, and whether an earlier try may have done it.
async fn insist(store: &PostgresStore, command: &Command) -> (Outcome, bool) {
    let mut was_unclear = false;
    loop {
        match store.commit(command.clone()).await {
            Ok(outcome) => return (outcome, was_unclear),
            Err(StoreError::Busy) => {}
            Err(StoreError::Failed(_)) => was_unclear = true,
            Err(other) => panic!("{other}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// One payment from its beginning through all its moves, each acknowledged before the next.
async fn pay(store: Arc<PostgresStore>, n: u8) -> Payment {
    for command in sample::enrolled(n) {
        let (mut outcome, mut was_unclear) = insist(&store, &command).await;
        // All are one customer's phones, whose list grows by one after the other.
        while outcome == Outcome::Conflict {
            sleep(Duration::from_millis(20)).await;
            (outcome, was_unclear) = insist(&store, &command).await;
        }
        assert!(outcome == Outcome::Done || was_unclear || outcome == Outcome::Exists, "{outcome:?}");
    }
    let begun = sample::begin(n.into(), &sample::enrolment(n), 1);
    let (outcome, was_unclear) = insist(&store, &Command::BeginPayment(Box::new(begun.clone()))).await;
    assert!(outcome == Outcome::Done || was_unclear, "{outcome:?}");
    let mut payment = begun.payment;
    for _ in 0..MOVES {
        let change = ChangePayment {
            postings: vec![sample::posting(Layer::Posted, 1)],
            audit: vec![sample::entry("payment.moved")],
            ..sample::change(&payment)
        };
        let (outcome, was_unclear) = insist(&store, &Command::ChangePayment(Box::new(change.clone()))).await;
        // It moves from the version seen, once: that it moved already is known only after an unclear try.
        assert!(outcome == Outcome::Done || was_unclear, "{outcome:?}");
        payment = change.payment;
    }
    payment
}

/// Everything is there, once: versions, postings, sums, the audit chain.
async fn everything_once(store: &PostgresStore, payments: &[Payment]) {
    for payment in payments {
        assert_eq!(store.payment(payment.id).await.unwrap().as_ref(), Some(payment));
        assert_eq!(store.postings(payment.id).await.unwrap().len(), MOVES as usize);
    }
    let moved = i128::from(MOVES) * i128::from(PAYMENTS);
    for balance in store.balances().await.unwrap() {
        assert_eq!(balance.posted_debit_minor + balance.posted_credit_minor, moved);
    }
    let mut page = Page::first(PAGE_LIMIT_MAX);
    let (mut hash, mut entries) = ([0; 32], 0_i128);
    loop {
        let rows = store.audit(page).await.unwrap();
        for row in &rows {
            assert!(row.follows(&hash), "the chain broke at {}", row.sequence);
            hash = row.hash;
            entries += i128::from(row.entry.action == "payment.moved");
        }
        let Some(last) = rows.last() else { break };
        page = Page::after(last.sequence, PAGE_LIMIT_MAX);
    }
    assert_eq!(entries, moved);
}

#[test]
fn connections_that_are_cut_lose_nothing_and_double_nothing() {
    let cluster = Cluster::start();
    runtime().block_on(async {
        let store = Arc::new(open(&cluster).await);
        let paying: Vec<_> = (1..=PAYMENTS).map(|n| tokio::spawn(pay(Arc::clone(&store), n))).collect();
        let (done, cuts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let cutting = {
            let (url, done, cuts) = (cluster.url(), Arc::clone(&done), Arc::clone(&cuts));
            tokio::task::spawn_blocking(move || {
                while !done.load(Ordering::Relaxed) {
                    // In the middle of whatever they do; and not a wait for a standby, of which there is none.
                    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                         WHERE application_name = 'batzen' AND random() < 0.5";
                    psql(&url, cut).unwrap();
                    cuts.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(60));
                }
            })
        };
        let mut payments = Vec::new();
        for task in paying {
            payments.push(task.await.unwrap());
        }
        done.store(true, Ordering::Relaxed);
        cutting.await.unwrap();
        everything_once(&store, &payments).await;
        assert!(cuts.load(Ordering::Relaxed) > 3, "hardly anything was cut");
    });
}

#[test]
fn a_database_that_is_killed_and_started_again_has_all_that_was_acknowledged() {
    let mut cluster = Cluster::start();
    let runtime = runtime();
    let store = Arc::new(runtime.block_on(open(&cluster)));
    let paying: Vec<_> = (1..=PAYMENTS).map(|n| runtime.spawn(pay(Arc::clone(&store), n))).collect();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(400));
        cluster.kill();
        std::thread::sleep(Duration::from_millis(300));
        cluster.restart();
    }
    runtime.block_on(async {
        let mut payments = Vec::new();
        for task in paying {
            payments.push(task.await.unwrap());
        }
        everything_once(&store, &payments).await;
    });
}

#[test]
fn a_writer_that_was_thought_dead_cannot_commit_any_more() {
    let cluster = Cluster::start();
    runtime().block_on(async {
        let store = open(&cluster).await;
        assert_eq!(store.commit(Command::Record(sample::entry("looked"))).await, Ok(Outcome::Done));
        // As if the last batch of every writer had been committed by a connection that nobody knows of.
        psql(&cluster.url(), "UPDATE writers SET batch = batch + 1").unwrap();
        let came = store.commit(Command::Record(sample::entry("looked"))).await;
        assert_eq!(came, Err(StoreError::Busy), "a batch was written behind another's back");
        assert_eq!(store.audit(Page::first(9)).await.unwrap().len(), 1);
        let (outcome, _) = insist(&store, &Command::Record(sample::entry("looked"))).await;
        assert_eq!(outcome, Outcome::Done, "it does not go on from where it finds itself");
    });
}

#[test]
fn a_database_that_is_away_is_told_so_soon_and_comes_back() {
    let mut cluster = Cluster::start();
    let runtime = runtime();
    let store = runtime.block_on(open(&cluster));
    cluster.kill();
    let came = runtime.block_on(store.commit(Command::Record(sample::entry("looked"))));
    assert_eq!(came, Err(StoreError::Busy));
    assert_eq!(runtime.block_on(store.merchant(sample::merchant(1).id)), Err(StoreError::Busy));
    cluster.restart();
    let (outcome, _) = runtime.block_on(insist(&store, &Command::Record(sample::entry("looked"))));
    assert_eq!(outcome, Outcome::Done);
}

#[test]
fn errors_of_connecting_say_what_to_do_and_no_secret() {
    let address = "postgresql://nobody@127.0.0.1:1/batzen".parse::<Address>().unwrap();
    let database = address.with_password("s3cr3t").unprotected();
    let told = wait(database.open(PostgresOptions::default())).err().unwrap().to_string();
    assert!(told.contains("cannot be reached") && !told.contains("s3cr3t"), "{told}");
    let cluster = Cluster::start();
    let database = cluster.url().parse::<Address>().unwrap().unprotected();
    let told = wait(database.open(PostgresOptions::default())).err().unwrap().to_string();
    assert!(told.contains("batzen admin migrate"), "{told}");
}
