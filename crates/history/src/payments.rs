//! Payments and what is kept for their keys: what each operation may lead to. Whether a code was used before is not
//! asked here but in [`crate::counters`].

use crate::observed::{Observed, Said, Shown};
use crate::operation::{Call, Operation, Outcome};
use crate::spec::{Changed, Payment, Terms};
use api::problem::ProblemType;
use model::PaymentId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A request's key with the checkout whose it is, in one text.
pub(crate) type Key = Arc<str>;

/// What a key was used for; the same key for anything else is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Ask {
    Authorise { counter: u32, amount_minor: i64 },
    Capture { payment: PaymentId, amount_minor: Option<i64>, is_final: bool },
    Void { payment: PaymentId },
    Refund { payment: PaymentId, amount_minor: Option<i64> },
}

/// What is kept for a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kept {
    /// Cancelled before it came.
    Tombstone,
    /// Received.
    Request { ask: Ask, answer: Option<Answer> },
}

/// An answer that is given for ever once it is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Answer {
    /// Nobody has seen it yet; it says this.
    Unseen(Said),
    /// Exactly these bytes.
    Bytes(Said, Arc<str>),
}

/// How payments, and the keys under which they were asked for, may stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Payments {
    keys: BTreeMap<Key, Kept>,
    /// By the key of the request that began them.
    payments: BTreeMap<Key, Payment>,
}

/// An operation with what it shows, and until when it may have happened.
pub(crate) struct Prepared<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) observed: Observed,
    /// Microseconds; the end of time for an operation without an answer.
    late_us: u64,
    /// The key that it has or names.
    key: Option<Key>,
    /// Status and body.
    bytes: Arc<str>,
}

impl<'a> Prepared<'a> {
    pub(crate) fn of(operation: &'a Operation) -> Self {
        let bytes = match &operation.outcome {
            Outcome::Answered { status, body } => format!("{status} {body}"),
            Outcome::Unknown { .. } | Outcome::NotSent { .. } => String::new(),
        };
        Self {
            observed: Observed::of(operation),
            late_us: operation.answered_us.unwrap_or(u64::MAX),
            key: operation.call.key().map(|key| key_of(&operation.client, key)),
            bytes: bytes.into(),
            operation,
        }
    }

    fn is_refused_as(&self, problem: ProblemType) -> bool {
        self.observed == Observed::Refused(problem)
    }
}

/// The text under which a checkout's key is found.
pub(crate) fn key_of(client: &str, key: &str) -> Key {
    format!("{client} {key}").into()
}

impl Payments {
    /// How they may stand after `operation` was answered as it was; none if that cannot be.
    pub(crate) fn answered(&self, operation: &Prepared<'_>, terms: &Terms) -> Vec<Self> {
        match &operation.observed {
            Observed::Strange | Observed::Nothing | Observed::NotSent => Vec::new(),
            Observed::Unsure => {
                let mut may_be = self.happened(operation, terms);
                may_be.push(self.clone());
                may_be
            }
            Observed::Refused(problem) if says_nothing_of_payments(*problem) => vec![self.clone()],
            _ => self.explained(operation, terms),
        }
    }

    fn explained(&self, operation: &Prepared<'_>, terms: &Terms) -> Vec<Self> {
        match (&operation.operation.call, &operation.key) {
            (Call::Authorise { .. }, Some(key)) => self.authorise(operation, key, terms),
            (Call::Capture { .. } | Call::Void { .. } | Call::Refund { .. }, Some(key)) => {
                self.change(operation, key, terms)
            }
            (Call::Cancel { .. }, Some(key)) => self.cancel(operation, key, terms),
            (Call::LookUp { .. }, Some(key)) => self.look_up(operation, key, terms),
            (Call::Look { payment }, _) => self.look(operation, *payment, terms),
            (_, None) => Vec::new(),
        }
    }

    /// How they may stand after `operation` happened and nobody saw its answer; none if it changes nothing.
    pub(crate) fn happened(&self, operation: &Prepared<'_>, terms: &Terms) -> Vec<Self> {
        let Some(key) = &operation.key else { return Vec::new() };
        match operation.operation.call {
            Call::Look { .. } | Call::LookUp { .. } => Vec::new(),
            Call::Cancel { .. } => {
                let cancelled = self.cancelled(operation, key, terms).into_iter();
                cancelled.filter_map(|(all, outcome)| outcome.is_ok().then_some(all)).collect()
            }
            _ if self.keys.contains_key(key) => Vec::new(),
            Call::Authorise { .. } => self.begin(operation, key),
            Call::Capture { .. } | Call::Void { .. } | Call::Refund { .. } => {
                let done = |(mut all, begun, change): (Self, Key, Changed)| {
                    let Ok((after, said)) = change else { return Some(all.without(key)) };
                    all.payments.insert(begun, after);
                    all.keep(key, operation, Answer::Unseen(said))?;
                    Some(all)
                };
                self.changes(operation, terms).into_iter().filter_map(done).collect()
            }
        }
    }

