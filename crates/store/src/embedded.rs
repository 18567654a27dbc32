//! The embedded store: one file on the server's own disk, with a log beside it while it is open.
//!
//! Commands are carried out where they are brought, and gather; one thread makes them durable, many with a sync. Queries
//! read what is durable where they are asked.

mod base;
mod desk;
mod disk;
mod engine;
#[cfg(feature = "simulation")]
pub mod fault_disk;
mod keeper;
mod log;
#[cfg(feature = "simulation")]
mod manual;
mod migrations;
mod open;
mod pace;
mod queries;
mod replay;
mod session;
mod settling;
mod snapshot;
mod writer;

pub use desk::QUEUE_LIMIT;
#[cfg(feature = "simulation")]
pub use manual::ManualWriter;
pub use open::{CACHE_BYTES_DEFAULT, OpenError, Options};

use crate::fault::Fault;
use crate::look::Order;
use core::ops::Bound;
use desk::{Desk, died};
use disk::SyncWatch;
use engine::{Engine, State};
use open::{Opened, Opener};
use records::{Command, Outcome, StoreError};
use settling::Settler;
use snapshot::Going;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use writer::Writer;

/// A store in one file, used by one process at a time.
///
/// Dropping it does what [`EmbeddedStore::close`] does, without telling how it went.
pub struct EmbeddedStore {
    engine: Arc<Engine>,
    /// Where commands are brought; none for a store that takes none.
    desk: Option<Arc<Desk>>,
    writer: Option<JoinHandle<Result<(), StoreError>>>,
    /// Told of each command where no thread waits for it.
    #[cfg(feature = "simulation")]
    came: Option<Arc<tokio::sync::Notify>>,
}

impl EmbeddedStore {
    /// Opens the store in the file at `path`, making it (but not its folder) if it is not there.
    ///
    /// # Errors
    /// Says what an operator can do about it.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, Options::default())
    }

    /// Opens the store in the file at `path` as `options` say.
    ///
    /// # Errors
    /// Says what an operator can do about it.
    pub fn open_with(path: &Path, options: Options) -> Result<Self, OpenError> {
        let watch = SyncWatch::default();
        Self::start(open::on_file(path, options, watch.clone()), watch)
    }

    /// Opens the store on `disk`, of which a clone must be the same disk: after it was full the store opens it
    /// again. An empty disk becomes a store in place; losing power just then leaves what is no store.
    ///
    /// # Errors
    /// As for a file.
    pub fn open_on(disk: impl redb::StorageBackend + Clone) -> Result<Self, OpenError> {
        let watch = SyncWatch::default();
        Self::start(open::on_disk(disk, None, Options::default(), watch.clone()), watch)
    }

    /// As [`EmbeddedStore::open_on`], with the halves of the store's log on disks of their own, of `log_bytes` each.
    ///
    /// # Errors
    /// As for a file.
    pub fn open_with_log<B: redb::StorageBackend + Clone>(
        disk: B,
        log: [B; 2],
        log_bytes: u64,
    ) -> Result<Self, OpenError> {
        let watch = SyncWatch::default();
        Self::start(open::on_disk(disk, Some((log, log_bytes)), Options::default(), watch.clone()), watch)
    }

    fn start(opener: Opener, watch: SyncWatch) -> Result<Self, OpenError> {
        let Opened { snapshot, batch, log } = opener()?;
        let engine = Arc::new(Engine::new(snapshot));
        let desk = Arc::new(Desk::new(Arc::clone(&engine)));
        let writer = Writer::new(Arc::clone(&desk), opener, watch, batch, log, Settler::default());
        let writer = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run())
            .map_err(|error| OpenError::Failed(error.to_string()))?;
        Ok(Self {
            engine,
            desk: Some(desk),
            writer: Some(writer),
            #[cfg(feature = "simulation")]
            came: None,
        })
    }

    /// Takes no more commands, carries out those that wait, and closes the file.
    ///
    /// # Errors
    /// If the engine failed before or fails now. What was acknowledged is durable all the same.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        if let Some(desk) = self.desk.take() {
            desk.close();
        }
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let ended = writer.join().map_err(|_| died()).and_then(|left| left);
        match self.engine.change(State::Closed) {
            State::Open(snapshot) => {
                let closed = snapshot.into_database().map_or(Ok(()), redb::Database::close);
                closed.map_err(|error| StoreError::Failed(error.to_string()))?;
            }
            State::Recovering => return Err(StoreError::DiskFull),
            State::Stopped(reason) => return Err(StoreError::Failed(reason)),
            State::Frozen(_) | State::Closed => {}
        }
        ended
    }

    /// A store of what is durable now, which takes no commands.
    pub(crate) fn frozen(&self) -> Result<Self, StoreError> {
        Ok(Self {
            engine: Arc::new(self.engine.freeze()?),
            desk: None,
            writer: None,
            #[cfg(feature = "simulation")]
            came: None,
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// At most `limit` rows of a table behind a key, as bytes, in key order.
    pub(crate) fn raw_rows(
        &self,
        place: usize,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<RawRow>, Fault> {
        let read = self.engine.read(|snapshot| {
            let mut rows: Vec<RawRow> = Vec::with_capacity(limit);
            let between = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
            snapshot.visit([], place, between, Order::Rising, |key, row| {
                rows.push((key.into(), row.into()));
                Ok(if rows.len() == limit { Going::Enough } else { Going::On })
            })?;
            Ok(rows)
        });
        read.map_err(Fault::Refused)
    }

    /// Brings `command` and waits for its answer.
    pub(crate) async fn send(&self, command: Command) -> Result<Outcome, StoreError> {
        let desk = self.desk.as_ref().ok_or(StoreError::Closed)?;
        let answer = desk.bring(command)?;
        #[cfg(feature = "simulation")]
        self.came.iter().for_each(|came| came.notify_one());
        answer.await.unwrap_or_else(|_| Err(died()))
    }
}

/// A key's bytes and its row's.
pub(crate) type RawRow = (Box<[u8]>, Box<[u8]>);

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}
