//! The client and the accept loop over loopback without TLS: limits, deadlines, and what was surely not sent.

use axum::Router;
use axum::extract::Extension;
use axum::routing::{get, post};
use core::time::Duration;
use http::Request;
use https::{Client, HttpsError, Limits, PeerCertificate, Roots, ServeLimits, StreamLimits, serve};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

const LIMITS: Limits = Limits { deadline: Duration::from_secs(10), max_body_bytes: 64 };
/// A certificate authority made for this test; nothing here ever checks against it.
const ROOT: &[u8] = include_bytes!("../root.pem");

fn client() -> Client {
    Client::new(Roots::from_pem(ROOT).unwrap(), None)
}

fn router() -> Router {
    let who = |Extension(from): Extension<SocketAddr>, Extension(peer): Extension<PeerCertificate>| async move {
        format!("{} {:?}", from.ip(), peer.common_name())
    };
    Router::new()
        .route("/who", get(who))
        .route("/echo", post(|body: String| async move { body }))
        .route("/slow", post(core::future::pending::<()>))
        .route("/large", get(|| async { "x".repeat(65) }))
}

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<Result<(), https::ServeError>>,
}

async fn start(limits: ServeLimits) -> Running {
    start_with(limits, router()).await
}

async fn start_with(limits: ServeLimits, router: Router) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let ended = tokio::spawn(serve(listener, None, router, shutdown, limits));
    Running { address, stop, ended }
}

fn request(method: &str, address: SocketAddr, path: &str, body: &'static str) -> Request<&'static str> {
    Request::builder().method(method).uri(format!("http://{address}{path}")).body(body).unwrap()
}

#[tokio::test]
async fn answers_carry_the_peer_and_whole_bodies() {
    let server = start(ServeLimits::default()).await;
    let answer = client().send(request("GET", server.address, "/who", ""), LIMITS).await.unwrap();
    assert_eq!(answer.body(), "127.0.0.1 None");
    let answer = client().send(request("POST", server.address, "/echo", "hello"), LIMITS).await.unwrap();
    assert_eq!(answer.body(), "hello");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_refused() {
    let server = start(ServeLimits::default()).await;
    let error = client().send(request("GET", server.address, "/large", ""), LIMITS).await.unwrap_err();
    assert!(matches!(error, HttpsError::BodyTooLarge { max_body_bytes: 64, .. }), "{error}");
    assert!(!error.surely_not_sent());
}

#[tokio::test]
async fn silence_after_sending_is_unknown_and_refusal_to_connect_is_not() {
    let server = start(ServeLimits::default()).await;
    let short = Limits { deadline: Duration::from_millis(200), ..LIMITS };
    let error = client().send(request("POST", server.address, "/slow", "x"), short).await.unwrap_err();
    assert!(matches!(error, HttpsError::DeadlineBeforeAnswer(_)), "{error}");
    assert!(!error.surely_not_sent());

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = client().send(request("POST", closed, "/echo", "x"), LIMITS).await.unwrap_err();
    assert!(matches!(error, HttpsError::ConnectFailed { .. }), "{error}");
    assert!(error.surely_not_sent());
}

#[tokio::test]
async fn a_connection_lost_after_sending_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut some = [0; 16];
        stream.read_exact(&mut some).await.unwrap();
    });
    let error = client().send(request("POST", address, "/echo", "hello"), LIMITS).await.unwrap_err();
    assert!(matches!(error, HttpsError::Broken { .. }), "{error}");
    assert!(!error.surely_not_sent());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_surely_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let held = listener.accept().await;
        core::future::pending::<()>().await;
        drop(held);
    });
    let uri = format!("https://{address}/echo");
    let short = Limits { deadline: Duration::from_millis(200), ..LIMITS };
    let request = Request::builder().method("POST").uri(uri).body("hello").unwrap();
    let error = client().send(request, short).await.unwrap_err();
    assert!(matches!(error, HttpsError::ConnectFailed { .. }), "{error}");
    assert!(error.surely_not_sent());
    silent.abort();
}

