//! Archive, base backup, and a server as it was at a moment.

use super::cluster::Cluster;
use super::folder::give_away;
use super::programs::{command, run};
use super::{PATIENCE, poll};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A copy of a running server's files, in its folder.
#[derive(Clone, Debug)]
pub struct Backup {
    path: PathBuf,
}

impl Cluster {
    /// A new one, running, that archives its log.
    ///
    /// # Panics
    /// If it cannot be made, or does not start.
    #[must_use]
    pub fn archiving() -> Self {
        Self::archiving_with_settings(&[])
    }

    /// The same with these lines in its `postgresql.conf`.
    ///
    /// # Panics
    /// If it cannot be made, or does not start.
    #[must_use]
    pub fn archiving_with_settings(settings: &[(&str, &str)]) -> Self {
        let mut cluster = Self::make();
        let archive = cluster.folder.make("archive");
        cluster.folder.make("backups");
        // A file is whole when it has its name.
        let to = archive.display();
        let keep = format!("test ! -f {to}/%f && cp %p {to}/%f.part && mv {to}/%f.part {to}/%f");
        cluster.configure(&[("archive_mode", "on"), ("archive_command", &keep)]);
        cluster.configure(settings);
        cluster.launch();
        cluster
    }

    /// The server's clock, as [`Cluster::restore`] takes it.
    ///
    /// # Panics
    /// If it cannot be asked.
    #[must_use]
    pub fn now(&self) -> String {
        self.psql("select clock_timestamp()")
    }

    /// Waits until everything that is committed by now is in the archive.
    ///
    /// # Panics
    /// If it does not get there.
    pub fn archive_now(&self) {
        // A recovery knows that a moment is over when it meets a later commit, so there is one.
        let told = self.psql("select pg_current_xact_id(); select pg_walfile_name(pg_switch_wal());");
        let segment = told.lines().last().expect("a segment has a name");
        let kept = self.archive().join(segment);
        let found = poll(PATIENCE, || kept.exists().then_some(()));
        assert!(found.is_some(), "{segment} does not come into the archive\n{}", self.log_end());
    }

    /// Copies its files while it runs.
    ///
    /// # Panics
    /// If it does not archive, or the copy fails.
    #[must_use]
    pub fn base_backup(&self) -> Backup {
        let backups = self.folder.path().join("backups");
        let count = fs::read_dir(&backups).expect("the server archives").count();
        let path = backups.join(count.to_string());
        let mut copy = self.program("pg_basebackup");
        copy.args(["--checkpoint=fast", "--no-sync", "--wal-method=none", "--no-manifest", "--dbname"]);
        copy.arg(self.socket_url()).arg("--pgdata").arg(&path);
        run(&mut copy, "", PATIENCE).unwrap_or_else(|said| panic!("{said}\n{}", self.log_end()));
        Backup { path }
    }

    /// A new server, running, from the backup and the archive, as this one was at `target_time`, which is later than
    /// the backup. This one may be dead: then what had not come into the archive is lost, and the moment must be
    /// earlier than a commit that had.
    ///
    /// # Panics
    /// If it cannot be restored.
    #[must_use]
    pub fn restore(&self, backup: &Backup, target_time: &str) -> Self {
        if self.is_running() {
            self.archive_now();
        }
        let mut restored = Self::empty();
        let mut copy = command(Path::new("cp"), restored.folder.path());
        copy.arg("-a").arg(&backup.path).arg(restored.data());
        run(&mut copy, "", PATIENCE).unwrap_or_else(|said| panic!("{said}"));
        let signal = restored.data().join("recovery.signal");
        File::create(&signal).expect("the folder can be written");
        give_away(&signal);
        restored.options.extend([
            ("archive_mode", "off".to_owned()),
            ("restore_command", format!("cp {}/%f %p", self.archive().display())),
            ("recovery_target_time", target_time.to_owned()),
            ("recovery_target_action", "promote".to_owned()),
        ]);
        restored.launch();
        // It answers before it has arrived.
        let is_there = || (restored.psql("select pg_is_in_recovery()") == "f").then_some(());
        assert!(poll(PATIENCE, is_there).is_some(), "recovery does not end\n{}", restored.log_end());
        restored
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }
}
