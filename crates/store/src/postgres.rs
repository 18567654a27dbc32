//! The store on PostgreSQL: for several servers, and for a database that outlives any one of its machines.
//!
//! Rows are the embedded store's, byte for byte; PostgreSQL knows of each its home, its key and its bytes. Commands go
//! to a few writers that carry out many in one transaction; questions go together in one round trip; what all payments
//! share, the audit chain and the balances, is rolled up by one server after the commits.

mod address;
mod aside;
mod cache;
mod connection;
mod home;
mod look;
mod migrations;
mod news;
mod roll_up;
mod session;
mod statements;
mod sums;
mod transfer;
mod wanted;
mod wish;
mod writer;

pub use address::Address;
pub use migrations::Schema;
pub use transfer::Moved;

use crate::embedded::OpenError;
use crate::fault::Fault;
use crate::queries::{self, each_query};
use aside::{Aside, Chore};
use cache::Cache;
use connection::{Connection, Connector, Trouble};
use core::time::Duration;
use look::{Looker, Moment, Readers};
use model::{
    ApprovalId, CheckoutId, Counter, CustomerId, EffectId, EnrolmentId, IdempotencyKey, MerchantId,
    MethodSlot, Payment, PaymentId, TerminalNumber, Timestamp, WebhookEndpointId, WebhookId,
};
use news::Teller;
use records::{
    ActivationCodeRow, App, Approval, AuditHead, AuditRow, Balance, CertificateRow, CheckMark, Checkout,
    CodeUse, Command, ConfirmationRow, Customer, Devices, Effect, Enrolment, EventRow, IdempotencyRow,
    Listener, Merchant, Method, NoticeRow, OperatorTask, Outcome, Page, PolicyRow, PostingRow, Queries,
    RuleListRow, Store, StoreError, StoreFuture, Velocity, VerdictRow, Webhook, WebhookEndpoint,
    WebhookTotals, Work,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex as StdMutex, PoisonError, RwLock};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use writer::{Job, Writer};

/// How long this server does not ask again for work that it has.
const TAKEN_FOR: Duration = Duration::from_secs(3);
/// A question whose rows changed between its looks is asked again so often.
const ASKED_AGAIN_MAX: usize = 3;

/// How a store on PostgreSQL works.
#[derive(Clone, Copy, Debug)]
pub struct PostgresOptions {
    /// How many transactions are under way at once.
    pub writers: usize,
    /// How many connections answer questions.
    pub readers: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { writers: 2, readers: 2 }
    }
}

/// A store in a PostgreSQL database, which several processes may use at once.
pub struct PostgresStore {
    connector: Connector,
    /// To the writers; none once closing.
    jobs: Option<mpsc::Sender<Job>>,
    writers: JoinSet<()>,
    readers: Readers,
    aside: Arc<Aside>,
    /// Who takes leases here.
    holder: String,
    taken: StdMutex<HashMap<&'static str, Instant>>,
}

/// A database, and how to get there.
pub struct Database(Connector);

impl Database {
    async fn connect(&self) -> Result<Connection, OpenError> {
        let made = self.0.connect().await;
        made.map_err(|error| OpenError::Failed(format!("PostgreSQL cannot be reached: {error}")))
    }

    /// Applies the steps of the schema that are waiting, or only says which those are. Gives how the database stood
    /// before.
    ///
    /// # Errors
    /// Says what an operator can do about it.
    pub async fn migrate(&self, is_dry: bool) -> Result<Schema, OpenError> {
        migrations::migrate(&self.connect().await?, is_dry).await
    }

    /// Opens the store.
    ///
    /// # Errors
    /// Says what an operator can do about it.
    pub async fn open(&self, options: PostgresOptions) -> Result<PostgresStore, OpenError> {
        let connector = self.0.clone();
        let failed = |trouble: Trouble| OpenError::Failed(trouble.told().to_string());
        let mut aside = self.connect().await?;
        migrations::check(&aside).await?;
        let homes = read_homes(&mut aside).await.map_err(failed)?;
        let homes = Arc::new(RwLock::new(homes));
        let (jobs, taken) = mpsc::channel(writer::QUEUE_LIMIT);
        let cache = Arc::new(Cache::default());
        let shared = writer::Shared {
            cache: Arc::clone(&cache),
            connector: connector.clone(),
            homes: Arc::clone(&homes),
            jobs: Arc::new(Mutex::new(taken)),
            teller: Teller::start(connector.clone()),
        };
        let mut writers = JoinSet::new();
        for _ in 0..options.writers.max(1) {
            let made = Writer::new(shared.clone(), self.connect().await?).await;
            writers.spawn(made.map_err(|error| failed(error.into()))?.run());
        }
        let holder = aside.client.query_one("SELECT gen_random_uuid()::text", &[]).await;
        let holder = holder.map_err(|error| failed(error.into()))?.get(0);
        let readers = Readers::start(&connector, &homes, cache, options.readers.max(1));
        let aside = Arc::new(Aside::new(connector.clone(), homes, aside));
        tokio::spawn(aside::roll_up_always(Arc::downgrade(&aside)));
        Ok(PostgresStore {
            connector,
            jobs: Some(jobs),
            writers,
            readers,
            aside,
            holder,
            taken: StdMutex::default(),
        })
    }
}

