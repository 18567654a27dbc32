//! The customers' page at the bank's door: what is served, what browsers are told, and that nobody is sent back
//! with a proof where the partner has not said so.

use crate::common::{self, PARTNER, Running, start, start_with};
use bank::PartnerPage;
use core::time::Duration;
use http::{HeaderMap, Method, Request};
use https::{Client, Limits};
use serde_json::{Value, json};

const REGISTERED: &str = "https://pay.example/wallet/";
const LIMITS: Limits = Limits { deadline: Duration::from_secs(20), max_body_bytes: 1 << 20 };

/// A bank that knows one return address of the partner's.
async fn with_page(page_may_be_framed: bool) -> Running {
    start_with(|config| {
        let page = PartnerPage {
            display_name: Some("The shop's payments".to_owned()),
            return_addresses: vec![REGISTERED.parse().unwrap()],
            page_may_be_framed,
        };
        config.partners[0] = config.partners[0].clone().with_page(page);
    })
    .await
}

async fn get(bank: &Running, path: &str) -> (u16, HeaderMap, String) {
    let client = Client::new(bank.pki.roots(), None);
    let request =
        Request::get(format!("https://{}{path}", bank.customer_address)).body(String::new()).unwrap();
    let (head, body) = client.send(request, LIMITS).await.unwrap().into_parts();
    (head.status.as_u16(), head.headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn ask_for_partner(bank: &Running, partner: &str, return_to: &str) -> common::Answer {
    let escaped: String = return_to.bytes().map(|b| format!("%{b:02X}")).collect();
    let path = format!("/v1/partners/{partner}?return_to={escaped}");
    bank.customer(Method::GET, &path, "", Value::Null).await
}

async fn ask_for_proof(bank: &Running, session: &str, partner: &str, return_to: &str) -> common::Answer {
    let body = json!({"link_id": "l1", "account_id": bank.account.0, "return_to": return_to});
    bank.customer(Method::POST, &format!("/v1/partners/{partner}/proofs"), session, body).await
}

/// Addresses that look like a way back and are none: other hosts, other paths, and tricks of URL parsers.
const REFUSED: &[&str] = &[
    "https://evil.example/wallet/",
    "https://pay.example/",
    "https://pay.example/wallet",
    "https://pay.example/wallet/x",
    "https://pay.example:8443/wallet/",
    "http://localhost:7446/wallet/",
];
const MALFORMED: &[&str] = &[
    "",
    "wallet/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://pay.example@evil.example/wallet/",
    "https://pay.example\\.evil.example/wallet/",
    "https:evil.example/",
    "http://pay.example/wallet/",
    "https://pay.example/wallet/?next=//evil.example",
    "https://pay.example/wallet/#x",
    "/wallet/../../evil",
    "/%2f%2fevil.example/",
];

#[tokio::test]
async fn no_proof_is_made_for_a_way_back_that_nobody_registered() {
    let bank = with_page(false).await;
    let session = bank.login().await;
    for way in REFUSED {
        ask_for_partner(&bank, PARTNER, way).await.is_problem(403, "return-refused");
        ask_for_proof(&bank, &session, PARTNER, way).await.is_problem(403, "return-refused");
    }
    for way in MALFORMED {
        ask_for_partner(&bank, PARTNER, way).await.is_problem(400, "invalid-request");
        let told = ask_for_proof(&bank, &session, PARTNER, way).await;
        told.is_problem(400, "invalid-request");
        assert!(!told.body.to_string().contains("evil"), "what was sent is repeated: {}", told.body);
    }
    // Another partner's address is none of this partner's, and no address at all is none either.
    ask_for_proof(&bank, &session, "other-payments", REGISTERED).await.is_problem(403, "return-refused");
    let path = format!("/v1/partners/{PARTNER}/proofs");
    let silent = json!({"link_id": "l1", "account_id": bank.account.0});
    bank.customer(Method::POST, &path, &session, silent).await.is_problem(400, "invalid-request");
    let path = format!("/v1/partners/{PARTNER}");
    bank.customer(Method::GET, &path, "", Value::Null).await.is_problem(400, "invalid-request");
}

#[tokio::test]
async fn a_proof_for_a_registered_way_back_or_a_path_links_the_account() {
    let bank = with_page(false).await;
    let session = bank.login().await;
    let shown = ask_for_partner(&bank, PARTNER, REGISTERED).await;
    assert_eq!(shown.is(200), &json!({"partner": PARTNER, "display_name": "The shop's payments"}));
    assert_eq!(ask_for_partner(&bank, "other-payments", "/").await.is(200)["display_name"], "other-payments");
    ask_for_partner(&bank, "nobody", "/wallet/").await.is_problem(403, "partner-unknown");
    ask_for_proof(&bank, &session, "nobody", "/wallet/").await.is_problem(403, "partner-unknown");
    ask_for_proof(&bank, "made-up", PARTNER, REGISTERED).await.is_problem(401, "session-ended");

    ask_for_proof(&bank, &session, PARTNER, "/wallet/").await.is(201);
    let made = ask_for_proof(&bank, &session, PARTNER, REGISTERED).await;
    let link = json!({"link_id": "l1", "proof": made.is(201)["proof"]});
    bank.post("/v1/links", link).await.is(201);
}

#[tokio::test]
async fn whoever_logs_out_is_out() {
    let bank = start().await;
    let (session, other) = (bank.login().await, bank.login().await);
    bank.customer(Method::POST, "/v1/logout", "", Value::Null).await.is_problem(401, "session-ended");
    bank.customer(Method::POST, "/v1/logout", &session, Value::Null).await.is(204);
    bank.customer(Method::POST, "/v1/logout", &session, Value::Null).await.is(204);
    bank.customer(Method::GET, "/v1/accounts", &session, Value::Null).await.is_problem(401, "session-ended");
    bank.customer(Method::GET, "/v1/accounts", &other, Value::Null).await.is(200);
}

#[tokio::test]
async fn the_page_and_all_that_it_names_are_served() {
    let bank = start().await;
    let (status, headers, page) = get(&bank, "/?link=l1&partner=shop-payments&return=/wallet/").await;
    assert_eq!((status, &headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
    for inline in ["<style", "style=", "onclick", "onload", "://", "href=\"/", "src=\"/"] {
        assert!(!page.contains(inline), "the page has {inline}");
    }
    assert!(!page.contains("<script>") && page.contains("<script type=\"module\" src="));
    let mut wanted = named(&page, "\"page/", '"');
    let mut seen = Vec::new();
    while let Some(name) = wanted.pop() {
        if seen.contains(&name) {
            continue;
        }
        let (status, headers, text) = get(&bank, &format!("/page/{name}")).await;
        let kind = match name.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, kind), "{name}");
        if kind.contains("javascript") {
            wanted.extend(named(&text, "from './", '\''));
            for way_in in
                ["innerHTML", "eval(", "Function(", "document.write", "localStorage", "sessionStorage"]
            {
                assert!(!text.contains(way_in), "{name} has {way_in}");
            }
        }
        seen.push(name);
    }
    assert_eq!(seen.len(), 9, "{seen:?}");
    assert_eq!(get(&bank, "/page/nothing.js").await.0, 404);
    assert_eq!(get(&bank, "/page/..%2F..%2FCargo.toml").await.0, 404);
}

/// What stands between `before` and `end`, everywhere in `text`.
fn named(text: &str, before: &str, end: char) -> Vec<String> {
    text.split(before).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0.to_owned())).collect()
}

