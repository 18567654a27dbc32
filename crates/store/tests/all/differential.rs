//! The same commands have the same outcomes on both stores, and leave the same to be found.

use crate::databases::Database;
use crate::steps::steps;
use proptest::prelude::*;
use store::EmbeddedStore;
use store::conformance::maps::{Maps, Step, compare, send};
use store::conformance::picture;

/// Each has databases of its own.
const SEQUENCES: u32 = 24;

/// Sequences of commands, in lots that share a transaction; what a few maps say of each is what both stores say.
#[test]
fn both_stores_answer_alike_and_hold_the_same() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = Database::empty();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(SEQUENCES));
    let tried = runner.run(&steps(), |groups| {
        runtime.block_on(async {
            let database = server.another().with_tables();
            let folder = tempfile::tempdir().unwrap();
            let embedded = EmbeddedStore::open(&folder.path().join("store")).unwrap();
            // One writer keeps the order in which the commands were sent, as the maps do.
            let postgres = database.store(1);
            let mut maps = Maps::default();
            let start = vec![Step::Issue(1), Step::Enrol(1), Step::Issue(2), Step::Enrol(2)];
            for group in std::iter::once(start).chain(groups) {
                let wanted: Vec<_> = group.iter().map(|step| maps.take(step)).collect();
                send(&embedded, wanted.clone()).await;
                send(&postgres, wanted).await;
            }
            compare(&postgres, &maps).await;
            assert_eq!(picture(&postgres).await, picture(&embedded).await);
            postgres.close().await;
        });
        Ok(())
    });
    tried.unwrap();
}
