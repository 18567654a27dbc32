//! The payment server under measure: its real routes, security management and store in a folder on the disk, as
//! `batzen server` puts them together, on plain HTTP on this machine.

use super::reference_bank::ReferenceBank;
use super::sales::{self, Sale};
use super::scene::{self, Phone, Till};
use crate::demo::free_ports;
use crate::failure::Failure;
use crate::service::{
    AnyStore, PostgresConfig, ServerConfig, StoreConfig, SystemClock, database, open_keys, parts, signed_by,
};
use crate::setup::{Browsing, Folder};
use model::{CaptureId, Clock, LinkId, Money, PaymentId, RefundId, Timestamp};
use payments::check::check;
use payments::{Authorisation, BookingAnswer, HoldRequest, LinkAnswer, Provider, ProviderFuture};
use protocol::payment_code::{RecipientKey, Suite};
use protocol::realm::Realm;
use records::Queries;
use security::{KeyStore, PaymentEpoch};
use server::{Listener, ServerLimits};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The name of the one provider.
pub(super) const PROVIDER: &str = "bank";

/// How long bookings may take to be caught up with after a load.
const SETTLE_WITHIN: Duration = Duration::from_secs(300);

/// Who holds and books the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paying {
    /// A provider in this process that says yes at once and keeps nothing.
    Instant,
    /// The reference bank, over HTTPS with mutual TLS, with its own store in the same folder.
    Bank,
}

/// Where payments are kept.
#[derive(Clone, Debug)]
pub(super) enum Keeping {
    /// In a file of the system's folder.
    File,
    /// In this database, which is empty, by so many servers.
    Postgres { url: String, servers: usize, writers: u8, readers: u8 },
}

/// Something that serves until it is told to end.
pub(super) struct Serving {
    pub(super) address: SocketAddr,
    pub(super) stop: oneshot::Sender<()>,
    pub(super) ended: JoinHandle<Result<(), Failure>>,
}

impl Serving {
    pub(super) async fn end(self) -> Result<(), Failure> {
        drop(self.stop);
        self.ended.await.map_err(|_| Failure::new("a server of the bench panicked"))?
    }
}

/// A payment server with its customers and tills.
pub(super) struct System {
    config: ServerConfig,
    stores: Vec<AnyStore>,
    keys: Arc<dyn KeyStore>,
    epoch: PaymentEpoch,
    recipient: RecipientKey,
    servings: Vec<Serving>,
    bank: Option<ReferenceBank>,
    phones: Vec<Phone>,
    pub(super) tills: Vec<Till>,
}

impl System {
    /// Makes everything in `path`, which is new or empty.
    pub(super) async fn start(
        path: &Path,
        keeping: Keeping,
        paying: Paying,
        enrolments: usize,
        tills: u32,
    ) -> Result<Self, Failure> {
        std::fs::create_dir_all(path)?;
        let folder = Folder::at(path)?;
        folder.make(&Realm::new("bench")?, free_ports()?, Browsing::Apart, Suite::X25519)?;
        let mut config = ServerConfig::from_file(&folder.server_config())?;
        let mut servers = 1;
        if let Keeping::Postgres { url, servers: count, writers, readers } = keeping {
            let store = PostgresConfig {
                postgres: url,
                password: None,
                roots: None,
                unprotected: false,
                writers,
                readers,
                homes: 1,
            };
            database(&store)?.migrate(false).await?;
            config.store = StoreConfig::Postgres(store);
            servers = count;
        }
        let first = AnyStore::open(&config.store).await?;
        let keys: Arc<dyn KeyStore> = Arc::new(open_keys(&config)?);
        let (bank, account_refs) = match paying {
            Paying::Instant => (None, vec!["instant".to_owned()]),
            Paying::Bank => {
                let bank = ReferenceBank::open(&folder).await?;
                let parts = parts(&config, &first)?;
                let provider = parts.providers.values().next();
                let provider = provider.ok_or_else(|| Failure::new("the configuration names no bank"))?;
                let account_refs = bank.link_accounts(provider.as_ref()).await?;
                (Some(bank), account_refs)
            }
        };
        let now = SystemClock.now();
        let phones = scene::enrol(&*first.port(), &*keys, enrolments, &account_refs, now).await?;
        let tills = scene::register_tills(&*first.port(), tills, now).await?;
        let (epoch, recipient) = payment_key(&*keys)?;
        let (mut stores, mut servings) = (vec![first], Vec::new());
        while stores.len() < servers {
            stores.push(AnyStore::open(&config.store).await?);
        }
        for store in &stores {
            servings.push(serve(&config, store, paying).await?);
        }
        Ok(Self { config, stores, keys, epoch, recipient, servings, bank, phones, tills })
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.servings.iter().map(|serving| serving.address).collect()
    }

