//! A store without a thread of its own: whoever opened it says when a batch is carried out. For the simulator.

use crate::embedded::desk::{Batch, Desk};
use crate::embedded::disk::SyncWatch;
use crate::embedded::engine::Engine;
use crate::embedded::open::{self, Opened};
use crate::embedded::settling::Settler;
use crate::embedded::writer::Writer;
use crate::{EmbeddedStore, OpenError, Options};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::timeout_at;

/// Takes what gathered and makes it durable, when it is told to.
pub struct ManualWriter {
    writer: Writer,
    desk: Arc<Desk>,
    came: Arc<Notify>,
    /// The batch that is under way.
    taken: Option<Batch>,
}

impl EmbeddedStore {
    /// Opens the store on `disk`, of which a clone must be the same disk, without a writer of its own: batches wait
    /// until the [`ManualWriter`] is told to take them.
    ///
    /// # Errors
    /// As [`EmbeddedStore::open_on`].
    pub fn open_manual(
        disk: impl redb::StorageBackend + Clone,
        options: Options,
    ) -> Result<(Self, ManualWriter), OpenError> {
        Self::open_by_hand(disk, None, options)
    }

    /// As [`EmbeddedStore::open_manual`], with the halves of the store's log on disks of their own, of `log_bytes`
    /// each. What goes from the log into the engine goes just before a later batch, not on a thread.
    ///
    /// # Errors
    /// As [`EmbeddedStore::open_on`].
    pub fn open_manual_with_log<B: redb::StorageBackend + Clone>(
        disk: B,
        log: [B; 2],
        log_bytes: u64,
        options: Options,
    ) -> Result<(Self, ManualWriter), OpenError> {
        Self::open_by_hand(disk, Some((log, log_bytes)), options)
    }

    fn open_by_hand<B: redb::StorageBackend + Clone>(
        disk: B,
        log: Option<([B; 2], u64)>,
        options: Options,
    ) -> Result<(Self, ManualWriter), OpenError> {
        let watch = SyncWatch::default();
        let opener = open::on_disk(disk, log, options, watch.clone());
        let Opened { snapshot, batch, log } = opener()?;
        let engine = Arc::new(Engine::new(snapshot));
        let desk = Arc::new(Desk::new(Arc::clone(&engine)));
        let writer = Writer::new(Arc::clone(&desk), opener, watch, batch, log, Settler::AmongBatches);
        let came = Arc::new(Notify::new());
        let store =
            Self { engine, desk: Some(Arc::clone(&desk)), writer: None, came: Some(Arc::clone(&came)) };
        Ok((store, ManualWriter { writer, desk, came, taken: None }))
    }
}

impl ManualWriter {
    /// Waits until there is something to do: a batch is under way or gathers, or a disk that was full is to be looked
    /// at again. For ever once the store is gone.
    pub async fn wait(&mut self) {
        while self.taken.is_none() && !self.desk.has_work() {
            match self.writer.looks_again_at() {
                None => self.came.notified().await,
                Some(at) => {
                    if timeout_at(at, self.came.notified()).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Does one thing: makes the batch durable that is under way, and answers; or, if none is, takes the one that
    /// gathered. Others gather over it between the two.
    pub fn turn(&mut self) {
        // A command that panics ends the simulation.
        if let Some(batch) = self.taken.take() {
            let _ = self.writer.keep(batch);
        } else if self.desk.has_work() {
            self.taken = self.writer.take().ok().flatten();
        } else {
            self.writer.look_again();
        }
    }
}
