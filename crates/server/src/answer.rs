//! Answers that were stored, and hashes of what was asked.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use records::Answer;

/// An answer as it was stored, byte for byte.
pub(crate) struct Stored(pub(crate) Answer);

impl IntoResponse for Stored {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = HeaderValue::from_str(&self.0.content_type)
            .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
        (status, [(header::CONTENT_TYPE, content_type)], self.0.body).into_response()
    }
}

/// SHA-256 over what a request asks; each part is preceded by its length.
pub(crate) fn request_hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(256);
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    crypto::hash::sha256(&[b"batzen request 1", &bytes])
}
