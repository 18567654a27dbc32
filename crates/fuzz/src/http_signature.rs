//! Phones' signed requests. The input's lines: method, path, query or `-`, the three fields or `-`; the body after
//! them.

use crate::support::{place, signing_key, text, with_one_bit_turned};
use crypto::p256::SigningKey;
use data_encoding::BASE64;
use model::EnrolmentId;
use protocol::http_signature::{
    HttpRequest, UnverifiedRequest, WINDOW_S, content_digest, sign_request, signature_base,
};

/// As in `spec/vectors/http-signature`.
const ONLINE: u8 = 5;
const CREATED_S: i64 = 1_700_000_000;
const FIELDS: [&str; 3] = ["Signature-Input", "signature", "content-digest"];

/// A request as it came, one with its base signed anew, and one that a phone signs.
pub fn http_signature(data: &[u8]) {
    let mut lines = data.splitn(7, |byte| *byte == b'\n');
    let mut line = || lines.next().and_then(text);
    let (Some(method), Some(path), Some(query)) = (line(), line(), line()) else { return };
    let fields: [Option<&str>; 3] = [line(), line(), line()];
    let body = lines.next().unwrap_or_default();
    let query = (query != "-").then_some(query);
    let request = HttpRequest { method, path, query, body };
    let fields: Vec<(&str, &str)> = FIELDS
        .into_iter()
        .zip(fields)
        .filter_map(|(name, value)| Some((name, value.filter(|value| *value != "-")?)))
        .collect();

    as_it_came(&request, &fields);
    signed_by_a_phone(&request, data);
}

fn as_it_came(request: &HttpRequest<'_>, fields: &[(&str, &str)]) {
    let key = signing_key(ONLINE);
    let Ok(unverified) = UnverifiedRequest::parse(request, fields.iter().copied()) else { return };
    if let Ok(verified) = unverified.verify(key.verifying_key(), CREATED_S, WINDOW_S) {
        assert_eq!(verified.enrolment, unverified.enrolment());
        assert!((verified.created_s - CREATED_S).abs() <= WINDOW_S);
    }
    // Whoever holds the key and follows RFC 9421 is understood, in whatever order the components stand.
    let input = fields[0].1;
    let (label, params) = input.split_once('=').expect("it was read as a member of a dictionary");
    let signature = format!("{label}=:{}:", BASE64.encode(&sign_base(&key, request, params)));
    let mut signed: Vec<(&str, &str)> = fields.to_vec();
    signed[1].1 = &signature;
    let parsed = UnverifiedRequest::parse(request, signed).expect("only the signature is another");
    assert!(parsed.verify(key.verifying_key(), CREATED_S, i64::MAX).is_ok(), "{input}");
    assert!(parsed.verify(signing_key(6).verifying_key(), CREATED_S, i64::MAX).is_err());
}

fn sign_base(key: &SigningKey, request: &HttpRequest<'_>, params: &str) -> [u8; 64] {
    let query = format!("?{}", request.query.unwrap_or(""));
    let digest = content_digest(request.body);
    let list = params.split(')').next().unwrap_or("");
    let components: Vec<(&str, &str)> = list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(|name| match name {
            "@method" => (name, request.method),
            "@path" => (name, request.path),
            "@query" => (name, query.as_str()),
            _ => (name, digest.as_str()),
        })
        .collect();
    key.sign(&[signature_base(&components, params).as_bytes()]).to_bytes()
}

fn signed_by_a_phone(request: &HttpRequest<'_>, data: &[u8]) {
    let key = signing_key(ONLINE);
    let enrolment = EnrolmentId::from_bytes([0, 1, 2, 0xfd, 0xfe, 0xff]);
    let Ok(fields) = sign_request(request, enrolment, CREATED_S, &[7; 16], &key) else { return };
    let verify = |request: &HttpRequest<'_>, fields: &[(&str, &str)]| {
        let unverified = UnverifiedRequest::parse(request, fields.iter().copied()).ok()?;
        unverified.verify(key.verifying_key(), CREATED_S, WINDOW_S).ok()
    };
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let verified = verify(request, &fields).expect("a phone signed it");
    assert_eq!((verified.enrolment, verified.nonce, verified.created_s), (enrolment, [7; 16], CREATED_S));

    let turn = |part: &str| {
        let bytes = if part.is_empty() { b"?".to_vec() } else { with_one_bit_turned(part.as_bytes(), data) };
        String::from_utf8(bytes).unwrap_or_default()
    };
    let (method, path, query) = (turn(request.method), turn(request.path), turn(request.query.unwrap_or("")));
    let body = if request.body.is_empty() { vec![0] } else { with_one_bit_turned(request.body, data) };
    let changed = match place(data, 4) {
        0 => HttpRequest { method: &method, ..*request },
        1 => HttpRequest { path: &path, ..*request },
        2 => HttpRequest { query: Some(&query), ..*request },
        _ => HttpRequest { body: &body, ..*request },
    };
    assert_eq!(verify(&changed, &fields), None, "a changed request was believed");
    // The content-digest, the parameters or the signature itself.
    let mut turned = fields.clone();
    let at = place(data, fields.len());
    let value = turn(fields[at].1);
    turned[at].1 = &value;
    if let Some(verified) = verify(request, &turned) {
        // A label is the sender's own name for the signature and not signed.
        assert!(verified.nonce == [7; 16] && value.len() == fields[at].1.len());
    }
}
