//! The demo's gateway: one address for a browser, behind which are the pages, the payment server's API and the
//! bank's door for customers.
//!
//! It listens on this machine only, in plain HTTP, which browsers trust there as they trust TLS elsewhere; on request
//! also for phones on the same network. It knows nothing of payments: it shows files and passes requests on.

mod desk;
mod guard;
mod lan;
mod proxy;

use crate::demo::seed::{self, Seeded};
use crate::failure::Failure;
use crate::service::{read_named, read_realm};
use crate::setup::{Folder, Ports};
use axum::Router;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::{any, get};
use desk::Desk;
use guard::Hosts;
use https::{Client, Roots, ServeLimits};
use lan::Lan;
use pages::{Front, Pages, PagesSettings};
use proxy::Upstream;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long answers under way may take when the demo ends; streams never end by themselves.
const DRAIN: Duration = Duration::from_secs(1);

pub(super) use lan::LanView;

/// Who may come in beside browsers on this machine.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reach {
    /// Nobody.
    ThisMachine,
    /// Phones on the same network; at this address, if it cannot be told otherwise.
    Network(Option<Ipv4Addr>),
}

/// The gateway's open doors.
pub(super) struct Gateway {
    socket: TcpListener,
    port: u16,
    lan: Option<Lan>,
}

impl Gateway {
    /// Takes the ports, so that one that is in use is told before anything else starts.
    pub(super) async fn open(folder: &Folder, ports: Ports, reach: Reach) -> Result<Self, Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.pages));
        let socket = listen(address).await?;
        let lan = match reach {
            Reach::ThisMachine => None,
            Reach::Network(address) => Some(Lan::open(folder, ports, address).await?),
        };
        Ok(Self { socket, port: ports.pages, lan })
    }

    /// The address for a browser.
    pub(super) fn url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// How a phone joins, if one may.
    pub(super) fn lan(&self) -> Option<LanView> {
        self.lan.as_ref().map(Lan::view)
    }

    /// Serves the demo in `folder` until `stop` is ready.
    pub(super) async fn serve(
        self,
        folder: &Folder,
        seeded: &Seeded,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        let router = router(folder, seeded, self.lan.as_ref())?;
        let limits = ServeLimits { drain: DRAIN, ..ServeLimits::default() };
        let (closing, _) = watch::channel(());
        let (local_end, lan_end) = (closed(closing.subscribe()), closed(closing.subscribe()));
        let lan = async {
            let Some(lan) = self.lan else { return Ok(()) };
            let router = lan_router(folder, &lan)?;
            Ok::<_, Failure>(https::serve(lan.socket, Some(lan.tls), router, lan_end, limits).await?)
        };
        let local = async { Ok(https::serve(self.socket, None, router, local_end, limits).await?) };
        let close = async {
            stop.await;
            closing.send_replace(());
            Ok(())
        };
        tokio::try_join!(local, lan, close)?;
        Ok(())
    }
}

async fn closed(mut closing: watch::Receiver<()>) {
    // No sender any more is an end too.
    let _ = closing.changed().await;
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!(
            "the pages cannot be shown at {address}: {error}; another --port and --dir makes another demo"
        ))
    })
}

/// What this machine's browser finds: the front page shows the others in frames.
fn router(folder: &Folder, seeded: &Seeded, lan: Option<&Lan>) -> Result<Router, Failure> {
    let realm_json = read_realm(&folder.realm_file())?;
    let pages = Pages::new(PagesSettings { realm_json, may_be_framed: true, front: Front::Demo });
    let desk = Desk::new(folder, seeded, lan.map(Lan::view))?.routes();
    let root = lan.map(Lan::root_route).unwrap_or_default();
    let routes = pages.merge(services(folder)?).merge(desk).merge(root);
    Ok(named(routes, ["localhost", "127.0.0.1"].map(str::to_owned)))
}

/// What a phone on the same network finds.
fn lan_router(folder: &Folder, lan: &Lan) -> Result<Router, Failure> {
    let realm_json = read_realm(&folder.realm_file())?;
    let pages = Pages::new(PagesSettings { realm_json, may_be_framed: false, front: Front::Join });
    Ok(named(pages.merge(services(folder)?).merge(lan.root_route()), [lan.host()]))
}

fn named(routes: Router, hosts: impl Into<Hosts>) -> Router {
    routes.layer(middleware::from_fn_with_state(hosts.into(), guard::named_hosts_only))
}

/// What is passed on: the payment server's API, but for what operators ask, and the bank's door for customers.
fn services(folder: &Folder) -> Result<Router, Failure> {
    let roots = Roots::from_pem(&read_named(&folder.roots())?)
        .map_err(|error| Failure::new(format!("{}: {error}", folder.roots().display())))?;
    let client = Client::new(roots, None);
    let bank_port = bank::BankConfig::from_file(&folder.bank_config())?.customer_listen.port();
    let server = Upstream::new(client.clone(), seed::server_url(folder)?, "", "The payment server");
    let bank = Upstream::new(client, format!("https://localhost:{bank_port}"), "/bank", "The bank");
    let server = Router::new().route("/v1/{*path}", any(proxy::forward)).with_state(Arc::new(server));
    let bank = Router::new()
        .route("/bank/", any(proxy::forward))
        .route("/bank/{*path}", any(proxy::forward))
        .with_state(Arc::new(bank));
    let own = Router::new()
        .route("/v1/admin/{*path}", any(guard::nothing_here))
        .route("/bank", get(async || Redirect::permanent("/bank/")));
    Ok(server.merge(bank).merge(own))
}
