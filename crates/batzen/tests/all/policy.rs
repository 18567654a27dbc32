//! `batzen admin policy`: from a document to a policy that holds, on a running server.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

const DOCUMENT: &str = r#"{"realm": "test.example", "version": 3,
    "policy": {"rules": [{"name": "night", "when": {"levels": ["browser"]}, "then": "approve"}]}}"#;

/// A folder made by `batzen init`.
struct System {
    place: tempfile::TempDir,
    port: u16,
}

impl System {
    fn make() -> Self {
        let place = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().min(65_000);
        let system = Self { place, port };
        let made =
            system.batzen(&["init", "--realm", "test.example", "--port", &port.to_string(), "--dir", "shop"]);
        assert!(made.status.success(), "{made:?}");
        system.put("policy.json", DOCUMENT);
        system
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).unwrap();
    }

    fn batzen(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_batzen"));
        command.args(arguments).current_dir(self.place.path()).output().unwrap()
    }

    fn policy(&self, arguments: &[&str]) -> Output {
        let server = format!("https://localhost:{}", self.port);
        let mut all = vec!["admin", "--server", &server, "--roots", "shop/tls/roots.pem"];
        all.extend(["--key", "shop/server/operator.key", "--operator", "olga", "policy"]);
        all.extend(arguments);
        self.batzen(&all)
    }

    #[track_caller]
    fn says(&self, arguments: &[&str], words: &[&str]) -> String {
        let ran = self.policy(arguments);
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.status.success(), "{ran:?}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
        said
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], words: &[&str]) {
        let ran = self.policy(arguments);
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(1), "{said}");
        for word in words {
            assert!(said.contains(word) && !said.contains("panicked"), "{word:?} is not in: {said}");
        }
    }

    fn server(&self) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_batzen"))
            .args(["server", "--until-stdin-ends", "--config"])
            .arg(self.file("shop/server/server.json"))
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().contains("the payment server is open")));
        // Whoever does not read on holds the server up.
        std::thread::spawn(move || said.count());
        Running(child)
    }
}

/// Ends with its standard input.
struct Running(Child);

impl Running {
    fn end(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

#[test]
fn a_document_is_checked_and_signed_without_a_server() {
    let system = System::make();
    let checked = system.batzen(&["admin", "policy", "check", "policy.json"]);
    assert!(checked.status.success(), "{checked:?}");
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("policy 3 for test.example: usable, 1 rules; it is not signed"), "{said}");
    system.put("wrong.json", &DOCUMENT.replace("levels", "level"));
    system.refuses(&["check", "wrong.json"], &["wrong.json", "rule 1", "`level`"]);

    let config = ["--config", "shop/server/server.json"];
    system.says(&["sign", "policy.json", config[0], config[1], "--out", "signed.json"], &["signed.json"]);
    system.says(&["check", "signed.json"], &["carries a signature"]);
    let there = &["sign", "policy.json", config[0], config[1], "--out", "signed.json"];
    system.refuses(there, &["signed.json"]);
    system.refuses(&["sign", "wrong.json", config[0], config[1]], &["rule 1"]);
    system.put("other.json", &DOCUMENT.replace("test.example", "other.example"));
    system.refuses(&["sign", "other.json", config[0], config[1]], &["other.example"]);
    let printed = system.says(&["sign", "policy.json", config[0], config[1]], &["\"signature\""]);
    // Signatures are drawn anew each time; what is signed is the same.
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["document"], DOCUMENT);
}

#[test]
fn a_policy_is_tried_activated_listed_and_there_after_a_restart() {
    let system = System::make();
    let server = system.server();
    system.says(&["history"], &["none was activated"]);
    system.says(&["show"], &["pin_failures_max"]);
    system.says(&["try", "policy.json", "--last", "10"], &["policy 3 tried on 0 decisions"]);
    system.refuses(&["activate", "policy.json"], &["batzen admin policy sign"]);
    let sign = ["sign", "policy.json", "--config", "shop/server/server.json", "--out", "signed.json"];
    system.says(&sign, &[]);
    system.says(&["activate", "signed.json"], &["policy 3: activated by olga", "IN FORCE"]);
    system.refuses(&["activate", "signed.json"], &["not above 3"]);
    let changed = std::fs::read_to_string(system.file("signed.json")).unwrap().replace("night", "light");
    system.put("changed.json", &changed);
    system.refuses(&["activate", "changed.json"], &["signature"]);
    assert_eq!(system.says(&["show"], &[]).trim(), DOCUMENT);
    server.end();

    let server = system.server();
    system.says(&["history"], &["policy 3: activated by olga", "IN FORCE"]);
    system.says(&["show", "0"], &["pin_failures_max"]);
    server.end();
    let checked = system.batzen(&["check", "--config", "shop/server/server.json"]);
    assert!(checked.status.success(), "{checked:?}");
}
