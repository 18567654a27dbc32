//! Three PostgreSQL nodes under Patroni, in strict synchronous mode, with one etcd.

use super::folder::Folder;
use super::network::Network;
use super::node::Node;
use super::programs::{command, expect_patroni, log_end, program};
use super::psql::psql_within;
use super::{PATIENCE, poll};
use serde_json::{Value, json};
use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::Duration;

/// How many nodes there are, numbered from 0.
pub const NODES: usize = 3;

/// How long a primary that is gone keeps its lock, in seconds. Patroni documents no shorter time as possible, and it is
/// what a failover lasts.
const TTL_S: u32 = 20;
/// How long a primary tries to reach etcd before it gives itself up. Patroni would take 3, but a slow machine must not
/// look like a lost network.
const RETRY_TIMEOUT_S: u32 = 5;
/// How often a node looks around. Short, since a new primary takes no writes until it has found a standby, and who
/// comes back is found as late. A primary that is cut off must notice it and give up within the time of its lock, so
/// Patroni wants `loop_wait + 2 * retry_timeout <= ttl`.
const LOOP_WAIT_S: u32 = 2;

const ETCD_PORT: u16 = 2379;
const ETCD_PEER_PORT: u16 = 2380;
/// A question that a node answers at once, if it answers.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// See the module. etcd is in the same network as the test; each node has a namespace of its own on a bridge with them,
/// and can be killed or cut off. A commit is acknowledged when a second node has it. All of it is gone when this is
/// dropped.
#[derive(Debug)]
pub struct Patroni {
    // Dropped in this order: what runs in the network goes before it.
    nodes: Vec<Node>,
    etcd: Child,
    folder: Folder,
    network: Network,
}

impl Patroni {
    /// A new one with a primary and two replicas, ready for writes.
    ///
    /// # Panics
    /// If this process is not root, if Patroni, etcd, PostgreSQL or iproute2 are not installed, or if they do not
    /// start.
    #[must_use]
    pub fn start() -> Self {
        expect_patroni();
        let network = Network::new(NODES);
        let folder = Folder::new("patroni");
        let etcd = start_etcd(&folder.make("etcd"), &network.here());
        let at = format!("{}:{ETCD_PORT}", network.here());
        let make =
            |number| Node::new(number, &network, folder.make(&format!("node{number}")), &at, &agreed());
        let nodes = (0..NODES).map(make).collect();
        let mut patroni = Self { nodes, etcd, folder, network };
        let is_open = poll(PATIENCE, || TcpStream::connect(&at).ok());
        assert!(is_open.is_some(), "etcd does not open\n{}", log_end(&patroni.etcd_log()));
        for node in &mut patroni.nodes {
            node.start();
        }
        patroni.wait_for_replicas(NODES - 1, PATIENCE);
        patroni
    }

    /// The database `postgres` wherever it takes writes: all hosts in one address, as `libpq` reads it. It has no
    /// `connect_timeout`; without one, a client waits for minutes at a node that is cut off.
    #[must_use]
    pub fn urls(&self) -> String {
        self.urls_of("postgres")
    }

    /// Makes one more database; its address as in [`Patroni::urls`].
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn create_database(&self, name: &str) -> String {
        self.psql(&format!("create database \"{name}\""));
        self.urls_of(name)
    }

