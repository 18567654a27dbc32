//! A service as a process of its own, with its log in a file.

use crate::binary::binary;
use crate::door::Door;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const OPEN_WITHIN: Duration = Duration::from_secs(60);
const END_WITHIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Which of the services. Another process that is to be started, killed and stopped like these gets a line in each of
/// the functions here, its port in [`System::start_part`](crate::System::start_part), and its place in the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The payment server.
    Server,
    /// The reference bank.
    Bank,
    /// Another payment server on the first one's database, with a port of its own.
    Second,
}

impl Part {
    /// Those that every system has, in the order in which they are started.
    pub const ALL: [Self; 2] = [Self::Bank, Self::Server];
    /// Those that a system may have, in the order in which they are started.
    pub const EVERY: [Self; 3] = [Self::Bank, Self::Server, Self::Second];
    /// The payment servers of a system on PostgreSQL.
    pub const SERVERS: [Self; 2] = [Self::Server, Self::Second];

    /// Its name, as in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Bank => "bank",
            Self::Second => "second",
        }
    }

    /// The command that runs it, without its configuration.
    #[must_use]
    pub const fn command(self) -> &'static [&'static str] {
        match self {
            Self::Server | Self::Second => &["server"],
            Self::Bank => &["bank", "run"],
        }
    }
}

/// A running service; killed when dropped.
#[derive(Debug)]
pub(crate) struct Service {
    part: Part,
    child: Child,
    /// The service ends when this does, so that none outlives its test.
    stdin: Option<ChildStdin>,
    log: PathBuf,
}

impl Service {
    pub(crate) fn start(
        part: Part,
        config: &Path,
        log: &Path,
        wrapper: &[String],
        variables: &[(String, String)],
        failpoints: Option<&str>,
    ) -> Self {
        let file = File::options().create(true).append(true).open(log).expect("the folder can be written");
        let mut command = match wrapper {
            [] => Command::new(binary()),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary());
                command
            }
        };
        command.args(part.command()).arg("--config").arg(config);
        command.args(["--log", "json", "--until-stdin-ends"]);
        match failpoints {
            Some(points) => command.env("FAILPOINTS", points),
            None => command.env_remove("FAILPOINTS"),
        };
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.env("BATZEN_LOG", "debug,hyper=info,rustls=info,hyper_util=info");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(file);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("no {}: {error}", part.name()));
        let stdin = child.stdin.take();
        Self { part, child, stdin, log: log.to_owned() }
    }

    /// Waits until it is ready; false if it ended instead.
    pub(crate) fn wait_until_open(&mut self, door: &Door, port: u16) -> bool {
        let give_up_at = Instant::now() + OPEN_WITHIN;
        while !self.has_ended() {
            if door.get(&format!("https://localhost:{port}/readyz")).is_ok_and(|(status, _)| status == 200) {
                return true;
            }
            assert!(
                Instant::now() < give_up_at,
                "the {} does not open\n{}",
                self.part.name(),
                self.log_end()
            );
            sleep(LOOK_AGAIN);
        }
        false
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our own child can be waited for").is_some()
    }

    /// Ends it as an operator would; it finishes what it has taken on.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.stdin = None;
        self.wait_until_ended()
    }

    /// `SIGTERM`; it finishes what it has taken on.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        // A process that has just died needs none.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        self.wait_until_ended()
    }

    fn wait_until_ended(&mut self) -> ExitStatus {
        let give_up_at = Instant::now() + END_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait().expect("our own child can be waited for") {
                return status;
            }
            assert!(Instant::now() < give_up_at, "the {} does not end\n{}", self.part.name(), self.log_end());
            sleep(LOOK_AGAIN);
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// `SIGSTOP`, or `SIGCONT` after it.
    pub(crate) fn freeze(&self, is_frozen: bool) {
        let signal = if is_frozen { Signal::STOP } else { Signal::CONT };
        // A process that has just died needs none.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    pub(crate) fn log_end(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("the last of {}:\n{}", self.log.display(), lines[lines.len().saturating_sub(30)..].join("\n"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
