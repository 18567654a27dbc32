//! The binary under test: where it is, how it is run, what it printed.

use serde_json::Value;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A command that runs for longer hangs.
const RUN_TIME_MAX: Duration = Duration::from_secs(120);

/// The repository's root.
#[must_use]
pub fn project_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is here")
}

/// The binary that `BATZEN_BIN` names, or else the one that cargo built last.
pub(crate) fn binary() -> PathBuf {
    let path = env::var_os("BATZEN_BIN").map_or_else(built, PathBuf::from);
    assert!(
        path.is_file(),
        "there is no batzen at {}; run `cargo xtask test`, which builds it, or name one in BATZEN_BIN",
        path.display()
    );
    path
}

fn built() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| project_root().join("target"), PathBuf::from);
    let built = target.join("debug/batzen");
    let with_failpoints = target.join("failpoints/batzen");
    if with_failpoints.is_file() && !is_newer(&built, &with_failpoints) { with_failpoints } else { built }
}

fn is_newer(one: &Path, other: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|facts| facts.modified()).ok();
    changed(one) > changed(other)
}

/// SHA-256 of the binary under test, hex.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn binary_digest() -> String {
    let program = fs::read(binary()).expect("the binary can be read");
    crypto::hash::sha256(&[&program]).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether this process may do everything. Others get namespaces of their own only together with a user's.
#[must_use]
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|facts| facts.uid() == 0)
}

/// Whether the binary can be killed at its failpoints. Crash tests demand it.
#[must_use]
pub fn has_failpoints() -> bool {
    // Only a binary that reads the variable stumbles over nonsense in it.
    !batzen(["--version"]).env("FAILPOINTS", "e2e=nonsense").run().is_success()
}

/// `batzen` with these arguments.
pub fn batzen<I: IntoIterator<Item = A>, A: AsRef<OsStr>>(arguments: I) -> Batzen {
    let mut command = Command::new(binary());
    command.args(arguments).env_remove("FAILPOINTS").env_remove("BATZEN_LOG");
    Batzen { command, stdin: Vec::new() }
}

/// A command that is not started yet.
#[derive(Debug)]
pub struct Batzen {
    command: Command,
    stdin: Vec<u8>,
}

impl Batzen {
    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item = A>, A: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.command.args(arguments);
        self
    }

    /// With this variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// In this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Typed, or piped, into it.
    #[must_use]
    pub fn typing(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    /// Run by another program, such as `unshare -n`.
    #[must_use]
    pub fn within(mut self, wrapper: &[&str]) -> Self {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(self.command.get_program()).args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        self.command = command;
        self
    }

    /// Starts it; the caller ends it.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(mut self) -> Child {
        let command = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("cannot start {:?}: {error}", self.command));
        let mut stdin = child.stdin.take().expect("it was asked for");
        // A command that wants no input may end before it is written.
        let _ = stdin.write_all(&self.stdin);
        child
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// If it cannot be started or does not end.
    pub fn run(self) -> Ran {
        let words = format!("{:?}", self.command);
        let mut child = self.start();
        let mut out = child.stdout.take().expect("it was asked for");
        let mut err = child.stderr.take().expect("it was asked for");
        let stdout = thread::spawn(move || read_all(&mut out));
        let stderr = thread::spawn(move || read_all(&mut err));
        let give_up_at = Instant::now() + RUN_TIME_MAX;
        let status = loop {
            match child.try_wait().expect("our own child can be waited for") {
                Some(status) => break status,
                None if Instant::now() > give_up_at => {
                    let _ = child.kill();
                    let _ = child.wait();
                    panic!("{words} does not end");
                }
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        let stdout = stdout.join().expect("reading does not panic");
        let stderr = stderr.join().expect("reading does not panic");
        Ran { words, status, stdout, stderr }
    }
}

fn read_all(pipe: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A command that ended.
#[derive(Clone, Debug)]
pub struct Ran {
    words: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it told people.
    pub stderr: String,
}

impl Ran {
    /// Whether it did what it was asked to.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.success()
    }

    /// The exit code; none if a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The JSON document that it printed; null if none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_default()
    }

    /// The document of a command that succeeded.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    #[must_use]
    pub fn expect(&self, what: &str) -> Value {
        assert!(self.is_success(), "{what}: {self}");
        self.json()
    }

    /// All that it said.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Asserts that it failed with this exit code and words that help: each of `words`, whatever the case, no
    /// panic, no debug output.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn expect_failure(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code(), Some(code), "{self}");
        let said = self.said();
        for bad in ["panicked at", "RUST_BACKTRACE", "Os {", "Error {", "Some("] {
            assert!(!said.contains(bad), "no words for people ({bad}): {self}");
        }
        let said = said.to_lowercase();
        for word in words {
            assert!(said.contains(&word.to_lowercase()), "`{word}` is not said: {self}");
        }
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\nended with {}\n{}\n{}", self.words, self.status, self.stdout, self.stderr)
    }
}
