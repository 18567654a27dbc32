//! Databases of tests, on real servers.

use e2e::postgres::Cluster;
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use store::PostgresStore;
use store::postgres::{Address, Database as Opened, PostgresOptions};

/// Names a server to use instead of one for each test, such as `postgresql://postgres@127.0.0.1:5432`: quicker where
/// tests run again and again. Its databases stay.
const SERVER: &str = "BATZEN_TEST_POSTGRES";

/// A database with the store's tables.
pub(crate) struct Database {
    url: String,
    /// Gone with the test.
    cluster: Option<Arc<Cluster>>,
}

/// Waits for `future` in a test that has a runtime, or makes one.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => tokio::task::block_in_place(|| runtime.block_on(future)),
        Err(_) => tokio::runtime::Runtime::new().unwrap().block_on(future),
    }
}

impl Database {
    /// With all tables.
    pub(crate) fn new() -> Self {
        Self::empty().with_tables()
    }

    /// Without any.
    pub(crate) fn empty() -> Self {
        let server = env::var(SERVER).ok().map(|server| format!("{server}/postgres"));
        let cluster = server.is_none().then(|| Arc::new(Cluster::start()));
        let url = server.or(cluster.as_ref().map(|cluster| cluster.url())).unwrap();
        Self { url, cluster }.another()
    }

    /// Another one without tables, on the same server.
    pub(crate) fn another(&self) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("batzen_test_{now}_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let server: Address = self.url.parse().unwrap();
        wait(server.create_database(&name)).unwrap();
        Self { url: server.of_database(&name).url(), cluster: self.cluster.clone() }
    }

    pub(crate) fn with_tables(self) -> Self {
        wait(self.opened().migrate(false)).unwrap();
        self
    }

    pub(crate) fn opened(&self) -> Opened {
        self.url.parse::<Address>().unwrap().unprotected()
    }

    /// The store, with so many transactions under way at once.
    pub(crate) fn store(&self, writers: usize) -> PostgresStore {
        wait(self.opened().open(PostgresOptions { writers, readers: 2 })).unwrap()
    }
}
