//! What a till sends. Requests that move money come out of a [`crate::Run`] only, after their entry is stored.

use crate::event::{Action, Opening, Operation};
use crate::scan::ScannedCode;
use api::payment::{CancellationRequest, CaptureRequest, PaymentRequest, RefundRequest};
use model::{IdempotencyKey, PaymentId};
use serde::Serialize;

/// How a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Asks, changes nothing.
    Get,
    /// Does something, once for each idempotency key.
    Post,
}

/// A request to the payment server. It cannot be made outside this room but for those that only ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request(Call);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Authorise { opening: Opening, code: ScannedCode },
    QueryKey(IdempotencyKey),
    QueryPayment(PaymentId),
    Cancel(IdempotencyKey),
    Operate { payment: PaymentId, operation: Operation },
}

impl Request {
    pub(crate) const fn new(call: Call) -> Self {
        Self(call)
    }

    pub(crate) const fn call(&self) -> &Call {
        &self.0
    }

    /// Asks where the payment stands.
    #[must_use]
    pub const fn payment(id: PaymentId) -> Self {
        Self(Call::QueryPayment(id))
    }

    /// Asks what became of the authorisation under this key.
    #[must_use]
    pub const fn payment_by_key(key: IdempotencyKey) -> Self {
        Self(Call::QueryKey(key))
    }

    /// How it is sent.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self.0 {
            Call::QueryKey(_) | Call::QueryPayment(_) => Method::Get,
            Call::Authorise { .. } | Call::Cancel(_) | Call::Operate { .. } => Method::Post,
        }
    }

    /// Path and query, from the server's root.
    #[must_use]
    pub fn path(&self) -> String {
        match &self.0 {
            Call::Authorise { .. } => "/v1/payments".to_owned(),
            Call::QueryKey(key) => format!("/v1/payments?idempotency_key={}", percent_encode(key.as_str())),
            Call::QueryPayment(id) => format!("/v1/payments/{id}"),
            Call::Cancel(_) => "/v1/cancellations".to_owned(),
            Call::Operate { payment, operation } => {
                let what = match operation.action {
                    Action::Capture { .. } => "captures",
                    Action::Void => "void",
                    Action::Refund { .. } => "refunds",
                };
                format!("/v1/payments/{payment}/{what}")
            }
        }
    }

    /// The idempotency key to send as a header.
    #[must_use]
    pub const fn key(&self) -> Option<&IdempotencyKey> {
        match &self.0 {
            Call::Authorise { opening, .. } => Some(&opening.key),
            Call::Operate { operation, .. } => Some(&operation.key),
            Call::QueryKey(_) | Call::QueryPayment(_) | Call::Cancel(_) => None,
        }
    }

    /// The JSON body of a `POST`: the same bytes each time, since the key is bound to them. Not for logs.
    #[must_use]
    pub fn body(&self) -> Option<Vec<u8>> {
        match &self.0 {
            Call::QueryKey(_) | Call::QueryPayment(_) => None,
            Call::Authorise { opening, code } => Some(json(&PaymentRequest {
                code: code.to_digits(),
                amount_minor: opening.amount.amount_minor,
                currency: opening.amount.currency,
                terminal: opening.terminal,
            })),
            Call::Cancel(key) => {
                Some(json(&CancellationRequest { idempotency_key: key.as_str().to_owned() }))
            }
            Call::Operate { operation, .. } => Some(match operation.action {
                Action::Capture { amount_minor, is_final } => {
                    json(&CaptureRequest { amount_minor, is_final })
                }
                Action::Void => b"{}".to_vec(),
                Action::Refund { amount_minor } => json(&RefundRequest { amount_minor }),
            }),
        }
    }
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("request types have string keys and no failing parts")
}

/// RFC 3986: everything but unreserved characters as `%XX`.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_break_out_of_the_query() {
        let key: IdempotencyKey = "a&b=c#d/é".replace('é', "~").parse().unwrap();
        assert_eq!(Request::payment_by_key(key).path(), "/v1/payments?idempotency_key=a%26b%3Dc%23d%2F~");
    }
}
