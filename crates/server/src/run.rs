//! The server's life: from an open listener to the last answer.

use crate::checks;
use crate::policies;
use crate::router::router;
use crate::state::{Parts, Shared, SystemIds};
use crate::workers;
use axum::Router;
use https::{ServeError, ServeLimits, ServerTls};
use payments::IdSource;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Connections beside those of phones that listen, so that phones cannot keep tills out.
const CONNECTIONS_BESIDE: usize = 4_096;

/// Where the server listens.
pub struct Listener {
    /// An open listener.
    pub socket: TcpListener,
    /// How it shows itself; without, it speaks plain HTTP and must be on this machine only.
    pub tls: Option<ServerTls>,
}

/// Why a server ended before it was told to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The listener.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The listener's socket is broken.
    #[error("the listener's socket is broken: {0}")]
    Socket(std::io::Error),
    /// Plain HTTP where others could listen in.
    #[error(
        "{0} is not on this machine only; give the server a certificate, or listen on a loopback address"
    )]
    PlainNotLocal(SocketAddr),
    /// It is not known which policy holds.
    #[error("which policy holds could not be found out: {0}")]
    Policy(security::SecurityError),
    /// A worker ended by a panic.
    #[error("a worker failed")]
    Worker,
}

/// Runs the server until `shutdown` is ready, then answers what it has taken on and ends.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    parts: Parts,
    listener: Listener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    check_reach(&listener)?;
    let limits = ServeLimits {
        max_connections: parts.limits.listeners_max.saturating_add(CONNECTIONS_BESIDE),
        ..ServeLimits::default()
    };
    let check_every = parts.check_every;
    let server = Assembly::new(parts, Arc::new(SystemIds));
    policies::take_up(&server.shared).await.map_err(RunError::Policy)?;
    let (drained, is_drained) = watch::channel(false);
    let ruling = tokio::spawn(policies::work(server.shared.clone(), is_drained.clone()));
    let telling = tokio::spawn(workers::tell_merchants(server.shared.clone(), is_drained.clone()));
    let worker = tokio::spawn(server.work(workers::LOOK_AGAIN, is_drained.clone()));
    let keeper = tokio::spawn(workers::watch_keys(server.shared.clone(), is_drained.clone()));
    let checker = tokio::spawn(checks::work(server.shared.clone(), check_every, is_drained));
    let live = server.shared.live.clone();
    let shutdown = async move {
        shutdown.await;
        tracing::info!("shutting down: no new requests");
        live.drain();
    };
    let served = https::serve(listener.socket, listener.tls, server.routes(), shutdown, limits).await;
    drained.send_replace(true);
    worker.await.map_err(|_| RunError::Worker)?;
    checker.await.map_err(|_| RunError::Worker)?;
    keeper.await.map_err(|_| RunError::Worker)?;
    telling.await.map_err(|_| RunError::Worker)?;
    ruling.await.map_err(|_| RunError::Worker)?;
    served.map_err(RunError::from)
}

/// A payment server that is put together and listens nowhere: for a program that carries its requests itself, as
/// the simulator does.
pub struct Assembly {
    shared: Shared,
    pages: Router,
}

impl Assembly {
    /// Puts `parts` together; new ids are drawn from `ids`.
    pub fn new(mut parts: Parts, ids: Arc<dyn IdSource>) -> Self {
        let pages = parts.pages.take().unwrap_or_default();
        Self { shared: Shared::new(parts, ids), pages }
    }

    /// Every route, with its limits. A request's extensions name its sender's address, as `https::serve` does.
    pub fn routes(&self) -> Router {
        router(self.shared.clone(), self.pages.clone())
    }

    /// Does what the server does by itself until it is `drained`; looks for work at least every `look_again`.
    pub fn work(
        &self,
        look_again: Duration,
        drained: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<> {
        workers::work(self.shared.clone(), look_again, drained)
    }
}

/// Plain HTTP would show keys and codes to whoever listens in.
fn check_reach(listener: &Listener) -> Result<(), RunError> {
    let address = listener.socket.local_addr().map_err(RunError::Socket)?;
    if listener.tls.is_none() && !address.ip().to_canonical().is_loopback() {
        return Err(RunError::PlainNotLocal(address));
    }
    Ok(())
}
