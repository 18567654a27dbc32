//! The writer thread: takes what waits, does it in one transaction, commits durably, then answers all.

use crate::StoreError;
use crate::failpoints::fail_point;
use redb::{Database, Durability, WriteTransaction};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// Most commands in one commit.
const BATCH_MAX: usize = 128;
/// Most commands that wait.
const WAITING_MAX: usize = 1024;

/// The thread's handle. Dropping it lets the thread finish what waits, and waits for it.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    failure: watch::Receiver<Option<StoreError>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(database: Arc<Database>) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let (failed, failure) = watch::channel(None);
        let thread = std::thread::Builder::new()
            .name("bank-writer".to_owned())
            .spawn(move || write_until_closed(&database, waiting, &failed))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self { jobs: Some(jobs), failure, thread: Some(thread) })
    }

    /// A writer without a thread.
    #[cfg(feature = "simulation")]
    pub(crate) fn manual(database: Arc<Database>) -> (Self, ManualWriter) {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let (failed, failure) = watch::channel(None);
        let writer = Self { jobs: Some(jobs), failure, thread: None };
        (writer, ManualWriter { database, waiting, failed, next: None })
    }

    pub(crate) async fn submit<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&WriteTransaction) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        let job = Box::new(Work { work, outcome: None, reply });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        outcome.await.map_err(|_| StoreError::Closed)?
    }

    pub(crate) fn failure(&self) -> watch::Receiver<Option<StoreError>> {
        self.failure.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the bank's writer thread panicked");
        }
    }
}

/// Something to be done in a transaction, and someone who waits for it.
trait Job: Send {
    fn run(&mut self, transaction: &WriteTransaction) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Work<T, F> {
    work: F,
    outcome: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send + 'static,
    F: FnMut(&WriteTransaction) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        self.outcome = Some((self.work)(transaction)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { outcome, reply, .. } = *self;
        // Whoever asked may have stopped waiting; the commit stands, and asking again finds it.
        drop(reply.send(committed.and_then(|()| outcome.ok_or(StoreError::Closed))));
    }
}

fn write_until_closed(
    database: &Database,
    mut waiting: mpsc::Receiver<Box<dyn Job>>,
    failed: &watch::Sender<Option<StoreError>>,
) {
    while let Some(first) = waiting.blocking_recv() {
        write_batch(database, gather(first, &mut waiting), failed);
    }
}

/// What waits, as one batch.
fn gather(first: Box<dyn Job>, waiting: &mut mpsc::Receiver<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut batch = vec![first];
    while batch.len() < BATCH_MAX
        && let Ok(next) = waiting.try_recv()
    {
        batch.push(next);
    }
    batch
}

/// Carries out what waits, when it is told to.
#[cfg(feature = "simulation")]
pub struct ManualWriter {
    database: Arc<Database>,
    waiting: mpsc::Receiver<Box<dyn Job>>,
    failed: watch::Sender<Option<StoreError>>,
    next: Option<Box<dyn Job>>,
}

#[cfg(feature = "simulation")]
impl ManualWriter {
    /// Waits until a command waits; false once the bank is gone.
    pub async fn wait(&mut self) -> bool {
        if self.next.is_none() {
            self.next = self.waiting.recv().await;
        }
        self.next.is_some()
    }

    /// Carries out what waits as one batch, and answers. Gives how many commands there were.
    pub fn turn(&mut self) -> usize {
        let Some(first) = self.next.take().or_else(|| self.waiting.try_recv().ok()) else { return 0 };
        let batch = gather(first, &mut self.waiting);
        let count = batch.len();
        write_batch(&self.database, batch, &self.failed);
        count
    }
}

/// One command that fails must not fail its neighbours: then each gets a transaction of its own.
fn write_batch(
    database: &Database,
    mut batch: Vec<Box<dyn Job>>,
    failed: &watch::Sender<Option<StoreError>>,
) {
    match attempt(database, &mut batch) {
        Ok(()) => batch.into_iter().for_each(|job| job.answer(Ok(()))),
        Err(Attempt::Work(error)) if batch.len() == 1 => {
            tracing::error!(%error, "a command on the bank's store failed");
            batch.into_iter().for_each(|job| job.answer(Err(error.clone())));
        }
        Err(Attempt::Work(_)) => {
            for job in batch {
                write_batch(database, vec![job], failed);
            }
        }
        Err(Attempt::Commit(error)) => {
            tracing::error!(%error, "the bank's store cannot write any more");
            failed.send_replace(Some(error.clone()));
            batch.into_iter().for_each(|job| job.answer(Err(error.clone())));
        }
    }
}

enum Attempt {
    /// Nothing was committed.
    Work(StoreError),
    /// Whether it was committed is unknown.
    Commit(StoreError),
}

fn attempt(database: &Database, batch: &mut [Box<dyn Job>]) -> Result<(), Attempt> {
    let commit_failed = |error: StoreError| Attempt::Commit(error);
    let mut transaction = database.begin_write().map_err(|error| commit_failed(error.into()))?;
    transaction
        .set_durability(Durability::Immediate)
        .map_err(|error| commit_failed(StoreError::Failed(error.to_string())))?;
    for job in batch.iter_mut() {
        if let Err(error) = job.run(&transaction) {
            drop(transaction);
            return Err(Attempt::Work(error));
        }
    }
    fail_point("bank-before-commit");
    transaction.commit().map_err(|error| commit_failed(error.into()))?;
    fail_point("bank-after-commit");
    Ok(())
}
