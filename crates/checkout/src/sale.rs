//! One sale as its journal entries say it stands. Pure: entries in, state out, nothing else.

use crate::event::{Action, Entry, Event, Failure, Opening, Operation, Plan, Refusal};
use crate::{SaleNumber, id, policy};
use api::payment::{PaymentStateName, PaymentView};
use model::{CustomerAction, IdempotencyKey, Timestamp};

/// Entries that do not fit together: the journal was not written by this program, or was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry of sale {sale} is out of place: {what}")]
pub struct OutOfPlace {
    /// The sale.
    pub sale: SaleNumber,
    /// What does not fit.
    pub what: &'static str,
}

/// How far the till knows what became of its question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Authorisation is, or may have been, asked for; the answer is not known.
    Asking,
    /// It is being cancelled.
    Cancelling,
    /// The server has told where the payment stands.
    Known,
    /// No money is held or taken, and none will be.
    Closed(Closing),
}

/// How a sale ended without money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Declined.
    Declined(CustomerAction),
    /// The server refused the request for its form or its sender.
    Refused(Refusal),
    /// Cancelled before an answer came.
    Cancelled,
    /// The request never left the till.
    Abandoned(String),
}

/// An operation that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What was done.
    pub action: Action,
    /// Minor units taken or given back; 0 for a void.
    pub amount_minor: i64,
    /// When the journal learned of it.
    pub at: Timestamp,
}

/// One sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    number: SaleNumber,
    opened_at: Timestamp,
    answered_at: Option<Timestamp>,
    key: IdempotencyKey,
    opening: Option<Opening>,
    stage: Stage,
    payment: Option<PaymentView>,
    operation: Option<Operation>,
    done: Vec<Done>,
    failed: Option<Failure>,
    operations_count: u32,
}

/// Operations of one sale; a till that needs more begins a new sale.
const OPERATIONS_MAX: u32 = 1000;

impl Sale {
    /// The sale that this first entry begins.
    ///
    /// # Errors
    /// [`OutOfPlace`] if the entry is no beginning.
    pub fn begin(entry: &Entry) -> Result<Self, OutOfPlace> {
        let (key, opening, stage, payment) = match &entry.event {
            Event::Opened(opening) => (opening.key.clone(), Some(opening.clone()), Stage::Asking, None),
            Event::Adopted { key, payment } => (key.clone(), None, Stage::Known, Some(payment.clone())),
            _ => return Err(OutOfPlace { sale: entry.sale, what: "its beginning is missing" }),
        };
        Ok(Self {
            number: entry.sale,
            opened_at: entry.at,
            answered_at: payment.is_some().then_some(entry.at),
            key,
            opening,
            stage,
            payment,
            operation: None,
            done: Vec::new(),
            failed: None,
            operations_count: 0,
        })
    }

    /// The sale after one more entry.
    ///
    /// # Errors
    /// [`OutOfPlace`] if the entry cannot follow; the sale is unchanged then.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), OutOfPlace> {
        let wrong = |what| Err(OutOfPlace { sale: self.number, what });
        if entry.sale != self.number {
            return wrong("it is another sale's");
        }
        match (&entry.event, &self.stage) {
            (Event::Opened(_) | Event::Adopted { .. }, _) => return wrong("the sale has begun already"),
            (Event::Answered { payment }, Stage::Asking | Stage::Cancelling | Stage::Known) => {
                self.answered(payment, entry.at);
            }
            (Event::Declined { customer_action, payment }, Stage::Asking) => {
                self.payment = payment.clone().or(self.payment.take());
                self.close(Closing::Declined(*customer_action), entry.at);
            }
            (Event::Refused(refusal), Stage::Asking) => {
                self.close(Closing::Refused(refusal.clone()), entry.at);
            }
            (Event::Abandoned { cause }, Stage::Asking) => {
                self.stage = Stage::Closed(Closing::Abandoned(cause.clone()));
            }
            (Event::CancelIntended { .. }, Stage::Asking) => self.stage = Stage::Cancelling,
            (Event::Cancelled { payment }, Stage::Asking | Stage::Cancelling) => {
                self.cancelled(payment.as_ref(), entry.at);
            }
            (Event::Intended(operation), Stage::Known) => return self.intended(operation),
            (Event::Done { amount_minor, payment }, Stage::Known) => {
                let Some(operation) = self.operation.take() else {
                    return wrong("no operation is under way");
                };
                self.payment = Some(payment.clone());
                self.done.push(Done { action: operation.action, amount_minor: *amount_minor, at: entry.at });
            }
            (Event::Failed(failure), Stage::Known) => {
                if self.operation.take().is_none() {
                    return wrong("no operation is under way");
                }
                self.failed = Some(failure.clone());
            }
            _ => return wrong("it does not fit where the sale stands"),
        }
        Ok(())
    }

    fn answered(&mut self, payment: &PaymentView, at: Timestamp) {
        self.payment = Some(payment.clone());
        match payment.state {
            PaymentStateName::Received | PaymentStateName::Unknown | PaymentStateName::AwaitingApproval => {}
            PaymentStateName::Declined => {
                let action = payment.customer_action.unwrap_or(CustomerAction::OtherMethod);
                self.close(Closing::Declined(action), at);
            }
            _ => {
                self.stage = Stage::Known;
                self.answered_at = self.answered_at.or(Some(at));
            }
        }
    }

    fn cancelled(&mut self, payment: Option<&PaymentView>, at: Timestamp) {
        self.payment = payment.cloned().or(self.payment.take());
        let declined = payment.filter(|payment| payment.state == PaymentStateName::Declined);
        let closing = match declined {
            Some(payment) => {
                Closing::Declined(payment.customer_action.unwrap_or(CustomerAction::OtherMethod))
            }
            None => Closing::Cancelled,
        };
        self.close(closing, at);
    }

    fn close(&mut self, closing: Closing, at: Timestamp) {
        self.stage = Stage::Closed(closing);
        self.answered_at = self.answered_at.or(Some(at));
    }

    fn intended(&mut self, operation: &Operation) -> Result<(), OutOfPlace> {
        let wrong = |what| Err(OutOfPlace { sale: self.number, what });
        if self.operation.is_some() {
            return wrong("another operation is under way");
        }
        if operation.ordinal != self.operations_count + 1 || operation.ordinal > OPERATIONS_MAX {
            return wrong("the operation's number is not the next");
        }
        self.operations_count = operation.ordinal;
        self.operation = Some(operation.clone());
        self.failed = None;
        Ok(())
    }

    /// The next operation with its key, if the sale may have one more.
    pub(crate) fn derive_operation(&self, action: Action) -> Option<Operation> {
        let ordinal = self.operations_count + 1;
        let key = id::derive_key(&self.key, action.letter(), ordinal).ok()?;
        (ordinal <= OPERATIONS_MAX).then_some(Operation { ordinal, key, action })
    }
}

