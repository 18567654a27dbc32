//! `batzen checkout` as a till's script uses it: exit codes, JSON, files; and a server that the test plays.

use crate::hostile::{Hostile, Reply, capture, payment, problem};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A certificate authority made for tests; plain HTTP never checks against it.
const ROOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../https/tests/root.pem");
const NOWHERE: &str = "http://127.0.0.1:1";

struct Till(TempDir);

struct Ran {
    exit_code: i32,
    json: Value,
}

impl Till {
    /// A till whose server is at `url`, set up by the command itself.
    fn at(url: &str) -> Self {
        let till = Self(TempDir::new().unwrap());
        let setup = ["setup", "--server", url, "--roots", ROOTS, "--terminal", "5724", "--currency", "CHF"];
        let ran = till.run_with(&setup, b"key-of-till\n");
        assert_eq!(ran.exit_code, 0, "{}", ran.json);
        till
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("till")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_batzen"));
        command.args(["--json", "checkout", "--state"]).arg(self.state());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, b"")
    }

    fn run_with(&self, arguments: &[&str], stdin: &[u8]) -> Ran {
        finish(self.command().args(arguments), stdin)
    }

    fn pay(&self, code: &Path) -> Ran {
        self.run(&["pay", "--code", code.to_str().unwrap(), "--amount", "12.50"])
    }

    /// A file with the digits of a well-formed code.
    fn digits(&self, number: u8) -> PathBuf {
        let path = self.0.path().join(format!("code-{number}.txt"));
        fs::write(&path, format!("{}\r\n", digits(number))).unwrap();
        path
    }

    fn journal(&self) -> PathBuf {
        self.state().join("journal")
    }
}

fn finish(command: &mut Command, stdin: &[u8]) -> Ran {
    let mut child = command.spawn().unwrap();
    // A command that needs no input may have ended already.
    drop(child.stdin.take().unwrap().write_all(stdin));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = String::from_utf8(stdout).unwrap();
    let json = serde_json::from_str(&text)
        .unwrap_or_else(|_| json!({ "stdout": text, "stderr": String::from_utf8_lossy(&stderr) }));
    Ran { exit_code: status.code().unwrap_or(-1), json }
}

fn digits(number: u8) -> String {
    let mut bytes = [number; 147];
    bytes[0] = 0x11;
    protocol::payment_code::PaymentCode::from_bytes(&bytes).unwrap().to_digits()
}

fn well_behaved() -> Hostile {
    Hostile::start(|seen| match seen.what.as_str() {
        "POST /v1/payments" => Reply::Json(201, payment("authorised", 0)),
        what if what.ends_with("/captures") => Reply::Json(201, capture()),
        what if what.ends_with("/void") => Reply::Json(200, payment("voided", 0)),
        "GET /v1/payments/pay_00000000000000000000000001" => Reply::Json(200, payment("captured", 1250)),
        other => panic!("{other}"),
    })
}

#[test]
fn a_sale_is_paid_and_told_with_its_times() {
    let server = well_behaved();
    let till = Till::at(&server.url);
    let paid = till.pay(&till.digits(1));
    assert_eq!((paid.exit_code, &paid.json["outcome"]), (0, &json!("paid")), "{}", paid.json);
    assert_eq!((&paid.json["sale"], &paid.json["amount"]), (&json!("S1"), &json!("12.50 CHF")));
    for time in ["scanned_at", "answered_at", "captured_at"] {
        assert!(paid.json[time].as_str().unwrap().ends_with('Z'), "{time}");
    }
    assert_eq!(server.seen()[0].body["terminal"], "5724");
    assert_eq!(server.seen()[0].body["code"], digits(1));
    // The same code once more: the till knows it without asking.
    let again = till.pay(&till.digits(1));
    assert_eq!((again.exit_code, &again.json["customer_action"]), (3, &json!("enter_again")));
    assert_eq!(server.seen().len(), 2);
    let shown = till.run(&["show", "S1"]);
    assert_eq!(
        (&shown.json["standing"], &shown.json["server"]["state"]),
        (&json!("paid"), &json!("captured"))
    );
    assert_eq!(till.run(&["show"]).json["sales"].as_array().unwrap().len(), 1);
    let left = fs::read_to_string(till.journal()).unwrap();
    assert!(!left.contains(&digits(1)[..40]), "the code is not stored");
}

