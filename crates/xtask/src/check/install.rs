//! Installs what the tests use beside Rust: a few Debian packages, and a Python environment under `target`.
//!
//! Nothing outside `target` is touched but through apt-get, and that only as root; anyone else is told what
//! to type.

use super::Bench;
use super::counts::Counts;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python packages that the tests use, with their versions.
const REQUIREMENTS: &str = "tests/requirements.txt";

/// A program that tests use and the Debian package that has it.
struct Tool {
    package: &'static str,
    is_here: fn() -> bool,
}

const TOOLS: &[Tool] = &[
    Tool { package: "python3", is_here: || is_on_path("python3") },
    Tool { package: "python3-venv", is_here: || succeeds("python3", &["-c", "import ensurepip, venv"]) },
    Tool { package: "zbar-tools", is_here: || is_on_path("zbarimg") },
    Tool { package: "iproute2", is_here: || is_on_path("ip") },
    Tool { package: "util-linux", is_here: || is_on_path("unshare") },
    Tool { package: "faketime", is_here: || is_on_path("faketime") },
];

pub(super) fn run(bench: &Bench) -> Result<Counts, String> {
    install_packages(bench)?;
    install_python(bench)?;
    Ok(Counts::ONE_PASSED)
}

fn install_packages(bench: &Bench) -> Result<(), String> {
    let missing: Vec<&str> = TOOLS.iter().filter(|tool| !(tool.is_here)()).map(|tool| tool.package).collect();
    if missing.is_empty() {
        println!("every program is here");
        return Ok(());
    }
    if !(is_root() && is_on_path("apt-get")) {
        return Err(format!(
            "missing programs; please run: sudo apt-get install --no-install-recommends {}",
            missing.join(" ")
        ));
    }
    let apt = |arguments: &[&str]| {
        let mut command = bench.command("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    bench.run(&mut apt(&["update", "-q"]))?;
    bench.run(apt(&["install", "-y", "-q", "--no-install-recommends"]).args(&missing))
}

/// Makes the environment, or leaves it when it was made from the same requirements.
fn install_python(bench: &Bench) -> Result<(), String> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let wanted = read(&bench.places.root.join(REQUIREMENTS))?;
    let venv = bench.venv();
    let stamp = venv.join("installed.txt");
    if read(&stamp).is_ok_and(|installed| installed == wanted) && bench.python().exists() {
        println!("the Python environment is up to date");
        return Ok(());
    }
    bench.run(bench.command("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    bench.run(bench.command(bench.python()).args(["-m", "pip", "install", "--quiet"]).args([
        "--disable-pip-version-check",
        "--no-input",
        "--requirement",
        REQUIREMENTS,
    ]))?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Looks also where only root's path leads.
fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).any(|file| file.is_file())
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path_only() {
        assert!(is_on_path("cargo"));
        assert!(!is_on_path("no-such-program-anywhere"));
    }

    #[test]
    fn a_program_that_fails_or_is_missing_does_not_succeed() {
        assert!(succeeds("cargo", &["--version"]));
        assert!(!succeeds("cargo", &["no-such-command"]));
        assert!(!succeeds("no-such-program-anywhere", &[]));
    }
}
