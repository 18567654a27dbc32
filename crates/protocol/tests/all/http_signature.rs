//! Signed requests: what is signed is what is taken, and nothing else.

use crypto::p256::{Signature, SigningKey, VerifyingKey};
use data_encoding::{BASE64, BASE64_MIME, HEXLOWER};
use model::EnrolmentId;
use proptest::prelude::*;
use protocol::{
    error::ProtocolError,
    http_signature::{
        HttpRequest, UnverifiedRequest, WINDOW_S, content_digest, sign_request, signature_base,
    },
};

const NOW_S: i64 = 1_700_000_000;
const ENROLMENT: EnrolmentId = EnrolmentId::from_bytes([0, 1, 2, 0xfd, 0xfe, 0xff]);

fn key() -> SigningKey {
    SigningKey::from_scalar(&[5; 32]).unwrap()
}

fn post() -> HttpRequest<'static> {
    HttpRequest { method: "POST", path: "/v1/methods", query: Some("a=b&c=%20"), body: b"{\"x\":1}" }
}

fn signed(request: &HttpRequest<'_>) -> Vec<(&'static str, String)> {
    sign_request(request, ENROLMENT, NOW_S, &[9; 16], &key()).unwrap()
}

fn verify(
    request: &HttpRequest<'_>,
    fields: &[(&str, String)],
    now_s: i64,
) -> Result<EnrolmentId, ProtocolError> {
    let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
    let parsed = UnverifiedRequest::parse(request, fields)?;
    parsed.verify(key().verifying_key(), now_s, WINDOW_S).map(|verified| verified.enrolment)
}

#[test]
fn the_example_of_rfc_9421_b_2_4() {
    let spki = BASE64_MIME
        .decode(
            b"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71\r\n\
              Z50VGGdldkkDXZCnTNnoXQ==",
        )
        .unwrap();
    let key = VerifyingKey::from_sec1(&spki[26..]).unwrap();
    let digest =
        "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:";
    let base = signature_base(
        &[
            ("@status", "200"),
            ("content-type", "application/json"),
            ("content-digest", digest),
            ("content-length", "23"),
        ],
        "(\"@status\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-ecc-p256\"",
    );
    let raw = BASE64
        .decode(b"wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==")
        .unwrap();
    let signature = Signature::normalized_from_raw(&raw.try_into().unwrap()).unwrap();
    assert_eq!(key.verify(&[base.as_bytes()], &signature), Ok(()));
}

#[test]
fn the_digest_of_rfc_9530_and_of_the_specification() {
    // RFC 9530, appendix B.1: the body ends with a line feed.
    assert_eq!(
        content_digest(b"{\"hello\": \"world\"}\n"),
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    );
    assert!(include_str!("../../../../spec/http-signatures.md").contains(&content_digest(b"{}")));
}

#[test]
fn with_and_without_body_and_query() {
    for request in [
        post(),
        HttpRequest { method: "GET", path: "/", query: None, body: b"" },
        HttpRequest { method: "DELETE", path: "/v1/x", query: Some(""), body: b"" },
    ] {
        let fields = signed(&request);
        assert_eq!(fields.len(), if request.body.is_empty() { 2 } else { 3 });
        for now_s in [NOW_S - WINDOW_S, NOW_S, NOW_S + WINDOW_S] {
            assert_eq!(verify(&request, &fields, now_s), Ok(ENROLMENT));
        }
        for now_s in [NOW_S - WINDOW_S - 1, NOW_S + WINDOW_S + 1, i64::MIN, i64::MAX] {
            assert_eq!(verify(&request, &fields, now_s), Err(ProtocolError::Expired("signed request")));
        }
    }
}

#[test]
fn other_orders_and_labels_are_taken() {
    let request = post();
    let digest = content_digest(request.body);
    let keyid = format!("{ENROLMENT}");
    let params = format!(
        "(\"content-digest\" \"@query\" \"@path\" \"@method\");tag=\"batzen-phone\";alg=\"ecdsa-p256-sha256\";keyid=\"{keyid}\";nonce=\"{}\";created={NOW_S}",
        BASE64.encode(&[9; 16])
    );
    let base = signature_base(
        &[
            ("content-digest", digest.as_str()),
            ("@query", "?a=b&c=%20"),
            ("@path", "/v1/methods"),
            ("@method", "POST"),
        ],
        &params,
    );
    let signature = BASE64.encode(key().sign(&[base.as_bytes()]).as_bytes());
    let fields = [
        ("Content-Digest", digest),
        ("SIGNATURE-INPUT", format!("sig-1={params}")),
        ("Signature", format!("sig-1=:{signature}:")),
    ];
    assert_eq!(verify(&request, &fields, NOW_S), Ok(ENROLMENT));
}

