//! `batzen demo` as a browser meets it: one address for pages, payment server and bank, and secrets for the demo's
//! own page alone.

use https::{Client, Limits, Roots};
use serde_json::Value;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const LIMITS: Limits = Limits { deadline: Duration::from_secs(20), max_body_bytes: 4 << 20 };

/// A running demo; it ends with the test.
struct Demo {
    child: Child,
    told: Value,
    client: Client,
    folder: tempfile::TempDir,
}

impl Demo {
    fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_batzen"))
            .args(["--json", "demo", "--port", &five_free_ports().to_string(), "--dir"])
            .arg(folder.path().join("demo"))
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = read_document(&mut child);
        let roots = std::fs::read(folder.path().join("demo/tls/roots.pem")).unwrap();
        Self { child, told, client: Client::new(Roots::from_pem(&roots).unwrap(), None), folder }
    }

    async fn ask(&self, path: &str, with: &[(&str, &str)]) -> http::Response<https::Bytes> {
        let base = self.told["pages_url"].as_str().unwrap().trim_end_matches('/');
        let mut request = http::Request::get(format!("{base}{path}"));
        for (name, value) in with {
            request = request.header(*name, *value);
        }
        self.client.send(request.body(Vec::new()).unwrap(), LIMITS).await.unwrap()
    }

    async fn status(&self, path: &str, with: &[(&str, &str)]) -> u16 {
        self.ask(path, with).await.status().as_u16()
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.ask(path, &[("sec-fetch-site", "same-origin")]).await;
        assert_eq!(answer.status(), 200, "{path}: {}", String::from_utf8_lossy(answer.body()));
        assert_eq!(answer.headers()["cache-control"], "no-store");
        serde_json::from_slice(answer.body()).unwrap()
    }

    fn end(mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Already ended where the test went well.
        let _ = self.child.kill();
    }
}

/// What the demo prints once it is open.
fn read_document(child: &mut Child) -> Value {
    let mut text = Vec::new();
    let mut pipe = child.stdout.take().unwrap();
    let mut byte = [0];
    while !text.ends_with(b"\n}\n") {
        assert_eq!(pipe.read(&mut byte).unwrap(), 1, "it ended: {}", String::from_utf8_lossy(&text));
        text.push(byte[0]);
    }
    serde_json::from_slice(&text).unwrap()
}

/// The first of five in a row, below those that systems give to clients and those of the end-to-end tests.
fn five_free_ports() -> u16 {
    let start = std::process::id();
    let firsts = (0..1_000).map(|step| u16::try_from(15_000 + 5 * ((start + step) % 1_000)).unwrap());
    let are_free = |first: &u16| {
        let held: Vec<_> =
            (*first..first + 5).map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port))).collect();
        held.iter().all(Result::is_ok)
    };
    firsts.into_iter().find(are_free).expect("five ports in a row are free")
}

#[tokio::test]
async fn one_address_leads_to_pages_server_and_bank() {
    let demo = Demo::start(&[]);
    let page = demo.ask("/", &[]).await;
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'self'"));
    assert_eq!(demo.status("/wallet/realm.json", &[]).await, 200);
    assert_eq!(demo.status("/bank", &[]).await, 308);
    assert_eq!(demo.status("/bank/healthz", &[]).await, 200, "the bank's door is there, without its prefix");
    let setup = demo.json("/demo/setup").await;
    let key = format!("Bearer {}", setup["api_key"].as_str().unwrap());
    let checkout = demo.ask("/v1/checkout", &[("authorization", &key)]).await;
    let checkout: Value = serde_json::from_slice(checkout.body()).unwrap();
    assert_eq!(checkout["merchant_name"], setup["merchant_name"]);
    assert_eq!(checkout["terminals"][0], setup["till"]);
    assert_eq!(setup["lan"], Value::Null);
    let again = demo.json("/demo/setup").await;
    assert_ne!(setup["activation_code"], again["activation_code"], "each phone needs one of its own");
    assert_eq!(demo.json("/demo/steps").await["payments"], serde_json::json!([]));
    demo.end();
}

#[tokio::test]
async fn strangers_pages_and_names_are_refused() {
    let demo = Demo::start(&[]);
    for path in ["/", "/demo/setup", "/v1/checkout", "/wallet/"] {
        assert_eq!(demo.status(path, &[("host", "evil.example")]).await, 421, "{path}");
    }
    for path in ["/demo/setup", "/demo/steps"] {
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(demo.status(path, &[("sec-fetch-site", site)]).await, 403, "{path}");
        }
    }
    let operator = std::fs::read_to_string(demo.folder.path().join("demo/server/operator.key")).unwrap();
    let operator = format!("Bearer {}", operator.trim());
    for path in ["/v1/admin/steps", "/v1/admin/balances"] {
        assert_eq!(demo.status(path, &[("authorization", &operator)]).await, 404, "{path}");
    }
    for path in ["/metrics", "/healthz", "/root.crt", "/nothing"] {
        assert_eq!(demo.status(path, &[]).await, 404, "{path}");
    }
    demo.end();
}

#[tokio::test]
async fn a_phone_on_the_network_finds_its_page_under_a_root_that_stays() {
    let demo = Demo::start(&["--lan", "--lan-address", "127.0.0.1"]);
    let setup = demo.json("/demo/setup").await;
    let url = setup["lan"]["url"].as_str().unwrap();
    assert_eq!(setup["lan"], demo.told["lan"]);
    let der = demo.ask(setup["lan"]["root_url"].as_str().unwrap(), &[]).await.into_body();
    let certificate = crypto::x509::Certificate::read(&der).unwrap();
    let hex: String = setup["lan"]["fingerprint"].as_str().unwrap().to_lowercase().replace(':', "");
    assert_eq!(data_encoding::HEXLOWER.encode(&crypto::hash::sha256(&[&der])), hex);
    let phone = Client::new(Roots::from_pem(certificate.to_pem().as_bytes()).unwrap(), None);
    let look = async |path: &str| {
        let request = http::Request::get(format!("{url}{path}")).body(Vec::new()).unwrap();
        phone.send(request, LIMITS).await.unwrap()
    };
    for (path, status) in [
        ("/", 200),
        ("/wallet/realm.json", 200),
        ("/bank/healthz", 200),
        ("/root.crt", 200),
        ("/v1/checkout", 401),
        ("/demo/setup", 404),
        ("/demo/steps", 404),
        ("/v1/admin/steps", 404),
    ] {
        assert_eq!(look(path).await.status().as_u16(), status, "{path}");
    }
    assert_eq!(look("/root.crt").await.body(), &der);
    demo.end();
}
