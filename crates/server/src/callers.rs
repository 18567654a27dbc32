//! Who asks: a checkout or an operator by key, a phone by signature.

use crate::fail::{Fail, Reply};
use crate::input::whole_body;
use crate::state::Shared;
use api::problem::ProblemType;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use crypto::hash::sha256;
use crypto::mac::constant_time_eq;
use https::network;
use protocol::http_signature::{HttpRequest, UnverifiedRequest};
use records::Checkout;
use security::AuthenticatedDevice;
use std::net::{IpAddr, SocketAddr};

/// The longest key that is looked at.
const KEY_BYTES_MAX: usize = 256;

/// A checkout, known by its API key.
pub(crate) struct CheckoutCaller(pub(crate) Checkout);

impl FromRequestParts<Shared> for CheckoutCaller {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Fail> {
        let key = bearer(&parts.headers)?;
        let checkout = shared.store.checkout_by_key(sha256(&[key])).await?.ok_or_else(unauthenticated)?;
        if !shared.pace.allows(checkout.id, shared.now()) {
            return Err(Fail::new(
                ProblemType::TooManyRequests,
                "This checkout asks too often. Wait a second.",
            ));
        }
        Ok(Self(checkout))
    }
}

/// An operator, known by the operator's key and called by the name they give.
pub(crate) struct OperatorCaller {
    /// For the audit trail: what `x-operator` says, or `operator`.
    pub(crate) name: String,
}

impl FromRequestParts<Shared> for OperatorCaller {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Fail> {
        let key = bearer(&parts.headers)?;
        if !constant_time_eq(&sha256(&[key]), &shared.operator_key_hash) {
            return Err(unauthenticated());
        }
        let given = parts.headers.get("x-operator").and_then(|value| value.to_str().ok()).unwrap_or("");
        let name: String = given.chars().filter(char::is_ascii_graphic).take(64).collect();
        Ok(Self { name: if name.is_empty() { "operator".to_owned() } else { name } })
    }
}

/// A phone, known by its online key's signature over the whole request; with the request's body.
pub(crate) struct PhoneCaller {
    /// Which device.
    pub(crate) device: AuthenticatedDevice,
    /// The body, covered by the signature.
    pub(crate) body: Bytes,
}

impl FromRequest<Shared> for PhoneCaller {
    type Rejection = Fail;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Fail> {
        let (Parts { method, uri, headers, .. }, body) = request.into_parts();
        let body = whole_body(body).await?;
        let signed =
            HttpRequest { method: method.as_str(), path: uri.path(), query: uri.query(), body: &body };
        let fields = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let unverified = UnverifiedRequest::parse(&signed, fields).map_err(|error| {
            let detail = format!("Sign the request as spec/http-signatures.md says: {error}.");
            Fail::new(ProblemType::Unauthenticated, detail)
        })?;
        let device = shared.security.authenticate(&unverified, shared.now()).await?;
        Ok(Self { device, body })
    }
}

/// Where a request comes from, for limits on what strangers may do: an IPv4 address, or the /64 network of an
/// IPv6 address, since whoever has one of its addresses has them all.
pub(crate) struct Source(pub(crate) IpAddr);

impl FromRequestParts<Shared> for Source {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Self, Fail> {
        let address = parts.extensions.get::<SocketAddr>().ok_or_else(|| Fail::ours("no peer address"))?;
        Ok(Self(network(address.ip())))
    }
}

fn bearer(headers: &HeaderMap) -> Reply<&[u8]> {
    let value = headers.get(header::AUTHORIZATION).ok_or_else(unauthenticated)?.as_bytes();
    let key = value.strip_prefix(b"Bearer ").ok_or_else(unauthenticated)?;
    if (1..=KEY_BYTES_MAX).contains(&key.len()) { Ok(key) } else { Err(unauthenticated()) }
}

fn unauthenticated() -> Fail {
    let detail = "Send the header `authorization: Bearer KEY` with the key that the operator gave you.";
    Fail::new(ProblemType::Unauthenticated, detail)
}
