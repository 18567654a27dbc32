//! A store without a thread of its own: whoever opened it says when a batch is carried out. For the simulator.

use crate::embedded::disk::SyncWatch;
use crate::embedded::engine::Engine;
use crate::embedded::open::{self, Opened};
use crate::embedded::settling::Settler;
use crate::embedded::writer::{Job, Writer};
use crate::{EmbeddedStore, OpenError, Options, QUEUE_LIMIT};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use tokio::sync::Notify;
use tokio::time::timeout_at;

/// Carries out what waits, when it is told to.
pub struct ManualWriter {
    writer: Writer,
    jobs: Receiver<Job>,
    came: Arc<Notify>,
    /// What has been taken from the queue and waits for its turn.
    next: Option<Job>,
}

impl EmbeddedStore {
    /// Opens the store on `disk`, of which a clone must be the same disk, without a writer of its own: commands wait
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
        let (queue, jobs) = sync_channel(QUEUE_LIMIT);
        let writer = Writer::new(Arc::clone(&engine), opener, watch, batch);
        let writer = writer.with_log(log, Settler::AmongBatches);
        let came = Arc::new(Notify::new());
        let store = Self { engine, queue: Some(queue), writer: None, came: Some(Arc::clone(&came)) };
        Ok((store, ManualWriter { writer, jobs, came, next: None }))
    }
}

impl ManualWriter {
    /// Waits until there is something to do: a command waits, or a disk that was full is to be looked at again. For
    /// ever once the store is gone.
    pub async fn wait(&mut self) {
        while self.next.is_none() {
            if let Ok(job) = self.jobs.try_recv() {
                self.next = Some(job);
                return;
            }
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

    /// Carries out what waits as one batch, and answers. Gives how many commands there were.
    pub fn turn(&mut self) -> usize {
        match self.next.take().or_else(|| self.jobs.try_recv().ok()) {
            Some(first) => self.writer.turn(first, &self.jobs),
            None => {
                self.writer.look_again();
                0
            }
        }
    }
}
