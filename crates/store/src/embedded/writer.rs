//! The one writer: takes what waits, carries it out as one batch, answers once that is durable.
//!
//! Group commit: while one batch is being synced the next one gathers, so that many payments share a sync.
//! Nobody is told `Done` (nor a replay that rests on rows of the same batch) before the batch is durable, and no
//! reader sees it before.

use crate::commands;
use crate::embedded::disk::SyncWatch;
use crate::embedded::engine::{Engine, State};
use crate::embedded::keeper::{Keeper, NotKept};
use crate::embedded::log::Log;
use crate::embedded::open::{OpenError, Opened, Opener};
use crate::embedded::session::{EmbeddedSession, Staged};
use crate::embedded::settling::Settler;
use crate::failpoint;
use crate::fault::{Fault, is_disk_full, told};
use records::{Command, Outcome, StoreError};
use redb::StorageError;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The most commands that may wait; more are told that the store is busy.
pub const QUEUE_LIMIT: usize = 4_096;

/// The most commands in one batch, so that the first of them does not wait for too many others.
pub const BATCH_LIMIT: usize = 256;

/// How long nothing is tried after the disk was full, for each try opens the store anew.
const DISK_FULL_REST: Duration = Duration::from_secs(1);

type Answer = Result<Outcome, StoreError>;

/// A command and whom to tell.
pub(crate) struct Job {
    pub(crate) command: Command,
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// A batch that was not known to be committed.
struct Failure {
    error: StorageError,
    /// The answers to give if it turns out to be durable; none if it was not even tried.
    tried: Option<Vec<Answer>>,
}

/// What the writer's thread owns.
pub(crate) struct Writer {
    engine: Arc<Engine>,
    opener: Opener,
    watch: SyncWatch,
    /// The number of the last batch that is durable.
    batch: u64,
    staged: Staged,
    keeper: Keeper,
    rest_until: Option<Instant>,
}

impl Writer {
    pub(crate) fn new(engine: Arc<Engine>, opener: Opener, watch: SyncWatch, batch: u64) -> Self {
        let keeper = Keeper::new(Arc::clone(&engine), None, Settler::default());
        Self { engine, opener, watch, batch, staged: Staged::default(), keeper, rest_until: None }
    }

    /// The same, making batches durable in `log`; `settler` hands over what was set apart.
    pub(crate) fn with_log(self, log: Option<Log>, settler: Settler) -> Self {
        Self { keeper: Keeper::new(Arc::clone(&self.engine), log, settler), ..self }
    }

