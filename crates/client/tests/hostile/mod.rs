//! A server that misbehaves on purpose, on plain HTTP of this machine: it answers, drops, stalls or talks
//! nonsense, as its script says, and remembers everything that it was sent.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// `POST /v1/payments`.
    pub(crate) what: String,
    pub(crate) key: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// What is sent back.
pub(crate) enum Reply {
    Json(u16, Value),
    /// The request was read; the connection is closed without a word.
    Drop,
    /// These bytes, and the connection is closed.
    Raw(&'static [u8]),
}

pub(crate) struct Hostile {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Hostile {
    /// Starts it; `script` answers each request in turn.
    pub(crate) fn start(script: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script));
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, script) = (Arc::clone(&kept), Arc::clone(&script));
                std::thread::spawn(move || {
                    let Some(request) = read(&stream) else { return };
                    kept.lock().unwrap().push(request.clone());
                    let reply = (script.lock().unwrap())(&request);
                    write(stream, reply);
                });
            }
        });
        Self { url, seen }
    }

    /// What arrived so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let what = line.rsplit_once(' ')?.0.to_owned();
    let (mut key, mut authorization, mut len) = (None, None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = Some(value.to_owned()),
            "authorization" => authorization = Some(value.to_owned()),
            "content-length" => len = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { what, key, authorization, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

/// The client may be gone already; that is its right.
fn write(mut stream: TcpStream, reply: Reply) {
    let sent = match reply {
        Reply::Drop => Ok(()),
        Reply::Raw(bytes) => stream.write_all(bytes),
        Reply::Json(status, body) => {
            let body = body.to_string();
            let len = body.len();
            stream.write_all(
                format!("HTTP/1.1 {status} X\r\ncontent-length: {len}\r\nconnection: close\r\n\r\n{body}")
                    .as_bytes(),
            )
        }
    };
    drop(sent);
}

/// A payment of 12.50 CHF at till 5724 in this state.
pub(crate) fn payment(state: &str, captured_minor: i64) -> Value {
    serde_json::json!({
        "id": "pay_00000000000000000000000001", "state": state, "amount_minor": 1250, "currency": "CHF",
        "captured_minor": captured_minor, "refunded_minor": 0, "terminal": "5724", "received_at_ms": 1,
        "capture_by_ms": null, "customer_action": null,
    })
}

/// A capture of all of it.
pub(crate) fn capture() -> Value {
    serde_json::json!({
        "id": "cap_00000000000000000000000001", "amount_minor": 1250, "payment": payment("captured", 1250),
    })
}

/// A problem of this kind.
pub(crate) fn problem(kind: &str, status: u16) -> Value {
    serde_json::json!({ "type": format!("urn:batzen:problem:{kind}"), "title": "x", "status": status, "detail": "y" })
}
