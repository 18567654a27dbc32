//! Compiling one door, so that its bytes do not depend on the folder it is built in.

use crate::Problem;
use crate::toolchain::{TARGET, Toolchain};
use crate::wrapper::FLAGS_VARIABLE;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The cargo profile, in the root manifest.
const PROFILE: &str = "wasm";

/// Compiles `package`; gives its module.
pub(crate) fn compile(
    root: &Path,
    target: &Path,
    toolchain: &Toolchain,
    package: &str,
) -> Result<PathBuf, Problem> {
    let built = target.join("doors");
    let wrapper = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(&toolchain.cargo);
    command
        .args(["build", "--locked", "--profile", PROFILE, "--target", TARGET, "--package", package])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", &built)
        .env("RUSTC", &toolchain.rustc)
        .env("RUSTC_WRAPPER", wrapper)
        .env(FLAGS_VARIABLE, flags(root, toolchain).join("\n"))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    if let Some(linker) = toolchain.linker {
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    run(&mut command)?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(built.join(TARGET).join(PROFILE).join(file))
}

/// Folders of this machine have no place in what is shipped.
fn flags(root: &Path, toolchain: &Toolchain) -> Vec<String> {
    let mut flags = vec![format!("--remap-path-prefix={}=/batzen", root.display())];
    flags.extend(remapped_registries());
    if let Some(sysroot) = &toolchain.sysroot {
        flags.push(format!("--sysroot={}", sysroot.display()));
    }
    flags
}

/// Flags that take the folders of others' crates out of messages.
pub(crate) fn remapped_registries() -> Vec<String> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let registries = home.and_then(|home| home.join("registry/src").read_dir().ok());
    let remap = |path: PathBuf| format!("--remap-path-prefix={}=/crates", path.display());
    registries.into_iter().flatten().flatten().map(|entry| remap(entry.path())).collect()
}

/// Runs a command to its end, with its output on ours.
pub(crate) fn run(command: &mut Command) -> Result<(), Problem> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("{program} cannot be run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} ended with {status}")) }
}