/// Questions.
impl Sale {
    /// Its number at this till.
    #[must_use]
    pub const fn number(&self) -> SaleNumber {
        self.number
    }

    /// The key of its authorisation; for an adopted payment the stem of its operations' keys.
    #[must_use]
    pub const fn key(&self) -> &IdempotencyKey {
        &self.key
    }

    /// What was asked for; none for an adopted payment.
    #[must_use]
    pub const fn opening(&self) -> Option<&Opening> {
        self.opening.as_ref()
    }

    /// How far the till knows what became of it.
    #[must_use]
    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The payment as the server last told it.
    #[must_use]
    pub const fn payment(&self) -> Option<&PaymentView> {
        self.payment.as_ref()
    }

    /// The operation under way: it may have been done.
    #[must_use]
    pub const fn operation(&self) -> Option<&Operation> {
        self.operation.as_ref()
    }

    /// Operations that were done, in order.
    #[must_use]
    pub fn done(&self) -> &[Done] {
        &self.done
    }

    /// Why the last operation failed, if it did.
    #[must_use]
    pub const fn failed(&self) -> Option<&Failure> {
        self.failed.as_ref()
    }

    /// When the code was scanned (or the payment adopted).
    #[must_use]
    pub const fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// When the answer was known here.
    #[must_use]
    pub const fn answered_at(&self) -> Option<Timestamp> {
        self.answered_at
    }

    /// When the first capture was in the journal: from then on the sale is paid.
    #[must_use]
    pub fn captured_at(&self) -> Option<Timestamp> {
        self.captures().next().map(|done| done.at)
    }

    /// Whether a capture of this till is in the journal.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.captures().next().is_some()
    }

    fn captures(&self) -> impl Iterator<Item = &Done> {
        self.done.iter().filter(|done| matches!(done.action, Action::Capture { .. }))
    }

    /// Whether money is held that can be captured or voided, as far as is known here.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let held = [PaymentStateName::Authorised, PaymentStateName::PartlyCaptured];
        self.stage == Stage::Known
            && self.payment.as_ref().is_some_and(|payment| held.contains(&payment.state))
    }

    /// Whether the usual capture is still to come.
    pub(crate) fn awaits_capture(&self) -> bool {
        let planned = self.opening.as_ref().is_some_and(|opening| opening.plan == Plan::Capture);
        planned && self.is_held() && !self.is_paid()
    }

    /// Whether something is unfinished, so that `resume` must end it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Asking | Stage::Cancelling)
            || self.operation.is_some()
            || self.awaits_capture()
    }

    /// Whether the customer is asked on the phone, as far as is known here.
    #[must_use]
    pub fn awaits_approval(&self) -> bool {
        let awaits = |payment: &PaymentView| payment.state == PaymentStateName::AwaitingApproval;
        matches!(self.stage, Stage::Asking) && self.payment.as_ref().is_some_and(awaits)
    }

    /// How much longer than for other sales an answer is worth waiting for, in milliseconds: as long as the customer is
    /// given. By the server's clock alone, for the till's may be another.
    pub(crate) fn approval_ms(&self) -> i64 {
        let given = |payment: &PaymentView| {
            payment.approve_by_ms.map(|until_ms| until_ms.saturating_sub(payment.received_at_ms))
        };
        let given_ms = self.payment.as_ref().and_then(given).unwrap_or_default();
        given_ms.clamp(0, policy::APPROVAL_MS_MAX)
    }

    /// Whether `payment` can be this sale's: the server's word must fit what was asked.
    pub(crate) fn fits(&self, payment: &PaymentView) -> bool {
        let same_id = self.payment.as_ref().is_none_or(|known| known.id == payment.id);
        let same_order = self.opening.as_ref().is_none_or(|opening| {
            opening.amount.amount_minor == payment.amount_minor
                && opening.amount.currency == payment.currency
                && opening.terminal == payment.terminal
        });
        same_id && same_order
    }
}
