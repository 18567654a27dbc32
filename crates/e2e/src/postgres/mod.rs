//! Real PostgreSQL, thrown away afterwards: one server that can be killed, archived and restored to a moment, and
//! three under Patroni that can lose their primary or the network.
//!
//! What is started here is gone when it is dropped, and also when the test's process dies first. It must not know
//! what Batzen keeps in a database.
//!
//! Debian has what is needed: `postgresql` (15 or newer) for [`Cluster`]; for [`Patroni`] also `patroni`,
//! `etcd-server`, `iproute2` and `util-linux`, and root, who may make network namespaces.

mod cluster;
mod folder;
mod network;
mod node;
mod patroni;
mod programs;
mod psql;
mod recovery;
mod undo;

pub use cluster::Cluster;
pub use patroni::{NODES, Patroni};
pub use psql::{Session, psql, psql_within};
pub use recovery::Backup;

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than anything takes that is not broken, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Looks until there is something, or for too long.
fn poll<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let give_up_at = Instant::now() + within;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= give_up_at {
            return found;
        }
        sleep(LOOK_AGAIN);
    }
}
