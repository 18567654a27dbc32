//! How long each step of the last payments took. For operators only: to a till it would tell a right PIN from a
//! wrong one.
//!
//! It measures and changes nothing: each step is noted in the same way, however it went.

use crate::metrics::Metrics;
use api::admin::{PaymentSteps, StepView};
use model::{DeclineReason, Payment, PaymentId, PaymentState, PaymentStep, Timestamp, Watch};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many payments are remembered.
const PAYMENTS_MAX: usize = 64;

/// Measures one payment.
pub(crate) struct Stopwatch {
    started: Instant,
    marks: Mutex<Marks>,
}

struct Marks {
    last: Instant,
    taken: Vec<Mark>,
}

#[derive(Clone, Copy)]
struct Mark {
    step: PaymentStep,
    took: Duration,
    is_good: bool,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        let started = Instant::now();
        Self { started, marks: Mutex::new(Marks { last: started, taken: Vec::with_capacity(8) }) }
    }

    /// All steps are done once more, since something changed meanwhile.
    pub(crate) fn again(&self) {
        *self.lock() = Marks { last: Instant::now(), taken: Vec::with_capacity(8) };
    }

    /// The marks are whole after every single change, so a thread that died holding the lock did no harm.
    fn lock(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Stopwatch {
    fn ended(&self, step: PaymentStep, is_good: bool) {
        let now = Instant::now();
        let mut marks = self.lock();
        let took = now.saturating_duration_since(marks.last);
        marks.taken.push(Mark { step, took, is_good });
        marks.last = now;
    }
}

/// The last payments, latest first.
#[derive(Default)]
pub(crate) struct Steps(Mutex<VecDeque<Row>>);

struct Row {
    payment: Option<PaymentId>,
    at: Timestamp,
    verdict: &'static str,
    taken: Vec<Mark>,
    total: Duration,
}

impl Steps {
    /// Remembers a payment, and forgets the oldest.
    pub(crate) fn record(
        &self,
        stopwatch: &Stopwatch,
        payment: Option<PaymentId>,
        verdict: &'static str,
        at: Timestamp,
        metrics: &Metrics,
    ) {
        let taken = stopwatch.lock().taken.clone();
        for mark in &taken {
            metrics.step_seconds.with_label_values(&[mark.step.name()]).observe(mark.took.as_secs_f64());
        }
        let row = Row { payment, at, verdict, taken, total: stopwatch.started.elapsed() };
        let mut rows = self.lock();
        rows.truncate(PAYMENTS_MAX - 1);
        rows.push_front(row);
    }

    pub(crate) fn latest(&self) -> Vec<PaymentSteps> {
        self.lock().iter().map(Row::view).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    fn view(&self) -> PaymentSteps {
        PaymentSteps {
            payment: self.payment,
            at_ms: self.at.ms(),
            verdict: self.verdict.to_owned(),
            steps: steps_told(&self.taken),
            total_us: us(self.total),
        }
    }
}

/// The steps up to the first that went wrong; several of one kind are one.
fn steps_told(taken: &[Mark]) -> Vec<StepView> {
    let mut told: Vec<StepView> = Vec::new();
    let mut is_over = false;
    for &Mark { step, took, is_good } in taken {
        // Checks are made behind the one that decided, too; the commit always comes.
        if is_over && step != PaymentStep::Store {
            continue;
        }
        is_over |= !is_good;
        match told.iter_mut().find(|view| view.step == step.name()) {
            Some(view) => view.us = view.us.saturating_add(us(took)),
            None => told.push(StepView { step: step.name().to_owned(), us: us(took), ok: is_good }),
        }
    }
    told
}

/// What became of a payment whose code was good: the provider's word.
pub(crate) fn provider_verdict(payment: &Payment) -> &'static str {
    match &payment.state {
        PaymentState::Declined(DeclineReason::InsufficientFunds) => "insufficient_funds",
        PaymentState::Declined(DeclineReason::AccountUnusable) => "account_unusable",
        PaymentState::AwaitingApproval => "approval_needed",
        PaymentState::Declined(_) => "provider_refused",
        PaymentState::Received | PaymentState::Unknown => "provider_silent",
        _ => "ok",
    }
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(steps: &Steps, marks: &[(PaymentStep, bool)]) {
        let stopwatch = Stopwatch::start();
        for (step, is_good) in marks {
            stopwatch.ended(*step, *is_good);
        }
        steps.record(&stopwatch, None, "ok", Timestamp::from_s(1), &Metrics::new());
    }

    #[test]
    fn what_comes_behind_the_failed_check_is_not_told_and_commits_are_one() {
        use PaymentStep::{Bank, Open, Pin, Policy, Signature, Store};
        let steps = Steps::default();
        record(&steps, &[(Open, true), (Signature, true), (Pin, false), (Policy, true), (Store, true)]);
        record(&steps, &[(Open, true), (Store, true), (Bank, true), (Store, true)]);
        let names: Vec<Vec<(String, bool)>> = steps
            .latest()
            .iter()
            .map(|row| row.steps.iter().map(|view| (view.step.clone(), view.ok)).collect())
            .collect();
        let named = |all: &[(&str, bool)]| -> Vec<(String, bool)> {
            all.iter().map(|(name, ok)| ((*name).to_owned(), *ok)).collect()
        };
        assert_eq!(names[0], named(&[("open", true), ("store", true), ("bank", true)]));
        assert_eq!(names[1], named(&[("open", true), ("signature", true), ("pin", false), ("store", true)]));
    }

    #[test]
    fn the_memory_is_bounded() {
        let steps = Steps::default();
        for _ in 0..PAYMENTS_MAX + 5 {
            record(&steps, &[]);
        }
        assert_eq!(steps.latest().len(), PAYMENTS_MAX);
    }
}
