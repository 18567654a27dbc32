//! Which addresses there are.

use crate::answer;
use crate::headers::Headers;
use crate::shelf::Shelf;
use crate::site::{OwnSite, Site};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

/// How the pages are served at one listener.
#[derive(Clone, Debug)]
pub struct PagesSettings {
    /// The realm file, which the wallet trusts from the start (`/wallet/realm.json`).
    pub realm_json: Vec<u8>,
    /// Whether a page of the same origin may show these pages in a frame.
    pub may_be_framed: bool,
    /// What is at `/`.
    pub front: Front,
}

/// What is at `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// Nothing of ours: the address is left to others.
    Absent,
    /// The demo's front page: wallet and checkout side by side.
    Demo,
    /// The demo's page for phones on the same network.
    Join,
}

/// The web pages.
#[derive(Debug)]
pub struct Pages;

impl Pages {
    /// Routes of all pages, without a fallback, to be merged with others. They take GET and HEAD alone.
    #[expect(clippy::new_ret_no_self, reason = "the pages are nothing but their routes")]
    pub fn new(settings: PagesSettings) -> Router {
        routes(Box::new(OwnSite), settings)
    }
}

/// What all routes share.
struct Shared {
    shelf: Shelf,
    headers: Headers,
}

fn routes(site: Box<dyn Site>, settings: PagesSettings) -> Router {
    let PagesSettings { realm_json, may_be_framed, front } = settings;
    let shared =
        Arc::new(Shared { shelf: Shelf::new(site, realm_json), headers: Headers::new(may_be_framed) });
    let pages = Router::new()
        .route("/wallet", moved("/wallet/"))
        .route("/wallet/", page("wallet/index.html"))
        .route("/wallet/{*path}", get(by_path))
        .route("/checkout", moved("/checkout/"))
        .route("/checkout/", page("checkout/index.html"))
        .route("/checkout/{*path}", get(by_path))
        .route("/shared/{*path}", get(by_path))
        .route("/wasm/{*path}", get(by_path));
    let pages = match front {
        Front::Absent => pages,
        Front::Demo => pages.route("/", page("demo/index.html")).route("/demo/{*path}", get(by_path)),
        Front::Join => pages.route("/", page("demo/join.html")).route("/demo/{*path}", get(by_path)),
    };
    pages.with_state(shared)
}

type Method = axum::routing::MethodRouter<Arc<Shared>>;

fn page(path: &'static str) -> Method {
    get(async move |State(shared): State<Arc<Shared>>, asked: HeaderMap| shared.answer(path, &asked))
}

fn moved(to: &'static str) -> Method {
    get(async move |State(shared): State<Arc<Shared>>| answer::moved(to, &shared.headers))
}

/// The file that the address names as it stands. Documents have addresses of their own and no second one.
async fn by_path(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().strip_prefix('/').unwrap_or_default();
    if path.ends_with(".html") {
        return answer::nothing(&shared.headers);
    }
    shared.answer(path, request.headers())
}