    fn urls_of(&self, database: &str) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(Node::authority).collect();
        let hosts = hosts.join(",");
        format!("postgresql://postgres@{hosts}/{database}?target_session_attrs=read-write")
    }

    /// The database `postgres` of one node over TCP.
    #[must_use]
    pub fn url(&self, node: usize) -> String {
        format!("postgresql://postgres@{}/postgres", self.nodes[node].authority())
    }

    /// The database `postgres` of one node over its Unix socket, which leads there even if it is cut off.
    #[must_use]
    pub fn socket_url(&self, node: usize) -> String {
        self.nodes[node].socket_url()
    }

    /// Runs the statements at the primary, each by itself: what they printed.
    ///
    /// # Panics
    /// If there is no primary, or one fails.
    #[track_caller]
    pub fn psql(&self, sql: &str) -> String {
        let url = self.socket_url(self.primary());
        psql_within(&url, sql, PATIENCE).unwrap_or_else(|said| panic!("{sql}\n{said}"))
    }

    /// Which node is the primary; waits until there is one that can be reached.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn primary(&self) -> usize {
        self.wait_for_primary(None, PATIENCE)
    }

    /// Which node says that it is the primary, has the lock, and can be reached.
    #[must_use]
    pub fn find_primary(&self) -> Option<usize> {
        self.nodes.iter().position(Node::is_primary)
    }

    /// Waits for a primary; for another one than this, if it is given. A new one takes writes a moment later, when a
    /// standby follows it.
    ///
    /// # Panics
    /// If there is none in time.
    pub fn wait_for_primary(&self, other_than: Option<usize>, timeout: Duration) -> usize {
        let found = poll(timeout, || self.find_primary().filter(|node| Some(*node) != other_than));
        found.unwrap_or_else(|| panic!("there is no primary after {timeout:?}"))
    }

    /// Waits until so many nodes follow the primary, one of them synchronously.
    ///
    /// # Panics
    /// If they do not in time.
    pub fn wait_for_replicas(&self, count: usize, timeout: Duration) {
        let sql = "select count(*), bool_or(sync_state in ('sync', 'quorum')) from pg_stat_replication \
                   where state = 'streaming' and application_name like 'node_'";
        let wanted = format!("{count}|t");
        let look = || self.find_primary().map(|node| psql_within(&self.socket_url(node), sql, ANSWER_WITHIN));
        let mut last = None;
        let found = poll(timeout, || {
            last = look();
            (last == Some(Ok(wanted.clone()))).then_some(())
        });
        assert!(found.is_some(), "there are not {count} replicas after {timeout:?}, but {last:?}");
    }

    /// `kill -9` of a node's Patroni and PostgreSQL.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts a node again that was killed. It comes back by itself; [`Patroni::wait_for_replicas`] waits for that.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn revive(&mut self, node: usize) {
        self.nodes[node].start();
    }

    /// Cuts a node off: from etcd, from the others and from clients. Nobody is told; connections hang.
    ///
    /// # Panics
    /// If it cannot be cut off.
    pub fn partition(&self, node: usize) {
        self.network.cut(node);
    }

    /// Ends that.
    ///
    /// # Panics
    /// If it cannot be ended.
    pub fn heal(&self, node: usize) {
        self.network.mend(node);
    }

    /// `SIGSTOP` of a node's Patroni and PostgreSQL: its system still takes connections, and nobody answers.
    pub fn freeze(&self, node: usize) {
        self.nodes[node].freeze(true);
    }

    /// `SIGCONT`.
    pub fn thaw(&self, node: usize) {
        self.nodes[node].freeze(false);
    }

    fn etcd_log(&self) -> PathBuf {
        self.folder.path().join("etcd").join("etcd.log")
    }
}

impl Drop for Patroni {
    fn drop(&mut self) {
        if thread::panicking() {
            for node in &self.nodes {
                eprintln!("{}", node.log_end());
            }
            eprintln!("{}", log_end(&self.etcd_log()));
        }
        let _ = self.etcd.kill();
        let _ = self.etcd.wait();
    }
}

/// What is the same for all nodes, and kept in etcd.
fn agreed() -> Value {
    json!({
        "ttl": TTL_S,
        "loop_wait": LOOP_WAIT_S,
        "retry_timeout": RETRY_TIMEOUT_S,
        "synchronous_mode": true,
        "synchronous_mode_strict": true,
        "synchronous_node_count": 1,
        "failsafe_mode": false,
        "postgresql": {
            "use_pg_rewind": true,
            "parameters": {
                "fsync": "on",
                // A primary that is cut off cannot stop before it has given its replicas up.
                "wal_sender_timeout": "10s",
                // Replicas ask a new primary before it is ready for them, and then again after so long.
                "wal_retrieve_retry_interval": "500ms",
                // What is in files is gone with them.
                "dynamic_shared_memory_type": "mmap",
            },
        },
    })
}

/// It need not survive anything, so it does not wait for the disk.
fn start_etcd(folder: &Path, address: &str) -> Child {
    let log = File::create(folder.join("etcd.log")).expect("the folder can be written");
    let clients = format!("http://{address}:{ETCD_PORT}");
    let peers = format!("http://{address}:{ETCD_PEER_PORT}");
    let mut etcd = command(&program("etcd", "etcd-server"), folder);
    etcd.args(["--data-dir", "data", "--unsafe-no-fsync", "--logger", "zap", "--enable-v2"]);
    etcd.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
    etcd.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
    etcd.args(["--initial-cluster", &format!("default={peers}")]);
    etcd.stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
    etcd.spawn().expect("etcd can be started")
}
