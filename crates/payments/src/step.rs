//! The state machine: `spec/payment-states.md` as one pure function of (payment, event, time).

use model::{
    AccountKey, Booking, DeclineReason, Hold, Layer, Payer, Payment, PaymentEvent, PaymentState, Posting,
    Timestamp,
};
use protocol::confirmation::ConfirmationKind;
use records::EffectKind;

/// What an event does to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The payment after it.
    pub payment: Payment,
    /// What the ledger books.
    pub postings: Vec<Posting>,
    /// What the provider must learn, in this order.
    pub effects: Vec<EffectKind>,
    /// What the phone learns.
    pub told: Option<Told>,
}

/// What the phone learns of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing was paid.
    Declined,
    /// Minor units were taken.
    Captured(i64),
    /// The hold was given back.
    Voided,
    /// The hold was not captured in time.
    Expired,
    /// Minor units were given back.
    Refunded(i64),
}

impl Told {
    /// What kind of confirmation tells it, about how many minor units of a payment of `whole_minor`.
    pub(crate) const fn as_confirmation(self, whole_minor: i64) -> (ConfirmationKind, i64) {
        match self {
            Self::Declined => (ConfirmationKind::Declined, whole_minor),
            Self::Captured(amount_minor) => (ConfirmationKind::Captured, amount_minor),
            Self::Voided => (ConfirmationKind::Voided, whole_minor),
            Self::Expired => (ConfirmationKind::Expired, whole_minor),
            Self::Refunded(amount_minor) => (ConfirmationKind::Refunded, amount_minor),
        }
    }
}

/// Why an event is refused. The payment is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAllowed {
    /// The payment's state does not know this event.
    #[error("the payment's state does not allow this")]
    WrongState,
    /// An amount of zero or less.
    #[error("the amount must be above zero")]
    NotPositive,
    /// More than what is held, or than what was captured and not refunded.
    #[error("the amount is more than the {left_minor} minor units that are left")]
    TooMuch {
        /// What is left, in minor units.
        left_minor: i64,
    },
    /// The capture deadline has passed.
    #[error("the payment had to be captured by {0}")]
    TooLate(Timestamp),
    /// The capture deadline has not passed yet.
    #[error("the capture deadline is {0}")]
    TooEarly(Timestamp),
    /// The payment has had [`EVENTS_MAX`] events: only what ends it is taken.
    #[error("the payment has changed too often: capture finally, void, or refund all that is left")]
    TooManyEvents,
}

/// From this version on a payment takes only what ends it, so that its history stays short enough to be read
/// at once.
pub const EVENTS_MAX: u32 = 1_000;

/// Moves `payment` by `event`, which happens `at` that moment.
pub fn step(payment: &Payment, event: &PaymentEvent, at: Timestamp) -> Result<Step, NotAllowed> {
    let Some(payer) = &payment.payer else { return Err(NotAllowed::WrongState) };
    let change = Change { payment, payer, at };
    match (&payment.state, event) {
        (PaymentState::Received | PaymentState::Unknown, _) => change.answer(event),
        (PaymentState::Authorised(hold) | PaymentState::PartlyCaptured(hold), event) => {
            change.held(hold, event)
        }
        (PaymentState::Captured, PaymentEvent::Refund { amount_minor, .. }) => {
            change.refund(event, *amount_minor)
        }
        (PaymentState::Captured | PaymentState::Voided | PaymentState::Expired, event) => {
            change.booked(event)
        }
        (PaymentState::Reversing, event) => change.reversing(event),
        (PaymentState::Declined(_) | PaymentState::Reversed, _) => Err(NotAllowed::WrongState),
    }
}

struct Change<'a> {
    payment: &'a Payment,
    payer: &'a Payer,
    at: Timestamp,
}

