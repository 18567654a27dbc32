//! What routes take, parsed at the door.

use crate::fail::Fail;
use api::IDEMPOTENCY_KEY;
use api::problem::ProblemType;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use http_body_util::LengthLimitError;
use model::IdempotencyKey;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;

/// The largest body that any route takes.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// The longest that a body may take to come.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// The most rows that a list gives at once.
pub(crate) const LIST_MAX: usize = 100;

/// A JSON body. Unlike axum's own it answers with our problems.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Fail;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Fail> {
        let is_json =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(
                |value| value.split(';').next().is_some_and(|kind| kind.trim() == "application/json"),
            );
        if !is_json {
            return Err(malformed("Send JSON, with the header `content-type: application/json`."));
        }
        let bytes = whole_body(request.into_body()).await?;
        parse_json(&bytes).map(Self)
    }
}

/// All of a body, within its limits.
pub(crate) async fn whole_body(body: axum::body::Body) -> Result<Bytes, Fail> {
    // No fault of the request itself: a till that heard of a malformed one would give up what may be authorised.
    let body = timeout(BODY_TIME_MAX, to_bytes(body, BODY_BYTES_MAX)).await.map_err(|_| {
        let detail = "The request's body did not come to its end in time, and nothing happened. Ask again.";
        Fail::new(ProblemType::Unavailable, detail)
    })?;
    body.map_err(|error| {
        if error.into_inner().is::<LengthLimitError>() {
            let detail = format!("A request has at most {BODY_BYTES_MAX} bytes.");
            return Fail::new(ProblemType::BodyTooLarge, detail);
        }
        malformed("The body could not be read to its end.")
    })
}

/// Reads JSON. The parser's words are not given back: they could repeat what was sent.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fail> {
    serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "has a field that is missing, unknown or of the wrong kind",
            _ => "is not JSON",
        };
        let place = format!("line {} column {}", error.line(), error.column());
        malformed(format!("The body {what}, near {place}. The API's description is at /openapi.json."))
    })
}

/// Part of the path.
pub(crate) struct InPath<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fail> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(value)| Self(value)).map_err(|_| malformed("The address has an id that is malformed."))
    }
}

/// The query.
pub(crate) struct InQuery<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for InQuery<T> {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fail> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(value)| Self(value)).map_err(|_| malformed("The address's query is malformed."))
    }
}

/// The idempotency key that a checkout stored before it sent.
pub(crate) struct Key(pub(crate) IdempotencyKey);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fail> {
        let value = parts.headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok());
        value.and_then(|text| text.parse().ok()).map(Self).ok_or_else(|| {
            let detail = "Send the header `idempotency-key`: 1 to 255 printable ASCII characters, stored by you \
                          before you send, new for each new request.";
            Fail::new(ProblemType::IdempotencyKeyMissing, detail)
        })
    }
}

pub(crate) fn malformed(detail: impl Into<String>) -> Fail {
    Fail::new(ProblemType::MalformedRequest, detail)
}