#[test]
fn a_picture_at_standard_input_is_read() {
    let server = well_behaved();
    let till = Till::at(&server.url);
    let symbol = symbols::Symbol::encode(digits(3), symbols::Symbology::QrCode, symbols::EccLevel::Medium);
    let picture = symbol.unwrap().to_png(4);
    let held = till.run_with(&["pay", "--code", "-", "--amount", "12.5", "--no-capture"], &picture);
    assert_eq!((held.exit_code, &held.json["outcome"]), (0, &json!("held")), "{}", held.json);
    let captured = till.run(&["capture", "S1"]);
    assert_eq!(
        (captured.exit_code, &captured.json["captured_minor"]),
        (0, &json!(1250)),
        "{}",
        captured.json
    );
    assert_eq!(till.run(&["void", "S1"]).exit_code, 1);
}

#[test]
fn a_decline_gives_the_neutral_action_alone() {
    let server = Hostile::start(|_| {
        let mut declined = problem("payment-declined", 402);
        declined["customer_action"] = "other_method".into();
        Reply::Json(402, declined)
    });
    let till = Till::at(&server.url);
    let declined = till.pay(&till.digits(1));
    assert_eq!((declined.exit_code, &declined.json["customer_action"]), (3, &json!("other_method")));
}

#[test]
fn a_misread_is_found_before_anything_is_stored_or_sent() {
    let server = Hostile::start(|seen| panic!("{}", seen.what));
    let till = Till::at(&server.url);
    let mut misread = digits(1).into_bytes();
    misread[100] = if misread[100] == b'9' { b'8' } else { b'9' };
    let blank = symbols::Symbol::encode("hello", symbols::Symbology::QrCode, symbols::EccLevel::Low).unwrap();
    for input in [misread, b"\n".to_vec(), vec![0xff; 50], b"4006381333931".to_vec(), blank.to_png(3)] {
        let ran = till.run_with(&["pay", "--code", "-", "--amount", "1"], &input);
        assert_eq!(ran.exit_code, 4, "{}", ran.json);
    }
    assert!(till.run(&["show"]).json["sales"].as_array().unwrap().is_empty());
}

#[test]
fn without_a_server_nothing_happens_and_the_code_may_be_used_again() {
    let till = Till::at(NOWHERE);
    let ran = till.pay(&till.digits(1));
    assert_eq!((ran.exit_code, &ran.json["outcome"]), (6, &json!("unreachable")), "{}", ran.json);
    assert_eq!(ran.json["is_open"], false);
    assert_eq!(till.run(&["resume"]).exit_code, 0);
    assert_eq!(till.run(&["status"]).exit_code, 6);
}

#[test]
fn wrong_usage_says_so() {
    let till = Till::at(NOWHERE);
    let code = till.digits(1);
    let code = code.to_str().unwrap();
    for (arguments, exit_code) in [
        (vec!["pay", "--code", code, "--amount", "12.505"], 2),
        (vec!["pay", "--code", code, "--amount", "0"], 2),
        (vec!["pay", "--code", code, "--amount", "1", "--capture", "--no-capture"], 2),
        (vec!["pay", "--code", "/nowhere.png", "--amount", "1"], 1),
        (vec!["capture", "S9"], 1),
        (vec!["show", "S9"], 1),
        (vec!["capture", "nonsense"], 2),
        (vec!["setup", "--server", NOWHERE, "--roots", ROOTS, "--terminal", "5724", "--currency", "CHF"], 1),
        (vec!["setup", "--server", NOWHERE, "--roots", ROOTS, "--terminal", "5725", "--currency", "CHF"], 2),
    ] {
        let ran = till.run(&arguments);
        assert_eq!(ran.exit_code, exit_code, "{arguments:?}: {}", ran.json);
    }
    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_batzen"));
    nowhere.args(["--json", "checkout", "status"]).env_remove("BATZEN_CHECKOUT_STATE");
    nowhere.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    assert_eq!(finish(&mut nowhere, b"").exit_code, 2);
}

fn error_of(ran: &Ran) -> String {
    ran.json["error"].as_str().unwrap_or_else(|| panic!("{}", ran.json)).to_owned()
}

