//! One Patroni with its PostgreSQL, in a network namespace.

use super::folder::{give_away, kill_all_in, signal_all_in};
use super::network::Network;
use super::programs::{account, bare_command, log_end, postgres_folder, program};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

const POSTGRES_PORT: u16 = 5432;
const REST_PORT: u16 = 8008;
/// How long a node is waited for that may be cut off.
const ASK_WITHIN: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Node {
    address: String,
    namespace_file: PathBuf,
    folder: PathBuf,
    patroni: Option<Child>,
}

impl Node {
    /// Not started. Its folder is there, and empty; etcd is at `etcd`, and what all nodes agree on is `agreed`.
    pub(super) fn new(number: usize, network: &Network, folder: PathBuf, etcd: &str, agreed: &Value) -> Self {
        let address = network.address(number);
        let node = Self { address, namespace_file: network.namespace_file(number), folder, patroni: None };
        let path = node.config_file();
        fs::write(&path, node.config(number, etcd, agreed).to_string()).expect("the folder can be written");
        give_away(&path);
        node
    }

    /// Starts Patroni, unless it runs; Patroni does the rest.
    pub(super) fn start(&mut self) {
        if self.patroni.is_some() {
            return;
        }
        let log =
            File::options().create(true).append(true).open(self.log()).expect("the folder can be written");
        let mut command = bare_command(&program("nsenter", "util-linux"));
        command.arg(format!("--net={}", self.namespace_file.display()));
        if let Some(account) = account() {
            command.arg(format!("--setuid={}", account.uid)).arg(format!("--setgid={}", account.gid));
        }
        command.arg("--").arg(program("patroni", "patroni")).arg(self.config_file());
        command.current_dir(&self.folder).env("HOME", &self.folder);
        command.stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
        self.patroni = Some(command.spawn().expect("nsenter runs"));
    }

    /// `kill -9` of Patroni and PostgreSQL.
    pub(super) fn kill(&mut self) {
        if let Some(patroni) = &mut self.patroni {
            // The first to go, so that it starts nothing more.
            let _ = patroni.kill();
        }
        kill_all_in(&self.folder);
        if let Some(mut patroni) = self.patroni.take() {
            let _ = patroni.wait();
        }
    }

    /// `SIGSTOP` of Patroni and PostgreSQL, or `SIGCONT` after it.
    pub(super) fn freeze(&self, is_frozen: bool) {
        signal_all_in(&self.folder, if is_frozen { Signal::STOP } else { Signal::CONT });
    }

    /// Whether Patroni there says that its PostgreSQL runs as the primary and has the lock.
    pub(super) fn is_primary(&self) -> bool {
        let told = self.rest("/primary");
        told.is_some_and(|answer| answer.split_whitespace().nth(1) == Some("200"))
    }

    /// What Patroni's REST door answers, with its status line; none if it cannot be reached.
    fn rest(&self, path: &str) -> Option<String> {
        let address: SocketAddr = format!("{}:{REST_PORT}", self.address).parse().expect("it is an address");
        let mut stream = TcpStream::connect_timeout(&address, ASK_WITHIN).ok()?;
        stream.set_read_timeout(Some(ASK_WITHIN)).expect("the time is not zero");
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// Host and port, as in addresses.
    pub(super) fn authority(&self) -> String {
        format!("{}:{POSTGRES_PORT}", self.address)
    }

    /// The database `postgres` over the Unix socket, to which no network is needed.
    pub(super) fn socket_url(&self) -> String {
        format!("postgresql:///postgres?host={}&port={POSTGRES_PORT}&user=postgres", self.folder.display())
    }

    pub(super) fn log_end(&self) -> String {
        log_end(&self.log())
    }

    fn config(&self, number: usize, etcd: &str, agreed: &Value) -> Value {
        let rest = format!("{}:{REST_PORT}", self.address);
        let in_folder = |name: &str| path_text(&self.folder.join(name));
        let everybody = ["local all all trust", "host all all all trust", "host replication all all trust"];
        json!({
            "scope": "batzen",
            "name": format!("node{number}"),
            "restapi": { "listen": rest, "connect_address": rest },
            // Version 2 of etcd's interface: Patroni 3.0.2 renews its lock there only if it still has it. By version 3 a
            // primary that was frozen can take the lock back from the next one, and with it all that was written since.
            "etcd": { "hosts": [etcd] },
            "bootstrap": {
                "dcs": agreed,
                "initdb": ["data-checksums", "no-sync", { "encoding": "UTF8" }, { "locale": "C" }],
            },
            "postgresql": {
                "listen": self.authority(),
                "connect_address": self.authority(),
                "data_dir": in_folder("data"),
                "bin_dir": path_text(&postgres_folder()),
                "pgpass": in_folder("pgpass"),
                "authentication": {
                    "superuser": { "username": "postgres" },
                    "replication": { "username": "replicator" },
                    "rewind": { "username": "rewinder" },
                },
                "pg_hba": everybody,
                "basebackup": ["no-sync", { "checkpoint": "fast" }],
                "parameters": { "unix_socket_directories": path_text(&self.folder) },
            },
            "watchdog": { "mode": "off" },
        })
    }

    fn config_file(&self) -> PathBuf {
        self.folder.join("patroni.json")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("patroni.log")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn path_text(path: &Path) -> String {
    path.to_str().expect("temporary folders have plain names").to_owned()
}
