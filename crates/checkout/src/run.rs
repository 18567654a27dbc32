//! The course of one sale in one process: asks for what to store, send and wait for, is told what came, and
//! knows when it is over. What it must remember beyond its own life is in the journal, nowhere else.

mod heard;

use crate::answer::Answer;
use crate::event::{Action, CancelReason, Entry, Event, Refusal, tidy};
use crate::policy;
use crate::request::{Call, Request};
use crate::sale::{Sale, Stage};
use crate::{SaleNumber, ScannedCode};
use model::{PaymentId, Timestamp};

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Put this into the journal, then say [`Run::stored`]. Nothing else is given out before.
    Store(Entry),
    /// Send this, wait at most `deadline_ms` for the answer, then say [`Run::heard`].
    Send {
        /// What to send.
        request: Request,
        /// How long to wait for the whole answer.
        deadline_ms: i64,
    },
    /// Come again after this many milliseconds.
    Wait {
        /// How long.
        ms: i64,
    },
    /// It is over.
    End(End),
}

/// How a run ended. What became of the sale is in [`Run::sale`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All that was wanted is known, done or refused.
    Settled,
    /// Something is unknown and left for a later run.
    Open {
        /// What stood in the way.
        cause: String,
        /// Whether no connection came about at all in this run.
        is_unreachable: bool,
    },
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Authorise, then follow the plan.
    Pay,
    /// Do one thing to a payment.
    Act(Action),
    /// Cancel what was asked.
    Cancel,
    /// End what another run left.
    Settle,
}

/// See the module.
#[derive(Debug)]
pub struct Run {
    sale: Sale,
    goal: Goal,
    code: Option<ScannedCode>,
    /// The entry to store, with the sale as it is once that is done.
    to_store: Option<(Entry, Sale)>,
    in_flight: Option<Call>,
    wait_until: Option<Timestamp>,
    end: Option<End>,
    /// Whether an earlier try of what is being asked may have arrived.
    may_have_arrived: bool,
    /// Whether the server said that the authorisation is under way: then it is asked about, not repeated.
    is_under_way: bool,
    /// Whether the payment is to be asked about, since an answer said that it stands elsewhere than thought.
    is_stale: bool,
    /// The payment, if only an answer to a cancelled request has named it.
    found: Option<PaymentId>,
    /// Whether this run has done its operation.
    has_acted: bool,
    /// Whether any request of this run may have arrived.
    has_connected: bool,
    attempts: u32,
    /// When what is being asked was first asked in this run.
    since: Option<Timestamp>,
    last_cause: String,
}

impl Run {
    pub(crate) fn of(sale: Sale, goal: Goal, code: Option<ScannedCode>) -> Self {
        let is_under_way = sale.payment().is_some();
        Self {
            sale,
            goal,
            code,
            to_store: None,
            in_flight: None,
            wait_until: None,
            end: None,
            may_have_arrived: true,
            is_under_way,
            is_stale: false,
            found: None,
            has_acted: false,
            has_connected: false,
            attempts: 0,
            since: None,
            last_cause: String::new(),
        }
    }

    pub(crate) fn begin_with(
        number: SaleNumber,
        event: Event,
        goal: Goal,
        code: Option<ScannedCode>,
        now: Timestamp,
    ) -> Self {
        let entry = Entry { sale: number, at: now, event };
        let sale = Sale::begin(&entry).expect("both callers bring an event that begins a sale");
        let mut run = Self::of(sale.clone(), goal, code);
        run.may_have_arrived = false;
        run.is_under_way = false;
        run.to_store = Some((entry, sale));
        run
    }

    /// The sale as the journal has it.
    #[must_use]
    pub const fn sale(&self) -> &Sale {
        &self.sale
    }

    /// What to do next.
    pub fn next(&mut self, now: Timestamp) -> Next {
        loop {
            if let Some((entry, _)) = &self.to_store {
                return Next::Store(entry.clone());
            }
            if let Some(end) = &self.end {
                return Next::End(end.clone());
            }
            // A clock that was set back meanwhile must not make a pause of hours.
            let pause = 1..=policy::PAUSE_MAX_MS;
            if let Some(until) = self.wait_until.filter(|until| pause.contains(&until.ms_since(now))) {
                return Next::Wait { ms: until.ms_since(now) };
            }
            self.wait_until = None;
            match self.task(now) {
                Task::Send(call) => return self.send(call, now),
                Task::Record(event) => self.record(event, now),
                Task::End => self.end = Some(End::Settled),
            }
        }
    }

    /// The entry last given out is in the journal.
    pub fn stored(&mut self) {
        let Some((entry, sale)) = self.to_store.take() else { return };
        let opens_something =
            matches!(entry.event, Event::Opened(_) | Event::CancelIntended { .. } | Event::Intended(_));
        if opens_something {
            self.may_have_arrived = false;
            self.attempts = 0;
            self.since = None;
        }
        self.has_acted |= matches!(entry.event, Event::Intended(_) | Event::Done { .. } | Event::Failed(_));
        self.sale = sale;
    }

    /// The answer to the request last given out.
    pub fn heard(&mut self, answer: Answer, now: Timestamp) {
        let Some(call) = self.in_flight.take() else { return };
        match &answer {
            Answer::NotSent { cause } | Answer::Lost { cause } => self.last_cause = tidy(cause),
            Answer::Problem(problem) => self.last_cause = Refusal::from(problem).to_string(),
            _ => {}
        }
        self.has_connected |= !matches!(answer, Answer::NotSent { .. });
        match (self.sale.stage().clone(), &call) {
            (Stage::Asking, Call::Authorise { .. }) => self.heard_authorisation(answer, now),
            (Stage::Asking, Call::QueryKey(_)) => self.heard_query(answer, now),
            (Stage::Cancelling, Call::Cancel(_)) => self.heard_cancel(answer, now),
            (Stage::Known, Call::Operate { operation, .. }) => {
                self.heard_operation(operation.action, answer, now);
            }
            (_, Call::QueryKey(_) | Call::QueryPayment(_)) => self.heard_refresh(answer, now),
            _ => {}
        }
    }
}

