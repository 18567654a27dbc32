//! Whom the gateway answers: a browser that meant this door, and for the demo's own secrets the demo's own page
//! alone.

use super::proxy::problem;
use api::problem::{Problem, ProblemType};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header, uri::Authority};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// The names that a door answers to, without ports.
pub(super) type Hosts = Arc<[String]>;

/// Refuses requests that name another host: a stranger's page could have its own name lead here (DNS rebinding) and
/// would then count as our origin.
pub(super) async fn named_hosts_only(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if names_one(request.headers(), &hosts) {
        return next.run(request).await;
    }
    let detail = format!("The demo answers here to {} only.", hosts.join(" and "));
    problem(&Problem { status: 421, ..Problem::new(ProblemType::Forbidden, detail) })
}

fn names_one(headers: &HeaderMap, hosts: &[String]) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| hosts.iter().any(|one| one == host.host()) && !host.as_str().contains('@'))
}

/// Refuses requests that another origin's page makes.
pub(super) async fn own_page_only(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site");
    if site.is_none_or(|site| site == "same-origin") {
        return next.run(request).await;
    }
    problem(&Problem::new(ProblemType::Forbidden, "This is for the demo's own page."))
}

/// What operators ask is not asked through a browser's door.
pub(super) async fn nothing_here() -> Response {
    problem(&Problem::new(ProblemType::NoSuchRoute, "Operators use `batzen admin`."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_has_its_names_at_any_port() {
        let hosts = ["localhost", "127.0.0.1"].map(str::to_owned);
        for (host, expected) in [
            ("localhost", true),
            ("localhost:7446", true),
            ("127.0.0.1:7446", true),
            ("evil.example:7446", false),
            ("localhost.evil.example", false),
            ("localhost@evil.example", false),
            ("evil@localhost", false),
            ("127.0.0.2", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(names_one(&headers, &hosts), expected, "{host:?}");
        }
        assert!(!names_one(&HeaderMap::new(), &hosts));
    }
}
