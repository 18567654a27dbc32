//! The state machine: `spec/payment-states.md` as one pure function of (payment, event, time).

use crate::ledger::Books;
use model::{
    AccountKey, Booking, DeclineReason, Dispute, Hold, Layer, Payment, PaymentApproval, PaymentEvent,
    PaymentState, Posting, RefundId, SettledWith, Timestamp,
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
    let change = Change { payment, books: Books::of(payment, payer), at };
    let taken = match (&payment.state, event) {
        (PaymentState::Received | PaymentState::Unknown, _) => change.answer(event),
        (PaymentState::Authorised(hold) | PaymentState::PartlyCaptured(hold), event) => {
            change.held(hold, event)
        }
        (PaymentState::Captured, event) => change.captured(event),
        (PaymentState::Disputed(dispute), event) => change.disputed(dispute, event),
        (PaymentState::Voided | PaymentState::Expired | PaymentState::ChargedBack, event) => {
            change.booked(event)
        }
        (PaymentState::AwaitingApproval, event) => change.awaiting_approval(event),
        (PaymentState::Reversing, event) => change.reversing(event),
        (PaymentState::Reversed, PaymentEvent::TaskSettled { .. }) => change.booked(event),
        (PaymentState::Declined(_) | PaymentState::Reversed, _) => Err(NotAllowed::WrongState),
    };
    #[cfg(feature = "broken-rules")]
    let taken = crate::broken::break_rules(payment, event, taken);
    taken
}

struct Change<'a> {
    payment: &'a Payment,
    books: Books<'a>,
    at: Timestamp,
}