    /// Works until no more jobs can come and none waits; then the engine needs no log any more.
    pub(crate) fn run(mut self, jobs: &Receiver<Job>) -> Result<(), StoreError> {
        loop {
            let first = match self.looks_again_at() {
                None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => jobs.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match first {
                Ok(first) => drop(self.turn(first, jobs)),
                Err(RecvTimeoutError::Timeout) => self.look_again(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.keeper.leave_log(self.batch).map_err(Fault::told)
    }

    /// When the writer looks by itself whether there is room again. Readers are turned away until then, and whoever
    /// reads before it writes would never bring a command that makes it look.
    pub(crate) fn looks_again_at(&self) -> Option<Instant> {
        let is_recovering = matches!(*self.engine.state(), State::Recovering);
        is_recovering.then(|| self.rest_until.unwrap_or_else(Instant::now))
    }

    /// Looks whether there is room again.
    pub(crate) fn look_again(&mut self) {
        // What still stands in the way is told to whoever comes next.
        let _ = self.make_ready();
    }

    /// Carries out `first` and what waits behind it as one batch, and answers. Gives how many commands there were.
    pub(crate) fn turn(&mut self, first: Job, jobs: &Receiver<Job>) -> usize {
        let mut commands = Vec::with_capacity(BATCH_LIMIT);
        let mut replies = Vec::with_capacity(BATCH_LIMIT);
        for job in core::iter::once(first).chain(jobs.try_iter().take(BATCH_LIMIT - 1)) {
            commands.push(job.command);
            replies.push(job.reply);
        }
        let count = replies.len();
        let answers = self.settle(&mut commands);
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Whoever asked may have gone away; what was done stays done.
            let _ = reply.send(answer);
        }
        count
    }

    /// Carries a batch out, all its effects durable; an answer for each command.
    fn settle(&mut self, commands: &mut Vec<Command>) -> Vec<Answer> {
        let count = commands.len();
        if let Err(error) = self.make_ready() {
            commands.clear();
            return vec![Err(error); count];
        }
        match self.attempt(commands.drain(..)) {
            Ok(answers) => answers,
            Err(failure) => self.recover(failure, count),
        }
    }

    fn attempt(&mut self, commands: impl Iterator<Item = Command>) -> Result<Vec<Answer>, Failure> {
        let untried = |fault: Fault| Failure { error: engine_error(fault), tried: None };
        self.keeper.look_after(self.batch).map_err(untried)?;
        let mut answers = Vec::with_capacity(BATCH_LIMIT);
        let mut wrote = false;
        let engine = Arc::clone(&self.engine);
        let state = engine.state();
        let State::Open(snapshot) = &*state else {
            let reason = state.reason();
            return Ok(commands.map(|_| Err(reason.clone())).collect());
        };
        let mut session = EmbeddedSession::new(snapshot, core::mem::take(&mut self.staged));
        for command in commands {
            answers.push(match commands::carry_out(&mut session, command) {
                Ok((outcome, wrote_now)) => {
                    wrote |= wrote_now;
                    Ok(outcome)
                }
                Err(Fault::Refused(error)) => Err(error),
                Err(fault) => return Err(untried(fault)),
            });
        }
        let (mut rows, staged) = session.end();
        self.staged = staged;
        drop(state);
        if !wrote {
            // Nothing to make durable: every answer rests on earlier batches.
            return Ok(answers);
        }
        failpoint("store-before-commit");
        match self.keeper.keep(self.batch + 1, &mut self.staged.record, &mut rows) {
            Ok(()) => {
                failpoint("store-after-commit");
                self.batch += 1;
                Ok(answers)
            }
            Err(NotKept::Surely(fault)) => Err(untried(fault)),
            Err(NotKept::Perhaps(fault)) => Err(Failure { error: engine_error(fault), tried: Some(answers) }),
        }
    }

    /// After a failure the engine is not trusted: it is closed, and opened again only if room was all that it
    /// lacked and no sync failed. Then the store itself says whether the batch is durable.
    fn recover(&mut self, failure: Failure, count: usize) -> Vec<Answer> {
        let reason = told(&failure.error);
        self.keeper.let_go();
        drop(self.engine.change(State::Recovering));
        if !is_disk_full(&failure.error) || self.watch.failed() {
            return vec![Err(self.stop(&reason)); count];
        }
        self.rest_until = Some(Instant::now() + DISK_FULL_REST);
        let before = self.batch;
        match (self.reopen(), failure.tried) {
            (Ok(()), Some(answers)) if self.batch == before + 1 => answers,
            (Ok(()), _) | (Err(OpenError::DiskFull), None) => vec![Err(StoreError::DiskFull); count],
            (Err(OpenError::DiskFull), Some(_)) => vec![Err(reason); count],
            (Err(error), _) => vec![Err(self.stop(&error)); count],
        }
    }

    /// Opens the engine again if it lacked room, but not too often.
    fn make_ready(&mut self) -> Result<(), StoreError> {
        if let Some(until) = self.rest_until {
            if Instant::now() < until {
                return Err(StoreError::DiskFull);
            }
            self.rest_until = None;
        }
        if !matches!(*self.engine.state(), State::Recovering) {
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
        self.engine.change(State::Open(snapshot));
        Ok(())
    }

    /// Gives up until an operator acts. What the disk holds is whatever the last good sync left.
    fn stop(&mut self, reason: &impl ToString) -> StoreError {
        let reason = format!("{}; the store has stopped, check its disk and start again", reason.to_string());
        drop(self.engine.change(State::Stopped(reason.clone())));
        StoreError::Failed(reason)
    }
}

/// The engine's own words for whatever made a whole batch fail.
fn engine_error(fault: Fault) -> StorageError {
    match fault {
        Fault::Engine(error) => error,
        other => StorageError::Corrupted(other.told().to_string()),
    }
}
