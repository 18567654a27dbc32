//! The compiler for WebAssembly on this machine: rustup's target where it is installed, else Debian's `rustc-web` with
//! a standard library that is built once.

use crate::Problem;
use crate::wrapper::FLAGS_VARIABLE;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LINKER: &str = "wasm-ld-22";

/// A crate with nothing in it, so that cargo builds the standard library.
const EMPTY_CRATE: &str = "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\n\n\
                           [profile.release]\npanic = \"abort\"\nopt-level = \"z\"\ncodegen-units = 1\n\n[workspace]\n";

/// How to call cargo for WebAssembly.
pub(crate) struct Toolchain {
    /// The compiler's own name and version, with what its standard library is.
    pub(crate) name: String,
    pub(crate) cargo: OsString,
    pub(crate) rustc: OsString,
    pub(crate) linker: Option<&'static str>,
    pub(crate) sysroot: Option<PathBuf>,
}

impl Toolchain {
    /// The one of this machine; Debian's standard library is built under `target` if it is not there.
    pub(crate) fn find(target: &Path) -> Result<Self, Problem> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        if has_standard_library(&rustc) {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let name = format!("{}, its own standard library", version(&rustc)?);
            return Ok(Self { name, cargo, rustc, linker: None, sysroot: None });
        }
        if !Path::new(DEBIAN_RUSTC).exists() {
            return Err(format!(
                "no compiler for {TARGET}: run `rustup target add {TARGET}`, or on Debian install rustc-web cargo-web \
                 rust-web-src lld-22"
            ));
        }
        let rustc_name = version(DEBIAN_RUSTC.as_ref())?;
        let sysroot = build_standard_library(target, &rustc_name)?;
        Ok(Self {
            name: format!("{rustc_name}, standard library built for size"),
            cargo: DEBIAN_CARGO.into(),
            rustc: DEBIAN_RUSTC.into(),
            linker: Some(DEBIAN_LINKER),
            sysroot: Some(sysroot),
        })
    }
}

fn has_standard_library(rustc: &std::ffi::OsStr) -> bool {
    let asked = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let Ok(answer) = asked else { return false };
    let folder = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

fn version(rustc: &std::ffi::OsStr) -> Result<String, Problem> {
    let answer = Command::new(rustc).arg("--version").output();
    let answer = answer.map_err(|error| format!("{} cannot be run: {error}", rustc.display()))?;
    Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}

/// Gives the sysroot; what an earlier run of the same compiler built is used again.
fn build_standard_library(target: &Path, rustc_name: &str) -> Result<PathBuf, Problem> {
    let (folder, sysroot) = (target.join("empty"), target.join("sysroot"));
    let stamp = sysroot.join("made-by.txt");
    let made_by = format!("{rustc_name}, paths replaced");
    if fs::read_to_string(&stamp).is_ok_and(|before| before == made_by) {
        return Ok(sysroot);
    }
    println!("building the standard library for {TARGET}, once");
    write(&folder.join("Cargo.toml"), EMPTY_CRATE)?;
    write(&folder.join("src/lib.rs"), "#![no_std]\n")?;
    let built = folder.join("target");
    let mut command = Command::new(DEBIAN_CARGO);
    command
        .args(["build", "--release", "--target", TARGET])
        .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &built)
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC_WRAPPER", std::env::current_exe().map_err(|error| error.to_string())?)
        .env(FLAGS_VARIABLE, crate::compile::remapped_registries().join("\n"))
        .env_remove("RUSTFLAGS");
    crate::compile::run(&mut command)?;
    // What was compiled over another standard library does not fit this one.
    crate::fresh_folder(&target.join("doors"))?;
    copy_libraries(
        &built.join(TARGET).join("release/deps"),
        &sysroot.join("lib/rustlib").join(TARGET).join("lib"),
    )?;
    write(&stamp, &made_by)?;
    Ok(sysroot)
}

fn copy_libraries(from: &Path, to: &Path) -> Result<(), Problem> {
    crate::fresh_folder(to)?;
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    for entry in fs::read_dir(from).map_err(|error| failed(from, error))?.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            fs::copy(&path, to.join(&name)).map_err(|error| failed(&path, error))?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}
