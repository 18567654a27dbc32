//! The check of what is stored, while payments go on: now and then of what changed, and of everything when an operator
//! asks. It reads a snapshot on a thread of its own, so that no payment waits for it.

use crate::state::Shared;
use crate::workers::is_ours;
use api::check::{CheckView, ChecksView};
use futures_util::FutureExt;
use payments::PaymentError;
use payments::check::{Report, SignedBy, check_changes, check_while};
use records::{Command, Outcome, Work};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;

/// How many changed payments are read at a time.
const LOT: usize = 500;

/// What to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Whole,
    /// What changed since the last check.
    Changes,
}

/// The check that goes on, if any, and what the last ones found.
#[derive(Default)]
pub(crate) struct Checks {
    view: Mutex<ChecksView>,
    /// How many rows the one that goes on has read.
    rows: AtomicU64,
    /// Whether it must end early, because the server ends.
    must_end: AtomicBool,
}

impl Checks {
    pub(crate) fn view(&self) -> ChecksView {
        let view = self.lock().clone();
        let running_rows = view.running_since_ms.map(|_| self.rows.load(Ordering::Relaxed));
        ChecksView { running_rows, ..view }
    }

    /// Tells how many rows were read. Gives whether to go on.
    fn go_on(&self, rows: u64) -> bool {
        self.rows.store(rows, Ordering::Relaxed);
        !self.must_end.load(Ordering::Relaxed)
    }

    /// Takes the one place for a check; none if it is taken.
    fn begin(&self, shared: &Shared) -> bool {
        let mut view = self.lock();
        let is_free = view.running_since_ms.is_none() && self.go_on(0);
        if is_free {
            view.running_since_ms = Some(shared.now().ms());
        }
        is_free
    }

    fn end(&self, extent: Extent, found: Option<CheckView>) {
        let mut view = self.lock();
        view.running_since_ms = None;
        let last = match extent {
            Extent::Whole => &mut view.whole,
            Extent::Changes => &mut view.changes,
        };
        *last = found.or(last.take());
    }

    /// The view is whole after every single change.
    fn lock(&self) -> MutexGuard<'_, ChecksView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks what changed every `every`, until the server has drained; then ends the check that goes on, if any.
pub(crate) async fn work(shared: Shared, every: Option<Duration>, mut drained: watch::Receiver<bool>) {
    while !*drained.borrow_and_update() {
        if every.is_some() && is_ours(&shared, Work::Check).await {
            start(&shared, Extent::Changes);
        }
        tokio::select! {
            () = sleep(every.unwrap_or(Duration::MAX)) => {}
            _ = drained.changed() => {}
        }
    }
    shared.checks.must_end.store(true, Ordering::Relaxed);
    while shared.checks.view().running_since_ms.is_some() {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Begins a check. Gives whether it could: not while one goes on.
pub(crate) fn start(shared: &Shared, extent: Extent) -> bool {
    if !shared.checks.begin(shared) {
        return false;
    }
    let shared = shared.clone();
    drop(tokio::task::spawn_blocking(move || {
        let running = Running { shared: &shared, extent, started: Instant::now() };
        let read = AssertUnwindSafe(running.read()).catch_unwind();
        let result = Handle::current().block_on(read);
        running.tell(result.unwrap_or_else(|_| Err(PaymentError::Inconsistent("the check panicked".into()))));
    }));
    true
}

struct Running<'a> {
    shared: &'a Shared,
    extent: Extent,
    started: Instant,
}

impl Running<'_> {
    /// What is found; none if it must end early.
    async fn read(&self) -> Result<Option<Report>, PaymentError> {
        let keys = &self.shared.keys;
        let signed_by = SignedBy {
            realm: keys.realm().clone(),
            audit_keys: keys.audit_keys(),
            rule_keys: keys.rule_keys_ever(),
        };
        if self.extent == Extent::Whole {
            let snapshot = self.shared.store.snapshot().await?;
            return check_while(&*snapshot, &signed_by, &|rows| self.shared.checks.go_on(rows)).await;
        }
        let mut report = Report::default();
        loop {
            let snapshot = self.shared.store.snapshot().await?;
            let round = check_changes(&*snapshot, &signed_by, self.shared.now(), LOT).await?;
            drop(snapshot);
            report.rows += round.report.rows;
            report.payments += round.report.payments;
            report.unsettled = round.report.unsettled;
            report.findings = round.report.findings;
            let Some(moved) = round.moved else { return Ok(Some(report)) };
            let is_news = !moved.payments.is_empty() || moved.mark.number == 1;
            if is_news && self.move_on(moved).await? != Outcome::Done {
                // Another server's check was quicker: it reads the rest.
                return Ok(Some(report));
            }
            if round.is_complete {
                return Ok(Some(report));
            }
            if !self.shared.checks.go_on(report.rows) {
                return Ok(None);
            }
        }
    }

    async fn move_on(&self, moved: records::MoveCheckMark) -> Result<Outcome, PaymentError> {
        Ok(self.shared.store.commit(Command::MoveCheckMark(Box::new(moved))).await?)
    }

    fn tell(&self, result: Result<Option<Report>, PaymentError>) {
        let took = self.started.elapsed();
        let mut found = CheckView {
            ended_at_ms: self.shared.now().ms(),
            took_ms: took.as_millis().try_into().unwrap_or(u64::MAX),
            ..CheckView::default()
        };
        match result {
            Ok(None) => return self.shared.checks.end(self.extent, None),
            Ok(Some(report)) => {
                for finding in &report.findings {
                    tracing::error!(%finding, "what is stored is wrong");
                }
                found.rows = report.rows;
                found.payments = report.payments;
                found.unsettled = report.unsettled;
                found.findings = report.findings.iter().map(ToString::to_string).collect();
                let gauge = |gauge: &prometheus::IntGauge, value: usize| {
                    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
                };
                gauge(&self.shared.metrics.check_findings, found.findings.len());
                self.shared.metrics.check_ended.set(found.ended_at_ms / 1_000);
                self.shared.metrics.check_rows.inc_by(found.rows);
            }
            Err(error) => {
                tracing::error!(%error, "what is stored could not be checked; it is tried again");
                found.failure = Some("the store could not be read; the log says why".to_owned());
            }
        }
        self.shared.checks.end(self.extent, Some(found));
    }
}
