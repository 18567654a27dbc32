//! The store on PostgreSQL passes the suite, on a real server.

use crate::databases::Database;
use store::PostgresStore;
use store::conformance::Place;

impl Place for Database {
    type Store = PostgresStore;

    fn make() -> Self {
        Self::new()
    }

    fn open(&self) -> PostgresStore {
        self.store(2)
    }
}

store::conformance_suite!(Database);
