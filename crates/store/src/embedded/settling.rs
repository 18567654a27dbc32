//! How what was set apart comes into the engine while batches go on: on a thread of its own; or, for the simulator,
//! just before a later batch, since threads take turns as they like.

use crate::fault::Fault;
use std::thread::{self, Builder, JoinHandle};

/// So many batches go by before the simulator's work is done, unless it must be done before.
#[cfg(feature = "simulation")]
const BATCHES_BETWEEN: u32 = 3;

/// Where the work is done.
#[derive(Clone, Copy, Default)]
pub(crate) enum Settler {
    #[default]
    OnAThread,
    #[cfg(feature = "simulation")]
    AmongBatches,
}

/// The work, begun.
pub(crate) enum Settling {
    OnAThread(JoinHandle<Result<(), Fault>>),
    #[cfg(feature = "simulation")]
    AmongBatches {
        work: Box<dyn FnOnce() -> Result<(), Fault> + Send>,
        /// How many more batches go by.
        wait: u32,
    },
}

impl Settler {
    /// Begins `work`.
    pub(crate) fn begin(
        self,
        work: impl FnOnce() -> Result<(), Fault> + Send + 'static,
    ) -> Result<Settling, Fault> {
        match self {
            Self::OnAThread => {
                let thread = Builder::new().name("store-settler".into()).spawn(work);
                thread.map(Settling::OnAThread).map_err(|error| Fault::Engine(error.into()))
            }
            #[cfg(feature = "simulation")]
            Self::AmongBatches => Ok(Settling::AmongBatches { work: Box::new(work), wait: BATCHES_BETWEEN }),
        }
    }

    /// Frees what is not needed any more: with many rows that takes a while, for which nobody need wait.
    pub(crate) fn free(self, spent: impl Send + 'static) {
        match self {
            Self::OnAThread => drop(thread::spawn(move || drop(spent))),
            #[cfg(feature = "simulation")]
            Self::AmongBatches => drop(spent),
        }
    }
}

impl Settling {
    /// Whether it is time to end it, so that nobody waits. Asked once before each batch.
    pub(crate) fn is_due(&mut self) -> bool {
        match self {
            Self::OnAThread(thread) => thread.is_finished(),
            #[cfg(feature = "simulation")]
            Self::AmongBatches { wait, .. } => {
                *wait = wait.saturating_sub(1);
                *wait == 0
            }
        }
    }

    /// Waits until the work is done; tells how it went.
    pub(crate) fn end(self) -> Result<(), Fault> {
        match self {
            Self::OnAThread(thread) => {
                let died = || Fault::wrong("the thread that hands rows to the engine died");
                thread.join().map_err(|_| died())?
            }
            #[cfg(feature = "simulation")]
            Self::AmongBatches { work, .. } => work(),
        }
    }
}
