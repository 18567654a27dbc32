//! A till that asks as any program would.

use super::{Answer, World, parse};
use http::Method;
use https::Client;
use model::{PaymentId, TerminalNumber};
use protocol::payment_code::PaymentCode;
use serde_json::{Value, json};

#[derive(Clone)]
pub(crate) struct Till {
    pub(crate) api_key: String,
    pub(crate) terminal: TerminalNumber,
    client: Client,
    base: String,
}

impl Till {
    pub(crate) fn new(world: &World, api_key: String, terminal: u32) -> Self {
        let terminal = TerminalNumber::new(terminal).unwrap();
        Self { api_key, terminal, client: world.client.clone(), base: world.url("") }
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut builder = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.api_key));
        if let Some(key) = key {
            builder = builder.header("idempotency-key", key);
        }
        let request = match body {
            Some(body) => builder.header("content-type", "application/json").body(body.to_string().into()),
            None => builder.body(Vec::new()),
        };
        let response = self.client.send::<Vec<u8>>(request.unwrap(), super::LIMITS).await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.into_body().to_vec(),
        }
    }

    /// Begins a payment of 12.50 CHF.
    pub(crate) async fn begin(&self, key: &str, code: &PaymentCode) -> Answer {
        self.begin_with(key, &code.to_digits(), 1_250).await
    }

    pub(crate) async fn begin_with(&self, key: &str, code: &str, amount_minor: i64) -> Answer {
        let asked = json!({
            "code": code, "amount_minor": amount_minor, "currency": "CHF", "terminal": self.terminal,
        });
        self.ask(Method::POST, "/v1/payments", Some(key), Some(asked)).await
    }

    /// Begins a payment that is authorised.
    pub(crate) async fn authorised(&self, key: &str, code: &PaymentCode) -> PaymentId {
        let answer = self.begin(key, code).await.is(201);
        assert_eq!(answer["state"], "authorised");
        parse(&answer["id"])
    }

    pub(crate) async fn capture(&self, key: &str, id: PaymentId, body: Value) -> Answer {
        self.ask(Method::POST, &format!("/v1/payments/{id}/captures"), Some(key), Some(body)).await
    }

    pub(crate) async fn void(&self, key: &str, id: PaymentId) -> Answer {
        self.ask(Method::POST, &format!("/v1/payments/{id}/void"), Some(key), None).await
    }

    pub(crate) async fn refund(&self, key: &str, id: PaymentId, body: Value) -> Answer {
        self.ask(Method::POST, &format!("/v1/payments/{id}/refunds"), Some(key), Some(body)).await
    }

    pub(crate) async fn cancel(&self, key: &str) -> Answer {
        let body = json!({"idempotency_key": key});
        self.ask(Method::POST, "/v1/cancellations", None, Some(body)).await
    }

    pub(crate) async fn show(&self, id: PaymentId) -> Answer {
        self.ask(Method::GET, &format!("/v1/payments/{id}"), None, None).await
    }

    pub(crate) async fn state(&self, id: PaymentId) -> String {
        self.show(id).await.text_of(200, "state")
    }

    pub(crate) async fn status_of(&self, key: &str) -> Answer {
        self.ask(Method::GET, &format!("/v1/payments?idempotency_key={key}"), None, None).await
    }
}
