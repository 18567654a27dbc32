//! Where commands come in: each is carried out at once and joins the batch that gathers.
//!
//! Whoever brings a command carries it out, and with it whatever came meanwhile; who comes while somebody is at it
//! leaves the command there and waits for nothing but the answer. All the while the writer makes the batch before
//! durable, so no core waits for the disk while there is work. A command sees the rows of its own batch and of the
//! one that is under way; readers see neither before it is durable. Nor is anybody answered before that, not even
//! with a refusal: it may rest on rows that a crash would take back.

use crate::commands;
use crate::embedded::engine::{Engine, State};
use crate::embedded::log::Record;
use crate::embedded::pace::Pace;
use crate::embedded::session::{EmbeddedSession, Staged, Tails};
use crate::embedded::snapshot::Snapshot;
use crate::fault::{Fault, told};
use crate::rows::Rows;
use records::{Command, Outcome, StoreError};
use redb::StorageError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The most commands that may wait; more are told that the store is busy.
pub const QUEUE_LIMIT: usize = 4_096;

pub(crate) type Answer = Result<Outcome, StoreError>;

/// Whoever waits for an answer.
pub(crate) type Asker = oneshot::Sender<Answer>;

/// Answers, and whom to give them to.
pub(crate) type Answers = Vec<(Asker, Answer)>;

/// The desk, shared by whoever brings commands and the one writer.
pub(crate) struct Desk {
    engine: Arc<Engine>,
    /// Held for moments only; last, where several locks are held.
    incoming: Mutex<Incoming>,
    came: Condvar,
    /// Held while commands are carried out; before the engine's state.
    gathering: Mutex<Gathering>,
}

/// What nobody has looked at yet.
#[derive(Default)]
struct Incoming {
    jobs: Vec<Job>,
    /// How many commands were handed out and not taken with a batch.
    gathered: usize,
    end: Option<End>,
    /// Set by the writer when it sleeps: it is to be woken once there are so many commands.
    wakes_at: Option<usize>,
}

/// Why no more commands are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The store is closing.
    Closing,
    /// A command panicked.
    Died,
}

struct Job {
    command: Command,
    reply: Asker,
}

/// The batch that gathers, over the one that is under way.
#[derive(Default)]
struct Gathering {
    answers: Answers,
    rows: Rows,
    staged: Staged,
    wrote: bool,
    tails: Tails,
    /// What the engine said when it failed a command; then the batch fails with it.
    spoilt: Option<StorageError>,
    /// Rows of the batch before, until they are durable and shown.
    under_way: Option<Arc<Rows>>,
    /// Commands that came while the engine could not be used.
    waiting: Vec<Job>,
    /// Empty: room for the commands that are handed out next.
    jobs: Vec<Job>,
}

/// A batch that was taken from the desk, to be made durable; its rows stay there until they are shown.
pub(crate) struct Batch {
    pub(crate) answers: Answers,
    /// What is to be made durable; none if every answer rests on earlier batches.
    pub(crate) record: Option<Record>,
    pub(crate) spoilt: Option<StorageError>,
}

/// What the writer waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Came {
    Commands,
    /// The time it wanted to look again.
    Time,
    /// The store is closing and everything is done.
    End,
}