#[test]
fn the_api_key_is_kept_from_others() {
    let till = Till::at(NOWHERE);
    let config = till.state().join("checkout.json");
    assert_eq!(fs::metadata(&config).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = till.run(&["status"]);
    assert!(ran.exit_code == 1 && error_of(&ran).contains("chmod 600"), "{}", ran.json);
    // In a file of its own the same holds for that file.
    let mut parsed: Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    parsed.as_object_mut().unwrap().remove("api_key");
    parsed["api_key_file"] = "api.key".into();
    fs::write(&config, parsed.to_string()).unwrap();
    fs::write(till.state().join("api.key"), "key-of-till").unwrap();
    fs::set_permissions(till.state().join("api.key"), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(error_of(&till.run(&["status"])).contains("chmod 600"));
    fs::set_permissions(till.state().join("api.key"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(till.run(&["status"]).exit_code, 6);
}

#[test]
fn a_torn_journal_goes_on_and_a_damaged_one_is_refused() {
    let server = well_behaved();
    let till = Till::at(&server.url);
    assert_eq!(till.pay(&till.digits(1)).exit_code, 0);
    let whole = fs::read(till.journal()).unwrap();
    fs::write(till.journal(), &whole[..whole.len() - 30]).unwrap();
    // Torn was the capture's answer: it is asked for again, under the same key.
    assert_eq!(till.run(&["show"]).json["open"], 1);
    assert_eq!(till.run(&["resume"]).exit_code, 0);
    let keys: Vec<_> = server
        .seen()
        .iter()
        .filter(|one| one.what.ends_with("captures"))
        .map(|one| one.key.clone())
        .collect();
    assert!(keys.len() == 2 && keys[0] == keys[1]);
    let mut damaged = fs::read(till.journal()).unwrap();
    damaged[200] ^= 1;
    fs::write(till.journal(), &damaged).unwrap();
    for arguments in [vec!["resume"], vec!["show"], vec!["capture", "S1"]] {
        let ran = till.run(&arguments);
        assert!(ran.exit_code == 1 && error_of(&ran).contains("line 2 is damaged"), "{}", ran.json);
    }
    assert_eq!(fs::read(till.journal()).unwrap(), damaged, "nothing was changed");
}

#[test]
fn a_second_process_is_told_that_there_is_a_first() {
    let till = Till::at(NOWHERE);
    let lock = fs::File::create(till.state().join("lock")).unwrap();
    lock.lock().unwrap();
    let ran = till.pay(&till.digits(1));
    assert!(ran.exit_code == 1 && error_of(&ran).contains("another `batzen checkout`"), "{}", ran.json);
    assert_eq!(till.run(&["show"]).exit_code, 0, "looking needs no lock");
}

#[test]
fn where_nothing_can_be_written_nothing_is_sent() {
    let server = Hostile::start(|seen| panic!("{}", seen.what));
    let till = Till::at(&server.url);
    let code = till.digits(1);
    // The journal's first line is there; then files of this user may not grow.
    assert_eq!(till.run(&["resume"]).exit_code, 0);
    let script = format!(
        "trap '' XFSZ; ulimit -f 0; exec '{}' --json checkout --state '{}' pay --code '{}' --amount 1 | cat",
        env!("CARGO_BIN_EXE_batzen"),
        till.state().display(),
        code.display()
    );
    let mut shell = Command::new("bash");
    shell
        .args(["-o", "pipefail", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ran = finish(&mut shell, b"");
    assert!(ran.exit_code == 1 && error_of(&ran).contains("cannot be written"), "{}", ran.json);
    assert_eq!(till.run(&["show"]).json["open"], 0);
    assert!(server.seen().is_empty());
    let file = till.0.path().join("file");
    fs::write(&file, "").unwrap();
    let mut elsewhere = Command::new(env!("CARGO_BIN_EXE_batzen"));
    elsewhere.args(["--json", "checkout", "resume", "--state"]).arg(file.join("till"));
    elsewhere.arg("--config").arg(till.state().join("checkout.json"));
    elsewhere.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = finish(&mut elsewhere, b"");
    assert!(error_of(&ran).contains("cannot be made"), "{}", ran.json);
    assert_eq!(ran.exit_code, 1, "{}", ran.json);
}

#[test]
fn a_payment_that_the_journal_does_not_know_is_taken_over() {
    let server = Hostile::start(|seen| match seen.what.as_str() {
        "GET /v1/payments/pay_00000000000000000000000001" => Reply::Json(200, payment("authorised", 0)),
        what if what.ends_with("/void") && seen.key.is_some() => Reply::Json(200, payment("voided", 0)),
        other => panic!("{other}"),
    });
    let till = Till::at(&server.url);
    let ran = till.run(&["void", "pay_00000000000000000000000001"]);
    assert_eq!((ran.exit_code, &ran.json["outcome"]), (0, &json!("voided")), "{}", ran.json);
    assert_eq!(till.run(&["void", "pay_00000000000000000000000001"]).exit_code, 1);
}