#[test]
fn another_request_is_not_covered() {
    let fields = signed(&post());
    let bad = Err(ProtocolError::SignatureBad("signed request"));
    assert_eq!(verify(&HttpRequest { method: "PUT", ..post() }, &fields, NOW_S), bad);
    assert_eq!(verify(&HttpRequest { path: "/v1/method", ..post() }, &fields, NOW_S), bad);
    assert_eq!(verify(&HttpRequest { query: None, ..post() }, &fields, NOW_S), bad);
    assert_eq!(verify(&HttpRequest { query: Some("a=b&c= ".trim_end()), ..post() }, &fields, NOW_S), bad);
    for body in [&b"{\"x\":2}"[..], b""] {
        assert_eq!(
            verify(&HttpRequest { body, ..post() }, &fields, NOW_S),
            Err(ProtocolError::Malformed("content-digest field"))
        );
    }
    // A body smuggled under a request that was signed without one.
    let get = HttpRequest { method: "GET", path: "/", query: None, body: b"" };
    let mut fields = signed(&get);
    let with_body = HttpRequest { body: b"x", ..get };
    assert!(verify(&with_body, &fields, NOW_S).is_err());
    fields.push(("content-digest", content_digest(b"x")));
    assert_eq!(verify(&with_body, &fields, NOW_S), Err(ProtocolError::Malformed("signature's components")));
}

#[test]
fn every_single_bit_of_the_signature_counts() {
    let fields = signed(&post());
    let raw = BASE64.decode(&fields[2].1.as_bytes()[8..96]).unwrap();
    for bit in 0..512 {
        let mut flipped = raw.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut fields = fields.clone();
        fields[2].1 = format!("batzen=:{}:", BASE64.encode(&flipped));
        assert!(verify(&post(), &fields, NOW_S).is_err(), "bit {bit}");
    }
}

#[test]
fn every_single_bit_of_the_fields_counts() {
    let fields = signed(&post());
    for field in 0..2 {
        for bit in 0..fields[field].1.len() * 8 {
            let mut bytes = fields[field].1.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let mut fields = fields.clone();
            fields[field].1 = text;
            assert!(verify(&post(), &fields, NOW_S).is_err(), "field {field}, bit {bit}");
        }
    }
}

#[test]
fn repeated_fields_are_refused() {
    let mut fields = signed(&post());
    for again in 0..3 {
        let name = fields[again].0;
        fields.push((name, fields[again].1.clone()));
        assert!(matches!(verify(&post(), &fields, NOW_S), Err(ProtocolError::Malformed(_))));
        fields.pop();
    }
}

#[test]
fn a_line_break_cannot_be_smuggled_into_the_base() {
    for path in ["/a\n\"@query\": ?", "/a b", "a", "/a?b", "/ä"] {
        let request = HttpRequest { path, ..post() };
        assert!(sign_request(&request, ENROLMENT, NOW_S, &[9; 16], &key()).is_err(), "{path:?}");
    }
    let hex = HEXLOWER.encode(&[1; 2000]);
    let request = HttpRequest { path: &format!("/{hex}"), ..post() };
    assert_eq!(
        sign_request(&request, ENROLMENT, NOW_S, &[9; 16], &key()).unwrap_err(),
        ProtocolError::Size("signed request")
    );
}

proptest! {
    #[test]
    fn garbage_is_refused_without_a_panic(input in ".{0,600}", signature in ".{0,200}", digest in ".{0,100}") {
        let fields = [("signature-input", input), ("signature", signature), ("content-digest", digest)];
        prop_assert!(verify(&post(), &fields, NOW_S).is_err());
    }

    #[test]
    fn nearly_right_input_is_refused_without_a_panic(cut in 0_usize..300, insert in "[ -~]{1,4}") {
        let mut fields = signed(&post());
        let at = cut % fields[1].1.len();
        fields[1].1.insert_str(at, &insert);
        prop_assert!(verify(&post(), &fields, NOW_S).is_err());
    }
}
