//! `batzen server` on a machine that its operator set up wrongly: it says what is wrong and does not open.

use fixtures::attestation::play_integrity::Token;
use std::fs::{Permissions, metadata, set_permissions, write};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder made by `batzen init`.
struct System {
    place: tempfile::TempDir,
}

impl System {
    fn make() -> Self {
        Self::make_with(&[])
    }

    fn make_with(options: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().min(65_000);
        let made = Command::new(env!("CARGO_BIN_EXE_batzen"))
            .args(["init", "--realm", "test.example", "--port", &port.to_string(), "--dir"])
            .arg(place.path().join("system"))
            .args(options)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Self { place }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join("system/server").join(name)
    }

    #[track_caller]
    fn does_not_open(&self, words: &[&str]) {
        let ran = Command::new(env!("CARGO_BIN_EXE_batzen"))
            .args(["server", "--config"])
            .arg(self.file("server.json"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(1), "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
        assert!(!said.contains("panicked"), "{said}");
    }

    #[track_caller]
    fn opens(&self) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_batzen"))
            .args(["server", "--until-stdin-ends", "--config"])
            .arg(self.file("server.json"))
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        // Once it is open its input ends, and then it does too.
        let is_open = |line: &String| {
            let is_open = line.contains("the payment server is open");
            drop(is_open.then(|| child.stdin.take()));
            is_open
        };
        let (open, said): (Vec<_>, Vec<_>) = said.partition(is_open);
        assert!(!open.is_empty() && child.wait().unwrap().success(), "{said:?}");
    }
}

#[test]
fn what_attestations_need_must_be_there_and_a_console_s_key_for_its_owner_alone() {
    let system = System::make();
    let config = std::fs::read_to_string(system.file("server.json")).unwrap();
    let attestation = format!(
        r#"{{"attestation": {{"revoked": "revoked.json", "android_apps": [{{
            "package": "example.wallet", "signers": ["{}"],
            "play_integrity": {{"decryption_key": "decryption.key", "verification_key": "verification.key"}}
        }}]}},"#,
        "5b".repeat(32)
    );
    write(system.file("server.json"), config.replacen('{', &attestation, 1)).unwrap();
    system.does_not_open(&["decryption.key"]);
    let secret = system.file("decryption.key");
    write(&secret, Token::console_decryption_key()).unwrap();
    set_permissions(&secret, Permissions::from_mode(0o644)).unwrap();
    system.does_not_open(&["decryption.key", "chmod 600"]);
    set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    write(system.file("verification.key"), "no key").unwrap();
    system.does_not_open(&["example.wallet", "verification key is not usable", "developer console"]);
    write(system.file("verification.key"), Token::console_verification_key()).unwrap();
    system.does_not_open(&["revoked.json", "android.googleapis.com/attestation/status"]);
    write(system.file("revoked.json"), r#"{"entries": {}}"#).unwrap();
    system.opens();
}

#[test]
fn what_phones_seal_to_is_of_the_suite_that_was_chosen() {
    let suite = |system: &System| {
        let realm_file = std::fs::read(system.file("../phone/realm.json")).unwrap();
        let realm_file = protocol::realm_file::RealmFile::parse(&realm_file).unwrap();
        protocol::payment_code::Suite::of(realm_file.activation_key.public_key.kem()).number()
    };
    assert_eq!(suite(&System::make()), 1, "every phone knows it");
    assert_eq!(suite(&System::make_with(&["--suite", "2"])), 2);
}

#[test]
fn a_low_limit_of_open_files_is_raised() {
    let system = System::make();
    let mut child = Command::new("sh")
        .args(["-c", r#"ulimit -Sn 64 && exec "$0" server --until-stdin-ends --config "$1""#])
        .arg(env!("CARGO_BIN_EXE_batzen"))
        .arg(system.file("server.json"))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("the payment server is open")));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let mut limit = limit.split_whitespace();
    let (soft, hard) = (limit.next().unwrap(), limit.next().unwrap());
    assert!(soft == hard || soft == "16384", "{soft} of {hard}");
    drop(child.stdin.take());
    assert!(said.count() > 0);
    assert!(child.wait().unwrap().success());
}

fn mode(path: &Path) -> u32 {
    metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn private_keys_that_others_can_read_are_refused() {
    let system = System::make();
    for name in ["server.key", "partner.key", "operator.key", "key-store.passphrase", "key-store.json"] {
        let path = system.file(name);
        assert_eq!(mode(&path), 0o600, "{name} is made for its owner alone");
        set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        system.does_not_open(&[name, "chmod 600"]);
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn an_operator_s_key_that_could_be_guessed_is_refused() {
    let system = System::make();
    for key in ["", "\n", "letmein\n", &"k".repeat(257)] {
        write(system.file("operator.key"), key).unwrap();
        system.does_not_open(&["operator.key", "24 to 256 bytes"]);
    }
    // By now the store was made: for its owner alone.
    assert_eq!(mode(&system.file("store")), 0o700);
}

#[test]
fn a_policy_that_takes_a_guard_away_is_refused() {
    let system = System::make();
    let config = std::fs::read_to_string(system.file("server.json")).unwrap();
    let config = config.replacen('{', r#"{"policy": "policy.json","#, 1);
    write(system.file("server.json"), config).unwrap();
    for (policy, words) in [
        (r#"{"pin_failures_max": 100}"#, "pin_failures_max"),
        (r#"{"code_age_s_max": 86400}"#, "code_age_s_max"),
        (r#"{"pin_failure_max": 3}"#, "unknown field"),
    ] {
        write(system.file("policy.json"), policy).unwrap();
        system.does_not_open(&["policy", words]);
    }
}