impl Shared {
    fn answer(&self, path: &str, asked: &HeaderMap) -> Response {
        match self.shelf.find(path) {
            Some(ready) => answer::file(&ready, asked, &self.headers),
            None => answer::nothing(&self.headers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Sample;
    use axum::body::{Body, Bytes};
    use axum::http::{Method, Request, StatusCode};
    use flate2::read::GzDecoder;
    use http_body_util::BodyExt;
    use std::io::Read;
    use tower::ServiceExt;

    const APP: &str = "export const greeting = 'hello hello hello hello hello hello hello hello hello';\n";

    fn site() -> Sample {
        Sample(
            [
                ("checkout/index.html", "<!doctype html><title>Checkout</title>"),
                ("demo/app.js", "demo"),
                ("demo/index.html", "front"),
                ("demo/join.html", "join"),
                ("shared/tokens.css", ":root {}"),
                ("wallet/app.js", APP),
                ("wallet/gallery.js", "gallery"),
                ("wallet/index.html", "<!doctype html><title>Wallet</title>"),
                ("wallet/sw.js", "const [F, V] = [/*FILES*/[], /*VERSION*/'dev'];"),
            ]
            .into(),
        )
    }

    struct Got {
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
    }

    impl Got {
        fn header(&self, name: &str) -> &str {
            self.headers.get(name).map_or("", |value| value.to_str().unwrap())
        }
    }

    async fn ask(method: Method, path: &str, with: &[(&str, &str)], front: Front) -> Got {
        let settings = PagesSettings { realm_json: b"{\"realm\":1}".to_vec(), may_be_framed: false, front };
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in with {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = routes(Box::new(site()), settings).oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        Got { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    async fn look(path: &str, with: &[(&str, &str)]) -> Got {
        ask(Method::GET, path, with, Front::Absent).await
    }

    #[tokio::test]
    async fn pages_and_their_files_have_their_types() {
        for (path, content_type, body) in [
            ("/wallet/", "text/html; charset=utf-8", "<!doctype html><title>Wallet</title>"),
            ("/checkout/", "text/html; charset=utf-8", "<!doctype html><title>Checkout</title>"),
            ("/wallet/app.js?v=1", "text/javascript; charset=utf-8", APP),
            ("/shared/tokens.css", "text/css; charset=utf-8", ":root {}"),
            ("/wallet/realm.json", "application/json", "{\"realm\":1}"),
        ] {
            let got = look(path, &[]).await;
            assert_eq!((got.status, got.header("content-type")), (StatusCode::OK, content_type), "{path}");
            assert_eq!(got.body, body, "{path}");
            assert_eq!(got.header("cache-control"), "no-cache", "{path}");
        }
    }

    #[tokio::test]
    async fn an_address_without_its_slash_leads_to_the_page() {
        for (path, to) in [("/wallet", "/wallet/"), ("/checkout", "/checkout/")] {
            let got = look(path, &[]).await;
            assert_eq!((got.status.as_u16(), got.header("location")), (308, to));
        }
    }

    #[tokio::test]
    async fn what_is_not_for_visitors_is_not_there() {
        for path in [
            "/",
            "/wallet/gallery.js",
            "/wallet/index.html",
            "/wallet/none.js",
            "/shared/",
            "/shared",
            "/demo/app.js",
            "/wallet/../wallet/app.js",
            "/wallet/%2e%2e/wallet/app.js",
            "/wallet/..%2fwallet/app.js",
            "/shared//etc/passwd",
            "/shared/..%5ctokens.css",
        ] {
            assert_eq!(look(path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        for (path, front, body) in [
            ("/", Front::Demo, "front"),
            ("/", Front::Join, "join"),
            ("/demo/app.js", Front::Demo, "demo"),
            ("/demo/app.js", Front::Join, "demo"),
        ] {
            assert_eq!(ask(Method::GET, path, &[], front).await.body, body);
        }
        for front in [Front::Demo, Front::Join] {
            assert_eq!(ask(Method::GET, "/demo/index.html", &[], front).await.status, StatusCode::NOT_FOUND);
        }
        assert_eq!(ask(Method::POST, "/wallet/", &[], Front::Absent).await.status.as_u16(), 405);
    }

    #[tokio::test]
    async fn a_known_file_is_not_sent_again() {
        let tag = look("/wallet/app.js", &[]).await.header("etag").to_owned();
        let strong = tag.trim_start_matches("W/");
        for known in [&tag, strong, &format!("\"x\", {tag}"), "*"] {
            let got = look("/wallet/app.js", &[("if-none-match", known)]).await;
            assert_eq!((got.status, got.body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
            assert_eq!(got.header("etag"), tag);
            assert!(got.header("content-security-policy").contains("default-src 'none'"));
        }
        assert_eq!(look("/wallet/app.js", &[("if-none-match", "\"other\"")]).await.status, StatusCode::OK);
        assert_ne!(look("/shared/tokens.css", &[]).await.header("etag"), tag);
    }

    #[tokio::test]
    async fn who_takes_a_compressed_form_gets_the_smallest_where_it_is_smaller() {
        for (accept, coding) in [
            ("gzip, br", "br"),
            ("br;q=1.0, GZIP;q=0.5", "br"),
            ("*", "br"),
            ("gzip, br;q=0", "gzip"),
            ("GZIP", "gzip"),
            ("gzip;q=0", ""),
            ("identity", ""),
        ] {
            let got = look("/wallet/app.js", &[("accept-encoding", accept)]).await;
            assert_eq!(got.header("content-encoding"), coding, "{accept}");
            assert_eq!(got.header("vary"), "accept-encoding");
            let mut text = String::new();
            match coding {
                "br" => brotli::Decompressor::new(&got.body[..], 4096).read_to_string(&mut text).unwrap(),
                "gzip" => GzDecoder::new(&got.body[..]).read_to_string(&mut text).unwrap(),
                _ => (&got.body[..]).read_to_string(&mut text).unwrap(),
            };
            assert_eq!(text, APP);
        }
        let small = look("/shared/tokens.css", &[("accept-encoding", "gzip")]).await;
        assert_eq!((small.header("content-encoding"), &small.body[..]), ("", &b":root {}"[..]));
    }

    #[tokio::test]
    async fn head_is_get_without_its_body() {
        let head = ask(Method::HEAD, "/wallet/app.js", &[], Front::Absent).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
        assert_eq!(head.header("content-length"), APP.len().to_string());
    }

    #[tokio::test]
    async fn every_answer_says_what_a_page_may_do() {
        for path in ["/wallet/", "/wallet/app.js", "/wallet/none.js", "/wallet"] {
            let got = look(path, &[]).await;
            let content = got.header("content-security-policy");
            for part in [
                "default-src 'none'",
                "script-src 'self' 'wasm-unsafe-eval'",
                "style-src 'self'",
                "require-trusted-types-for 'script'",
                "trusted-types batzen",
                "frame-ancestors 'none'",
            ] {
                assert!(content.split("; ").any(|one| one == part), "{path}: {part} is not in {content}");
            }
            assert_eq!(got.header("x-content-type-options"), "nosniff");
            assert_eq!(got.header("referrer-policy"), "no-referrer");
            assert_eq!(got.header("cross-origin-opener-policy"), "same-origin");
            assert_eq!(got.header("cross-origin-resource-policy"), "same-origin");
            assert!(got.header("permissions-policy").starts_with("camera=(self), screen-wake-lock=(self), "));
        }
    }

    #[tokio::test]
    async fn frames_are_for_the_same_origin_where_they_are_let() {
        let settings = PagesSettings { realm_json: Vec::new(), may_be_framed: true, front: Front::Absent };
        let request = Request::get("/wallet/").body(Body::empty()).unwrap();
        let response = routes(Box::new(site()), settings).oneshot(request).await.unwrap();
        let content = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(content.ends_with("frame-ancestors 'self'"), "{content}");
    }

    #[tokio::test]
    async fn the_worker_is_told_what_to_keep() {
        let got = look("/wallet/sw.js", &[]).await;
        let text = String::from_utf8(got.body.to_vec()).unwrap();
        let files = r#"["/shared/tokens.css","/wallet/app.js","/wallet/","/wallet/realm.json"]"#;
        assert!(text.starts_with(&format!("const [F, V] = [{files}, '")), "{text}");
        assert_eq!(got.header("content-type"), "text/javascript; charset=utf-8");
    }
}