    fn queries(&self) -> &dyn Queries {
        self.stores[0].queries()
    }

    /// `count` sales for each connection.
    pub(super) fn make_sales(&mut self, connections: usize, count: usize) -> Result<Vec<Vec<Sale>>, Failure> {
        sales::make(&self.recipient, &mut self.phones, &self.tills, connections, count)
    }

    /// What the cryptography of this system's payments needs.
    pub(super) fn codes(&self) -> super::ceilings::Codes {
        let (recipient, holder) = (self.recipient.clone(), self.epoch.holder.clone());
        super::ceilings::Codes::new(self.keys.clone(), recipient, holder, &self.phones)
    }

    /// Waits until the provider knows of every booking. Gives how long that took.
    pub(super) async fn settle(&self) -> Result<Duration, Failure> {
        let started = Instant::now();
        let end_of_time = Timestamp::from_ms(i64::MAX);
        while !self.queries().effects_due(end_of_time, 1).await?.is_empty() {
            if started.elapsed() > SETTLE_WITHIN {
                return Err(Failure::new("the provider was not told of every booking in time"));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(started.elapsed())
    }

    /// Room that the store takes on the disk, bytes.
    pub(super) fn store_bytes(&self) -> Result<u64, Failure> {
        self.config.store.file_bytes()
    }

    /// Ends everything, then replays the store: a figure of a store that is wrong would be worth nothing. Gives how
    /// many payments it holds.
    pub(super) async fn end_and_check(self) -> Result<u64, Failure> {
        for serving in self.servings {
            serving.end().await?;
        }
        if let Some(bank) = self.bank {
            bank.end().await?;
        }
        let signed_by = signed_by(&open_keys(&self.config)?);
        let report = check(self.stores[0].queries(), &signed_by).await?;
        for store in self.stores {
            store.close().await?;
        }
        match report.findings.first() {
            None => Ok(report.payments),
            Some(finding) => Err(Failure::new(format!("the store is wrong after the load: {finding}"))),
        }
    }
}

async fn serve(config: &ServerConfig, store: &AnyStore, paying: Paying) -> Result<Serving, Failure> {
    let mut parts = parts(config, store)?;
    // What an operator sets whose shops ask through a gateway: a checkout there is as busy as a connection.
    parts.limits = ServerLimits { checkout_rate_per_s: 1_000_000, ..parts.limits };
    if paying == Paying::Instant {
        parts.providers.insert(PROVIDER.parse()?, Arc::new(Yes));
    }
    let socket = TcpListener::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { drop(stopped.await) };
    let listener = Listener { socket, tls: None };
    let ended = tokio::spawn(async { server::run(parts, listener, stopped).await.map_err(Failure::from) });
    Ok(Serving { address, stop, ended })
}

/// The key that codes are sealed to.
fn payment_key(keys: &dyn KeyStore) -> Result<(PaymentEpoch, RecipientKey), Failure> {
    let missing = || Failure::new("the key store has no key that payment codes can be sealed to");
    let epoch = keys.payment_epochs().pop().ok_or_else(missing)?;
    let public_key = epoch.key.known().ok_or_else(missing)?;
    let recipient = RecipientKey { key_id: epoch.key.key_id, realm: keys.realm().clone(), public_key };
    Ok((epoch, recipient))
}

/// Says yes at once to everything that payments ask.
struct Yes;

impl Provider for Yes {
    fn authorise(&self, _request: HoldRequest) -> ProviderFuture<'_, Authorisation> {
        let hold_expires_at = SystemClock.now().plus_s(7 * 86_400);
        Box::pin(async move { Authorisation::Approved { hold_expires_at } })
    }

    fn capture(&self, _: PaymentId, _: CaptureId, _: Money) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(async { BookingAnswer::Booked })
    }

    fn release(&self, _: PaymentId) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(async { BookingAnswer::Booked })
    }

    fn refund(&self, _: PaymentId, _: RefundId, _: Money) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(async { BookingAnswer::Booked })
    }

    fn link<'a>(&'a self, _: LinkId, _: &'a str) -> ProviderFuture<'a, LinkAnswer> {
        Box::pin(async { LinkAnswer::Refused })
    }

    fn proof_url(&self) -> &str {
        "https://localhost/"
    }

    fn partner_name(&self) -> &str {
        PROVIDER
    }
}
