//! How a device stands that a customer approved with, asked of the partner's payment server before money is held.

use crate::common::{PARTNER, Running, start_with};
use axum::{Json, Router, extract::State, routing::post};
use bank::{DeviceStatusSource, Partner};
use bank_api::Base64Url;
use crypto::p256::SigningKey;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

const REALM: &str = "shop.example";
const LABEL: &[u8] = b"batzen/certificate-status/v1";
/// Below this nobody asks.
const FROM_MINOR: i64 = 500;

/// A payment server that answers as it is told to, on this machine in plain HTTP.
#[derive(Clone)]
struct PaymentServer(Arc<Mutex<Script>>);

struct Script {
    key: SigningKey,
    now_ms: i64,
    asked: Vec<Value>,
    /// What it does to an honest answer before it signs it.
    change: fn(&mut Value),
}

async fn answer(State(server): State<PaymentServer>, Json(question): Json<Value>) -> Json<Value> {
    let mut script = server.0.lock().unwrap();
    script.asked.push(question.clone());
    let certificates: Vec<_> = question["serials"].as_array().unwrap().iter().collect();
    let certificates: Vec<_> =
        certificates.iter().map(|serial| json!({"serial": serial, "state": "good"})).collect();
    let mut said = json!({
        "version": 1, "realm": REALM, "nonce": question["nonce"], "at_ms": script.now_ms,
        "expires_at_ms": script.now_ms + 3_600_000, "certificates": certificates,
    });
    (script.change)(&mut said);
    let payload = said.to_string().into_bytes();
    let length = [u8::try_from(REALM.len()).unwrap()];
    let signature = script.key.sign(&[LABEL, &length, REALM.as_bytes(), &payload]);
    Json(json!({"payload": Base64Url(payload), "signature": Base64Url(signature.to_bytes().to_vec())}))
}

impl PaymentServer {
    fn will(&self, change: fn(&mut Value)) {
        self.0.lock().unwrap().change = change;
    }

    fn asked(&self) -> usize {
        self.0.lock().unwrap().asked.len()
    }
}

