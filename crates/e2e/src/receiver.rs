//! A merchant's system that takes webhooks: a process of its own, in another language, that verifies them with
//! somebody else's library.

use crate::binary::project_root;
use crate::ports::Ports;
use crate::system::{System, text};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// See the module. Killed when dropped.
#[derive(Debug)]
pub struct Receiver {
    ports: Ports,
    /// The system's folder: a certificate for this machine is there.
    dir: PathBuf,
    process: Option<Child>,
    endpoints: usize,
}

/// One webhook as it arrived and was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// To which of the receiver's endpoints.
    pub endpoint: u64,
    /// Its id.
    pub id: String,
    /// What happened, such as `payment.captured`.
    pub event_type: String,
    /// To which payment.
    pub payment: String,
    /// The payment's version after it.
    pub sequence: u64,
    /// What it told: `data` of its body.
    pub data: Value,
}

impl Receiver {
    /// A receiver with the certificate of `system`, running.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(system: &System) -> Self {
        let dir = system.dir().to_owned();
        fs::write(dir.join("webhooks.secrets"), "").expect("the folder can be written");
        fs::write(dir.join("webhooks.journal"), "").expect("the folder can be written");
        let mut receiver = Self { ports: Ports::take(), dir, process: None, endpoints: 0 };
        receiver.revive();
        receiver
    }

    /// Registers one more endpoint of `system`'s merchant here; one that answers 410 if it `is_gone`. Gives its id.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn register(&mut self, system: &System, is_gone: bool) -> String {
        let kind = if is_gone { "gone" } else { "hook" };
        let url = format!("https://localhost:{}/{kind}/{}", self.ports.first, self.endpoints);
        let added = system.admin(&["webhook", "add", system.merchant(), &url]).expect("webhook add");
        self.endpoints += 1;
        let secrets = fs::read_to_string(self.secrets()).expect("it was written at the start");
        fs::write(self.secrets(), format!("{secrets}{}\n", text(&added["secret"])))
            .expect("the folder can be written");
        text(&added["endpoint"]["id"])
    }

    /// Puts another secret in the place of an endpoint's.
    ///
    /// # Panics
    /// If there is no such endpoint.
    pub fn use_secret(&self, endpoint: usize, secret: &str) {
        let secrets = fs::read_to_string(self.secrets()).expect("it was written at the start");
        let mut lines: Vec<&str> = secrets.lines().collect();
        lines[endpoint] = secret;
        fs::write(self.secrets(), lines.join("\n") + "\n").expect("the folder can be written");
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again, if it does not run, and waits until it is open.
    ///
    /// # Panics
    /// If it does not open.
    pub fn revive(&mut self) {
        if self.process.is_some() {
            return;
        }
        let venv = std::env::var_os("BATZEN_TEST_VENV")
            .map_or_else(|| project_root().join("target/test-venv"), PathBuf::from);
        let script = project_root().join("tests/foreign/receive_webhooks.py");
        let mut command = Command::new(venv.join("bin/python"));
        command.arg(script).arg(self.ports.first.to_string());
        command.arg(self.dir.join("server/server.pem")).arg(self.dir.join("server/server.key"));
        command.arg(self.secrets()).arg(self.journal()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{error}; run `cargo xtask test`"));
        let mut said = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut said).expect("it prints text");
        self.process = Some(process);
        assert_eq!(said, "open\n", "the receiver does not open; `cargo xtask test` installs what it needs");
    }

    /// What arrived, in order; each of it verified.
    ///
    /// # Panics
    /// If something arrived that does not verify.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        let journal = fs::read_to_string(self.journal()).expect("it was written at the start");
        // The last line may be under way.
        let whole = journal.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .map(|line| Told::from(&serde_json::from_str::<Value>(line).expect("a line is JSON")))
            .collect()
    }

    fn secrets(&self) -> PathBuf {
        self.dir.join("webhooks.secrets")
    }

    fn journal(&self) -> PathBuf {
        self.dir.join("webhooks.journal")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.kill();
    }
}

impl From<&Value> for Told {
    fn from(line: &Value) -> Self {
        assert_eq!(line["error"], Value::Null, "a webhook does not verify");
        let body = &line["body"];
        assert_eq!(body["id"], line["webhook_id"]);
        Self {
            endpoint: line["endpoint"].as_u64().expect("a number"),
            id: text(&body["id"]),
            event_type: text(&body["type"]),
            payment: text(&body["data"]["payment"]["id"]),
            sequence: body["data"]["sequence"].as_u64().expect("a number"),
            data: body["data"].clone(),
        }
    }
}

/// Lets the server of this configuration call receivers on this machine.
pub(crate) fn allow_this_machine(config: &Path) {
    let mut document: Value =
        serde_json::from_slice(&fs::read(config).expect("init made it")).expect("init wrote JSON");
    document["webhooks"]["may_reach_private_addresses"] = json!(true);
    fs::write(config, document.to_string()).expect("the folder can be written");
}
