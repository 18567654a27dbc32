//! This program as cargo's `RUSTC_WRAPPER`: adds to the compiler's arguments what must not be in `RUSTFLAGS`, since
//! cargo would mix those into the names of everything and so make the bytes depend on the folder they are built in.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// The variable that asks for this: flags for WebAssembly, divided by line feeds.
pub(crate) const FLAGS_VARIABLE: &str = "BATZEN_WASM_FLAGS";

pub(crate) fn is_asked() -> bool {
    std::env::var_os(FLAGS_VARIABLE).is_some()
}

/// Becomes the compiler.
pub(crate) fn run() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(compiler) = arguments.next() else { return ExitCode::FAILURE };
    let arguments: Vec<OsString> = arguments.collect();
    let mut command = Command::new(compiler);
    command.args(&arguments);
    if arguments.iter().any(|argument| argument == OsStr::new(super::toolchain::TARGET)) {
        let flags = std::env::var(FLAGS_VARIABLE).unwrap_or_default();
        command.args(flags.lines().filter(|flag| !flag.is_empty()));
    }
    eprintln!("wasm-build: the compiler cannot be run: {}", command.exec());
    ExitCode::FAILURE
}
