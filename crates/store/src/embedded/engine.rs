//! The engine as the writer and all readers share it: open, being looked at after a failure, stopped or closed; or
//! frozen, for readers who want one moment.

use crate::embedded::snapshot::Snapshot;
use crate::fault::Fault;
use records::StoreError;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Whether the engine can be used.
pub(crate) enum State {
    /// It can.
    Open(Snapshot),
    /// It shows what was durable at one moment, and is never written to.
    Frozen(Snapshot),
    /// It failed for want of room and is opened again.
    Recovering,
    /// It failed in a way that only an operator can end; says how.
    Stopped(String),
    /// The store is closed.
    Closed,
}

impl State {
    /// Why it cannot be used.
    pub(crate) fn reason(&self) -> StoreError {
        match self {
            Self::Open(_) | Self::Recovering => StoreError::Busy,
            Self::Stopped(reason) => StoreError::Failed(reason.clone()),
            Self::Frozen(_) | Self::Closed => StoreError::Closed,
        }
    }
}

/// The engine. Readers hold its lock while they read, which takes microseconds; only the writer changes it.
pub(crate) struct Engine(RwLock<State>);

impl Engine {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self(RwLock::new(State::Open(snapshot)))
    }

    /// A look at the state, which cannot change meanwhile.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, to be changed once all readers are done.
    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state once all readers are done; gives the one before.
    pub(crate) fn change(&self, state: State) -> State {
        core::mem::replace(&mut *self.state_mut(), state)
    }

    /// Changes what is shown, once all readers are done.
    pub(crate) fn alter<T>(&self, alter: impl FnOnce(&mut Snapshot) -> Result<T, Fault>) -> Result<T, Fault> {
        match &mut *self.state_mut() {
            State::Open(snapshot) => alter(snapshot),
            closed => Err(Fault::Refused(match closed.reason() {
                StoreError::Busy => StoreError::Closed,
                reason => reason,
            })),
        }
    }

    /// An engine that shows what is durable now, for as long as it is kept.
    pub(crate) fn freeze(&self) -> Result<Self, StoreError> {
        match &*self.state() {
            State::Open(snapshot) => Ok(Self(RwLock::new(State::Frozen(snapshot.copy())))),
            closed => Err(closed.reason()),
        }
    }

    /// Asks about what is durable.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Snapshot) -> Result<T, Fault>) -> Result<T, StoreError> {
        let state = self.state();
        match &*state {
            State::Open(snapshot) | State::Frozen(snapshot) => ask(snapshot).map_err(Fault::told),
            closed => Err(closed.reason()),
        }
    }
}
