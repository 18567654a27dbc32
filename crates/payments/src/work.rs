//! What is due: providers are told what they do not know yet, deadlines pass. Everything here may run twice, at
//! the same time or after a crash.

use crate::begin::hold_request;
use crate::failpoint::fail_point;
use crate::provider::BookingAnswer;
use crate::service::{ATTEMPTS_MAX, effect_order, was_overtaken};
use crate::step::{NotAllowed, booked_minor};
use crate::{PaymentError, Payments};
use futures_util::future::try_join;
use futures_util::{StreamExt, stream};
use model::{Booking, Money, Payment, PaymentEvent, PaymentId, PaymentState, Timestamp};
use records::{Command, Effect, EffectKind, OperatorTask, Outcome};
use std::collections::BTreeSet;

/// How many payments' effects are sent at the same time.
const PARALLEL_MAX: usize = 32;
/// The longest pause between two tries, in milliseconds.
const PAUSE_MS_MAX: i64 = 5 * 60 * 1_000;

/// What one round of work did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worked {
    /// Payments whose effects were sent or whose deadlines passed.
    pub payments: usize,
    /// How many of them failed for a reason of ours and will be tried again.
    pub failed: usize,
}

/// What became of sending an effect.
enum Sent {
    /// Its outcome is known and written down.
    Known,
    /// It is not, and it is sent again then.
    AgainAt(Timestamp),
}

impl Payments {
    /// Does what is due now, for at most `limit` payments. Call again soon, and at once if it did something.
    ///
    /// Deadlines go first and again between the lots in which providers are told, so that a provider who lets
    /// every call wait holds up a deadline for one call and not for all. A round ends early if nothing of a lot
    /// became known, or something failed.
    pub async fn work(&self, limit: usize) -> Result<Worked, PaymentError> {
        let mut worked = Worked::default();
        let mut taken = BTreeSet::new();
        loop {
            let now = self.clock.now();
            let due = self.store.payments_to_wake(now, limit).await?;
            let woken = stream::iter(due).map(|id| self.wake(id)).buffer_unordered(PARALLEL_MAX);
            let woken: Vec<_> = woken.collect().await;
            let due = self.store.effects_due(now, limit).await?;
            let lot = due.iter().map(|effect| effect.payment).filter(|id| taken.insert(*id));
            let lot: Vec<_> = lot.take(PARALLEL_MAX).collect();
            let told = stream::iter(lot).map(|id| self.send_effects(id)).buffer_unordered(PARALLEL_MAX);
            let told: Vec<_> = told.collect().await;
            let failed = woken.iter().filter(|result| result.is_err()).count()
                + told.iter().filter(|result| result.is_err()).count();
            worked.payments += woken.len() + told.len();
            worked.failed += failed;
            let is_answered = told.iter().any(|result| matches!(result, Ok(true)));
            if failed > 0 || !is_answered || worked.payments >= limit {
                return Ok(worked);
            }
        }
    }

    /// Whether nothing is left to tell any provider and no payment waits for an answer.
    pub async fn is_settled(&self) -> Result<bool, PaymentError> {
        let end_of_time = Timestamp::from_ms(i64::MAX);
        Ok(self.store.effects_due(end_of_time, 1).await?.is_empty())
    }

