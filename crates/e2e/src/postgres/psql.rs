//! Statements by way of `psql`: a process for some of them, or one that keeps its connection.

use super::PATIENCE;
use super::programs::{bare_command, postgres_folder, run};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Follows what a session printed for one question.
const END: &str = "-- that is all --";

/// Runs the statements in a connection of their own, one after the other, up to the first that fails: what they
/// printed, unaligned and without headings, or what was said.
///
/// # Errors
/// What `psql` said.
///
/// # Panics
/// If there is no `psql`.
pub fn psql(url: &str, sql: &str) -> Result<String, String> {
    psql_within(url, sql, PATIENCE)
}

/// The same, for no longer than this; then `psql` is killed, and what the server does is its own affair.
///
/// # Errors
/// What `psql` said, or that it did not end.
///
/// # Panics
/// If there is no `psql`.
pub fn psql_within(url: &str, sql: &str, within: Duration) -> Result<String, String> {
    let printed = run(&mut psql_command(url), sql, within)?;
    Ok(printed.trim_end().to_owned())
}

fn psql_command(url: &str) -> Command {
    let mut command = bare_command(&postgres_folder().join("psql"));
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]);
    command
}

/// One connection, kept.
#[derive(Debug)]
pub struct Session {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Session {
    /// Does not wait until it is connected; the first question does.
    ///
    /// # Panics
    /// If `psql` cannot be started.
    #[must_use]
    pub fn open(url: &str) -> Self {
        let mut command = psql_command(url);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("psql runs");
        let stdin = child.stdin.take().expect("it was asked for");
        let stdout = child.stdout.take().expect("it was asked for");
        let (sender, lines) = channel();
        thread::spawn(move || pass_on(BufReader::new(stdout), &sender));
        Self { child, stdin, lines }
    }

    /// What the statement printed; none if it failed, the connection was lost, or nothing came in time. The session is
    /// of no more use then.
    pub fn ask(&mut self, sql: &str, within: Duration) -> Option<String> {
        let give_up_at = Instant::now() + within;
        writeln!(self.stdin, "{sql};\n\\echo {END}").ok()?;
        let mut printed: Vec<String> = Vec::new();
        loop {
            let line = self.lines.recv_timeout(give_up_at.saturating_duration_since(Instant::now())).ok()?;
            if line == END {
                return Some(printed.join("\n"));
            }
            printed.push(line);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pass_on(from: impl BufRead, to: &Sender<String>) {
    for line in from.lines().map_while(Result::ok) {
        if to.send(line).is_err() {
            return;
        }
    }
}