impl Change<'_> {
    /// Received or unknown: waiting for the provider's answer.
    fn answer(&self, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        match event {
            PaymentEvent::Approved(hold) if hold.capture_by > self.at => {
                let step = self.to(PaymentState::Authorised(hold.clone()));
                Ok(Step {
                    postings: vec![self.sale(Layer::Pending, self.payment.order.amount.amount_minor)],
                    ..step
                })
            }
            PaymentEvent::Approved(_) | PaymentEvent::GivenUp | PaymentEvent::Void => Ok(Step {
                effects: vec![EffectKind::Release],
                told: Some(Told::Declined),
                ..self.to(PaymentState::Reversing)
            }),
            PaymentEvent::Refused(reason) => {
                Ok(Step { told: Some(Told::Declined), ..self.to(PaymentState::Declined(*reason)) })
            }
            PaymentEvent::Silent if self.payment.state == PaymentState::Received => {
                Ok(self.to(PaymentState::Unknown))
            }
            _ => Err(NotAllowed::WrongState),
        }
    }

    /// Authorised or partly captured: some of the hold is left.
    fn held(&self, hold: &Hold, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        match event {
            PaymentEvent::Capture { capture, amount_minor, is_final } => self.capture(
                hold,
                *amount_minor,
                *is_final,
                EffectKind::Capture { capture: *capture, amount_minor: *amount_minor },
            ),
            PaymentEvent::Void => Ok(self.give_back(PaymentState::Voided, Told::Voided)),
            PaymentEvent::DeadlinePassed if self.at > hold.capture_by => {
                Ok(self.give_back(PaymentState::Expired, Told::Expired))
            }
            PaymentEvent::DeadlinePassed => Err(NotAllowed::TooEarly(hold.capture_by)),
            PaymentEvent::Refund { amount_minor, .. } => self.refund(event, *amount_minor),
            _ => self.booked(event),
        }
    }

    fn capture(
        &self,
        hold: &Hold,
        amount_minor: i64,
        is_final: bool,
        effect: EffectKind,
    ) -> Result<Step, NotAllowed> {
        let held_minor = self.held_minor();
        within(amount_minor, held_minor)?;
        if self.at > hold.capture_by {
            return Err(NotAllowed::TooLate(hold.capture_by));
        }
        let ends = is_final || amount_minor == held_minor;
        self.has_room(ends)?;
        let state = if ends { PaymentState::Captured } else { PaymentState::PartlyCaptured(hold.clone()) };
        let freed_minor = if ends { held_minor } else { amount_minor };
        let mut step = self.to(state);
        step.payment.captured_minor += amount_minor;
        step.postings =
            vec![self.sale(Layer::Pending, freed_minor).reversed(), self.sale(Layer::Posted, amount_minor)];
        step.effects = vec![effect];
        if freed_minor > amount_minor {
            step.effects.push(EffectKind::Release);
        }
        step.told = Some(Told::Captured(amount_minor));
        Ok(step)
    }

    /// Ends the hold without a capture; what was captured before stays captured.
    fn give_back(&self, untouched: PaymentState, told: Told) -> Step {
        let is_untouched = self.payment.captured_minor == 0;
        let step = self.to(if is_untouched { untouched } else { PaymentState::Captured });
        Step {
            postings: vec![self.sale(Layer::Pending, self.held_minor()).reversed()],
            effects: vec![EffectKind::Release],
            told: is_untouched.then_some(told),
            ..step
        }
    }

    fn refund(&self, event: &PaymentEvent, amount_minor: i64) -> Result<Step, NotAllowed> {
        let PaymentEvent::Refund { refund, .. } = event else { return Err(NotAllowed::WrongState) };
        if self.payment.captured_minor == 0 {
            return Err(NotAllowed::WrongState);
        }
        let left_minor = self.payment.captured_minor - self.payment.refunded_minor;
        within(amount_minor, left_minor)?;
        self.has_room(amount_minor == left_minor)?;
        let mut step = self.to(self.payment.state.clone());
        step.payment.refunded_minor += amount_minor;
        step.postings = vec![self.sale(Layer::Posted, amount_minor).reversed()];
        step.effects = vec![EffectKind::Refund { refund: *refund, amount_minor }];
        step.told = Some(Told::Refunded(amount_minor));
        Ok(step)
    }

    fn reversing(&self, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        match event {
            PaymentEvent::ReleaseBooked | PaymentEvent::BookingRefused { booking: Booking::Release, .. } => {
                Ok(self.to(PaymentState::Reversed))
            }
            _ => Err(NotAllowed::WrongState),
        }
    }

    /// What the provider made of a booking: no state changes, but refused money goes to suspense.
    fn booked(&self, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        let (captured_minor, refunded_minor) = (self.payment.captured_minor, self.payment.refunded_minor);
        let postings = match event {
            PaymentEvent::CaptureBooked(_) if captured_minor > 0 => Vec::new(),
            PaymentEvent::RefundBooked(_) if refunded_minor > 0 => Vec::new(),
            PaymentEvent::ReleaseBooked if open_hold_minor(self.payment) == 0 => Vec::new(),
            PaymentEvent::BookingRefused { booking, amount_minor } => match booking {
                Booking::Capture(_) if captured_minor > 0 => {
                    within(*amount_minor, captured_minor)?;
                    vec![self.to_suspense(*amount_minor)]
                }
                Booking::Refund(_) if refunded_minor > 0 => {
                    within(*amount_minor, refunded_minor)?;
                    vec![self.to_suspense(*amount_minor).reversed()]
                }
                Booking::Release if open_hold_minor(self.payment) == 0 => Vec::new(),
                _ => return Err(NotAllowed::WrongState),
            },
            _ => return Err(NotAllowed::WrongState),
        };
        Ok(Step { postings, ..self.to(self.payment.state.clone()) })
    }

    fn to(&self, state: PaymentState) -> Step {
        let payment = Payment { version: self.payment.version + 1, state, ..self.payment.clone() };
        Step { payment, postings: Vec::new(), effects: Vec::new(), told: None }
    }

    fn held_minor(&self) -> i64 {
        self.payment.order.amount.amount_minor - self.payment.captured_minor
    }

    /// Refuses what would let the history grow without end.
    fn has_room(&self, ends: bool) -> Result<(), NotAllowed> {
        if ends || self.payment.version < EVENTS_MAX { Ok(()) } else { Err(NotAllowed::TooManyEvents) }
    }

    /// The provider does not owe us what we thought; whether anybody does is for an operator to find out.
    fn to_suspense(&self, amount_minor: i64) -> Posting {
        Posting {
            debit: AccountKey::Suspense(self.payer.provider.clone()),
            credit: AccountKey::ProviderClearing(self.payer.provider.clone()),
            amount_minor,
            currency: self.payment.order.amount.currency,
            layer: Layer::Posted,
        }
    }

    /// The provider owes us, we owe the merchant.
    fn sale(&self, layer: Layer, amount_minor: i64) -> Posting {
        Posting {
            debit: AccountKey::ProviderClearing(self.payer.provider.clone()),
            credit: AccountKey::Merchant(self.payment.order.merchant),
            amount_minor,
            currency: self.payment.order.amount.currency,
            layer,
        }
    }
}

