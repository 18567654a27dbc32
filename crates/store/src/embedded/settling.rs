//! How what was set apart comes into the engine while batches go on: on a thread of its own; or, for the simulator,
//! just before a later batch, since threads take turns as they like.

use crate::fault::Fault;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::Builder;

/// So many batches go by before the simulator's work is done, unless it must be done before.
#[cfg(feature = "simulation")]
const BATCHES_BETWEEN: u32 = 3;

type Work = Box<dyn FnOnce() + Send>;
type Done = Result<(), Fault>;

/// Where the work is done.
pub(crate) enum Settler {
    /// On one thread, started when it is first needed, which keeps the memory that it worked with.
    OnAThread(Option<Sender<Work>>),
    #[cfg(feature = "simulation")]
    AmongBatches,
}

/// The work, begun.
pub(crate) enum Settling {
    OnAThread {
        done: Receiver<Done>,
        /// How it went, once that is known.
        known: Option<Done>,
    },
    #[cfg(feature = "simulation")]
    AmongBatches {
        work: Box<dyn FnOnce() -> Done + Send>,
        /// How many more batches go by.
        wait: u32,
    },
}

impl Default for Settler {
    fn default() -> Self {
        Self::OnAThread(None)
    }
}

impl Settler {
    /// Begins `work`.
    pub(crate) fn begin(&mut self, work: impl FnOnce() -> Done + Send + 'static) -> Result<Settling, Fault> {
        match self {
            Self::OnAThread(thread) => {
                let (tell, done) = channel();
                // Who does not wait for it any more finds in log and engine how it went.
                let work = move || drop(tell.send(work()));
                started(thread)?.send(Box::new(work)).map_err(|_| died())?;
                Ok(Settling::OnAThread { done, known: None })
            }
            #[cfg(feature = "simulation")]
            Self::AmongBatches => Ok(Settling::AmongBatches { work: Box::new(work), wait: BATCHES_BETWEEN }),
        }
    }

    /// Frees what is not needed any more: with many rows that takes a while, for which nobody need wait.
    pub(crate) fn free(&self, spent: impl Send + 'static) {
        match self {
            Self::OnAThread(Some(thread)) => drop(thread.send(Box::new(|| drop(spent)))),
            _ => drop(spent),
        }
    }
}

/// The thread, which ends when nobody can send it work any more.
fn started(thread: &mut Option<Sender<Work>>) -> Result<&Sender<Work>, Fault> {
    if thread.is_none() {
        let (sender, works) = channel::<Work>();
        let run = move || works.into_iter().for_each(|work| work());
        let spawned = Builder::new().name("store-settler".into()).spawn(run);
        spawned.map_err(|error| Fault::Engine(error.into()))?;
        *thread = Some(sender);
    }
    thread.as_ref().ok_or_else(died)
}

impl Settling {
    /// Whether it is time to end it, so that nobody waits. Asked once before each batch.
    pub(crate) fn is_due(&mut self) -> bool {
        match self {
            Self::OnAThread { done, known } => {
                if known.is_none() {
                    *known = match done.try_recv() {
                        Ok(done) => Some(done),
                        Err(TryRecvError::Empty) => None,
                        Err(TryRecvError::Disconnected) => Some(Err(died())),
                    };
                }
                known.is_some()
            }
            #[cfg(feature = "simulation")]
            Self::AmongBatches { wait, .. } => {
                *wait = wait.saturating_sub(1);
                *wait == 0
            }
        }
    }

    /// Waits until the work is done; tells how it went.
    pub(crate) fn end(self) -> Done {
        match self {
            Self::OnAThread { done, known } => {
                known.or_else(|| done.recv().ok()).unwrap_or_else(|| Err(died()))
            }
            #[cfg(feature = "simulation")]
            Self::AmongBatches { work, .. } => work(),
        }
    }
}

fn died() -> Fault {
    Fault::wrong("the thread that hands rows to the engine died")
}
