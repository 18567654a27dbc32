//! From a file and a request to an answer: compressed or not, or "you have it already".

use crate::headers::Headers;
use crate::shelf::{Coding, Ready};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;

/// The answer to a request for this file.
pub(crate) fn file(ready: &Ready, asked: &HeaderMap, headers: &Headers) -> Response {
    // Weak: the compressed and the plain form are one and the same to whoever has either.
    let tag = format!("W/\"{}\"", BASE64URL_NOPAD.encode(&ready.file.hash));
    let mut response =
        if has(asked, &tag) { plain(StatusCode::NOT_MODIFIED, Bytes::new()) } else { whole(ready, asked) };
    let set = response.headers_mut();
    headers.add_to(set);
    set.insert(header::ETAG, HeaderValue::from_str(&tag).expect("a tag is printable ASCII"));
    set.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// The answer where there is nothing.
pub(crate) fn nothing(headers: &Headers) -> Response {
    let mut response = plain(StatusCode::NOT_FOUND, Bytes::from_static(b"There is no such page.\n"));
    headers.add_to(response.headers_mut());
    set(&mut response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

/// The answer to an address that lacks its last `/`.
pub(crate) fn moved(to: &'static str, headers: &Headers) -> Response {
    let mut response = plain(StatusCode::PERMANENT_REDIRECT, Bytes::new());
    headers.add_to(response.headers_mut());
    set(&mut response, header::LOCATION, to);
    response
}

fn whole(ready: &Ready, asked: &HeaderMap) -> Response {
    let mut taken = Coding::ALL.into_iter().filter(|coding| takes(asked, *coding));
    let compressed = taken.find_map(|coding| Some((coding, ready.compressed(coding)?)));
    let (coding, body) =
        compressed.map_or((None, ready.file.bytes.clone()), |(coding, body)| (Some(coding), body));
    let mut response = plain(StatusCode::OK, body);
    set(&mut response, header::CONTENT_TYPE, ready.content_type);
    if let Some(coding) = coding {
        set(&mut response, header::CONTENT_ENCODING, coding.name());
    }
    response
}

fn plain(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}

fn set(response: &mut Response, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// Whether the asker names this tag as one that it has.
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let strong = tag.trim_start_matches("W/");
    let mut tags = listed(asked, &header::IF_NONE_MATCH);
    tags.any(|one| one == "*" || one.trim_start_matches("W/") == strong)
}

/// Whether the asker takes this coding.
fn takes(asked: &HeaderMap, wanted: Coding) -> bool {
    listed(asked, &header::ACCEPT_ENCODING).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_wanted =
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted.name()) || name == "*");
        let is_refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
            weight.is_some_and(|weight| weight <= 0.0)
        });
        is_wanted && !is_refused
    })
}

/// The parts of a header that is a list.
fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',').map(str::trim))
}
