//! Codes as other people's readers see them.

use e2e::{System, project_root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tests' own Python, with zxing-cpp in it.
fn python() -> PathBuf {
    let venv = std::env::var_os("BATZEN_TEST_VENV")
        .map_or_else(|| project_root().join("target/test-venv"), PathBuf::from);
    let python = venv.join("bin/python");
    assert!(python.is_file(), "no Python at {}; `cargo xtask test` installs it", python.display());
    python
}

fn printed(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; run `cargo xtask test`"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}: {said}", output.status);
    String::from_utf8(output.stdout).expect("readers print text")
}

fn read_by_zxing(folder: &Path) -> Value {
    let script = project_root().join("tests/foreign/read_codes.py");
    serde_json::from_str(&printed(Command::new(python()).arg(script).arg(folder))).expect("it prints JSON")
}

fn read_by_zbar(picture: &Path) -> String {
    printed(Command::new("zbarimg").args(["--quiet", "--raw", "--oneshot"]).arg(picture)).trim().to_owned()
}

#[test]
fn a_code_is_read_by_zxing_cpp_and_zbar_to_the_same_365_digits() {
    let system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let pictures: Vec<PathBuf> = (0..5).map(|_| phone.code(till.label())).collect();
    let folder = pictures[0].parent().expect("a folder");
    let zxing = read_by_zxing(folder);
    let mut seen = Vec::new();
    for picture in &pictures {
        let name = picture.file_stem().expect("a name").to_string_lossy().into_owned();
        let read = zxing[&name].as_array().expect("a list");
        assert_eq!(read.len(), 1, "{name}: {read:?}");
        let digits = read[0]["text"].as_str().expect("text");
        assert_eq!(digits.len(), 365, "{read:?}");
        assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{digits}");
        assert_eq!(read[0]["version"].to_string().trim_matches('"'), "8", "{read:?}");
        assert_eq!(read[0]["ec_level"], "M", "{read:?}");
        assert_eq!(read_by_zbar(picture), digits);
        seen.push(digits.to_owned());
    }
    // What others read, a till takes as well as the picture: typed by a scanner.
    let paid =
        till.checkout(&["pay", "--code", "-", "--amount", "1"]).typing(&seen[4]).run().expect("digits");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    seen.dedup();
    assert_eq!(seen.len(), 5, "each code is another");
}
