//! Passing requests on to a service over HTTPS, answers back as they come.

use api::problem::{self, Problem, ProblemType};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request};
use axum::response::Response;
use https::{Chunks, Client, HttpsError, StreamLimits};
use std::sync::Arc;
use std::time::Duration;

/// The largest request body, as at the services.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// A little longer than the services take at most; and silence on a stream, where the server speaks every 15 s.
const LIMITS: StreamLimits =
    StreamLimits { deadline: Duration::from_secs(35), idle: Duration::from_secs(60) };
/// Headers that belong to one connection, and those that the client writes itself.
const OF_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HOST,
    header::EXPECT,
];

/// A service that requests are passed on to.
pub(super) struct Upstream {
    client: Client,
    base: String,
    /// What is taken off the front of each path.
    prefix: &'static str,
    /// How people call it.
    name: &'static str,
}

impl Upstream {
    pub(super) fn new(client: Client, base: String, prefix: &'static str, name: &'static str) -> Self {
        Self { client, base, prefix, name }
    }

    fn address(&self, parts: &request::Parts) -> String {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        format!("{}{}", self.base, path.strip_prefix(self.prefix).unwrap_or(path))
    }

    fn away(&self, error: &HttpsError) -> Response {
        let name = self.name;
        let detail = if error.surely_not_sent() {
            format!("{name} cannot be reached, and nothing happened. Is it running?")
        } else {
            format!("{name} gave no answer. What you asked for may or may not have happened; ask again.")
        };
        let title = "The gateway got no answer".to_owned();
        problem(&Problem { status: 502, title, ..Problem::new(ProblemType::Unavailable, detail) })
    }
}

/// Passes a request on and gives the answer back, chunk by chunk as it comes.
pub(super) async fn forward(State(upstream): State<Arc<Upstream>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        let detail = format!("A request has at most {BODY_BYTES_MAX} bytes.");
        return problem(&Problem::new(ProblemType::BodyTooLarge, detail));
    };
    let mut onward = http::Request::new(body);
    let Ok(address) = upstream.address(&parts).parse() else {
        return problem(&Problem::new(ProblemType::MalformedRequest, "The address is malformed."));
    };
    *onward.uri_mut() = address;
    *onward.method_mut() = parts.method;
    *onward.headers_mut() = passed_on(parts.headers);
    onward.headers_mut().remove(header::CONTENT_LENGTH);
    match upstream.client.send_streaming(onward, LIMITS).await {
        Ok(answer) => {
            let (head, chunks) = answer.into_parts();
            let mut response = Response::new(streamed(chunks));
            *response.status_mut() = head.status;
            *response.headers_mut() = passed_on(head.headers);
            response
        }
        Err(error) => upstream.away(&error),
    }
}

/// A problem as an answer.
pub(super) fn problem(problem: &Problem) -> Response {
    let body = serde_json::to_vec(problem).expect("problems have string keys and no failing parts");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Headers without those of one connection, be they well known or named by `Connection`.
fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in OF_CONNECTION {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers
}

/// Dropping the body, as when the browser leaves, ends the request to the service.
fn streamed(chunks: Chunks) -> Body {
    Body::from_stream(futures_util::stream::try_unfold(chunks, next_chunk))
}

async fn next_chunk(mut chunks: Chunks) -> Result<Option<(Bytes, Chunks)>, HttpsError> {
    Ok(chunks.next().await?.map(|chunk| (chunk, chunks)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::any;
    use futures_util::{FutureExt, StreamExt};
    use https::ServeLimits;
    use tokio::net::TcpListener;
    use tower::ServiceExt;

    /// What stands at `at`, asked through the gateway's routes.
    fn gateway(at: &str) -> Router {
        let client = Client::new(roots(), None);
        let upstream = Upstream::new(client, at.to_owned(), "/bank", "The bank");
        Router::new().route("/bank/{*path}", any(forward)).with_state(Arc::new(upstream))
    }

    fn roots() -> https::Roots {
        let authority = crate::setup::TlsAuthority::make_for_days("test", 1).unwrap();
        let root = crypto::x509::Certificate::read(authority.root_der()).unwrap();
        https::Roots::from_pem(root.to_pem().as_bytes()).unwrap()
    }

    async fn ask(gateway: Router, path: &str, body: &'static [u8]) -> Response {
        let request = Request::builder().method("POST").uri(path).body(Body::from(body)).unwrap();
        gateway.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_stream_is_passed_on_as_it_comes() {
        // The service says one thing and then nothing more, without an end.
        let endless = async |request: Request| {
            let path = request.uri().path().to_owned();
            let body = axum::body::to_bytes(request.into_body(), 100).await.unwrap();
            let first = [path.as_bytes(), b" ", &body].concat();
            let said = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(first))]);
            Body::from_stream(said.chain(futures_util::stream::pending()))
        };
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", socket.local_addr().unwrap());
        let service = Router::new().route("/stream", any(endless));
        let served = https::serve(socket, None, service, std::future::pending(), ServeLimits::default());
        let served = tokio::spawn(served);
        let mut body = ask(gateway(&at), "/bank/stream?x=1", b"hello").await.into_body().into_data_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), "/stream hello");
        assert!(body.next().now_or_never().is_none());
        served.abort();
    }

    #[tokio::test]
    async fn a_service_that_is_away_is_told_in_words() {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("http://{}", socket.local_addr().unwrap());
        drop(socket);
        let answer = ask(gateway(&at), "/bank/v1/login", b"").await;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], problem::CONTENT_TYPE);
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert!(
            problem.detail.starts_with("The bank cannot be reached, and nothing happened."),
            "{problem:?}"
        );
    }

    #[tokio::test]
    async fn a_body_that_no_service_takes_is_refused_here() {
        static LARGE: [u8; BODY_BYTES_MAX + 1] = [0; BODY_BYTES_MAX + 1];
        let answer = ask(gateway("http://127.0.0.1:9"), "/bank/v1/login", &LARGE).await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn headers_of_one_connection_stay_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Own"),
            ("x-own", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("host", "localhost"),
            ("authorization", "Bearer k"),
            ("signature", "s"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let passed = passed_on(headers);
        let mut names: Vec<&str> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "signature"]);
    }
}
