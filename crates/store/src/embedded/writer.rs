//! The one writer: takes the batch that gathered, makes it durable, shows it, answers, and takes the next one.
//!
//! Group commit: while one batch is being synced the next one gathers at the [`Desk`], so that many payments share a
//! sync. Nobody is told `Done` (nor a replay that rests on rows of the same batch) before the batch is durable, and
//! no reader sees it before.

use crate::embedded::desk::{Answer, Answers, Asker, Batch, Came, Desk};
use crate::embedded::disk::SyncWatch;
use crate::embedded::engine::State;
use crate::embedded::keeper::{Keeper, NotKept};
use crate::embedded::log::{Log, Record};
use crate::embedded::open::{OpenError, Opened, Opener};
use crate::embedded::pace::Pace;
use crate::embedded::settling::Settler;
use crate::failpoint;
use crate::fault::{Fault, is_disk_full, told};
use records::StoreError;
use redb::StorageError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long nothing is tried after the disk was full, for each try opens the store anew.
const DISK_FULL_REST: Duration = Duration::from_secs(1);

/// A batch that was not known to be committed.
struct Failure {
    error: StorageError,
    /// Whether it may turn out to be durable; if not it was not even tried.
    tried: bool,
}

/// What the writer's thread owns.
pub(crate) struct Writer {
    desk: Arc<Desk>,
    opener: Opener,
    watch: SyncWatch,
    /// The number of the last batch that is durable.
    batch: u64,
    keeper: Keeper,
    /// The record of the last batch, to be written over.
    spent: Record,
    rest_until: Option<Instant>,
}

impl Writer {
    /// A writer that makes batches durable in `log`, if there is one; `settler` hands over what was set apart.
    pub(crate) fn new(
        desk: Arc<Desk>,
        opener: Opener,
        watch: SyncWatch,
        batch: u64,
        log: Option<Log>,
        settler: Settler,
    ) -> Self {
        let keeper = Keeper::new(Arc::clone(&desk), log, settler);
        Self { desk, opener, watch, batch, keeper, spent: Record::default(), rest_until: None }
    }

    /// Works until the store is closing and nothing waits; then the engine needs no log any more.
    pub(crate) fn run(mut self) -> Result<(), StoreError> {
        let ended = self.work();
        // Nobody is left to answer.
        self.desk.abandon();
        ended
    }

    fn work(&mut self) -> Result<(), StoreError> {
        let mut pace = Pace::new();
        loop {
            match self.desk.wait(&pace, self.looks_again_at()) {
                Came::Commands => {
                    if let Some(batch) = self.take()? {
                        pace.took(batch.answers.len());
                        self.keep(batch)?;
                    }
                }
                Came::Time => self.look_again(),
                Came::End => break,
            }
        }
        self.keeper.leave_log(self.batch).map_err(Fault::told)
    }

    /// When the writer looks by itself whether there is room again. Readers are turned away until then, and whoever
    /// reads before it writes would never bring a command that makes it look.
    pub(crate) fn looks_again_at(&self) -> Option<Instant> {
        let is_recovering = matches!(*self.desk.engine().state(), State::Recovering);
        is_recovering.then(|| self.rest_until.unwrap_or_else(Instant::now))
    }

    /// Looks whether there is room again.
    pub(crate) fn look_again(&mut self) {
        // What still stands in the way is told to whoever comes next.
        let _ = self.make_ready();
    }

    /// Takes the batch that gathered. None if the store can take none now; then whoever waited has been told.
    ///
    /// # Errors
    /// If a command panicked: the store has stopped.
    pub(crate) fn take(&mut self) -> Result<Option<Batch>, StoreError> {
        if let Err(error) = self.make_ready() {
            refuse(self.desk.turn_away()?, &error);
            return Ok(None);
        }
        if let Err(fault) = self.keeper.look_after(self.batch) {
            self.recover(untried(fault), Vec::new())?;
            return Ok(None);
        }
        self.desk.take(core::mem::take(&mut self.spent)).map(Some)
    }

    /// Makes `batch` durable, shows it and answers.
    ///
    /// # Errors
    /// As [`Writer::take`].
    pub(crate) fn keep(&mut self, batch: Batch) -> Result<(), StoreError> {
        let Batch { answers, record, spoilt } = batch;
        let kept = match (spoilt, record) {
            (Some(error), _) => Err(Failure { error, tried: false }),
            // Nothing to make durable: every answer rests on earlier batches.
            (None, None) => Ok(()),
            (None, Some(record)) => self.make_durable(record),
        };
        match kept {
            Ok(()) => answer(answers),
            Err(failure) => self.recover(failure, answers)?,
        }
        Ok(())
    }

