//! Disks that can be full: a small file system of its own under a folder.

use crate::binary::is_root;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A small disk mounted at `dir`, which only its own mount namespace sees; it is gone when this is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    holder: Child,
    dir: PathBuf,
    wrapper: Vec<String>,
}

impl SmallDisk {
    /// Mounts it over `dir`, with all that is in there already.
    ///
    /// # Panics
    /// If no disk can be mounted: root may, and who may have a user namespace.
    #[must_use]
    pub fn over(dir: &Path, megabytes: u32) -> Self {
        let script = "cp -a \"$1\" \"$1.kept\" && mount -t tmpfs -o size=\"$2\"m tmpfs \"$1\" && \
                      cp -a \"$1.kept/.\" \"$1/\" && echo ready && cat >/dev/null";
        let mut command = Command::new("unshare");
        let own_user: &[&str] = if is_root() { &[] } else { &["-r"] };
        command.args(own_user).args(["-m", "sh", "-c", script, "sh"]).arg(dir).arg(megabytes.to_string());
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("unshare runs");
        let mut line = String::new();
        let out = holder.stdout.as_mut().expect("it was asked for");
        BufReader::new(out).read_line(&mut line).expect("it prints a line");
        assert_eq!(line.trim(), "ready", "no disk could be mounted; root may");
        let holder_id = holder.id().to_string();
        let mut wrapper = vec!["nsenter", "-t", &holder_id, "-m"];
        if !is_root() {
            wrapper.extend(["-U", "--preserve-credentials"]);
        }
        wrapper.push("--");
        let wrapper = wrapper.into_iter().map(str::to_owned).collect();
        Self { holder, dir: dir.to_owned(), wrapper }
    }

    /// What a process is run by so that it sees the disk.
    #[must_use]
    pub fn wrapper(&self) -> Vec<&str> {
        self.wrapper.iter().map(String::as_str).collect()
    }

    /// The disk as this process can reach it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let inside = self.dir.strip_prefix("/").expect("the path is absolute");
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(inside)
    }

    /// Writes until there is no room for one more byte.
    ///
    /// # Panics
    /// If no file can be made there.
    pub fn fill(&self) {
        let mut filler = File::create(self.path().join("filler")).expect("a file can be made");
        for size in [64 * 1024, 4096, 1] {
            let block = vec![0; size];
            while filler.write_all(&block).is_ok() {}
        }
    }

    /// Ends that.
    ///
    /// # Panics
    /// If the disk was not filled.
    pub fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).expect("the filler is there");
    }

    /// Takes the disk away, and puts what is on it where it was mounted.
    ///
    /// # Panics
    /// If it cannot be copied.
    pub fn give_back(self) {
        for entry in fs::read_dir(self.path()).expect("the disk is there").map(|entry| entry.expect("a file"))
        {
            fs::copy(entry.path(), self.dir.join(entry.file_name())).expect("the store can be copied");
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