enum Task {
    Send(Call),
    Record(Event),
    End,
}

/// What to do.
impl Run {
    fn task(&self, now: Timestamp) -> Task {
        match self.sale.stage() {
            Stage::Asking => self.task_asking(now),
            Stage::Cancelling if self.is_stale => Task::Send(self.ask_where_it_stands()),
            Stage::Cancelling => Task::Send(Call::Cancel(self.sale.key().clone())),
            Stage::Known => self.task_known(now),
            Stage::Closed(_) => Task::End,
        }
    }

    /// By its key the server repeats what it once answered; only by its id does it tell how things are now.
    fn ask_where_it_stands(&self) -> Call {
        match self.sale.payment().map(|payment| payment.id).or(self.found) {
            Some(id) => Call::QueryPayment(id),
            None => Call::QueryKey(self.sale.key().clone()),
        }
    }

    fn task_asking(&self, now: Timestamp) -> Task {
        if self.goal == Goal::Cancel {
            return Task::Record(Event::CancelIntended { reason: CancelReason::Asked });
        }
        if self.is_overdue(now) {
            if self.may_have_arrived {
                return Task::Record(Event::CancelIntended { reason: CancelReason::Deadline });
            }
            return Task::Record(Event::Abandoned { cause: self.last_cause.clone() });
        }
        match (&self.code, self.sale.opening()) {
            (Some(code), Some(opening)) if !self.is_under_way => {
                Task::Send(Call::Authorise { opening: opening.clone(), code: code.clone() })
            }
            _ => Task::Send(Call::QueryKey(self.sale.key().clone())),
        }
    }

    fn task_known(&self, now: Timestamp) -> Task {
        let Some(payment) = self.sale.payment() else { return Task::End };
        if let Some(operation) = self.sale.operation() {
            return Task::Send(Call::Operate { payment: payment.id, operation: operation.clone() });
        }
        if self.is_stale {
            return Task::Send(Call::QueryPayment(payment.id));
        }
        if self.has_acted {
            return Task::End;
        }
        let action = match self.goal {
            Goal::Act(action) => Some(action),
            Goal::Pay if self.sale.awaits_capture() => Some(Action::CAPTURE_ALL),
            // The cashier was never told "paid" and may have taken the money otherwise: give it back.
            Goal::Settle if self.sale.awaits_capture() && self.is_overdue(now) => Some(Action::Void),
            Goal::Settle if self.sale.awaits_capture() => Some(Action::CAPTURE_ALL),
            Goal::Cancel if self.sale.is_held() => Some(Action::Void),
            Goal::Pay | Goal::Settle | Goal::Cancel => None,
        };
        match action.and_then(|action| self.sale.derive_operation(action)) {
            Some(operation) => Task::Record(Event::Intended(operation)),
            None => Task::End,
        }
    }

    /// From the scan: when the sale is given up.
    fn deadline_ms(&self) -> i64 {
        policy::SALE_DEADLINE_MS + self.sale.approval_ms()
    }

    /// A clock that was set back tells nothing about how old the sale is: it counts as overdue.
    fn is_overdue(&self, now: Timestamp) -> bool {
        !(0..self.deadline_ms()).contains(&now.ms_since(self.sale.opened_at()))
    }

    fn send(&mut self, call: Call, now: Timestamp) -> Next {
        self.since.get_or_insert(now);
        self.in_flight = Some(call.clone());
        let remaining = self.deadline_ms() - now.ms_since(self.sale.opened_at());
        let deadline_ms = match (&call, self.sale.stage()) {
            (Call::Authorise { .. }, _) => policy::ACT_DEADLINE_MS.min(remaining),
            (Call::QueryKey(_), Stage::Asking) => policy::ASK_DEADLINE_MS.min(remaining),
            (Call::Operate { .. }, _) => policy::ACT_DEADLINE_MS,
            (Call::QueryKey(_) | Call::QueryPayment(_) | Call::Cancel(_), _) => policy::ASK_DEADLINE_MS,
        };
        Next::Send {
            request: Request::new(call),
            deadline_ms: deadline_ms.max(policy::REQUEST_DEADLINE_MIN_MS),
        }
    }

    fn record(&mut self, event: Event, now: Timestamp) {
        let entry = Entry { sale: self.sale.number(), at: now, event };
        let mut sale = self.sale.clone();
        match sale.apply(&entry) {
            Ok(()) => self.to_store = Some((entry, sale)),
            Err(out_of_place) => self.leave_open(&out_of_place.to_string()),
        }
    }

    fn leave_open(&mut self, cause: &str) {
        self.end = Some(End::Open { cause: cause.to_owned(), is_unreachable: !self.has_connected });
    }

    /// Tries again after a pause, or leaves the sale open when `patience_ms` is over.
    fn retry(&mut self, patience_ms: Option<i64>, now: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        let is_out = patience_ms.is_some_and(|patience_ms| self.asked_for_ms(now) >= patience_ms);
        if is_out || self.attempts >= policy::ATTEMPTS_MAX {
            let cause = self.last_cause.clone();
            return self.leave_open(&cause);
        }
        self.wait_until = Some(now.plus_ms(policy::pause_ms(self.attempts)));
    }

    fn asked_for_ms(&self, now: Timestamp) -> i64 {
        self.since.map_or(0, |since| now.ms_since(since))
    }
}