    /// A request that came for the first time: its code is taken or refused.
    fn begin(&self, operation: &Prepared<'_>, key: &Key) -> Vec<Self> {
        let Call::Authorise { counter, amount_minor, .. } = operation.operation.call else {
            return Vec::new();
        };
        let begun_us = operation.operation.invoked_us;
        let with = |payment: Payment| {
            let mut after = self.clone();
            let answer = payment.decision().map(Answer::Unseen);
            let ask = Ask::Authorise { counter, amount_minor };
            after.keys.insert(key.clone(), Kept::Request { ask, answer });
            after.payments.insert(key.clone(), payment);
            after
        };
        vec![with(Payment::received(amount_minor, begun_us)), with(Payment::declined(amount_minor, begun_us))]
    }

    fn authorise(&self, operation: &Prepared<'_>, key: &Key, terms: &Terms) -> Vec<Self> {
        match self.keys.get(key) {
            _ if operation.is_refused_as(ProblemType::AmountRefused) => vec![self.clone()],
            Some(Kept::Tombstone) => self.if_so(operation.is_refused_as(ProblemType::RequestCancelled)),
            Some(Kept::Request { ask, .. }) if Some(ask) != ask_of(&operation.operation.call).as_ref() => {
                self.if_so(operation.is_refused_as(ProblemType::IdempotencyKeyReused))
            }
            Some(Kept::Request { .. }) => self.told_of_begun(operation, key, terms),
            None => {
                let begun = self.begin(operation, key);
                begun.iter().flat_map(|all| all.told_of_begun(operation, key, terms)).collect()
            }
        }
    }

    fn look_up(&self, operation: &Prepared<'_>, key: &Key, terms: &Terms) -> Vec<Self> {
        match self.keys.get(key) {
            None => self.if_so(operation.is_refused_as(ProblemType::NotFound)),
            Some(Kept::Tombstone) => self.if_so(operation.is_refused_as(ProblemType::RequestCancelled)),
            Some(Kept::Request { ask: Ask::Authorise { .. }, .. }) => {
                self.told_of_begun(operation, key, terms)
            }
            Some(Kept::Request { .. }) => self.told_again(operation, key),
        }
    }

    /// Where what was told of a change is what is kept for its key.
    fn told_again(&self, operation: &Prepared<'_>, key: &Key) -> Vec<Self> {
        let Observed::Kept { said, .. } = &operation.observed else { return Vec::new() };
        let mut all = self.clone();
        if all.keeps(key, *said, &operation.bytes) { vec![all] } else { Vec::new() }
    }

    /// Where what was told of the request that began a payment is right.
    fn told_of_begun(&self, operation: &Prepared<'_>, key: &Key, terms: &Terms) -> Vec<Self> {
        let fits = |mut all: Self| match &operation.observed {
            Observed::UnderWay(shown) => {
                let is_open = all.payments.get(key)?.decision().is_none();
                (is_open && all.shows(key, shown)).then_some(all)
            }
            Observed::Kept { said, shown } => {
                (all.binds(key, shown) && all.keeps(key, *said, &operation.bytes)).then_some(all)
            }
            _ => None,
        };
        self.unasked(key, operation, terms).into_iter().filter_map(fits).collect()
    }

    fn look(&self, operation: &Prepared<'_>, id: PaymentId, terms: &Terms) -> Vec<Self> {
        let Some(key) = self.begun_by(id) else {
            return self.if_so(operation.is_refused_as(ProblemType::NotFound));
        };
        let Observed::Standing(shown) = &operation.observed else { return Vec::new() };
        let fits = |mut all: Self| all.shows(&key, shown).then_some(all);
        self.unasked(&key, operation, terms).into_iter().filter_map(fits).collect()
    }

