//! The foreign readers: zxing-cpp through Python, and zbar. `cargo xtask test` installs both.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct ForeignRead {
    pub(crate) format: String,
    pub(crate) text: String,
    pub(crate) bytes_hex: String,
    pub(crate) version: String,
    pub(crate) ec_level: String,
}

/// What zxing-cpp reads in each PNG file of a folder, by file name without its ending.
pub(crate) fn zxing_reads(folder: &Path) -> BTreeMap<String, Vec<ForeignRead>> {
    let root = repository();
    let venv =
        std::env::var_os("BATZEN_TEST_VENV").map_or_else(|| root.join("target/test-venv"), PathBuf::from);
    let script = root.join("tests/foreign/read_codes.py");
    let output = run(&venv.join("bin/python"), &[script.as_os_str(), folder.as_os_str()]);
    serde_json::from_slice(&output).expect("the script prints JSON")
}

/// What zbar reads in a file.
pub(crate) fn zbar_read(file: &Path) -> String {
    let flags = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"].map(OsStr::new);
    let output = run(Path::new("zbarimg"), &[&flags[..], &[file.as_os_str()]].concat());
    String::from_utf8(output).expect("digits").trim_end().to_owned()
}

fn run(program: &Path, arguments: &[&OsStr]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| {
        panic!("{} does not start ({error}): run cargo xtask test, which installs it", program.display())
    });
    assert!(
        output.status.success(),
        "{} failed; if a module is missing, run cargo xtask test, which installs it\n{}",
        program.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