#[tokio::test]
async fn plain_http_is_for_this_machine_only() {
    for address in [
        "http://example.org/",
        "http://127.0.0.1.example.org/",
        "http://127.0.0.1@example.org/",
        "https://user@localhost/",
        "ftp://localhost/",
        "/path",
    ] {
        let request = Request::builder().uri(address).body("").unwrap();
        let error = client().send(request, LIMITS).await.unwrap_err();
        assert!(matches!(error, HttpsError::BadAddress(_)), "{address}: {error}");
        assert!(error.surely_not_sent());
    }
}

#[tokio::test]
async fn a_stream_is_read_chunk_by_chunk_and_silence_ends_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // An answer before its question would be refused.
        let mut question = [0; 16];
        stream.read_exact(&mut question).await.unwrap();
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        core::future::pending::<()>().await;
    });
    let limits = StreamLimits { deadline: Duration::from_secs(10), idle: Duration::from_millis(200) };
    let answer = client().send_streaming(request("GET", address, "/", ""), limits).await.unwrap();
    let mut chunks = answer.into_body();
    assert_eq!(chunks.next().await.unwrap().unwrap(), "first");
    assert!(matches!(chunks.next().await, Err(HttpsError::DeadlineBeforeAnswer(_))));
}

#[tokio::test]
async fn a_client_that_dawdles_over_its_head_is_hung_up_on() {
    let limits = ServeLimits { header_timeout: Duration::from_millis(100), ..ServeLimits::default() };
    let server = start(limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /who HTTP/1.1\r\nhost:").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_client_that_asks_and_never_reads_is_hung_up_on() {
    struct Told(Option<oneshot::Sender<()>>);
    impl Drop for Told {
        fn drop(&mut self) {
            if let Some(told) = self.0.take() {
                let _ = told.send(());
            }
        }
    }
    let (gone, is_gone) = oneshot::channel();
    let gone = std::sync::Arc::new(std::sync::Mutex::new(Some(gone)));
    // An answer without end, which knows when nobody wants it any more.
    let endless = move || async move {
        let told = Told(gone.lock().unwrap().take());
        let bytes = futures_util::stream::repeat_with(move || {
            let _ = &told;
            Ok::<_, core::convert::Infallible>(vec![0_u8; 64 * 1024])
        });
        axum::body::Body::from_stream(bytes)
    };
    let limits = ServeLimits { write_timeout: Duration::from_millis(100), ..ServeLimits::default() };
    let server = start_with(limits, Router::new().route("/endless", get(endless))).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    is_gone.await.unwrap();
    drop(stream);
}

#[tokio::test]
async fn one_source_takes_so_many_places_and_no_more() {
    let limits = ServeLimits { max_connections_per_source: 2, ..ServeLimits::default() };
    let server = start(limits).await;
    let ask = async |stream: &mut TcpStream| {
        // The server may have closed it before the question.
        drop(stream.write_all(b"GET /who HTTP/1.1\r\nhost: here\r\n\r\n").await);
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.is_ok_and(|_| &start == b"HTTP/1.1 200")
    };
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        assert!(ask(&mut stream).await);
        kept.push(stream);
    }
    let mut one_more = TcpStream::connect(server.address).await.unwrap();
    assert!(!ask(&mut one_more).await);
    drop(kept);
    // Seats come back as soon as the server has seen the others go.
    loop {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        if ask(&mut stream).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_end_lets_nothing_new_in_and_cuts_what_hangs() {
    let limits = ServeLimits { drain: Duration::from_millis(100), ..ServeLimits::default() };
    let server = start(limits).await;
    let (client, address) = (client(), server.address);
    let hanging =
        tokio::spawn(async move { client.send(request("POST", address, "/slow", "x"), LIMITS).await });
    // The request must be inside before the end is asked for.
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop.send(()).unwrap();
    server.ended.await.unwrap().unwrap();
    assert!(!hanging.await.unwrap().unwrap_err().surely_not_sent());
    assert!(TcpStream::connect(address).await.is_err());
}
