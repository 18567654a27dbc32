//! The programs of PostgreSQL and around it: where they are, which Debian package has them, how they are run.

use crate::binary::is_root;
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Where Debian keeps PostgreSQL, a folder for each major version.
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";
const VERSION_MIN: u32 = 15;

/// Whom PostgreSQL runs as where it would be root, which it refuses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Debian's `postgres`, or else nobody; none if this process is not root's and PostgreSQL may run as itself.
pub(super) fn account() -> Option<Account> {
    if !is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(|number| number.parse().ok());
        Some(Account { uid: numbers.next()??, gid: numbers.next()?? })
    };
    Some(find("postgres").or_else(|| find("nobody")).unwrap_or(Account { uid: 65_534, gid: 65_534 }))
}

/// The folder with PostgreSQL's programs: the newest of Debian's, or else what is on the path.
pub(super) fn postgres_folder() -> PathBuf {
    find_postgres().unwrap_or_else(|| panic!("{}", missing("PostgreSQL 15 or newer", "postgresql")))
}

fn find_postgres() -> Option<PathBuf> {
    let listed = fs::read_dir(DEBIAN_FOLDER).into_iter().flatten();
    let versions = listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let folders = versions.filter(|version| *version >= VERSION_MIN).filter_map(|version| {
        let folder = Path::new(DEBIAN_FOLDER).join(version.to_string()).join("bin");
        folder.join("initdb").is_file().then_some((version, folder))
    });
    if let Some((_, newest)) = folders.max() {
        return Some(newest);
    }
    // A link leads to where the others are.
    let initdb = on_path("initdb")?.canonicalize().ok()?;
    initdb.parent().map(Path::to_owned)
}

/// A program that is not PostgreSQL's own.
pub(super) fn program(name: &str, package: &str) -> PathBuf {
    on_path(name).unwrap_or_else(|| panic!("{}", missing(name, package)))
}

/// Looks also where only root's path leads.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn missing(what: &str, package: &str) -> String {
    format!("there is no {what}; please run: apt-get install -y --no-install-recommends {package}")
}

/// Everything without which there is no Patroni, told at once.
pub(super) fn expect_patroni() {
    assert!(is_root(), "Patroni's nodes have network namespaces of their own; only root may make them");
    let of_path =
        [("patroni", "patroni"), ("etcd", "etcd-server"), ("ip", "iproute2"), ("nsenter", "util-linux")];
    let mut packages: Vec<&str> =
        of_path.iter().filter(|(name, _)| on_path(name).is_none()).map(|(_, package)| *package).collect();
    if find_postgres().is_none() {
        packages.push("postgresql");
    }
    assert!(packages.is_empty(), "{}", missing("Patroni with all it needs", &packages.join(" ")));
}

/// `program` as PostgreSQL's account, working in `folder`.
pub(super) fn command(program: &Path, folder: &Path) -> Command {
    let mut command = bare_command(program);
    command.current_dir(folder).env("HOME", folder);
    if let Some(account) = account() {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// `program` in a process group of its own, and with nothing in its environment that turns a client elsewhere.
pub(super) fn bare_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
    command.process_group(0).stdin(Stdio::null());
    command
}

/// Runs it to its end with this typed into it: what it printed, or what it said instead.
pub(super) fn run(command: &mut Command, input: &str, within: Duration) -> Result<String, String> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
    let (stdin, input) = (child.stdin.take(), input.to_owned());
    // One that ended early wants no more.
    let writer = thread::spawn(move || stdin.map(|mut pipe| pipe.write_all(input.as_bytes())));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let stdout = thread::spawn(move || read_all(stdout));
    let stderr = thread::spawn(move || read_all(stderr));
    let ended = wait(&mut child, within);
    let _ = writer.join();
    let stdout = stdout.join().expect("reading does not panic");
    let stderr = stderr.join().expect("reading does not panic");
    match ended {
        Some(status) if status.success() => Ok(stdout),
        Some(status) => Err(format!("{name} ended with {status}\n{stdout}{stderr}")),
        None => Err(format!("{name} did not end within {within:?}\n{stdout}{stderr}")),
    }
}

/// Waits for its end, and brings it about if it does not come.
fn wait(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let give_up_at = Instant::now() + within;
    loop {
        if let Some(status) = child.try_wait().expect("our own child can be waited for") {
            return Some(status);
        }
        if Instant::now() > give_up_at {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn read_all(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The last lines of a log file, for people.
pub(super) fn log_end(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    format!("the last of {}:\n{}", path.display(), lines[lines.len().saturating_sub(30)..].join("\n"))
}
