//! One connection: how it is made, what it is told first, its prepared statements, and what its errors mean.

use crate::postgres::statements::{self, Kind};
use crate::tables::Life;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::time::Duration;
use records::StoreError;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, Error, Socket, Statement};

/// How long making a connection may take, for each host that is tried.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long a host may take to let us in: one that hangs takes connections, and never answers.
const WELCOME_MAX: Duration = Duration::from_secs(5);
/// After how long without a sign of life a peer counts as gone.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// What each connection is told first. Statements must find rows by key whatever the planner thinks of a table that
/// was small when it first looked; and no answer leaves before its commit is on the disk, of the standbys too if there
/// are synchronous ones.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off; SET jit = off; \
     SET lock_timeout = '10s'; SET client_min_messages = warning; \
     DO $$ BEGIN IF current_setting('synchronous_commit') IN ('off', 'local') \
     THEN PERFORM set_config('synchronous_commit', 'on', false); END IF; END $$";

/// A connection, or why there is none.
type Made = Result<Connection, String>;

/// Who is told of the notifications that come to a connection.
pub(super) type Heard = mpsc::UnboundedSender<String>;

type Make = dyn Fn(Option<Heard>) -> Pin<Box<dyn Future<Output = Made> + Send>> + Send + Sync;

/// Makes connections to one database, to whichever of its hosts may be written to.
#[derive(Clone)]
pub(super) struct Connector(Arc<Make>);

impl Connector {
    pub(super) fn new<T>(config: &Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
    {
        let hosts = each_host(config);
        Self(Arc::new(move |heard| {
            let (hosts, tls) = (hosts.clone(), tls.clone());
            Box::pin(async move {
                let mut last = "no host is named".to_owned();
                for host in hosts {
                    match timeout(WELCOME_MAX, open(&host, tls.clone(), heard.clone())).await {
                        Ok(Ok(made)) => return Ok(made),
                        Ok(Err(error)) => last = told(&error),
                        Err(_) => "it did not answer in time".clone_into(&mut last),
                    }
                }
                Err(last)
            })
        }))
    }

    pub(super) async fn connect(&self) -> Result<Connection, String> {
        self.connect_listening(None).await
    }

    pub(super) async fn connect_listening(&self, heard: Option<Heard>) -> Result<Connection, String> {
        (self.0)(heard).await
    }
}

/// How each of the hosts is reached, one after the other: the client itself would wait at one that hangs.
fn each_host(config: &Config) -> Vec<Config> {
    let ports = config.get_ports();
    let alone = |(place, host): (usize, &Host)| {
        let mut one = Config::new();
        match host {
            Host::Tcp(name) => one.host(name),
            Host::Unix(path) => one.host_path(path),
        };
        ports.get(place).or(ports.first()).map(|port| one.port(*port));
        config.get_user().map(|user| one.user(user));
        config.get_password().map(|password| one.password(password));
        config.get_dbname().map(|name| one.dbname(name));
        config.get_options().map(|options| one.options(options));
        one.ssl_mode(config.get_ssl_mode())
            .channel_binding(config.get_channel_binding())
            .connect_timeout(CONNECT_MAX)
            .keepalives(true)
            .keepalives_idle(SILENCE_MAX)
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(3)
            .tcp_user_timeout(SILENCE_MAX)
            .application_name("batzen")
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        one
    };
    config.get_hosts().iter().enumerate().map(alone).collect()
}

/// Connects, and tells the connection what each is told first.
async fn open<T>(config: &Config, tls: T, heard: Option<Heard>) -> Result<Connection, Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, mut connection) = config.connect(tls).await?;
    let warned = Arc::new(AtomicBool::new(false));
    let warned_there = Arc::clone(&warned);
    let task = tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(news)) => {
                    // Whoever listened may have gone.
                    heard.iter().for_each(|heard| drop(heard.send(news.payload().to_owned())));
                }
                Ok(AsyncMessage::Notice(notice)) => {
                    tracing::warn!(notice = notice.message(), "PostgreSQL says");
                    warned_there.store(true, Ordering::Release);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(error = told(&error), "a connection to PostgreSQL ended");
                    return;
                }
            }
        }
    });
    let opened = Connection { client, statements: HashMap::new(), task, warned };
    opened.client.batch_execute(SETTINGS).await?;
    Ok(opened)
}

/// A connection with its prepared statements. Dropping it closes it.
pub(super) struct Connection {
    pub(super) client: Client,
    statements: HashMap<Text, Statement>,
    task: JoinHandle<()>,
    /// Whether the server warned of something.
    warned: Arc<AtomicBool>,
}

/// Which statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Text {
    /// On the table of rows that live so.
    Of(Life, Kind),
    /// This one.
    Plain(&'static str),
}

impl Connection {
    /// Makes sure that these statements are prepared.
    pub(super) async fn prepare(&mut self, texts: Vec<Text>) -> Result<(), Error> {
        for text in texts {
            if !self.statements.contains_key(&text) {
                let statement = match text {
                    Text::Of(life, kind) => self.client.prepare(&statements::text(life, kind)).await?,
                    Text::Plain(text) => self.client.prepare(text).await?,
                };
                self.statements.insert(text, statement);
            }
        }
        Ok(())
    }

    /// Whether the server warned since this was asked last. It warns before it answers.
    pub(super) fn was_warned(&self) -> bool {
        self.warned.swap(false, Ordering::AcqRel)
    }

    /// A statement that was prepared.
    pub(super) fn statement(&self, text: Text) -> &Statement {
        self.statements.get(&text).expect("whoever uses a statement prepared it first")
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What an error of the database means for what was tried.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Others were in the way, or something taken on trust was not so: nothing was done, and it may be tried again.
    Again(String),
    /// The connection is gone. What was committed is known only after looking.
    Lost(String),
    /// The database refuses; nothing was done.
    Refused(StoreError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let Some(refusal) = error.as_db_error() else { return Self::Lost(told(&error)) };
        let code = refusal.code();
        match *code {
            SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED
            | SqlState::UNIQUE_VIOLATION
            | SqlState::LOCK_NOT_AVAILABLE => Self::Again(told(&error)),
            SqlState::DISK_FULL => Self::Refused(StoreError::DiskFull),
            // It shuts down, or became a standby.
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::Lost(told(&error)),
            _ if ["57P", "08"].iter().any(|class| code.code().starts_with(class)) => Self::Lost(told(&error)),
            _ => Self::Refused(StoreError::Failed(told(&error))),
        }
    }
}

impl Trouble {
    /// What whoever asked is told.
    pub(super) fn told(self) -> StoreError {
        match self {
            Self::Again(error) | Self::Lost(error) => away(&error),
            Self::Refused(error) => error,
        }
    }
}

/// Nothing could be done because the database is away.
pub(super) fn away(error: &str) -> StoreError {
    tracing::warn!(error, "PostgreSQL is away");
    StoreError::Busy
}

/// What comes of asking the database, which counts as gone if it takes longer than that.
pub(super) async fn within<T>(
    time: Duration,
    asking: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    timeout(time, asking).await.unwrap_or_else(|_| Err(Trouble::Lost("it did not answer in time".into())))
}

/// An error in words, without values of rows: those stand in the details that PostgreSQL gives apart.
pub(super) fn told(error: &Error) -> String {
    match error.as_db_error() {
        Some(refusal) => format!("{} ({})", refusal.message(), refusal.code().code()),
        None => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
            format!("{error}{}", cause.unwrap_or_default())
        }
    }
}
