//! Web pages at the API's door: beside the API, and without a word of theirs in its answers.

use crate::support::{Setup, World};
use axum::Router;
use axum::routing::get;
use http::Method;

fn pages() -> Router {
    let page = async || ([("cache-control", "no-cache"), ("content-type", "text/html")], "a page");
    Router::new().route("/wallet/", get(page))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_shown_where_the_operator_wants_them() {
    let world = World::with(Setup { pages: Some(pages()), ..Setup::default() }).await;
    let page = world.get("/wallet/").await;
    assert_eq!((page.status, page.body.as_slice()), (200, &b"a page"[..]));
    assert_eq!(page.headers["cache-control"], "no-cache", "pages say for themselves how long they keep");
    let head = world.send(world.request(Method::HEAD, "/wallet/").body(Vec::new()).unwrap()).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let posted = world.send(world.request(Method::POST, "/wallet/").body(Vec::new()).unwrap()).await;
    posted.is_problem(405, "method-not-allowed");
    world.get("/").await.is_problem(404, "no-such-route");
    world.get("/v1/nothing").await.is_problem(404, "no-such-route");
    let figures = String::from_utf8(world.get("/metrics").await.body).unwrap();
    assert!(figures.contains(r#"batzen_requests_total{route="/wallet/",status="200"} 2"#), "{figures}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_pages_there_are_none() {
    let world = World::new().await;
    world.get("/wallet/").await.is_problem(404, "no-such-route");
    world.end().await;
}
