//! Makes batches durable, then visible; and hands what is durable in the log over to the engine in time.
//!
//! With a log, a batch is one append and one sync; its rows stay in memory, over the engine's, until the log has
//! taken its fill. Then they are set apart, the log goes on in its other half, and a thread of its own hands them to
//! the engine in one commit. Without a log the engine commits and syncs each batch.

use crate::embedded::desk::Desk;
use crate::embedded::log::{Log, Record};
use crate::embedded::replay;
use crate::embedded::settling::{Settler, Settling};
use crate::embedded::snapshot::{hand_over, prepare};
use crate::failpoint;
use crate::fault::Fault;
use crate::rows::Rows;
use redb::{Database, WriteTransaction};
use std::sync::Arc;

/// So many times its fill a half of the log takes at most, while the engine is still busy with the other half's
/// rows; then the writer waits.
const OVERFULL: u64 = 2;

pub(crate) struct Keeper {
    desk: Arc<Desk>,
    log: Option<Log>,
    settler: Settler,
    /// Hands over what was set apart.
    handing_over: Option<Settling>,
}

/// A batch that failed.
pub(crate) enum NotKept {
    /// It cannot be durable.
    Surely(Fault),
    /// Only looking again tells whether it is.
    Perhaps(Fault),
}

impl Keeper {
    pub(crate) fn new(desk: Arc<Desk>, log: Option<Log>, settler: Settler) -> Self {
        Self { desk, log, settler, handing_over: None }
    }

    /// Goes on in a log that was opened again, after [`Keeper::let_go`].
    pub(crate) fn go_on(&mut self, log: Option<Log>) {
        self.log = log;
    }

    /// Before the batch that follows `batch`: looks after what was set apart, and sets more apart if it is time.
    pub(crate) fn look_after(&mut self, batch: u64) -> Result<(), Fault> {
        let Some(log) = &self.log else { return Ok(()) };
        let (is_full, is_overfull) = (log.is_full(1), log.is_full(OVERFULL));
        if self.handing_over.as_mut().is_some_and(Settling::is_due) || is_overfull {
            self.end_handing_over()?;
        }
        if is_full && self.handing_over.is_none() {
            self.begin_handing_over(batch)?;
        }
        Ok(())
    }

    /// Makes batch `number` durable, then shows its rows.
    pub(crate) fn keep(&mut self, number: u64, record: &mut Record) -> Result<(), NotKept> {
        match &mut self.log {
            Some(log) => {
                log.append(number, record).map_err(|error| NotKept::Perhaps(Fault::Engine(error.into())))?;
                failpoint("store-after-log");
                let shown = self.desk.show(|snapshot, rows| {
                    snapshot.absorb(rows);
                    Ok(())
                });
                shown.map_err(NotKept::Perhaps)
            }
            None => {
                let txn = self.prepare(number).map_err(NotKept::Surely)?;
                txn.commit().map_err(|error| NotKept::Perhaps(error.into()))?;
                let shown = self.desk.show(|snapshot, _| snapshot.renew().map(drop));
                shown.map_err(NotKept::Perhaps)
            }
        }
    }

    /// Hands everything up to `batch` over, so that the store is whole without its log.
    pub(crate) fn leave_log(&mut self, batch: u64) -> Result<(), Fault> {
        self.end_handing_over()?;
        let Some(log) = self.log.take() else { return Ok(()) };
        let (database, rows) = self.set_apart()?;
        hand_over(&database, &rows, batch, |txn| Ok(replay::mark(txn, false)?))?;
        log.remove().map_err(|error| Fault::Engine(error.into()))
    }

    /// Lets go of log and engine, so that they can be opened again.
    pub(crate) fn let_go(&mut self) {
        // What it handed over or not is found in log and engine.
        let _ = self.handing_over.take().map(Settling::end);
        self.log = None;
    }

    fn begin_handing_over(&mut self, batch: u64) -> Result<(), Fault> {
        let (database, rows) = self.set_apart()?;
        if let Some(log) = &mut self.log {
            log.turn();
        }
        let work = move || {
            failpoint("store-before-settling");
            hand_over(&database, &rows, batch, |_| Ok(()))?;
            failpoint("store-after-settling");
            Ok(())
        };
        self.handing_over = Some(self.settler.begin(work)?);
        Ok(())
    }

    /// Waits until what was set apart is in the engine.
    fn end_handing_over(&mut self) -> Result<(), Fault> {
        let Some(handing_over) = self.handing_over.take() else { return Ok(()) };
        handing_over.end()?;
        let spent = self.desk.engine().alter(|snapshot| snapshot.renew())?;
        self.settler.free(spent);
        Ok(())
    }

    fn prepare(&self, number: u64) -> Result<WriteTransaction, Fault> {
        let database = self.desk.engine().alter(|snapshot| snapshot.database())?;
        let rows = self.desk.under_way().map_err(Fault::Refused)?;
        prepare(&database, &rows, number, |_| Ok(()))
    }

    /// Sets the rows that are shown and not in the engine apart, to be handed to it.
    fn set_apart(&self) -> Result<(Arc<Database>, Arc<Rows>), Fault> {
        self.desk.engine().alter(|snapshot| Ok((snapshot.database()?, snapshot.set_apart())))
    }
}
