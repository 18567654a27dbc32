//! The embedded store passes the suite, on a real disk.

use store::EmbeddedStore;
use store::conformance::Place;

struct Folder(tempfile::TempDir);

impl Place for Folder {
    type Store = EmbeddedStore;

    fn make() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> EmbeddedStore {
        EmbeddedStore::open(&self.0.path().join("store")).unwrap()
    }
}

store::conformance_suite!(Folder);