impl Change<'_> {
    /// The customer is asked, and no provider knows of it: however that ends without approval, nothing is held.
    fn awaiting_approval(&self, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        let Some(approval) = self.payment.approval else { return Err(NotAllowed::WrongState) };
        let is_in_time = self.at < approval.until;
        match event {
            PaymentEvent::ApprovedOnPhone if is_in_time => {
                let mut step = self.to(PaymentState::Received);
                step.payment.approval = Some(PaymentApproval { approved_at: Some(self.at), ..approval });
                Ok(step)
            }
            PaymentEvent::ApprovedOnPhone => Err(NotAllowed::TooLate(approval.until)),
            PaymentEvent::DeadlinePassed if is_in_time => Err(NotAllowed::TooEarly(approval.until)),
            PaymentEvent::RefusedOnPhone
            | PaymentEvent::DeadlinePassed
            | PaymentEvent::GivenUp
            | PaymentEvent::Void => {
                let state = PaymentState::Declined(DeclineReason::NotApproved);
                Ok(Step { told: Some(Told::Declined), ..self.to(state) })
            }
            _ => Err(NotAllowed::WrongState),
        }
    }

    /// Received or unknown: waiting for the provider's answer.
    fn answer(&self, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        match event {
            PaymentEvent::Approved(hold) if hold.capture_by > self.at => {
                let step = self.to(PaymentState::Authorised(hold.clone()));
                let amount_minor = self.payment.order.amount.amount_minor;
                Ok(Step { postings: vec![self.books.sale(Layer::Pending, amount_minor)], ..step })
            }
            PaymentEvent::Approved(_) | PaymentEvent::GivenUp | PaymentEvent::Void => Ok(Step {
                effects: vec![EffectKind::Release],
                told: Some(Told::Declined),
                ..self.to(PaymentState::Reversing)
            }),
            // Security management and the customer refuse before a provider is asked; one that says so makes no sense.
            PaymentEvent::Refused(reason)
                if !matches!(reason, DeclineReason::Security(_) | DeclineReason::NotApproved) =>
            {
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
            PaymentEvent::Refund { refund, amount_minor } => self.refund(*refund, *amount_minor),
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
        step.postings = vec![
            self.books.sale(Layer::Pending, freed_minor).reversed(),
            self.books.sale(Layer::Posted, amount_minor),
        ];
        step.postings.extend(self.books.terms(&step.payment));
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
            postings: vec![self.books.sale(Layer::Pending, self.held_minor()).reversed()],
            effects: vec![EffectKind::Release],
            told: is_untouched.then_some(told),
            ..step
        }
    }

    /// Captured, and nothing of the hold is left.
    fn captured(&self, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        match event {
            PaymentEvent::Refund { refund, amount_minor } => self.refund(*refund, *amount_minor),
            PaymentEvent::DisputeOpened(dispute) => self.dispute(dispute),
            _ => self.booked(event),
        }
    }

    fn refund(&self, refund: RefundId, amount_minor: i64) -> Result<Step, NotAllowed> {
        if self.payment.captured_minor == 0 {
            return Err(NotAllowed::WrongState);
        }
        let left_minor = self.payment.kept_minor();
        within(amount_minor, left_minor)?;
        self.has_room(amount_minor == left_minor)?;
        let mut step = self.to(self.payment.state.clone());
        step.payment.refunded_minor += amount_minor;
        step.postings = vec![self.books.sale(Layer::Posted, amount_minor).reversed()];
        step.postings.extend(self.books.terms(&step.payment));
        step.effects = vec![EffectKind::Refund { refund, amount_minor }];
        step.told = Some(Told::Refunded(amount_minor));
        Ok(step)
    }

    /// The merchant can no longer count on the money, but it is not gone.
    fn dispute(&self, dispute: &Dispute) -> Result<Step, NotAllowed> {
        within(dispute.amount_minor, self.payment.kept_minor())?;
        self.has_room(false)?;
        Ok(Step {
            postings: vec![self.books.taken_back(Layer::Pending, dispute.amount_minor)],
            ..self.to(PaymentState::Disputed(dispute.clone()))
        })
    }

    fn disputed(&self, open: &Dispute, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        let released = self.books.taken_back(Layer::Pending, open.amount_minor).reversed();
        match event {
            PaymentEvent::DisputeWon(dispute) if *dispute == open.dispute => {
                Ok(Step { postings: vec![released], ..self.to(PaymentState::Captured) })
            }
            PaymentEvent::DisputeLost(dispute) if *dispute == open.dispute => {
                let is_all = open.amount_minor == self.payment.kept_minor();
                let mut step =
                    self.to(if is_all { PaymentState::ChargedBack } else { PaymentState::Captured });
                step.payment.charged_back_minor += open.amount_minor;
                step.postings = vec![released, self.books.taken_back(Layer::Posted, open.amount_minor)];
                step.postings.extend(self.books.terms(&step.payment));
                Ok(step)
            }
            _ => self.booked(event),
        }
    }

    fn reversing(&self, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        match event {
            PaymentEvent::ReleaseBooked
            | PaymentEvent::BookingRefused { booking: Booking::Release, amount_minor: 0 } => {
                Ok(self.to(PaymentState::Reversed))
            }
            _ => Err(NotAllowed::WrongState),
        }
    }

    /// Bookings that the provider knows of, or refused, and what operators made of the refused ones. They do not
    /// move the state.
    fn booked(&self, event: &PaymentEvent) -> Result<Step, NotAllowed> {
        let (captured_minor, refunded_minor) = (self.payment.captured_minor, self.payment.refunded_minor);
        let mut step = self.to(self.payment.state.clone());
        match event {
            PaymentEvent::CaptureBooked { amount_minor, .. } => {
                within(*amount_minor, captured_minor)?;
                step.postings = vec![self.books.booked(*amount_minor)];
            }
            PaymentEvent::RefundBooked { amount_minor, .. } => {
                within(*amount_minor, refunded_minor)?;
                step.postings = vec![self.books.booked(*amount_minor).reversed()];
            }
            PaymentEvent::ReleaseBooked
            | PaymentEvent::BookingRefused { booking: Booking::Release, amount_minor: 0 }
                if open_hold_minor(self.payment) == 0 => {}
            PaymentEvent::BookingRefused { booking: Booking::Capture(_), amount_minor } => {
                within(*amount_minor, captured_minor)?;
                step.payment.in_suspense_minor += amount_minor;
                step.postings = vec![self.books.to_suspense(*amount_minor)];
            }
            PaymentEvent::BookingRefused { booking: Booking::Refund(_), amount_minor } => {
                within(*amount_minor, refunded_minor)?;
                step.payment.in_suspense_minor += amount_minor;
                step.postings = vec![self.books.to_suspense(*amount_minor).reversed()];
            }
            PaymentEvent::TaskSettled { booking, amount_minor, with } => {
                return self.settled(*booking, *amount_minor, *with);
            }
            _ => return Err(NotAllowed::WrongState),
        }
        Ok(step)
    }

    /// What a refused booking left in suspense goes where an operator says.
    fn settled(&self, booking: Booking, amount_minor: i64, with: SettledWith) -> Result<Step, NotAllowed> {
        let mut step = self.to(self.payment.state.clone());
        if booking == Booking::Release {
            let was_refused = amount_minor == 0 && open_hold_minor(self.payment) == 0;
            return if was_refused { Ok(step) } else { Err(NotAllowed::WrongState) };
        }
        within(amount_minor, self.payment.in_suspense_minor)?;
        step.payment.in_suspense_minor -= amount_minor;
        let account = match with {
            SettledWith::Provider => self.books.provider(),
            SettledWith::Merchant => self.books.merchant(),
            SettledWith::Operator => AccountKey::Fees,
        };
        let posting = self.books.out_of_suspense(account, amount_minor);
        let is_refund = matches!(booking, Booking::Refund(_));
        step.postings = vec![if is_refund { posting.reversed() } else { posting }];
        Ok(step)
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
        PaymentState::AwaitingApproval => payment.approval.map(|approval| approval.until),
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
