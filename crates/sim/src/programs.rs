//! The payment server and the bank as they are, started on a simulated disk with a simulated clock and network.

use crate::chance::Chance;
use crate::clock::MachineClock;
use crate::net::{Carried, Net};
use crate::node::{Node, Start, Started, Writer};
use crate::template::{BANK, PARTNER, Secrets};
use bank::{Bank, Partner, Settings};
use crypto::hash::sha256;
use http::Request;
use https::{Bytes, HttpsError, Limits, PeerCertificate};
use model::Clock;
use payments::{IdSource, Terms};
use providers::{BankAddress, BankProvider, Carrier, CarrierFuture};
use security::Security;
use server::{Assembly, Parts, ServerLimits};
use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{EmbeddedStore, ManualWriter, Options};
use tokio::sync::watch;
use tokio::time::sleep;

/// Where every request comes from.
pub(crate) const SOURCE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 40_000);
/// How often the bank ends what is due.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(30);
/// How long a hold lasts at the bank.
const HOLD_LIFETIME_S: i64 = 3 * 3_600;

pub(crate) type ServerNode = Node<Arc<EmbeddedStore>>;
pub(crate) type BankNode = Node<Bank>;

/// How the server of a history is to be.
pub(crate) struct ServerSetup {
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) clock: MachineClock,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) net: Arc<Net>,
    pub(crate) bank: Arc<BankNode>,
    pub(crate) capture_window_s: i64,
    pub(crate) look_again_ms: u64,
    /// The fill of half its store's log, bytes; none if each batch is a commit of the engine.
    pub(crate) log_bytes: Option<u64>,
    pub(crate) chance: Chance,
}

pub(crate) fn server(setup: ServerSetup) -> Start<Arc<EmbeddedStore>> {
    let chance = Arc::new(Mutex::new(setup.chance.clone()));
    Box::new(move |disk| {
        let options = Options { cache_bytes: 8 << 20, check_pages: false };
        let opened = match setup.log_bytes {
            Some(bytes) => {
                EmbeddedStore::open_manual_with_log(disk.clone(), disk.log_halves(), bytes, options)
            }
            None => EmbeddedStore::open_manual(disk, options),
        };
        let (store, writer) = opened.map_err(|error| error.to_string())?;
        let store = Arc::new(store);
        let secrets = &setup.secrets;
        let security = Security::new(store.clone(), secrets.keys.clone(), secrets.policy.clone())
            .map_err(|error| error.to_string())?;
        let carrier = BankLine {
            net: setup.net.clone(),
            bank: setup.bank.clone(),
            secrets: secrets.clone(),
            chance: chance.clone(),
        };
        let address = BankAddress {
            partner_url: "https://bank.example".to_owned(),
            customer_url: "https://bank.example".to_owned(),
            customer_page_url: None,
            partner_name: PARTNER.to_owned(),
        };
        let provider: Arc<dyn payments::Provider> = Arc::new(BankProvider::new(address, carrier));
        let bank = BANK.parse().map_err(|_| "the bank's name is none".to_owned())?;
        let parts = Parts {
            store: store.clone(),
            keys: secrets.keys.clone(),
            security: Arc::new(security),
            providers: HashMap::from([(bank, provider)]),
            clock: Arc::new(setup.clock.clone()),
            terms: Terms { capture_window_s: setup.capture_window_s, ..Terms::default() },
            operator_key_hash: sha256(&[secrets.operator_key.as_bytes()]),
            limits: ServerLimits::default(),
            check_every: None,
            emv_profile: None,
            webhooks: None,
            pages: None,
        };
        let server = Assembly::new(parts, setup.ids.clone());
        let (keep, drained) = watch::channel(false);
        let working = server.work(Duration::from_millis(setup.look_again_ms), drained);
        let work = Box::pin(async move {
            working.await;
            drop(keep);
        });
        Ok(Started { routes: server.routes(), writer: Box::new(ServerWriter(writer)), work, inside: store })
    })
}

pub(crate) fn bank(secrets: Arc<Secrets>, clock: MachineClock) -> Start<Bank> {
    Box::new(move |disk| {
        let clock = clock.clone();
        let settings =
            Settings { hold_lifetime_s: HOLD_LIFETIME_S, clock: bank::Clock::from_fn(move || clock.now()) };
        let (bank, writer) = Bank::open_manual(disk, settings).map_err(|error| error.to_string())?;
        let name = PARTNER.parse().map_err(|_| "the partner's name is none".to_owned())?;
        let partners = [Partner::new(name, secrets.keys.statement_public_key())];
        let working = bank.clone();
        let work = Box::pin(async move {
            // What fails here fails for want of a disk, and the machine is stopped for that.
            let _ = working.set_partners(&partners).await;
            loop {
                sleep(EXPIRY_INTERVAL).await;
                let _ = working.expire_due().await;
            }
        });
        let failed = bank.failure();
        let writer = Box::new(BankWriter { writer, failed });
        Ok(Started { routes: bank.partner_door(), writer, work, inside: bank })
    })
}

struct ServerWriter(ManualWriter);

impl Writer for ServerWriter {
    fn wait(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.0.wait())
    }

    fn turn(&mut self) {
        self.0.turn();
    }

    /// The server goes on: it tells everybody that its store has failed, until an operator starts it again.
    fn has_failed(&self) -> bool {
        false
    }
}

struct BankWriter {
    writer: bank::ManualWriter,
    failed: watch::Receiver<Option<bank::StoreError>>,
}

impl Writer for BankWriter {
    fn wait(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            if !self.writer.wait().await {
                std::future::pending::<()>().await;
            }
        })
    }

    fn turn(&mut self) {
        self.writer.turn();
    }

    fn has_failed(&self) -> bool {
        self.failed.borrow().is_some()
    }
}

/// The server's line to the bank.
struct BankLine {
    net: Arc<Net>,
    bank: Arc<BankNode>,
    secrets: Arc<Secrets>,
    chance: Arc<Mutex<Chance>>,
}

impl Carrier for BankLine {
    fn carry(&self, request: Request<Vec<u8>>, limits: Limits) -> CarrierFuture<'_> {
        Box::pin(async move {
            let mut chance = Chance::of(&[self.chance.lock().unwrap_or_else(PoisonError::into_inner).draw()]);
            let mut request = request.map(Bytes::from);
            request.extensions_mut().insert(SOURCE);
            request.extensions_mut().insert(PeerCertificate(Some(self.secrets.partner_certificate.clone())));
            let path = request.uri().path().to_owned();
            let what = move || format!("server to bank, {path}");
            let within_ms = u64::try_from(limits.deadline.as_millis()).unwrap_or(u64::MAX);
            let to = || "bank".to_owned();
            if self.net.is_bank_silent() {
                sleep(limits.deadline).await;
                return Err(HttpsError::DeadlineBeforeAnswer(to()));
            }
            match self.net.exchange(&self.bank, request, &what, within_ms, &mut chance).await {
                Carried::Answer(status, body) => {
                    let mut answer = http::Response::new(body);
                    *answer.status_mut() = status;
                    Ok(answer)
                }
                Carried::NotSent => {
                    Err(HttpsError::ConnectFailed { to: to(), cause: "connection refused".to_owned() })
                }
                Carried::Lost => Err(HttpsError::DeadlineBeforeAnswer(to())),
            }
        })
    }
}

/// Ids from a seed.
pub(crate) struct SeededIds(pub(crate) Mutex<Chance>);

impl IdSource for SeededIds {
    fn random(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).draw()
    }
}
