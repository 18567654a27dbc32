//! The HTTP/1.1 client: pooled, bounded in time and size, cheap to clone.

use crate::body::{Abandoned, Progress, TrackedBody};
use crate::error::{find, is_client_refused, root_cause, tls_in_words};
use crate::reach::{Guarded, NotPublic};
use crate::{HttpsError, Identity, Reach, Roots};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout, timeout_at};
use tower::Service;

/// Longest wait for a TCP and TLS connection, however long the caller's deadline is.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Idle connections are dropped before the server's side drops them, so that few requests meet a dead one.
const IDLE_MAX: Duration = Duration::from_secs(15);
const IDLE_PER_HOST_MAX: usize = 64;
/// Largest head of an answer, and largest chunk of a stream, bytes.
const BUFFER_MAX: usize = 64 * 1024;

/// What a caller allows one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the call to the last byte of the answer.
    pub deadline: Duration,
    /// Largest body of an answer.
    pub max_body_bytes: usize,
}

/// What a caller allows one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// From the call to the head of the answer.
    pub deadline: Duration,
    /// Longest silence between two chunks; servers send a comment or heartbeat more often.
    pub idle: Duration,
}

/// Calls `https://` addresses whose certificates our own roots vouch for, and `http://` on this machine.
#[derive(Clone, Debug)]
pub struct Client {
    pool: Pool<TimedConnector, TrackedBody>,
    reach: Reach,
}

impl Client {
    /// A client that trusts `roots` alone and shows `identity` to servers that ask.
    pub fn new(roots: Roots, identity: Option<Identity>) -> Self {
        Self::with_reach(roots, identity, Reach::Anywhere)
    }

    /// The same, for addresses that others chose: connects only where `reach` lets it.
    pub fn with_reach(roots: Roots, identity: Option<Identity>, reach: Reach) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Guarded::new(reach));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_MAX));
        let tls = HttpsConnectorBuilder::new()
            .with_tls_config(crate::tls::client_config(&roots, identity))
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let pool = Pool::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .http1_max_buf_size(BUFFER_MAX)
            .build(TimedConnector(tls));
        Self { pool, reach }
    }

    /// Whether this client may call the address, as far as can be told before a name is looked up.
    ///
    /// # Errors
    /// [`HttpsError::BadAddress`], [`HttpsError::NotPublic`].
    pub fn check_address(&self, address: &Uri) -> Result<(), HttpsError> {
        check_address(address, self.reach).map(drop)
    }

    /// Sends `request` once and gives back the whole answer, whatever its status. Redirects are not followed.
    ///
    /// # Errors
    /// [`HttpsError`]; ask it `surely_not_sent` before sending again something that must act once.
    pub async fn send<B: Into<Bytes>>(
        &self,
        request: Request<B>,
        limits: Limits,
    ) -> Result<Response<Bytes>, HttpsError> {
        let deadline = Instant::now() + limits.deadline;
        let (to, response) = self.start(request, deadline).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, limits.max_body_bytes).collect();
        match timeout_at(deadline, body).await {
            Err(_) => Err(HttpsError::DeadlineBeforeAnswer(to)),
            Ok(Ok(body)) => Ok(Response::from_parts(head, body.to_bytes())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                Err(HttpsError::BodyTooLarge { to, max_body_bytes: limits.max_body_bytes })
            }
            Ok(Err(error)) => Err(HttpsError::Broken { to, cause: root_cause(error.as_ref()) }),
        }
    }

    /// Sends `request` and gives back the head of the answer with its body as chunks, for server-sent events.
    ///
    /// # Errors
    /// [`HttpsError`] as [`Client::send`].
    pub async fn send_streaming<B: Into<Bytes>>(
        &self,
        request: Request<B>,
        limits: StreamLimits,
    ) -> Result<Response<Chunks>, HttpsError> {
        let (to, response) = self.start(request, Instant::now() + limits.deadline).await?;
        Ok(response.map(|body| Chunks { body, idle: limits.idle, to }))
    }

    async fn start<B: Into<Bytes>>(
        &self,
        request: Request<B>,
        deadline: Instant,
    ) -> Result<(String, Response<Incoming>), HttpsError> {
        let to = check_address(request.uri(), self.reach)?;
        let progress = Progress::default();
        let request = request.map(|body| TrackedBody::new(body.into(), progress.clone()));
        match timeout_at(deadline, self.pool.request(request)).await {
            Ok(Ok(response)) => Ok((to, response)),
            Ok(Err(error)) => Err(sort_error(to, &error, &progress)),
            Err(_) if progress.abandon() => {
                Err(HttpsError::ConnectFailed { to, cause: "not connected within the deadline".to_owned() })
            }
            Err(_) => Err(HttpsError::DeadlineBeforeAnswer(to)),
        }
    }
}