impl PostgresStore {
    /// Takes no more commands, carries out those that wait, gives back what work this server had, and closes the
    /// connections.
    pub async fn close(mut self) {
        self.jobs = None;
        while self.writers.join_next().await.is_some() {}
        // If the database is away, its lease ends by itself.
        let _ = self.aside.act(Chore::GiveBack { holder: &self.holder }).await;
    }

    async fn take_lease(&self, work: &'static str) -> Result<bool, StoreError> {
        let taken = || self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken().get(work).is_some_and(|at| at.elapsed() < TAKEN_FOR) {
            return Ok(true);
        }
        let now = Instant::now();
        let has_it = self.aside.act(Chore::Take { work, holder: &self.holder }).await?;
        if has_it {
            taken().insert(work, now);
        }
        Ok(has_it)
    }

    async fn send(&self, command: Command) -> Result<Outcome, StoreError> {
        if matches!(command, Command::SignAudit(_)) {
            self.roll_up().await?;
        }
        let (reply, answer) = oneshot::channel();
        let job = Job { command, came_at: Instant::now(), reply };
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Brings the audit chain up to what is committed.
    async fn roll_up(&self) -> Result<(), StoreError> {
        self.aside.act(Chore::RollUp).await.map(drop)
    }
}

/// The homes that rows were ever written to.
async fn read_homes(connection: &mut Connection) -> Result<BTreeSet<u16>, Trouble> {
    let rows = connection.client.query("SELECT home FROM homes", &[]).await?;
    Ok(rows.iter().filter_map(|row| u16::try_from(row.get::<_, i32>(0)).ok()).collect())
}

impl Store for PostgresStore {
    fn commit(&self, command: Command) -> StoreFuture<'_, Outcome> {
        Box::pin(self.send(command))
    }

    fn snapshot(&self) -> StoreFuture<'_, Box<dyn Queries>> {
        Box::pin(async {
            self.roll_up().await?;
            let moment = Moment::of(&self.connector).await.map_err(Trouble::told)?;
            Ok(Box::new(PostgresSnapshot(moment)) as Box<dyn Queries>)
        })
    }

    fn take(&self, work: Work) -> StoreFuture<'_, bool> {
        Box::pin(self.take_lease(work.name()))
    }

    fn listen(&self, listener: Arc<dyn Listener>) {
        news::listen(self.connector.clone(), listener, Arc::downgrade(&self.aside));
    }
}

/// The database as it was at one moment.
struct PostgresSnapshot(Moment);

macro_rules! implement {
    ($($query:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl Queries for PostgresStore {
            $(fn $query(&self, $($argument: $kind),*) -> StoreFuture<'_, $answer> {
                Box::pin(async move {
                    let look = Looker::Now(&self.readers);
                    for _ in 0..ASKED_AGAIN_MAX {
                        // Between two looks of one question a row may go.
                        match queries::$query(&look, $($argument.clone()),*).await {
                            Err(Fault::Refused(StoreError::Damaged(_))) => {}
                            answer => return answer.map_err(Fault::told),
                        }
                    }
                    queries::$query(&look, $($argument),*).await.map_err(Fault::told)
                })
            })*

            fn audit(&self, page: Page<u64>) -> StoreFuture<'_, Vec<AuditRow>> {
                Box::pin(async move {
                    self.roll_up().await?;
                    queries::audit(&Looker::Now(&self.readers), page).await.map_err(Fault::told)
                })
            }

            fn balances(&self) -> StoreFuture<'_, Vec<Balance>> {
                Box::pin(async move { Looker::Now(&self.readers).balances().await.map_err(Fault::told) })
            }
        }

        impl Queries for PostgresSnapshot {
            $(fn $query(&self, $($argument: $kind),*) -> StoreFuture<'_, $answer> {
                Box::pin(async move {
                    queries::$query(&Looker::At(&self.0), $($argument),*).await.map_err(Fault::told)
                })
            })*

            fn audit(&self, page: Page<u64>) -> StoreFuture<'_, Vec<AuditRow>> {
                Box::pin(async move {
                    queries::audit(&Looker::At(&self.0), page).await.map_err(Fault::told)
                })
            }

            fn balances(&self) -> StoreFuture<'_, Vec<Balance>> {
                Box::pin(async move { Looker::At(&self.0).balances().await.map_err(Fault::told) })
            }
        }
    };
}

each_query!(implement);
