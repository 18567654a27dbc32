//! A checkout's side of the payment server's API: the till's requests over HTTPS, with roots of its own.

use api::checkout::CheckoutView;
use api::payment::PaymentPage;
use api::problem::Problem;
use checkout::{Answer, Method, Request, answer_of};
use core::time::Duration;
use crypto::SecretString;
use http::{StatusCode, Uri, header};
use https::{Bytes, Client, HttpsError, Limits, Roots};
use model::PaymentId;
use serde::de::DeserializeOwned;

/// Largest answer taken, bytes. A page of payments is the longest.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
const ASK_DEADLINE: Duration = Duration::from_millis(checkout::policy::ASK_DEADLINE_MS.unsigned_abs());
const API_KEY_BYTES_MAX: usize = 256;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckoutClientError {
    /// The server's address is not one.
    #[error("`{0}` is not a server's address; write https://HOST[:PORT]")]
    BadServer(String),
    /// The API key is not of the form that keys have.
    #[error("this is not an API key: one is 1 to {API_KEY_BYTES_MAX} printable characters without spaces")]
    BadApiKey,
    /// No answer came.
    #[error(transparent)]
    NoAnswer(#[from] HttpsError),
    /// The server refused.
    #[error("{title}: {detail}", title = .0.title, detail = .0.detail)]
    Refused(Box<Problem>),
    /// The answer does not fit the API.
    #[error("the answer (status {0}) is not what the server's API promises; is this a payment server?")]
    NotTheApi(u16),
}

/// The API key that names a checkout. Never shown.
#[derive(Clone, Debug)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// The key in this text.
    ///
    /// # Errors
    /// [`CheckoutClientError::BadApiKey`].
    pub fn from_text(text: SecretString) -> Result<Self, CheckoutClientError> {
        let bytes = text.expose().as_bytes();
        let fits = (1..=API_KEY_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        if fits { Ok(Self(text)) } else { Err(CheckoutClientError::BadApiKey) }
    }
}

/// Where the payment server is: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress(String);

impl ServerAddress {
    /// The server at `https://HOST[:PORT]`, or `http://` on this machine; a path before `/v1` may follow.
    ///
    /// # Errors
    /// [`CheckoutClientError::BadServer`].
    pub fn from_text(text: &str) -> Result<Self, CheckoutClientError> {
        let bad =
            || CheckoutClientError::BadServer(text.chars().filter(|c| !c.is_control()).take(80).collect());
        let text = text.trim_end_matches('/');
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        let host = authority.ok_or_else(bad)?.host();
        let fits = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => ["localhost", "127.0.0.1", "[::1]"].contains(&host),
            _ => false,
        };
        if fits && uri.query().is_none() { Ok(Self(text.to_owned())) } else { Err(bad()) }
    }

    /// The address as text, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Calls the payment server as one checkout.
#[derive(Clone, Debug)]
pub struct CheckoutClient {
    server: ServerAddress,
    api_key: ApiKey,
    client: Client,
}

impl CheckoutClient {
    /// A client of `server`, whose certificate `roots` vouch for, as the checkout that has `api_key`.
    #[must_use]
    pub fn new(server: ServerAddress, api_key: ApiKey, roots: Roots) -> Self {
        Self { server, api_key, client: Client::new(roots, None) }
    }

    /// Sends once what a till's run gave out. Sending again is the run's business.
    pub async fn send(&self, request: &Request, deadline: Duration) -> Answer {
        let method = match request.method() {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        };
        let key = request.key().map(model::IdempotencyKey::as_str);
        let limits = Limits { deadline, max_body_bytes: ANSWER_BYTES_MAX };
        match self.call(method, &request.path(), key, request.body().unwrap_or_default(), limits).await {
            Ok((status, body)) => answer_of(request, status.as_u16(), &body),
            Err(CheckoutClientError::NoAnswer(error)) if !error.surely_not_sent() => {
                Answer::Lost { cause: error.to_string() }
            }
            Err(error) => Answer::NotSent { cause: error.to_string() },
        }
    }

    /// Who the server takes this checkout for.
    ///
    /// # Errors
    /// [`CheckoutClientError`].
    pub async fn checkout(&self) -> Result<CheckoutView, CheckoutClientError> {
        self.ask("/v1/checkout").await
    }

    /// A page of this merchant's payments, latest first; `limit` is how many at most.
    ///
    /// # Errors
    /// [`CheckoutClientError`].
    pub async fn payments(
        &self,
        after: Option<PaymentId>,
        limit: u16,
    ) -> Result<PaymentPage, CheckoutClientError> {
        let after = after.map_or_else(String::new, |after| format!("&after={after}"));
        self.ask(&format!("/v1/payments?limit={limit}{after}")).await
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, CheckoutClientError> {
        let limits = Limits { deadline: ASK_DEADLINE, max_body_bytes: ANSWER_BYTES_MAX };
        let (status, body) = self.call(http::Method::GET, path, None, Vec::new(), limits).await?;
        let not_the_api = || CheckoutClientError::NotTheApi(status.as_u16());
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| not_the_api());
        }
        let problem = serde_json::from_slice(&body).map_err(|_| not_the_api())?;
        Err(CheckoutClientError::Refused(Box::new(problem)))
    }

    async fn call(
        &self,
        method: http::Method,
        path: &str,
        key: Option<&str>,
        body: Vec<u8>,
        limits: Limits,
    ) -> Result<(StatusCode, Bytes), CheckoutClientError> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.server.as_str()))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.api_key.0.expose()))
            .header(header::ACCEPT, "application/json, application/problem+json");
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(key) = key {
            request = request.header(api::IDEMPOTENCY_KEY, key);
        }
        let request = request
            .body(body)
            .map_err(|_| CheckoutClientError::BadServer(self.server.as_str().to_owned()))?;
        let answer = self.client.send(request, limits).await?;
        Ok((answer.status(), answer.into_body()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_may_be_called_are_taken() {
        for text in
            ["https://pay.example", "https://pay.example:8443/", "http://127.0.0.1:1", "http://[::1]:8"]
        {
            assert!(ServerAddress::from_text(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "pay.example",
            "http://pay.example",
            "ftp://x",
            "https://u:p@x",
            "https://x/?a=b",
            "https://",
        ] {
            assert!(ServerAddress::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_that_would_break_the_header_is_refused_and_none_is_shown() {
        for text in ["", "two words", "line\nend", "ü", &"x".repeat(257)] {
            assert!(ApiKey::from_text(SecretString::from_string(text.to_owned())).is_err());
        }
        let key = ApiKey::from_text(SecretString::from_string("bk_secret".to_owned())).unwrap();
        assert!(!format!("{key:?}").contains("bk_secret"));
    }
}