/// An answer's body, chunk by chunk. Dropping it ends the request.
#[derive(Debug)]
pub struct Chunks {
    body: Incoming,
    idle: Duration,
    to: String,
}

impl Chunks {
    /// The next chunk, at most 64 KiB; `None` at the end.
    ///
    /// # Errors
    /// [`HttpsError::DeadlineBeforeAnswer`] after too long a silence, [`HttpsError::Broken`] if the connection is
    /// lost.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpsError> {
        loop {
            let frame = timeout(self.idle, self.body.frame()).await;
            match frame.map_err(|_| HttpsError::DeadlineBeforeAnswer(self.to.clone()))? {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        return Ok(Some(chunk));
                    }
                }
                Some(Err(error)) => {
                    return Err(HttpsError::Broken { to: self.to.clone(), cause: root_cause(&error) });
                }
            }
        }
    }
}

/// Host and port as told in errors, if the address may be called.
fn check_address(uri: &Uri, reach: Reach) -> Result<String, HttpsError> {
    let bad = || {
        HttpsError::BadAddress(uri.scheme_str().map_or_else(
            || uri.path().to_owned(),
            |scheme| format!("{scheme}://{}", uri.host().unwrap_or_default()),
        ))
    };
    let authority = uri.authority().ok_or_else(bad)?;
    if authority.as_str().contains('@') {
        return Err(bad());
    }
    let secure = uri.scheme() == Some(&Scheme::HTTPS);
    let here = reach == Reach::Anywhere
        && uri.scheme() == Some(&Scheme::HTTP)
        && matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
    if !(secure || here) {
        return Err(bad());
    }
    // Numbers are not looked up, so that the resolver does not see them.
    if reach.allows_host(authority.host()) {
        Ok(authority.to_string())
    } else {
        Err(HttpsError::NotPublic(authority.to_string()))
    }
}

fn sort_error(to: String, error: &hyper_util::client::legacy::Error, progress: &Progress) -> HttpsError {
    let tls = find::<rustls::Error>(error);
    if find::<NotPublic>(error).is_some() {
        return HttpsError::NotPublic(to);
    }
    if error.is_connect() || progress.abandon() || find::<Abandoned>(error).is_some() {
        return match tls {
            Some(tls) => HttpsError::Tls { to, cause: tls_in_words(tls) },
            None => HttpsError::ConnectFailed { to, cause: root_cause(error) },
        };
    }
    match tls {
        Some(tls) if is_client_refused(tls) => HttpsError::Tls { to, cause: tls_in_words(tls) },
        _ => HttpsError::Broken { to, cause: root_cause(error) },
    }
}

/// The connector with an end to its patience: a peer that accepts TCP and then stays silent in the handshake
/// would otherwise hold a task for ever.
#[derive(Clone, Debug)]
struct TimedConnector(HttpsConnector<HttpConnector<Guarded>>);

type Connection = <HttpsConnector<HttpConnector<Guarded>> as Service<Uri>>::Response;
type BoxError = Box<dyn core::error::Error + Send + Sync>;

impl Service<Uri> for TimedConnector {
    type Response = Connection;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let connecting = self.0.call(address);
        Box::pin(async move {
            match timeout(CONNECT_MAX, connecting).await {
                Ok(outcome) => outcome,
                Err(_) => Err("the other side did not finish the handshake in time".into()),
            }
        })
    }
}