/// A bank that asks such a server, and relies on good answers for so long.
async fn start(relied_on_s: u32) -> (Running, PaymentServer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server_url = format!("http://{}", listener.local_addr().unwrap());
    let bank = start_with(|config| {
        let roots = config.partner_roots.clone();
        let source = DeviceStatusSource { server_url, roots, from_minor: FROM_MINOR, relied_on_s };
        let partner = config.partners.remove(0).with_device_status(source);
        assert_eq!(partner.name().as_str(), PARTNER);
        // As the file has it.
        let text = serde_json::to_string(&partner).unwrap();
        assert!(serde_json::from_str::<Partner>(&text).unwrap() == partner, "{text}");
        config.partners.insert(0, partner);
    })
    .await;
    let script =
        Script { key: bank.statement_key.clone(), now_ms: bank.now_ms(), asked: Vec::new(), change: |_| {} };
    let server = PaymentServer(Arc::new(Mutex::new(script)));
    let routes = Router::new().route("/v1/certificates/status", post(answer)).with_state(server.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (bank, server)
}

fn serial(number: u8) -> String {
    format!("{number:02x}").repeat(16)
}

/// A hold whose statement names its device.
fn hold(bank: &Running, id: &str, account: &str, device: u8) -> Value {
    bank.hold_stating(id, account, 10_00, |statement| {
        statement["realm"] = json!(REALM);
        statement["certificate_serial"] = json!(serial(device));
    })
}

#[tokio::test]
async fn money_is_held_for_a_good_device_alone_and_an_answer_is_kept() {
    let (bank, server) = start(60).await;
    let account = bank.linked().await;
    let refused = "authentication-refused";
    bank.post("/v1/holds", hold(&bank, "h1", &account, 1)).await.is(201);
    bank.post("/v1/holds", hold(&bank, "h2", &account, 1)).await.is(201);
    assert_eq!(server.asked(), 1, "a good answer is relied on for a minute");

    for (number, state) in (2..).zip(["on_hold", "revoked", "expired", "unknown", "something-new"]) {
        server.will(match state {
            "on_hold" => |said| said["certificates"][0]["state"] = json!("on_hold"),
            "revoked" => |said| said["certificates"][0]["state"] = json!("revoked"),
            "expired" => |said| said["certificates"][0]["state"] = json!("expired"),
            "unknown" => |said| said["certificates"][0]["state"] = json!("unknown"),
            _ => |said| said["certificates"][0]["state"] = json!("something-new"),
        });
        let id = format!("bad-{state}");
        let asked = hold(&bank, &id, &account, number);
        bank.post("/v1/holds", asked.clone()).await.is_problem(402, refused);
        // A refusal stays, also when the device is good again, and nobody is asked about it.
        server.will(|_| {});
        let before = server.asked();
        bank.post("/v1/holds", asked).await.is_problem(402, refused);
        assert_eq!(server.asked(), before);
    }
    // Reported stolen while a good answer is relied on: at the latest a minute later it counts.
    server.will(|said| said["certificates"][0]["state"] = json!("revoked"));
    bank.post("/v1/holds", hold(&bank, "h3", &account, 1)).await.is(201);
    bank.advance_s(61);
    server.0.lock().unwrap().now_ms = bank.now_ms();
    bank.post("/v1/holds", hold(&bank, "h4", &account, 1)).await.is_problem(402, refused);
    assert_eq!(bank.balance().await, (10_000, 30_00));
    bank.is_clean();
}

#[tokio::test]
async fn small_amounts_are_held_unasked_and_large_ones_need_a_device_that_is_named() {
    let (bank, server) = start(0).await;
    let account = bank.linked().await;
    bank.post("/v1/holds", bank.hold("small", &account, FROM_MINOR - 1)).await.is(201);
    assert_eq!(server.asked(), 0);
    bank.post("/v1/holds", bank.hold("nameless", &account, FROM_MINOR))
        .await
        .is_problem(402, "authentication-refused");
    for id in ["h1", "h2"] {
        bank.post("/v1/holds", hold(&bank, id, &account, 1)).await.is(201);
    }
    assert_eq!(server.asked(), 2, "nothing is relied on");
    assert_eq!(bank.balance().await, (10_000, FROM_MINOR - 1 + 20_00));
    bank.is_clean();
}

#[tokio::test]
async fn an_answer_that_is_forged_late_or_about_something_else_holds_nothing_and_refuses_nothing_for_good() {
    let (bank, server) = start(60).await;
    let account = bank.linked().await;
    let changes: [fn(&mut Value); 9] = [
        |said| said["nonce"] = json!(Base64Url(vec![9; 16])),
        |said| drop(said.as_object_mut().unwrap().remove("nonce")),
        |said| said["realm"] = json!("other.example"),
        |said| said["version"] = json!(2),
        |said| said["at_ms"] = json!(said["at_ms"].as_i64().unwrap() + 300_001),
        |said| said["expires_at_ms"] = json!(said["at_ms"].as_i64().unwrap()),
        |said| said["certificates"][0]["serial"] = json!("ab".repeat(16)),
        |said| said["certificates"] = json!([]),
        |said| *said = json!("good"),
    ];
    let asked = hold(&bank, "h1", &account, 1);
    for change in changes {
        server.will(change);
        bank.post("/v1/holds", asked.clone()).await.is_problem(503, "unavailable");
    }
    server.will(|_| {});
    let honest =
        std::mem::replace(&mut server.0.lock().unwrap().key, SigningKey::make(&mut crypto::SystemRandom));
    bank.post("/v1/holds", asked.clone()).await.is_problem(503, "unavailable");
    server.0.lock().unwrap().key = honest;
    assert_eq!(bank.balance().await, (10_000, 0));
    bank.post("/v1/holds", asked).await.is(201);
    bank.is_clean();
}

#[tokio::test]
async fn a_source_that_cannot_be_used_is_told_at_the_start() {
    let source = |server_url: &str, roots: &str| DeviceStatusSource {
        server_url: server_url.to_owned(),
        roots: roots.into(),
        from_minor: 0,
        relied_on_s: 0,
    };
    let (bank, _) = start(0).await;
    let key = bank.statement_key.verifying_key().clone();
    let set = async |source| {
        let partner = Partner::new(PARTNER.parse().unwrap(), key.clone()).with_device_status(source);
        bank.bank.set_partners(&[partner]).await.unwrap_err().to_string()
    };
    let roots = bank.folder.path().join("roots.pem").display().to_string();
    assert!(set(source("https://pay.example", "/nowhere/roots.pem")).await.contains("/nowhere/roots.pem"));
    for address in ["pay.example", "http://pay.example", "ftp://pay.example", ""] {
        let told = set(source(address, &roots)).await;
        assert!(told.contains("server_url is not usable"), "{address}: {told}");
    }
    let text = json!({
        "name": PARTNER, "statement_public_key": data_encoding::HEXLOWER.encode(&key.to_sec1_compressed()),
        "device_status": {"server_url": "https://pay.example", "roots": "r.pem", "relied_on_s": 3_601},
    });
    let told = serde_json::from_value::<Partner>(text).unwrap_err().to_string();
    assert!(told.contains(PARTNER) && told.contains("relied_on_s"), "{told}");
}
