//! The throw-away PostgreSQL itself: what tests do to it happens, and what it acknowledged stays.

use e2e::postgres::{Cluster, NODES, Patroni, Session, psql, psql_within};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(180);
/// After this long, a writer gives a connection up.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

#[test]
fn what_is_committed_survives_kill_and_restart() {
    let began = Instant::now();
    let mut cluster = Cluster::with_settings(&[("application_name", "it's read")]);
    eprintln!("a cluster is up after {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(cluster.psql("show fsync; show application_name"), "on\npsql");
    let url = cluster.create_database("Shop");
    assert_eq!(
        psql(&url, "create table numbers (number int); insert into numbers values (1)"),
        Ok(String::new())
    );
    cluster.kill();
    assert!(psql(&url, "select 1").is_err_and(|said| said.contains("refused")));
    for _ in 0..2 {
        cluster.restart();
        assert_eq!(psql(&url, "select number from numbers"), Ok("1".to_owned()));
        assert_eq!(psql(&cluster.socket_url(), "select 1"), Ok("1".to_owned()));
        assert_eq!(psql(&cluster.url(), "select 1"), Ok("1".to_owned()));
    }
    assert!(psql(&url, "select nonsense").is_err_and(|said| said.contains("nonsense")));
}

#[test]
fn a_moment_comes_back_from_backup_and_archive() {
    let mut cluster = Cluster::archiving();
    cluster.psql("create table numbers (number int); insert into numbers values (1)");
    let backup = cluster.base_backup();
    cluster.psql("insert into numbers values (2)");
    let moment = cluster.now();
    cluster.psql("insert into numbers values (3)");
    let restored = cluster.restore(&backup, &moment);
    assert_eq!(restored.psql("select number from numbers order by number"), "1\n2");
    restored.psql("insert into numbers values (4)");
    assert_eq!(
        cluster.psql("select max(number) from numbers"),
        "3",
        "the two have nothing in common any more"
    );
    // What is in the archive is enough.
    cluster.archive_now();
    cluster.kill();
    let mut restored = cluster.restore(&backup, &moment);
    restored.restart();
    assert_eq!(restored.psql("select number from numbers order by number"), "1\n2");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_primary_is_killed() {
    let mut patroni = start_patroni();
    let writer = Writer::start(&patroni.urls());
    writer.wait_for_more(50);
    let old = patroni.primary();
    let killed_at = Instant::now();
    patroni.kill(old);
    patroni.wait_for_primary(Some(old), PATIENCE);
    eprintln!("a new primary {:.1} s after the kill", killed_at.elapsed().as_secs_f64());
    writer.wait_for_more(50);
    let revived_at = Instant::now();
    patroni.revive(old);
    patroni.wait_for_replicas(NODES - 1, PATIENCE);
    eprintln!("the old one follows {:.1} s after it was revived", revived_at.elapsed().as_secs_f64());
    expect_everywhere(&patroni, &writer.finish());
}

#[test]
fn nothing_acknowledged_is_lost_when_the_primary_is_cut_off() {
    let patroni = start_patroni();
    let writer = Writer::start(&patroni.urls());
    writer.wait_for_more(50);
    let old = patroni.primary();
    let cut_at = Instant::now();
    patroni.partition(old);
    expect_no_write(&patroni, old, -1);
    assert!(believes_to_be_primary(&patroni, old), "it cannot know yet");
    let mut gave_up_at = None;
    let mut number = -1;
    let new = loop {
        let new = patroni.find_primary();
        if gave_up_at.is_none() && !believes_to_be_primary(&patroni, old) {
            gave_up_at = Some(Instant::now());
            eprintln!("the old primary gave up {:.1} s after it was cut off", cut_at.elapsed().as_secs_f64());
        }
        if let Some(new) = new {
            break new;
        }
        number -= 1;
        expect_no_write(&patroni, old, number);
        assert!(cut_at.elapsed() < PATIENCE, "there is no new primary");
    };
    eprintln!("a new primary {:.1} s after the cut", cut_at.elapsed().as_secs_f64());
    assert_ne!(new, old, "it cannot be reached");
    assert!(gave_up_at.is_some(), "there were two primaries");
    writer.wait_for_more(50);
    expect_no_write(&patroni, old, number - 1);
    assert!(!believes_to_be_primary(&patroni, old), "it does not come back by itself");
    let healed_at = Instant::now();
    patroni.heal(old);
    patroni.wait_for_replicas(NODES - 1, PATIENCE);
    eprintln!("the old one follows {:.1} s after the network was mended", healed_at.elapsed().as_secs_f64());
    expect_everywhere(&patroni, &writer.finish());
    assert_eq!(patroni.psql("select count(*) from numbers where number < 0"), "0");
}

/// Writes at a node that is cut off, as a client would that is cut off together with it: no second node can have the
/// row.
fn expect_no_write(patroni: &Patroni, node: usize, number: i32) {
    let sql = format!("insert into numbers values ({number})");
    let written = psql_within(&patroni.socket_url(node), &sql, Duration::from_secs(1));
    assert!(written.is_err(), "{sql} was acknowledged");
}

/// Whether the node would take writes, if a second node had them too.
fn believes_to_be_primary(patroni: &Patroni, node: usize) -> bool {
    let told = psql_within(&patroni.socket_url(node), "select pg_is_in_recovery()", ANSWER_WITHIN);
    told == Ok("f".to_owned())
}

fn start_patroni() -> Patroni {
    let began = Instant::now();
    let patroni = Patroni::start();
    eprintln!("Patroni is up after {:.1} s", began.elapsed().as_secs_f64());
    patroni.psql("create table numbers (number int primary key)");
    patroni
}

/// Every node has every row that was acknowledged.
fn expect_everywhere(patroni: &Patroni, acknowledged: &[(usize, Instant)]) {
    let gap = acknowledged.windows(2).map(|pair| pair[1].1 - pair[0].1).max().expect("there were some");
    eprintln!("{} rows acknowledged, no service for {:.1} s", acknowledged.len(), gap.as_secs_f64());
    let last = patroni.psql("select max(number) from numbers");
    for node in 0..NODES {
        let ask = |sql: &str| psql(&patroni.socket_url(node), sql).expect("the node answers");
        wait_until("the last row at each node", || ask("select max(number) from numbers") == last);
        let there = ask("select number from numbers");
        let there: HashSet<usize> = there.lines().filter_map(|number| number.parse().ok()).collect();
        let lost: Vec<usize> =
            acknowledged.iter().map(|(number, _)| *number).filter(|number| !there.contains(number)).collect();
        assert!(lost.is_empty(), "acknowledged, and not at node {node}: {lost:?}");
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up_at = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < give_up_at, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Inserts one numbered row after the other, each once, in connections as they come.
struct Writer {
    is_over: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Vec<(usize, Instant)>>>,
}

impl Writer {
    fn start(url: &str) -> Self {
        let url = format!("{url}&connect_timeout=2");
        let (is_over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let thread = thread::spawn({
            let (is_over, count) = (is_over.clone(), count.clone());
            move || write(&url, &is_over, &count)
        });
        Self { is_over, count, thread: Some(thread) }
    }

    /// Waits until so many more are acknowledged.
    fn wait_for_more(&self, more: usize) {
        let wanted = self.count.load(Ordering::SeqCst) + more;
        wait_until("writes are acknowledged", || self.count.load(Ordering::SeqCst) >= wanted);
    }

    /// What was acknowledged, and when.
    fn finish(mut self) -> Vec<(usize, Instant)> {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.take().expect("it is taken once").join().expect("the writer does not panic")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}

fn write(url: &str, is_over: &AtomicBool, count: &AtomicUsize) -> Vec<(usize, Instant)> {
    let mut acknowledged = Vec::new();
    let mut session = Session::open(url);
    let mut number = 0;
    while !is_over.load(Ordering::SeqCst) {
        number += 1;
        let sql = format!("insert into numbers values ({number}) returning number");
        // Whether a row without an answer is there, nobody knows; it is not written again.
        if session.ask(&sql, ANSWER_WITHIN) == Some(number.to_string()) {
            acknowledged.push((number, Instant::now()));
            count.store(acknowledged.len(), Ordering::SeqCst);
        } else {
            session = Session::open(url);
        }
        thread::sleep(Duration::from_millis(5));
    }
    acknowledged
}