fn within(amount_minor: i64, left_minor: i64) -> Result<(), NotAllowed> {
    if amount_minor <= 0 {
        return Err(NotAllowed::NotPositive);
    }
    if amount_minor > left_minor {
        return Err(NotAllowed::TooMuch { left_minor });
    }
    Ok(())
}

/// What is still held of a payment, in minor units.
pub(crate) fn open_hold_minor(payment: &Payment) -> i64 {
    match payment.state {
        PaymentState::Authorised(_) | PaymentState::PartlyCaptured(_) => {
            payment.order.amount.amount_minor - payment.captured_minor
        }
        _ => 0,
    }
}

/// What of a booking goes to suspense if the provider refuses it, in minor units.
pub(crate) const fn booked_minor(kind: &EffectKind) -> i64 {
    match kind {
        EffectKind::Capture { amount_minor, .. } | EffectKind::Refund { amount_minor, .. } => *amount_minor,
        EffectKind::Authorise { .. } | EffectKind::Release => 0,
    }
}

/// When a payment must be looked at if nothing happens; `answer_by` is the answer deadline.
pub(crate) fn wake_at(payment: &Payment, answer_by: Timestamp) -> Option<Timestamp> {
    match &payment.state {
        PaymentState::Received | PaymentState::Unknown => Some(answer_by),
        PaymentState::Authorised(hold) | PaymentState::PartlyCaptured(hold) => {
            Some(hold.capture_by.plus_ms(1))
        }
        _ => None,
    }
}

/// The reason of a declined payment.
pub(crate) fn decline_reason(payment: &Payment) -> Option<DeclineReason> {
    match payment.state {
        PaymentState::Declined(reason) => Some(reason),
        _ => None,
    }
}
