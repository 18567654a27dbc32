//! Folders that processes live in: whoever has theirs there can be found, killed, and cleared away with it.

use super::programs::account;
use super::undo::Undo;
use super::{LOOK_AGAIN, PATIENCE};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Instant;

/// Kills everything that works in the folder, until nothing is left, and removes it. A server that was killed leaves
/// a piece of System V shared memory behind, whose number is in its lock file.
const CLEAR: &str = r#"
works_there() {
    find /proc/[0-9]*/cwd -maxdepth 0 '(' -lname "$1" -o -lname "$1/*" ')' 2>/dev/null | cut -d / -f 3
}
tries=0
while pids=$(works_there "$1"); [ -n "$pids" ] && [ $tries -lt 1000 ]; do
    kill -9 $pids
    sleep 0.01
    tries=$((tries + 1))
done
find "$1" -name postmaster.pid -exec sed -n 7p {} ';' | while read -r key id; do ipcrm -m "$id"; done
rm -rf "$1"
"#;

/// A new folder, for the account that PostgreSQL runs under; cleared away when dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _undo: Undo,
}

impl Folder {
    /// `name` is a part of its name.
    pub(super) fn new(name: &str) -> Self {
        let made = tempfile::Builder::new().prefix(&format!("batzen-{name}-")).tempdir();
        let path = made.expect("the system has a temporary folder").keep();
        // As processes are told where they are.
        let path = path.canonicalize().expect("it was just made");
        let undo = Undo::later(CLEAR, &[&path.to_string_lossy()], Stdio::null());
        let folder = Self { path, _undo: undo };
        give_away(&folder.path);
        folder
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A new folder in it.
    pub(super) fn make(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::create_dir(&path).expect("the folder can be written");
        give_away(&path);
        path
    }
}

/// Makes the account that PostgreSQL runs under the owner.
pub(super) fn give_away(path: &Path) {
    if let Some(account) = account() {
        chown(path, Some(account.uid), Some(account.gid)).expect("root may give files away");
    }
}

/// `kill -9` of every process that works in the folder or below it, until there is none.
pub(super) fn kill_all_in(folder: &Path) {
    let give_up_at = Instant::now() + PATIENCE;
    loop {
        let found = processes_in(folder);
        if found.is_empty() {
            return;
        }
        for pid in found {
            // One that has just ended needs none.
            let _ = kill_process(pid, Signal::KILL);
        }
        assert!(Instant::now() < give_up_at, "what runs in {} cannot be killed", folder.display());
        sleep(LOOK_AGAIN);
    }
}

/// Sends the signal to every process that works in the folder or below it.
pub(super) fn signal_all_in(folder: &Path, signal: Signal) {
    for pid in processes_in(folder) {
        // One that has just ended needs none.
        let _ = kill_process(pid, signal);
    }
}

/// In the order in which they were started, as a rule: parents first, so that they make no more children.
fn processes_in(folder: &Path) -> Vec<Pid> {
    let listed = fs::read_dir("/proc").expect("the system tells its processes");
    let mut numbers: Vec<i32> =
        listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    let works_there = |number: &i32| {
        fs::read_link(format!("/proc/{number}/cwd")).is_ok_and(|path| path.starts_with(folder))
    };
    numbers.into_iter().filter(works_there).filter_map(Pid::from_raw).collect()
}