    fn change(&self, operation: &Prepared<'_>, key: &Key, terms: &Terms) -> Vec<Self> {
        match self.keys.get(key) {
            Some(Kept::Tombstone) => self.if_so(operation.is_refused_as(ProblemType::RequestCancelled)),
            Some(Kept::Request { ask, .. }) if Some(ask) != ask_of(&operation.operation.call).as_ref() => {
                self.if_so(operation.is_refused_as(ProblemType::IdempotencyKeyReused))
            }
            Some(Kept::Request { .. }) => self.told_again(operation, key),
            None => self.changed(operation, key, terms),
        }
    }

    fn changed(&self, operation: &Prepared<'_>, key: &Key, terms: &Terms) -> Vec<Self> {
        let changes = self.changes(operation, terms);
        if changes.is_empty() {
            return self.if_so(operation.is_refused_as(ProblemType::NotFound));
        }
        let fits = |(mut all, begun, change): (Self, Key, Changed)| match (change, &operation.observed) {
            (Ok((after, right)), Observed::Kept { said, shown }) if right == *said => {
                all.payments.insert(begun.clone(), after);
                all.keep(key, operation, Answer::Bytes(right, operation.bytes.clone()))?;
                all.binds(&begun, shown).then_some(all)
            }
            (change, Observed::Refused(problem)) => {
                let is_late = *problem == ProblemType::TooLate
                    && matches!(operation.operation.call, Call::Capture { .. })
                    && all.payments[&begun].may_be_too_late(operation.late_us, terms);
                let is_right = change.err() == Some(*problem) || is_late;
                // The network may deliver it again: it must not be done then.
                is_right.then(|| all.without(key))
            }
            _ => None,
        };
        changes.into_iter().filter_map(fits).collect()
    }

    /// What the change that is asked for leads to, from each way in which its payment may stand.
    fn changes(&self, operation: &Prepared<'_>, terms: &Terms) -> Vec<(Self, Key, Changed)> {
        let call = &operation.operation.call;
        let Some(begun) = call.payment().and_then(|id| self.begun_by(id)) else { return Vec::new() };
        let change = |payment: &Payment| match *call {
            Call::Capture { amount_minor, is_final, .. } => payment.capture(amount_minor, is_final),
            Call::Refund { amount_minor, .. } => payment.refund(amount_minor),
            _ => payment.void(),
        };
        let from = self.unasked(&begun, operation, terms).into_iter();
        from.map(|all| {
            let changed = change(&all.payments[&begun]);
            (all, begun.clone(), changed)
        })
        .map(|(mut all, begun, changed)| {
            // A void also decides a payment that had no answer yet, and so the answer to what began it.
            if let Ok((after, _)) = &changed {
                all.decide(&begun, after);
            }
            (all, begun, changed)
        })
        .collect()
    }

    fn cancel(&self, operation: &Prepared<'_>, key: &Key, terms: &Terms) -> Vec<Self> {
        let fits =
            |(mut all, outcome): (Self, Result<bool, ProblemType>)| match (&operation.observed, outcome) {
                (Observed::Cancelled(None), Ok(false)) => Some(all),
                (Observed::Cancelled(Some(shown)), Ok(true)) => all.shows(key, shown).then_some(all),
                (Observed::Refused(problem), Err(right)) => (*problem == right).then_some(all),
                _ => None,
            };
        self.cancelled(operation, key, terms).into_iter().filter_map(fits).collect()
    }

    /// What a cancel leads to, and whether the request had been received.
    fn cancelled(
        &self,
        operation: &Prepared<'_>,
        key: &Key,
        terms: &Terms,
    ) -> Vec<(Self, Result<bool, ProblemType>)> {
        match self.keys.get(key) {
            None => {
                let mut after = self.clone();
                after.keys.insert(key.clone(), Kept::Tombstone);
                vec![(after, Ok(false))]
            }
            Some(Kept::Tombstone) => vec![(self.clone(), Ok(false))],
            Some(Kept::Request { ask: Ask::Authorise { .. }, .. }) => {
                let from = self.unasked(key, operation, terms).into_iter();
                from.map(|mut all| match all.payments[key].cancel() {
                    Ok(after) => {
                        all.decide(key, &after);
                        all.payments.insert(key.clone(), after);
                        (all, Ok(true))
                    }
                    Err(problem) => (all, Err(problem)),
                })
                .collect()
            }
            Some(Kept::Request { .. }) => vec![(self.clone(), Err(ProblemType::IdempotencyKeyReused))],
        }
    }

