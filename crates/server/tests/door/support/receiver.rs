//! A merchant's system that takes webhooks: it keeps what it hears and answers as a test tells it.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use model::{Timestamp, WebhookId};
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How a receiver answers; with success if it was told nothing.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// This status.
    Status(u16),
    /// This status and header.
    With(u16, &'static str, String),
    /// Success, and a body without end.
    Endless,
    /// Nothing, ever.
    Hang,
}

/// One webhook as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn id(&self) -> WebhookId {
        self.header("webhook-id").parse().unwrap()
    }

    /// What happened to which state of the payment.
    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().strip_prefix("payment.").unwrap().to_owned()
    }

    /// Whether it is signed with this secret, as `whsec_…`.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = data_encoding::BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
        let at = Timestamp::from_s(self.header("webhook-timestamp").parse().unwrap());
        let signed = format!("{}.{}.", self.header("webhook-id"), at.s());
        let tag = crypto::mac::hmac_sha256(&key, &[signed.as_bytes(), &self.body]);
        let expected = format!("v1,{}", data_encoding::BASE64.encode(&tag));
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

#[derive(Default)]
struct Desk {
    told: Mutex<Vec<Told>>,
    script: Mutex<VecDeque<Say>>,
    /// What it says when the script is over, if not success.
    always: Mutex<Option<Say>>,
}

pub(crate) struct Receiver {
    desk: Arc<Desk>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let desk = Arc::<Desk>::default();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let app = Router::new().route("/hook", routing::post(take)).with_state(desk.clone());
        let serving = tokio::spawn(async { axum::serve(socket, app).await.unwrap() });
        Self { desk, address, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers so to the next ones, in this order.
    pub(crate) fn will(&self, script: impl IntoIterator<Item = Say>) {
        self.desk.script.lock().unwrap().extend(script);
    }

    /// Answers so to all that follow; with success if `None`.
    pub(crate) fn will_always(&self, say: Option<Say>) {
        *self.desk.always.lock().unwrap() = say;
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.desk.told.lock().unwrap().clone()
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.told().iter().map(Told::kind).collect()
    }

    pub(crate) async fn has_heard(&self, count: usize) {
        super::eventually("the receiver hears", || async { self.told().len() >= count }).await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    desk.told.lock().unwrap().push(Told { headers, body: body.to_vec() });
    let say = desk.script.lock().unwrap().pop_front().or_else(|| desk.always.lock().unwrap().clone());
    match say {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(Say::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Say::With(status, name, value)) => {
            (StatusCode::from_u16(status).unwrap(), [(name, value)]).into_response()
        }
        Some(Say::Endless) => {
            let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 8_192]));
            Body::from_stream(chunks).into_response()
        }
        Some(Say::Hang) => std::future::pending().await,
    }
}
