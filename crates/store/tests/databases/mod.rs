//! A database of its own for each test.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses its part")]

use store::PostgresStore;
use store::postgres::{Address, Database as Opened, PostgresOptions};
use tokio_postgres::NoTls;

/// A database with the store's tables, gone with the test.
pub(crate) struct Database {
    url: String,
}

/// Waits for `future` in a test that has a runtime, or makes one.
pub(crate) fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => tokio::task::block_in_place(|| runtime.block_on(future)),
        Err(_) => tokio::runtime::Runtime::new().unwrap().block_on(future),
    }
}

impl Database {
    pub(crate) fn new() -> Self {
        let server = std::env::var("BATZEN_TEST_POSTGRES").unwrap();
        let url = wait(async {
            let (client, connection) =
                tokio_postgres::connect(&format!("{server}/postgres"), NoTls).await.unwrap();
            tokio::spawn(connection);
            let name = format!(
                "t{}_{}",
                std::process::id(),
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()
            );
            client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
            let url = format!("{server}/{name}");
            url.parse::<Address>().unwrap().unprotected().migrate(false).await.unwrap();
            url
        });
        Self { url }
    }

    pub(crate) fn address(&self) -> Opened {
        self.url.parse::<Address>().unwrap().unprotected()
    }

    pub(crate) fn open_store(&self) -> PostgresStore {
        wait(self.address().open(PostgresOptions::default())).unwrap()
    }
}
