//! Installs what the tests use beside Rust: a few Debian packages, and Python and Node packages under `target`.
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
/// Where the Node packages that the page tests use are named, with their versions.
const NODE_PACKAGES: &str = "tests/pages";
/// Where Debian keeps the standard library's source, which is compiled for WebAssembly where rustup has not
/// brought a compiled one.
const DEBIAN_RUST_SOURCE: &str = "/usr/lib/rustlib/src";

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
    // Debian keeps a server's programs beside those of other versions.
    Tool {
        package: "postgresql",
        is_here: || is_on_path("initdb") || is_below("/usr/lib/postgresql", "bin/initdb"),
    },
    Tool { package: "patroni", is_here: || is_on_path("patroni") },
    Tool { package: "python3-etcd", is_here: || succeeds("python3", &["-c", "import etcd"]) },
    Tool { package: "etcd-server", is_here: || is_on_path("etcd") },
    Tool { package: "softhsm2", is_here: || is_on_path("softhsm2-util") },
    Tool { package: "pkg-config", is_here: || is_on_path("pkg-config") },
    // What kryoptic, the second token, is built with.
    Tool { package: "libssl-dev", is_here: || succeeds("pkg-config", &["--exists", "openssl"]) },
    Tool { package: "libsqlite3-dev", is_here: || succeeds("pkg-config", &["--exists", "sqlite3"]) },
    Tool { package: "libclang-dev", is_here: || is_below("/usr/lib", "lib/libclang.so") },
    Tool { package: "p11-kit", is_here: || is_on_path("p11-kit") },
    // What speaks to a server of tokens, beside the PKCS#11 modules of all others.
    Tool { package: "p11-kit-modules", is_here: || is_below("/usr/lib", "pkcs11/p11-kit-client.so") },
    Tool { package: "faketime", is_here: || is_on_path("faketime") },
    Tool { package: "nodejs", is_here: || is_on_path("node") },
    Tool { package: "npm", is_here: || is_on_path("npm") },
    Tool { package: "chromium", is_here: || is_on_path("chromium") },
    Tool { package: "ffmpeg", is_here: || is_on_path("ffmpeg") },
    Tool { package: "webkit2gtk-driver", is_here: || is_on_path("WebKitWebDriver") },
    Tool { package: "xvfb", is_here: || is_on_path("Xvfb") },
    Tool { package: "g++", is_here: || is_on_path("c++") }, // libFuzzer is C++
    Tool { package: "rustc-web", is_here: || has_wasm_library() || Path::new("/usr/bin/rustc").exists() },
    Tool { package: "cargo-web", is_here: || has_wasm_library() || Path::new("/usr/bin/cargo").exists() },
    Tool {
        package: "rust-web-src",
        is_here: || has_wasm_library() || Path::new(DEBIAN_RUST_SOURCE).exists(),
    },
    Tool { package: "lld-22", is_here: || has_wasm_library() || is_on_path("wasm-ld-22") },
];

/// Whether some folder in this one has the file.
fn is_below(folder: &str, file: &str) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| entry.path().join(file).exists())
}

pub(super) fn run(bench: &Bench) -> Result<Counts, String> {
    install_packages(bench)?;
    install_python(bench)?;
    install_node(bench)?;
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

/// Installs from the lock file, unless that was done already.
fn install_node(bench: &Bench) -> Result<(), String> {
    let problem = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let folder = bench.node_packages();
    let stamp = folder.join("installed.txt");
    fs::create_dir_all(&folder).map_err(|error| problem(&folder, error))?;
    let mut wanted = String::new();
    for name in ["package.json", "package-lock.json"] {
        let from = bench.places.root.join(NODE_PACKAGES).join(name);
        let text = fs::read_to_string(&from).map_err(|error| problem(&from, error))?;
        let to = folder.join(name);
        fs::write(&to, &text).map_err(|error| problem(&to, error))?;
        wanted.push_str(&text);
    }
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        println!("the Node packages are up to date");
        return Ok(());
    }
    let mut install = bench.command("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder);
    bench.run(&mut install)?;
    fs::write(&stamp, wanted).map_err(|error| problem(&stamp, error))
}

/// Whether the toolchain brings a compiled standard library for WebAssembly, as `rustup target add` does.
fn has_wasm_library() -> bool {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"])
        .stdin(Stdio::null())
        .output();
    let Ok(output) = asked else { return false };
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let Ok(mut files) = fs::read_dir(folder) else { return false };
    files.any(|file| file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
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
