//! Starts the bank: opens its store and both doors, serves, ends gracefully.

use crate::routes::{customer_routes, partner_routes};
use crate::{Bank, BankConfig, BankError, Clock, Settings, StoreError};
use axum::Router;
use core::future::Future;
use core::time::Duration;
use https::{ServeError, ServeLimits, ServerTls, serve};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Opens the bank as configured and serves it until `shutdown`, then lets requests underway finish.
///
/// # Errors
/// [`BankError`]: what is wrong with configuration, certificates, addresses or store, at start or later.
pub async fn run(config: BankConfig, shutdown: impl Future<Output = ()>) -> Result<(), BankError> {
    let settings = Settings { hold_lifetime_s: i64::from(config.hold_lifetime_s), clock: Clock::system() };
    let doors = Doors::open(&config).await?;
    let bank = Bank::open(&config.data_dir, settings)?;
    doors.serve(bank, shutdown).await
}

/// Both doors' addresses and certificates, had and read but not yet serving.
#[derive(Debug)]
pub struct Doors {
    partner: (TcpListener, SocketAddr),
    customer: (TcpListener, SocketAddr),
    partner_tls: ServerTls,
    customer_tls: ServerTls,
    config: BankConfig,
}

impl Doors {
    /// Reads the certificates and takes the addresses.
    ///
    /// # Errors
    /// [`BankError::Config`], [`BankError::Credentials`], [`BankError::Listen`].
    pub async fn open(config: &BankConfig) -> Result<Self, BankError> {
        config.check_ranges().map_err(|cause| BankError::Config { path: config.data_dir.clone(), cause })?;
        let identity = config.read_identity()?;
        let partner_roots = Some(config.read_partner_roots()?);
        Ok(Self {
            partner: listen(config.partner_listen).await?,
            customer: listen(config.customer_listen).await?,
            partner_tls: ServerTls {
                identity: identity.clone(),
                client_roots: partner_roots,
                require_client: true,
            },
            customer_tls: ServerTls { identity, client_roots: None, require_client: false },
            config: config.clone(),
        })
    }

    /// Where partners connect; the port that was had if the configuration said 0.
    pub fn partner_address(&self) -> SocketAddr {
        self.partner.1
    }

    /// Where customers connect.
    pub fn customer_address(&self) -> SocketAddr {
        self.customer.1
    }

    /// Makes the configured partners the bank's, and serves `bank` until `shutdown` or until its store fails.
    ///
    /// # Errors
    /// [`BankError::Store`] if the store fails, [`BankError::Serve`] if a door does.
    pub async fn serve(self, bank: Bank, shutdown: impl Future<Output = ()>) -> Result<(), BankError> {
        bank.set_partners(&self.config.partners).await?;
        let (stop, stopped) = watch::channel(false);
        let limits =
            ServeLimits { drain: Duration::from_secs(self.config.drain_s.into()), ..ServeLimits::default() };
        let customer_router = customer_routes(bank.clone(), self.config.logins_per_minute);
        tracing::info!(partner = %self.partner.1, customer = %self.customer.1, "the bank is open");
        let partner = door(self.partner.0, self.partner_tls, partner_routes(bank.clone()), &stopped, limits);
        let customer = door(self.customer.0, self.customer_tls, customer_router, &stopped, limits);
        let interval = Duration::from_secs(self.config.expiry_interval_s.into());
        let expiry = bank.clone().expire_until(interval, until(stopped.clone()));
        let stopping = async {
            let failure = tokio::select! {
                () = shutdown => None,
                failure = first_failure(bank.failure()) => Some(failure),
                () = until(stopped.clone()) => None,
            };
            stop.send_replace(true);
            failure
        };
        // A door that fails takes the other one with it.
        let watched = |served: Result<(), ServeError>| {
            stop.send_replace(true);
            served
        };
        let partner = async { watched(partner.await) };
        let customer = async { watched(customer.await) };
        let (partner, customer, (), failure) = tokio::join!(partner, customer, expiry, stopping);
        tracing::info!("the bank is closed");
        partner?;
        customer?;
        failure.map_or(Ok(()), |error| Err(error.into()))
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), BankError> {
    let failed = |error: std::io::Error| BankError::Listen { address, cause: error.to_string() };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let had = listener.local_addr().map_err(failed)?;
    Ok((listener, had))
}

fn door(
    listener: TcpListener,
    tls: ServerTls,
    router: Router,
    stopped: &watch::Receiver<bool>,
    limits: ServeLimits,
) -> impl Future<Output = Result<(), ServeError>> + use<> {
    serve(listener, Some(tls), router, until(stopped.clone()), limits)
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which ends things as well.
    drop(stopped.wait_for(|stopped| *stopped).await);
}

async fn first_failure(mut failure: watch::Receiver<Option<StoreError>>) -> StoreError {
    match failure.wait_for(Option::is_some).await {
        Ok(error) => error.clone().unwrap_or(StoreError::Closed),
        Err(_) => StoreError::Closed,
    }
}
