//! The customers' page: where a partner sends a customer to prove an account, so that the bank's password is typed
//! at the bank and nowhere else. The page talks to the customers' API like any other caller; nothing here decides.
//!
//! Every address in the page is relative, so that it can be served under a path of another origin.

use super::problem::{Answer, Told};
use crate::Bank;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use bank_api::{PartnerName, ProblemType};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;

const INDEX: &str = include_str!("../../site/index.html");

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Served under `/page/`: name, content type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("bank.css", CSS, include_str!("../../site/bank.css")),
    ("bank.js", SCRIPT, include_str!("../../site/bank.js")),
    ("dom.js", SCRIPT, include_str!("../../site/dom.js")),
    ("door.js", SCRIPT, include_str!("../../site/door.js")),
    ("mark.svg", "image/svg+xml", include_str!("../../site/mark.svg")),
    ("messages.js", SCRIPT, include_str!("../../site/messages.js")),
    ("request.js", SCRIPT, include_str!("../../site/request.js")),
    ("screens.js", SCRIPT, include_str!("../../site/screens.js")),
    ("words.js", SCRIPT, include_str!("../../site/words.js")),
];

/// Only the page's own files and door; no inline script or style, no form that a browser sends by itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; \
                      frame-ancestors ";
/// For everything that is no page.
const POLICY_OF_ANSWERS: &str = "default-src 'none'; frame-ancestors 'none'";
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
                           magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

pub(super) fn page_routes() -> Router<Bank> {
    Router::new().route("/", get(index)).route("/page/{file}", get(file))
}

/// Puts what browsers must be told on every answer of the customers' door.
pub(super) async fn protected(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(header::CONTENT_SECURITY_POLICY, POLICY_OF_ANSWERS);
    put(header::CACHE_CONTROL, "no-store");
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::REFERRER_POLICY, "no-referrer");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    put(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    response
}

/// What of the page's query the bank reads; the rest is the page's affair.
#[derive(Deserialize)]
struct Asking {
    partner: PartnerName,
}

async fn index(
    State(bank): State<Bank>,
    asking: Result<Query<Asking>, QueryRejection>,
) -> (HeaderMap, &'static str) {
    let framed = asking.is_ok_and(|Query(asking)| bank.page_may_be_framed(&asking.partner));
    let policy = format!("{POLICY}{}", if framed { "'self'" } else { "'none'" });
    let policy = HeaderValue::from_str(&policy).expect("the policy is plain ASCII");
    let mut headers = typed("text/html; charset=utf-8");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    (headers, INDEX)
}

async fn file(Path(asked): Path<String>) -> Answer<(HeaderMap, &'static str)> {
    let found = FILES.iter().find(|(name, _, _)| *name == asked);
    let (_, kind, content) = found.ok_or_else(|| Told::from(ProblemType::NotFound))?;
    Ok((typed(kind), content))
}

fn typed(kind: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))])
}