    fn make_durable(&mut self, mut record: Record) -> Result<(), Failure> {
        failpoint("store-before-commit");
        let kept = self.keeper.keep(self.batch + 1, &mut record);
        self.spent = record;
        match kept {
            Ok(()) => {
                failpoint("store-after-commit");
                self.batch += 1;
                Ok(())
            }
            Err(NotKept::Surely(fault)) => Err(untried(fault)),
            Err(NotKept::Perhaps(fault)) => Err(Failure { error: engine_error(fault), tried: true }),
        }
    }

    /// After a failure the engine is not trusted: it is closed, and opened again only if room was all that it
    /// lacked and no sync failed. Then the store itself says whether the batch is durable. What gathered over it
    /// meanwhile is not.
    fn recover(&mut self, failure: Failure, answers: Answers) -> Result<(), StoreError> {
        let reason = told(&failure.error);
        let gathered = self.desk.give_up()?;
        self.keeper.let_go();
        let before = self.batch;
        let (if_tried, untried) = if !is_disk_full(&failure.error) || self.watch.failed() {
            let stopped = self.stop(&reason);
            (Err(stopped.clone()), stopped)
        } else {
            self.rest_until = Some(Instant::now() + DISK_FULL_REST);
            match self.reopen() {
                Ok(()) if self.batch == before + 1 => (Ok(()), StoreError::DiskFull),
                Ok(()) => (Err(StoreError::DiskFull), StoreError::DiskFull),
                Err(OpenError::DiskFull) => (Err(reason), StoreError::DiskFull),
                Err(error) => {
                    let stopped = self.stop(&error);
                    (Err(stopped.clone()), stopped)
                }
            }
        };
        match if failure.tried { if_tried } else { Err(untried.clone()) } {
            Ok(()) => answer(answers),
            Err(error) => refuse(answers.into_iter().map(|(reply, _)| reply), &error),
        }
        refuse(gathered, &untried);
        Ok(())
    }

    /// Opens the engine again if it lacked room, but not too often.
    fn make_ready(&mut self) -> Result<(), StoreError> {
        if let Some(until) = self.rest_until {
            if Instant::now() < until {
                return Err(StoreError::DiskFull);
            }
            self.rest_until = None;
        }
        if !matches!(*self.desk.engine().state(), State::Recovering) {
            return Ok(());
        }
        match self.reopen() {
            Ok(()) => Ok(()),
            Err(OpenError::DiskFull) if !self.watch.failed() => {
                self.rest_until = Some(Instant::now() + DISK_FULL_REST);
                Err(StoreError::DiskFull)
            }
            Err(error) => Err(self.stop(&error)),
        }
    }

    fn reopen(&mut self) -> Result<(), OpenError> {
        let Opened { snapshot, batch, log } = (self.opener)()?;
        if self.watch.failed() {
            return Err(OpenError::Failed("a sync failed".into()));
        }
        self.batch = batch;
        self.keeper.go_on(log);
        self.desk.engine().change(State::Open(snapshot));
        Ok(())
    }

    /// Gives up until an operator acts. What the disk holds is whatever the last good sync left.
    fn stop(&mut self, reason: &impl ToString) -> StoreError {
        let reason = format!("{}; the store has stopped, check its disk and start again", reason.to_string());
        drop(self.desk.engine().change(State::Stopped(reason.clone())));
        StoreError::Failed(reason)
    }
}

fn answer(answers: impl IntoIterator<Item = (Asker, Answer)>) {
    for (reply, answer) in answers {
        // Whoever asked may have gone away; what was done stays done.
        let _ = reply.send(answer);
    }
}

fn refuse(askers: impl IntoIterator<Item = Asker>, error: &StoreError) {
    answer(askers.into_iter().map(|reply| (reply, Err(error.clone()))));
}

fn untried(fault: Fault) -> Failure {
    Failure { error: engine_error(fault), tried: false }
}

/// The engine's own words for whatever made a whole batch fail.
fn engine_error(fault: Fault) -> StorageError {
    match fault {
        Fault::Engine(error) => error,
        other => StorageError::Corrupted(other.told().to_string()),
    }
}
