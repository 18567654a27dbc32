//! The pages as they are shipped: everything that is embedded is either served or known to be for developers.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt;
use pages::{Front, Pages, PagesSettings};
use std::path::{Path, PathBuf};
use tower::ServiceExt;

fn pages() -> Router {
    Pages::new(PagesSettings { realm_json: b"{}".to_vec(), may_be_framed: false, front: Front::Demo })
}

async fn look(path: &str) -> Response {
    pages().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push(path);
        }
    }
}

#[tokio::test]
async fn every_file_of_the_site_is_served_or_for_developers() {
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("site");
    let mut all = Vec::new();
    files(&site, &mut all);
    assert!(!all.is_empty());
    for file in all {
        let path = file.strip_prefix(&site).unwrap().to_str().unwrap();
        let is_kept_back = ["gallery.", "samples.", ".d.ts"].iter().any(|mark| path.contains(mark));
        let address = match path {
            "wallet/index.html" | "checkout/index.html" => {
                format!("/{}", path.trim_end_matches("index.html"))
            }
            "demo/index.html" => "/".to_owned(),
            "demo/join.html" => continue,
            path => format!("/{path}"),
        };
        let expected = if is_kept_back { StatusCode::NOT_FOUND } else { StatusCode::OK };
        assert_eq!(look(&address).await.status(), expected, "{path}");
    }
}

/// The addresses that the wallet's worker keeps: all that the wallet needs.
async fn kept_by_the_worker() -> Vec<String> {
    let response = look("/wallet/sw.js").await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    let script = response.into_body().collect().await.unwrap().to_bytes();
    let script = std::str::from_utf8(&script).unwrap();
    assert!(!script.contains("/*FILES*/") && !script.contains("/*VERSION*/"), "{script}");
    let list = script.split_once("[\"/").unwrap().1.split_once(']').unwrap().0;
    serde_json::from_str(&format!("[\"/{list}]")).unwrap()
}

#[tokio::test]
async fn what_the_worker_keeps_is_there() {
    let list = kept_by_the_worker().await;
    assert!(list.contains(&"/wallet/".to_owned()) && list.contains(&"/wallet/realm.json".to_owned()));
    for address in list {
        assert_eq!(look(&address).await.status(), StatusCode::OK, "{address}");
    }
}

/// Bytes that a phone loads before its first code, compressed as they are sent to a browser. They were 400,000, and the
/// core's part 250,000, before the wallet knew devices, notices and approvals.
const WALLET_BYTES_MAX: usize = 420_000;
/// The core's part of them.
const WALLET_MODULE_BYTES_MAX: usize = 256_000;

#[tokio::test]
async fn the_wallet_is_light_and_loads_no_scanner() {
    let mut sum = 0;
    for address in kept_by_the_worker().await {
        let request = Request::get(&address).header(header::ACCEPT_ENCODING, "gzip, deflate, br");
        let response = pages().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let sent = response.into_body().collect().await.unwrap().to_bytes().len();
        if address == "/wasm/wallet_bg.wasm" {
            assert!(sent < WALLET_MODULE_BYTES_MAX, "the wallet's WebAssembly has {sent} bytes");
        }
        assert!(!address.contains("scan_bg") && !address.contains("checkout"), "{address}");
        sum += sent;
    }
    assert!(sum < WALLET_BYTES_MAX, "the wallet has {sum} bytes");
}
