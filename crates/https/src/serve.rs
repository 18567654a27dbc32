//! The accept loop: TLS or plain TCP, HTTP/1.1, limits everywhere, and an end that lets requests finish.

use crate::error::{find, tls_in_words};
use crate::patience::Patient;
use crate::sources::{Seat, Sources};
use crate::{Identity, PeerCertificate, Roots, ServeError};
use axum::Router;
use axum::body::Body;
use core::convert::Infallible;
use core::future::Future;
use core::time::Duration;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Largest head of a request, bytes; also what a connection buffers of a body at once.
const HEAD_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 64;
/// Pause after a failed `accept`, mostly for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a server shows itself, and whom it lets in.
#[derive(Clone, Debug)]
pub struct ServerTls {
    /// The server's certificate and key.
    pub identity: Identity,
    /// Who issues client certificates; `None` asks for none.
    pub client_roots: Option<Roots>,
    /// Whether a client without a certificate is refused in the handshake.
    pub require_client: bool,
}

/// The limits of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeLimits {
    /// Connections at once; more wait in the system's queue.
    pub max_connections: usize,
    /// Connections at once from one [`network`](crate::network), so that no single machine takes all places; more
    /// are closed at once.
    pub max_connections_per_source: usize,
    /// For the TLS handshake.
    pub handshake_timeout: Duration,
    /// For a request's head, and for the silence between two requests on one connection.
    pub header_timeout: Duration,
    /// For a client that takes none of what it is sent, then its connection is cut.
    pub write_timeout: Duration,
    /// For requests underway when the server ends; then they are cut.
    pub drain: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_connections_per_source: 1024,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// Serves `router` on `listener` until `shutdown` is ready, then lets requests underway finish.
///
/// Without `tls` it speaks plain HTTP; the caller sees to it that the listener is on this machine only. Each
/// request carries [`PeerCertificate`] and [`SocketAddr`] in its extensions. Limits on bodies and on a handler's
/// time are the router's.
///
/// # Errors
/// [`ServeError`] if the TLS settings do not fit, or the listener is broken.
pub async fn serve(
    listener: TcpListener,
    tls: Option<ServerTls>,
    router: Router,
    shutdown: impl Future<Output = ()>,
    limits: ServeLimits,
) -> Result<(), ServeError> {
    let acceptor = match &tls {
        Some(tls) => Some(TlsAcceptor::from(Arc::new(crate::tls::server_config(tls)?))),
        None => None,
    };
    let door = Arc::new(Door { acceptor, router, limits });
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let sources = Sources::new(limits.max_connections_per_source);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => note_panic(ended),
            (accepted, place) = accept(&listener, &places) => match accepted {
                Ok((stream, from)) => match sources.take(from.ip()) {
                    Some(seat) => {
                        let taken = (place, seat);
                        connections.spawn(Arc::clone(&door).connection(stream, from, taken, graceful.watcher()));
                    }
                    None => tracing::debug!(%from, "too many connections from there"),
                },
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    drain(graceful, connections, limits.drain).await;
    Ok(())
}

async fn drain(graceful: GracefulShutdown, mut connections: JoinSet<()>, patience: Duration) {
    let finish = async {
        graceful.shutdown().await;
        while let Some(ended) = connections.join_next().await {
            note_panic(ended);
        }
    };
    if timeout(patience, finish).await.is_err() {
        tracing::warn!(cut = connections.len(), "connections still busy at the end were cut");
        connections.shutdown().await;
    }
}

/// Takes a place first, so that connections beyond the limit wait in the system's queue.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (std::io::Result<(TcpStream, SocketAddr)>, OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    (listener.accept().await, place)
}

fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a request's handler panicked; its connection was closed");
    }
}

/// What all connections of one listener share.
struct Door {
    acceptor: Option<TlsAcceptor>,
    router: Router,
    limits: ServeLimits,
}

impl Door {
    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        from: SocketAddr,
        _taken: (OwnedSemaphorePermit, Seat),
        watcher: Watcher,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%from, %error, "no immediate sending on this connection");
        }
        let stream = Patient::new(stream, self.limits.write_timeout);
        let Some(acceptor) = &self.acceptor else {
            return self.http(stream, from, PeerCertificate(None), watcher).await;
        };
        match timeout(self.limits.handshake_timeout, acceptor.accept(stream)).await {
            Err(_) => tracing::debug!(%from, "TLS handshake not finished in time"),
            Ok(Err(error)) => {
                let cause = find::<rustls::Error>(&error).map_or_else(|| error.to_string(), tls_in_words);
                tracing::info!(%from, cause, "TLS handshake refused");
            }
            Ok(Ok(stream)) => {
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let peer = PeerCertificate(shown.map(|certificate| certificate.to_vec()));
                self.http(stream, from, peer, watcher).await;
            }
        }
    }

    async fn http<S>(&self, stream: S, from: SocketAddr, peer: PeerCertificate, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            request.extensions_mut().insert(from);
            let router = router.clone();
            async move { Ok::<_, Infallible>(answer(router, request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_timeout)
            .max_buf_size(HEAD_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%from, %error, "connection ended early");
        }
    }
}

async fn answer(router: Router, request: Request<Incoming>) -> axum::response::Response {
    match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
