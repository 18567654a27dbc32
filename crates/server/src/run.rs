//! The server's life: from an open listener to the last answer.

use crate::router::router;
use crate::state::{Parts, Shared};
use crate::workers;
use https::{ServeError, ServeLimits, ServerTls};
use std::future::Future;
use tokio::net::TcpListener;
use tokio::sync::watch;

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
    let shared = Shared::new(parts);
    let (drained, is_drained) = watch::channel(false);
    let worker = tokio::spawn(workers::work(shared.clone(), is_drained));
    let live = shared.live.clone();
    let shutdown = async move {
        shutdown.await;
        tracing::info!("shutting down: no new requests");
        live.drain();
    };
    let limits = ServeLimits::default();
    let served = https::serve(listener.socket, listener.tls, router(shared), shutdown, limits).await;
    drained.send_replace(true);
    worker.await.map_err(|_| RunError::Worker)?;
    served.map_err(RunError::from)
}
