//! `batzen wallet` where there is no server: what it refuses, and what it leaves behind.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A wallet's folder beside a realm whose server is not there.
struct Place(tempfile::TempDir);

impl Place {
    fn make() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let system = place.0.path().join("system");
        let made = Command::new(env!("CARGO_BIN_EXE_batzen"))
            .args(["init", "--realm", "test.example", "--port", "1", "--dir"])
            .arg(system)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        place
    }

    fn wallet(&self) -> std::path::PathBuf {
        self.0.path().join("wallet")
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_batzen"))
            .args(["wallet", "--state"])
            .arg(self.wallet())
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may end before it reads.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        Ran(child.wait_with_output().unwrap())
    }

    fn activate(&self, pin: &str) -> Ran {
        let realm =
            ["activate", "--realm", "system/phone/realm.json", "--code", "7K3M-9QXA-T2WD", "--pin-stdin"];
        self.run(&realm, pin)
    }
}

struct Ran(Output);

impl Ran {
    #[track_caller]
    fn refuses(&self, exit_code: i32, words: &str) {
        let said = String::from_utf8_lossy(&self.0.stderr);
        assert_eq!(self.0.status.code(), Some(exit_code), "{said}");
        assert!(said.contains(words), "{words:?} is not in: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_needs_an_activated_wallet_says_so() {
    let place = Place::make();
    for command in
        [&["pay", "--pin-stdin"][..], &["status"], &["confirmations"], &["methods", "list"], &["lock"]]
    {
        place.run(command, "493817\n").refuses(1, "run `batzen wallet activate` first");
    }
    assert!(!place.wallet().exists(), "a refusal leaves nothing behind");
}

#[test]
fn pins_that_others_would_try_first_are_refused_before_anything_is_sent() {
    let place = Place::make();
    for pin in ["123456", "000000", "121212"] {
        place.activate(&format!("{pin}\n")).refuses(2, "first that others would try");
    }
    place.activate("1234\n").refuses(2, "digits");
    place.activate("").refuses(2, "ended before the secret came");
    assert!(!place.wallet().join("state.sealed").exists());
}

#[test]
fn a_server_that_is_not_there_costs_no_activation_code() {
    let place = Place::make();
    place.activate("493817\n").refuses(4, "cannot be reached");
    assert!(!place.wallet().join("state.sealed").exists(), "nothing was sent, so nothing waits for a reply");
    assert_eq!(mode(&place.wallet()), 0o700);
    assert_eq!(mode(&place.wallet().join("vault.key")), 0o600);
}

#[test]
fn a_vault_that_others_can_read_is_refused() {
    let place = Place::make();
    place.activate("493817\n").refuses(4, "cannot be reached");
    let vault = place.wallet().join("vault.key");
    std::fs::set_permissions(&vault, PermissionsExt::from_mode(0o644)).unwrap();
    place.activate("493817\n").refuses(1, "chmod 600");
    std::fs::set_permissions(&vault, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&vault, "{\"version\":1,\"device_key\":\"secret-looking\"}").unwrap();
    let damaged = place.activate("493817\n");
    damaged.refuses(1, "the vault is damaged");
    assert!(!String::from_utf8_lossy(&damaged.0.stderr).contains("secret-looking"));
}

#[test]
fn foreign_and_damaged_states_are_told_apart_from_wallets() {
    let place = Place::make();
    place.activate("493817\n").refuses(4, "cannot be reached");
    std::fs::write(place.wallet().join("state.sealed"), b"something else").unwrap();
    place.run(&["status"], "").refuses(1, "not a wallet's state");
    std::fs::write(place.wallet().join("state.sealed"), vec![7; 16 * 1024 * 1024]).unwrap();
    place.run(&["status"], "").refuses(1, "too large");
}

#[test]
fn slips_in_arguments_are_named() {
    let place = Place::make();
    place.run(&["pay", "--till", "5723"], "").refuses(2, "typing mistake");
    place.run(&["pay", "--pin", "493817"], "").refuses(2, "unexpected argument '--pin'");
    let code = ["activate", "--realm", "system/phone/realm.json", "--code", "hello", "--pin-stdin"];
    place.run(&code, "493817\n").refuses(2, "not an activation code");
    place.run(&["activate", "--realm", "nowhere.json"], "").refuses(1, "nowhere.json cannot be read");
    std::fs::write(place.0.path().join("bad.json"), "{\"version\":1}").unwrap();
    place.run(&["activate", "--realm", "bad.json"], "").refuses(1, "bad.json");
}