#[tokio::test]
async fn browsers_are_told_to_be_strict_about_every_answer() {
    let bank = start().await;
    for path in
        ["/", "/page/bank.js", "/page/none", "/v1/accounts", "/v1/partners/nobody", "/nowhere", "/readyz"]
    {
        let (_, headers, _) = get(&bank, path).await;
        let told = |name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!(told("cache-control"), "no-store", "{path}");
        assert_eq!(told("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(told("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(told("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(told("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(told("permissions-policy").contains("camera=()"), "{path}");
        let policy = told("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.ends_with("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    let (_, headers, _) = get(&bank, "/").await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    for part in [
        "script-src 'self'; ",
        "style-src 'self'; ",
        "base-uri 'none'; ",
        "form-action 'none'; ",
        "require-trusted-types-for 'script'; ",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
}

#[tokio::test]
async fn the_page_is_framed_only_for_a_partner_who_may_and_by_its_own_origin() {
    let bank = with_page(true).await;
    let framed_by = async |query: &str| {
        let (status, headers, _) = get(&bank, &format!("/{query}")).await;
        assert_eq!(status, 200);
        let policy = headers["content-security-policy"].to_str().unwrap().to_owned();
        policy.rsplit_once("frame-ancestors ").unwrap().1.to_owned()
    };
    assert_eq!(framed_by("?link=l1&partner=shop-payments&return=/").await, "'self'");
    for query in ["", "?partner=other-payments", "?partner=nobody", "?partner=a%20b", "?partner=", "?x=%FF"] {
        assert_eq!(framed_by(query).await, "'none'", "{query}");
    }
}