    /// Lets a payment's deadline pass.
    async fn wake(&self, id: PaymentId) -> Result<(), PaymentError> {
        for _ in 0..ATTEMPTS_MAX {
            let payment = self.load(id).await?;
            let change = match payment.state {
                PaymentState::Received | PaymentState::Unknown => self.compose_void(&payment).await,
                PaymentState::AwaitingApproval => self.compose_unapproved(&payment).await,
                _ => self.compose(&payment, PaymentEvent::DeadlinePassed).await,
            };
            let change = match change {
                Ok(change) => change,
                // Somebody moved it since it was found due: its new deadline is another one, or none.
                Err(PaymentError::NotAllowed(NotAllowed::WrongState | NotAllowed::TooEarly(_))) => {
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            if self.commit(&change).await? == Outcome::Done {
                return Ok(());
            }
        }
        Err(PaymentError::Contended)
    }

    /// Sends a payment's effects in the order in which they were decided, until one stays unknown. Gives back
    /// whether the outcome of one is known now.
    async fn send_effects(&self, id: PaymentId) -> Result<bool, PaymentError> {
        // The payment as it stands before the first effect is sent.
        let (mut effects, mut payment) = try_join(self.store.effects_of(id), self.store.payment(id)).await?;
        effects.sort_by_key(effect_order);
        let mut is_known = false;
        let mut waiting = effects.iter();
        while let Some(effect) = waiting.next() {
            let sent = if effect.due_at > self.clock.now() {
                Ok(Sent::AgainAt(effect.due_at))
            } else {
                self.send(effect, payment.take()).await
            };
            match sent {
                Ok(Sent::Known) => is_known = true,
                Ok(Sent::AgainAt(at)) => {
                    self.hold_back(waiting.as_slice(), at).await?;
                    break;
                }
                Err(error @ PaymentError::Store(_)) => return Err(error),
                Err(error) => {
                    // It will fail again, and must not stand in the way of other payments until then.
                    let at = self.delay(effect).await?;
                    self.hold_back(waiting.as_slice(), at).await?;
                    return Err(error);
                }
            }
        }
        Ok(is_known)
    }

    /// Delays what waits behind an effect that is sent again at `at`: found due before, it would take the place of
    /// other payments in every round.
    async fn hold_back(&self, effects: &[Effect], at: Timestamp) -> Result<(), PaymentError> {
        for effect in effects.iter().filter(|effect| effect.due_at < at) {
            self.store.commit(put_off(effect, effect.attempts, at)).await?;
        }
        Ok(())
    }

    /// Sends one effect of a payment that stands so; it is looked up if none is given.
    async fn send(&self, effect: &Effect, payment: Option<Payment>) -> Result<Sent, PaymentError> {
        let payment = match payment {
            Some(payment) => payment,
            None => self.load(effect.payment).await?,
        };
        let provider = self.provider(&effect.provider)?;
        let money = |amount_minor| Money { amount_minor, ..payment.order.amount };
        fail_point("payments-before-effect");
        let answer = match &effect.kind {
            EffectKind::Authorise { .. } => return self.authorise_again(payment, effect).await,
            EffectKind::Capture { capture, amount_minor } => {
                provider.capture(payment.id, *capture, money(*amount_minor)).await
            }
            EffectKind::Release => provider.release(payment.id).await,
            EffectKind::Refund { refund, amount_minor } => {
                provider.refund(payment.id, *refund, money(*amount_minor)).await
            }
        };
        fail_point("payments-after-effect");
        match answer {
            BookingAnswer::Silent => self.delay(effect).await.map(Sent::AgainAt),
            BookingAnswer::Booked => self.settle(effect, None).await,
            BookingAnswer::Refused(reason) => self.settle(effect, Some(reason)).await,
        }
    }

    async fn authorise_again(&self, payment: Payment, effect: &Effect) -> Result<Sent, PaymentError> {
        if !matches!(payment.state, PaymentState::Received | PaymentState::Unknown) {
            return Ok(Sent::Known);
        }
        let request = hold_request(&payment, self.merchant(&payment).await?.name, effect)?;
        let answer = self.provider(&effect.provider)?.authorise(request).await;
        let payment = self.authorised(payment, effect, answer, None).await?;
        if matches!(payment.state, PaymentState::Received | PaymentState::Unknown) {
            return self.delay(effect).await.map(Sent::AgainAt);
        }
        Ok(Sent::Known)
    }

    /// Writes down that a provider knows, or refuses, a booking.
    async fn settle(&self, effect: &Effect, refused: Option<String>) -> Result<Sent, PaymentError> {
        for _ in 0..ATTEMPTS_MAX {
            let payment = self.load(effect.payment).await?;
            let Some(booking) = effect.kind.booking() else { return Ok(Sent::Known) };
            let event = booked_event(booking, booked_minor(&effect.kind), refused.is_some());
            let mut change = match self.compose(&payment, event).await {
                Ok(change) => change,
                // Another worker wrote it down, or else the effect should not be there and is looked at again.
                Err(error) if was_overtaken(&error) => return self.delay(effect).await.map(Sent::AgainAt),
                Err(error) => return Err(error),
            };
            change.done_effect = Some(effect.id);
            change.task = refused.clone().map(|reason| OperatorTask {
                effect: effect.id,
                payment: effect.payment,
                booking,
                amount_minor: booked_minor(&effect.kind),
                reason,
                since: change.event.at,
                settled_at: None,
            });
            match self.commit(&change).await? {
                // The effect is gone: another worker wrote down the same.
                Outcome::Done | Outcome::Missing => return Ok(Sent::Known),
                _ => {}
            }
        }
        Err(PaymentError::Contended)
    }

    /// Sets when an effect is sent again, later with each try. Gives back when.
    async fn delay(&self, effect: &Effect) -> Result<Timestamp, PaymentError> {
        let attempts = effect.attempts.saturating_add(1);
        let pause_ms = (250_i64 << attempts.min(20)).min(PAUSE_MS_MAX);
        let due_at = self.clock.now().plus_ms(pause_ms);
        self.store.commit(put_off(effect, attempts, due_at)).await?;
        Ok(due_at)
    }
}

const fn booked_event(booking: Booking, amount_minor: i64, is_refused: bool) -> PaymentEvent {
    if is_refused {
        return PaymentEvent::BookingRefused { booking, amount_minor };
    }
    match booking {
        Booking::Capture(capture) => PaymentEvent::CaptureBooked { capture, amount_minor },
        Booking::Refund(refund) => PaymentEvent::RefundBooked { refund, amount_minor },
        Booking::Release => PaymentEvent::ReleaseBooked,
    }
}

fn put_off(effect: &Effect, attempts: u32, due_at: Timestamp) -> Command {
    Command::DelayEffect { payment: effect.payment, effect: effect.id, attempts, due_at }
}
