//! A till's line to the payment server: every request that goes over it is noted, with what came back.

use checkout::{Answer, Method, Request, answer_of};
use history::{Call, Outcome, Recorder};
use https::{Client, Limits, Roots};
use model::PaymentId;
use std::sync::Arc;
use std::time::Duration;

const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// See the module.
pub(crate) struct Line {
    /// The checkout's name in histories.
    pub(crate) client: String,
    server: String,
    api_key: String,
    https: Client,
    recorder: Arc<Recorder>,
}

/// A request without its headers.
pub(crate) struct Sent<'a> {
    pub(crate) method: http::Method,
    pub(crate) path: String,
    pub(crate) key: Option<&'a str>,
    pub(crate) body: Vec<u8>,
}

impl Line {
    pub(crate) fn new(
        client: String,
        server: String,
        api_key: String,
        roots: Roots,
        recorder: Arc<Recorder>,
    ) -> Self {
        Self { client, server, api_key, https: Client::new(roots, None), recorder }
    }

    /// Sends what a till's run gave out, about a code of this payer with this counter.
    pub(crate) async fn send(
        &self,
        payer: &str,
        counter: u32,
        request: &Request,
        deadline: Duration,
    ) -> Answer {
        let Some(call) = call_of(request, counter) else {
            return Answer::Lost { cause: "the storm does not know this request".to_owned() };
        };
        let method = match request.method() {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        };
        let key = request.key().map(model::IdempotencyKey::as_str);
        let body = request.body().unwrap_or_default();
        match self.note(payer, call, Sent { method, path: request.path(), key, body }, deadline).await {
            Outcome::Answered { status, body } => answer_of(request, status, body.as_bytes()),
            Outcome::Unknown { cause } => Answer::Lost { cause },
            Outcome::NotSent { cause } => Answer::NotSent { cause },
        }
    }

    /// Sends a request and notes it as `call`. Whoever stops waiting for this leaves it noted as unknown.
    pub(crate) async fn note(&self, payer: &str, call: Call, sent: Sent<'_>, deadline: Duration) -> Outcome {
        let asked = self.recorder.ask(&self.client, payer, call);
        let outcome = self.exchange(sent, deadline).await;
        self.recorder.answered(asked, outcome.clone());
        outcome
    }

    /// Sends a request that is not part of any history.
    pub(crate) async fn exchange(&self, sent: Sent<'_>, deadline: Duration) -> Outcome {
        let mut request = http::Request::builder()
            .method(sent.method)
            .uri(format!("{}{}", self.server, sent.path))
            .header(http::header::AUTHORIZATION, format!("Bearer {}", self.api_key))
            .header(http::header::CONTENT_TYPE, "application/json");
        if let Some(key) = sent.key {
            request = request.header(api::IDEMPOTENCY_KEY, key);
        }
        let request = request.body(sent.body).expect("the storm's requests are well-formed");
        let limits = Limits { deadline, max_body_bytes: ANSWER_BYTES_MAX };
        match self.https.send(request, limits).await {
            Ok(answer) => Outcome::Answered {
                status: answer.status().as_u16(),
                body: String::from_utf8_lossy(answer.body()).into_owned(),
            },
            Err(error) if error.surely_not_sent() => Outcome::NotSent { cause: error.to_string() },
            Err(error) => Outcome::Unknown { cause: error.to_string() },
        }
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }
}

/// What a till's request asks, read from what it sends.
fn call_of(request: &Request, counter: u32) -> Option<Call> {
    let path = request.path();
    let body: serde_json::Value =
        request.body().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
    let key = request.key().map(|key| key.as_str().to_owned());
    if let Some(key) = path.strip_prefix("/v1/payments?idempotency_key=") {
        return Some(Call::LookUp { key: key.to_owned() });
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let payment = |id: &str| id.parse::<PaymentId>().ok();
    let amount_minor = body["amount_minor"].as_i64();
    Some(match (parts.as_slice(), key) {
        (["v1", "payments"], Some(key)) => Call::Authorise { key, counter, amount_minor: amount_minor? },
        (["v1", "cancellations"], None) => Call::Cancel { key: body["idempotency_key"].as_str()?.to_owned() },
        (["v1", "payments", id], None) => Call::Look { payment: payment(id)? },
        (["v1", "payments", id, "captures"], Some(key)) => {
            let is_final = body["is_final"].as_bool()?;
            Call::Capture { key, payment: payment(id)?, amount_minor, is_final }
        }
        (["v1", "payments", id, "void"], Some(key)) => Call::Void { key, payment: payment(id)? },
        (["v1", "payments", id, "refunds"], Some(key)) => {
            Call::Refund { key, payment: payment(id)?, amount_minor }
        }
        _ => return None,
    })
}
