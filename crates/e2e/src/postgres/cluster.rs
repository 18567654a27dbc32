//! One PostgreSQL server in a folder of its own.

use super::folder::{Folder, kill_all_in};
use super::programs::{command, log_end, postgres_folder, run};
use super::psql::psql;
use super::{PATIENCE, poll};
use crate::ports::Ports;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;

/// A server with an empty database `postgres` and a superuser of that name, whom it trusts. It syncs what it commits,
/// as in earnest. Gone when dropped.
#[derive(Debug)]
pub struct Cluster {
    pub(super) folder: Folder,
    ports: Ports,
    /// Settings that go before those in the data folder.
    pub(super) options: Vec<(&'static str, String)>,
    postmaster: Option<Child>,
}

impl Cluster {
    /// A new one, running.
    ///
    /// # Panics
    /// If it cannot be made, or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with_settings(&[])
    }

    /// A new one with these lines in its `postgresql.conf`, running.
    ///
    /// # Panics
    /// If it cannot be made, or does not start.
    #[must_use]
    pub fn with_settings(settings: &[(&str, &str)]) -> Self {
        let mut cluster = Self::make();
        cluster.configure(settings);
        cluster.launch();
        cluster
    }

    /// Without data.
    pub(super) fn empty() -> Self {
        let folder = Folder::new("postgres");
        let ports = Ports::take();
        let options = vec![
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", ports.first.to_string()),
            ("unix_socket_directories", folder.path().to_string_lossy().into_owned()),
            ("fsync", "on".to_owned()),
            // What is in files is gone with them.
            ("dynamic_shared_memory_type", "mmap".to_owned()),
        ];
        Self { folder, ports, options, postmaster: None }
    }

    /// With data, not started.
    pub(super) fn make() -> Self {
        let cluster = Self::empty();
        let mut initdb = cluster.program("initdb");
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        initdb.args(["--no-sync", "--no-instructions", "--pgdata"]).arg(cluster.data());
        run(&mut initdb, "", PATIENCE).unwrap_or_else(|said| panic!("{said}"));
        cluster
    }

    /// Adds lines to `postgresql.conf`, for the next start.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn configure(&mut self, settings: &[(&str, &str)]) {
        let path = self.data().join("postgresql.conf");
        let mut file = File::options().append(true).open(path).expect("initdb made it");
        for (name, value) in settings {
            writeln!(file, "{name} = '{}'", value.replace('\'', "''")).expect("the folder can be written");
        }
    }

    /// Puts a line before all others in its `pg_hba.conf`, and lets it be read.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn admit_first(&self, line: &str) {
        let path = self.data().join("pg_hba.conf");
        let others = fs::read_to_string(&path).expect("initdb made it");
        fs::write(path, format!("{line}\n{others}")).expect("the folder can be written");
        self.psql("select pg_reload_conf()");
    }

    /// The database `postgres` over TCP.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The database `postgres` over the Unix socket.
    #[must_use]
    pub fn socket_url(&self) -> String {
        let folder = self.folder.path().display();
        format!("postgresql:///postgres?host={folder}&port={}&user=postgres", self.ports.first)
    }

    /// A database over TCP, whether it is there or not.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}", self.ports.first)
    }

    /// Makes one more database; its address over TCP.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn create_database(&self, name: &str) -> String {
        self.psql(&format!("create database \"{name}\""));
        self.url_of(name)
    }

    /// Runs the statements in the database `postgres`, each by itself: what they printed, as [`psql`] does.
    ///
    /// # Panics
    /// If one fails.
    #[track_caller]
    pub fn psql(&self, sql: &str) -> String {
        psql(&self.socket_url(), sql).unwrap_or_else(|said| panic!("{sql}\n{said}\n{}", self.log_end()))
    }

    /// `kill -9` of the postmaster and all its children.
    pub fn kill(&mut self) {
        if let Some(postmaster) = &mut self.postmaster {
            // The first to go, so that it makes no more children.
            let _ = postmaster.kill();
        }
        kill_all_in(&self.data());
        if let Some(mut postmaster) = self.postmaster.take() {
            let _ = postmaster.wait();
        }
    }

    /// Ends it as an operator would who does not wait for clients (`fast`).
    ///
    /// # Panics
    /// If it does not end.
    pub fn stop(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else { return };
        // One that has just ended needs none.
        let _ = kill_process(Pid::from_child(&postmaster), Signal::INT);
        let ended = poll(PATIENCE, || postmaster.try_wait().transpose());
        self.postmaster = ended.is_none().then_some(postmaster);
        assert!(!self.is_running(), "PostgreSQL does not end\n{}", self.log_end());
    }

    /// Starts it, after a kill or a stop; stops it first if it runs. Address and settings stay.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        self.stop();
        self.launch();
    }

    /// Whether it was started and neither killed nor stopped since.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.postmaster.is_some()
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_end(&self) -> String {
        log_end(&self.log())
    }

    /// Starts it and waits until it answers.
    pub(super) fn launch(&mut self) {
        let log =
            File::options().create(true).append(true).open(self.log()).expect("the folder can be written");
        let mut postgres = self.program("postgres");
        postgres.arg("-D").arg(self.data());
        for (name, value) in &self.options {
            postgres.arg("-c").arg(format!("{name}={value}"));
        }
        postgres.stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
        let mut postmaster = postgres.spawn().expect("postgres can be started");
        let is_ready = poll(PATIENCE, || match postmaster.try_wait() {
            Ok(None) => self.says_ready(&postmaster).then_some(true),
            _ => Some(false),
        });
        self.postmaster = Some(postmaster);
        assert_eq!(is_ready, Some(true), "PostgreSQL does not start\n{}", self.log_end());
    }

    /// Its lock file says so, as `pg_ctl` knows: its own number in the first line, its state in the eighth.
    fn says_ready(&self, postmaster: &Child) -> bool {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let line = |index: usize| text.lines().nth(index).map(str::trim);
        line(0) == Some(&postmaster.id().to_string()) && line(7) == Some("ready")
    }

    /// A program of PostgreSQL's, in this folder.
    pub(super) fn program(&self, name: &str) -> Command {
        command(&postgres_folder().join(name), self.folder.path())
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.log_end());
        }
        self.kill();
    }
}