    /// All ways in which the payment begun under `key` may stand by now without anybody asking.
    fn unasked(&self, key: &Key, operation: &Prepared<'_>, terms: &Terms) -> Vec<Self> {
        let Some(payment) = self.payments.get(key) else { return Vec::new() };
        let chains = payment.unasked(operation.late_us, terms);
        let follow = |chain: Vec<Payment>| {
            let mut after = self.clone();
            for payment in chain {
                after.decide(key, &payment);
                after.payments.insert(key.clone(), payment);
            }
            after
        };
        chains.into_iter().map(follow).collect()
    }

    /// Keeps the answer to the request that began a payment, if `payment` is decided and there is none yet.
    fn decide(&mut self, key: &Key, payment: &Payment) {
        if let Some(Kept::Request { answer: answer @ None, .. }) = self.keys.get_mut(key) {
            *answer = payment.decision().map(Answer::Unseen);
        }
    }

    /// Whether the answer kept for `key` is this one; from now on it is these bytes.
    fn keeps(&mut self, key: &Key, said: Said, bytes: &Arc<str>) -> bool {
        let Some(Kept::Request { answer: Some(answer), .. }) = self.keys.get_mut(key) else { return false };
        match answer {
            Answer::Unseen(right) if *right == said => {
                *answer = Answer::Bytes(said, bytes.clone());
                true
            }
            Answer::Unseen(_) => false,
            Answer::Bytes(_, known) => known == bytes,
        }
    }

    /// The request under `key` was refused, and is not done whenever it comes.
    fn without(mut self, key: &Key) -> Self {
        self.keys.insert(key.clone(), Kept::Tombstone);
        self
    }

    /// Remembers the request with its answer.
    fn keep(&mut self, key: &Key, operation: &Prepared<'_>, answer: Answer) -> Option<()> {
        let ask = ask_of(&operation.operation.call)?;
        self.keys.insert(key.clone(), Kept::Request { ask, answer: Some(answer) });
        Some(())
    }

    /// Whether the payment begun under `key` can be the one that is shown, and stands so.
    fn shows(&mut self, key: &Key, shown: &Shown) -> bool {
        self.binds(key, shown) && self.payments.get(key).is_some_and(|payment| payment.seen() == shown.seen)
    }

    /// Whether the payment begun under `key` can be the one that is shown; from now on it has that id, and no other
    /// payment may.
    fn binds(&mut self, key: &Key, shown: &Shown) -> bool {
        let is_free = |(other, payment): (&Key, &Payment)| other == key || payment.id != Some(shown.id);
        if !self.payments.iter().all(is_free) {
            return false;
        }
        let Some(payment) = self.payments.get_mut(key) else { return false };
        let id = *payment.id.get_or_insert(shown.id);
        id == shown.id && payment.amount_minor == shown.amount_minor
    }

    fn begun_by(&self, id: PaymentId) -> Option<Key> {
        self.payments.iter().find(|(_, payment)| payment.id == Some(id)).map(|(key, _)| key.clone())
    }

    /// The payment of this id, as it may stand.
    pub(crate) fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.values().find(|payment| payment.id == Some(id))
    }

    /// The payment that was begun under this key, as it may stand.
    pub(crate) fn payment_under(&self, key: &Key) -> Option<&Payment> {
        self.payments.get(key)
    }

    fn if_so(&self, is_so: bool) -> Vec<Self> {
        if is_so { vec![self.clone()] } else { Vec::new() }
    }
}

fn ask_of(call: &Call) -> Option<Ask> {
    Some(match *call {
        Call::Authorise { counter, amount_minor, .. } => Ask::Authorise { counter, amount_minor },
        Call::Capture { payment, amount_minor, is_final, .. } => {
            Ask::Capture { payment, amount_minor, is_final }
        }
        Call::Void { payment, .. } => Ask::Void { payment },
        Call::Refund { payment, amount_minor, .. } => Ask::Refund { payment, amount_minor },
        Call::Cancel { .. } | Call::Look { .. } | Call::LookUp { .. } => return None,
    })
}

/// Refusals that are about the request, its sender or the server's load: nothing happened, whatever the payments are.
const fn says_nothing_of_payments(problem: ProblemType) -> bool {
    !matches!(
        problem,
        ProblemType::NotFound
            | ProblemType::IdempotencyKeyReused
            | ProblemType::RequestCancelled
            | ProblemType::WrongState
            | ProblemType::AmountExceeded
            | ProblemType::AmountRefused
            | ProblemType::TooLate
            | ProblemType::InProgress
    )
}