impl Desk {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine, incoming: Mutex::default(), came: Condvar::new(), gathering: Mutex::default() }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Takes `command` in. The answer comes once it can be relied on.
    ///
    /// # Errors
    /// If it was not even tried.
    pub(crate) fn bring(&self, command: Command) -> Result<oneshot::Receiver<Answer>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let mut incoming = self.incoming();
        match incoming.end {
            None => {}
            Some(End::Closing) => return Err(StoreError::Closed),
            Some(End::Died) => return Err(died()),
        }
        if incoming.count() >= QUEUE_LIMIT {
            return Err(StoreError::Busy);
        }
        incoming.jobs.push(Job { command, reply });
        drop(incoming);
        self.carry_out_what_came()?;
        Ok(answer)
    }

    /// Waits until something is there for the writer to do, as much as `pace` wants, or it is time to look again.
    pub(crate) fn wait(&self, pace: &Pace, look_again_at: Option<Instant>) -> Came {
        let mut incoming = self.incoming();
        loop {
            incoming.wakes_at = None;
            let count = incoming.count();
            let (left, came) = match (count, incoming.end, look_again_at) {
                (0, Some(_), _) => return Came::End,
                (0, None, None) => (None, Came::Time),
                (0, None, Some(at)) => (Some(at.saturating_duration_since(Instant::now())), Came::Time),
                (_, Some(_), _) => return Came::Commands,
                (count, None, _) if count >= pace.wanted() => return Came::Commands,
                (_, None, _) => (Some(pace.left()), Came::Commands),
            };
            if left.is_some_and(|left| left.is_zero()) {
                return came;
            }
            incoming.wakes_at = Some(if count == 0 { 1 } else { pace.wanted() });
            incoming = match left {
                None => self.came.wait(incoming).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.came.wait_timeout(incoming, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Whether there is something for the writer to do.
    #[cfg(feature = "simulation")]
    pub(crate) fn has_work(&self) -> bool {
        self.incoming().count() > 0
    }

    /// Takes no more commands.
    pub(crate) fn close(&self) {
        self.incoming().end.get_or_insert(End::Closing);
        self.came.notify_one();
    }

    /// Lets everybody go who waits: the writer is gone.
    pub(crate) fn abandon(&self) {
        *self.incoming() = Incoming { end: Some(End::Died), ..Incoming::default() };
        *self.gathering.lock().unwrap_or_else(PoisonError::into_inner) = Gathering::default();
    }

    /// Turns away what came while the engine could not be used, since it still cannot. Gives who waited for that.
    pub(crate) fn turn_away(&self) -> Result<Vec<Asker>, StoreError> {
        self.with_gathering(|gathering| {
            let waiting = core::mem::take(&mut gathering.waiting);
            self.incoming().gathered -= waiting.len();
            waiting.into_iter().map(|job| job.reply).collect()
        })
    }

    /// Takes the batch that gathered, with what came while the engine could not be used; the next one gathers over
    /// it. `spent` is a record to write over.
    pub(crate) fn take(&self, spent: Record) -> Result<Batch, StoreError> {
        self.with_gathering(|gathering| {
            let waiting = core::mem::take(&mut gathering.waiting);
            gathering.carry_out_all(&self.engine, waiting.into_iter());
            debug_assert!(gathering.under_way.is_none(), "one batch is under way at a time");
            let answers = core::mem::take(&mut gathering.answers);
            self.incoming().gathered -= answers.len();
            let record = core::mem::take(&mut gathering.wrote).then(|| {
                gathering.under_way = Some(Arc::new(core::mem::take(&mut gathering.rows)));
                gathering.staged.begin_record(spent)
            });
            Batch { answers, record, spoilt: gathering.spoilt.take() }
        })
    }

    /// The rows of the batch that was taken.
    pub(crate) fn under_way(&self) -> Result<Arc<Rows>, StoreError> {
        self.with_gathering(|gathering| gathering.under_way.clone().unwrap_or_default())
    }

    /// Shows readers what was under way, now that it is durable: `show` takes it into the snapshot.
    pub(crate) fn show(
        &self,
        show: impl FnOnce(&mut Snapshot, Rows) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let shown = self.with_gathering(|gathering| {
            let Some(rows) = gathering.under_way.take() else { return Ok(()) };
            self.engine.alter(|snapshot| show(snapshot, Arc::unwrap_or_clone(rows)))
        });
        shown.map_err(Fault::Refused)?
    }

    /// Gives up what is under way and what gathers, with the engine under it. Gives who waited for what gathered.
    pub(crate) fn give_up(&self) -> Result<Vec<Asker>, StoreError> {
        self.with_gathering(|gathering| {
            let waiting = core::mem::take(&mut gathering.waiting);
            let given_up = core::mem::replace(gathering, Gathering { waiting, ..Gathering::default() });
            drop(self.engine.change(State::Recovering));
            self.incoming().gathered -= given_up.answers.len();
            given_up.answers.into_iter().map(|(reply, _)| reply).collect()
        })
    }

    /// Carries out what came, unless somebody is at it, who sees to it then.
    fn carry_out_what_came(&self) -> Result<(), StoreError> {
        while !self.incoming().jobs.is_empty() {
            match self.gathering.try_lock() {
                Ok(mut gathering) => self.carry_out(&mut gathering),
                Err(TryLockError::WouldBlock) => return Ok(()),
                Err(TryLockError::Poisoned(_)) => return Err(died()),
            }
        }
        Ok(())
    }

    /// Does something with the batch that gathers; what comes meanwhile is carried out afterwards.
    fn with_gathering<T>(&self, work: impl FnOnce(&mut Gathering) -> T) -> Result<T, StoreError> {
        let mut gathering = self.gathering.lock().map_err(|_| died())?;
        self.carry_out(&mut gathering);
        let done = work(&mut gathering);
        drop(gathering);
        self.carry_out_what_came()?;
        Ok(done)
    }

    fn carry_out(&self, gathering: &mut Gathering) {
        let alarm = Alarm(self);
        let mut jobs = core::mem::take(&mut gathering.jobs);
        while self.hand_out(&mut jobs) {
            gathering.carry_out_all(&self.engine, jobs.drain(..));
        }
        gathering.jobs = jobs;
        core::mem::forget(alarm);
    }

    /// Hands out what came, into the empty `jobs`. If nothing did, all that came before is carried out: wakes the writer
    /// if it waits for so much. Gives whether there was anything.
    fn hand_out(&self, jobs: &mut Vec<Job>) -> bool {
        let mut incoming = self.incoming();
        core::mem::swap(&mut incoming.jobs, jobs);
        incoming.gathered += jobs.len();
        let gathered = incoming.gathered;
        if jobs.is_empty() && incoming.wakes_at.take_if(|at| *at <= gathered).is_some() {
            drop(incoming);
            self.came.notify_one();
        }
        !jobs.is_empty()
    }

    fn incoming(&self) -> MutexGuard<'_, Incoming> {
        // Whatever holds it only counts and moves.
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Incoming {
    fn count(&self) -> usize {
        self.jobs.len() + self.gathered
    }
}

impl Gathering {
    /// Carries `jobs` out; keeps them while the engine cannot be used, or answers that it never will be.
    fn carry_out_all(&mut self, engine: &Engine, jobs: impl Iterator<Item = Job>) {
        let state = engine.state();
        for job in jobs {
            match &*state {
                State::Open(snapshot) if self.can_go_on() => self.carry_out(snapshot, job),
                State::Open(_) | State::Recovering => self.waiting.push(job),
                closed => self.answers.push((job.reply, Err(closed.reason()))),
            }
        }
    }

    /// Whether more commands can join, in the order in which they came.
    fn can_go_on(&self) -> bool {
        self.spoilt.is_none() && self.waiting.is_empty()
    }

    fn carry_out(&mut self, snapshot: &Snapshot, job: Job) {
        let earlier = self.under_way.as_deref();
        let mut session =
            EmbeddedSession::new(snapshot, earlier, &mut self.rows, &mut self.staged, &mut self.tails);
        let answer = match commands::carry_out(&mut session, job.command) {
            Ok((outcome, wrote)) => {
                self.wrote |= wrote;
                Ok(outcome)
            }
            Err(Fault::Refused(error)) => Err(error),
            Err(Fault::Engine(error)) => {
                let answer = Err(told(&error));
                self.spoilt = Some(error);
                answer
            }
            Err(fault @ Fault::Unread) => Err(fault.told()),
        };
        self.answers.push((job.reply, answer));
    }
}

/// Dropped, not forgotten, if a command panics. That leaves who knows what: nothing goes on from there.
struct Alarm<'a>(&'a Desk);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        self.0.incoming().end = Some(End::Died);
        self.0.came.notify_one();
    }
}

pub(crate) fn died() -> StoreError {
    StoreError::Failed("the store's writer died; start again".into())
}
