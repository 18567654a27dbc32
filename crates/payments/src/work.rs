//! What is due: providers are told what they do not know yet, deadlines pass. Everything here may run twice.

use crate::provider::{BookingAnswer, HoldRequest};
use crate::service::{ATTEMPTS_MAX, effect_order, was_overtaken};
use crate::{PaymentError, Payments};
use futures_util::{StreamExt, stream};
use model::{Money, Payment, PaymentEvent, PaymentId, PaymentState, Timestamp};
use records::{ChangePayment, Command, Effect, EffectKind, OperatorTask, Outcome};
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

impl Payments {
    /// Does what is due now, for at most `limit` payments. Call again at once if it did something.
    pub async fn work(&self, limit: usize) -> Result<Worked, PaymentError> {
        let now = self.clock.now();
        let due = self.store.effects_due(now, limit).await?;
        let payments: BTreeSet<PaymentId> = due.iter().map(|effect| effect.payment).collect();
        let to_wake = self.store.payments_to_wake(now, limit).await?;
        let woken = stream::iter(to_wake).map(|id| self.wake(id)).buffer_unordered(PARALLEL_MAX);
        let woken: Vec<_> = woken.collect().await;
        let sent = stream::iter(payments).map(|id| self.send_effects(id)).buffer_unordered(PARALLEL_MAX);
        let sent: Vec<_> = sent.collect().await;
        let results = || woken.iter().chain(sent.iter());
        Ok(Worked { payments: results().count(), failed: results().filter(|result| result.is_err()).count() })
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
                _ => self.compose(&payment, PaymentEvent::DeadlinePassed).await,
            };
            let change = match change {
                Ok(change) => change,
                Err(error) if was_overtaken(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            if self.commit_work(change).await? {
                return Ok(());
            }
        }
        Err(PaymentError::Contended)
    }

    /// Sends a payment's effects in the order in which they were decided, until one stays unknown.
    async fn send_effects(&self, id: PaymentId) -> Result<(), PaymentError> {
        let mut effects = self.store.effects_of(id).await?;
        effects.sort_by_key(effect_order);
        for effect in effects {
            if effect.due_at > self.clock.now() || !self.send(&effect).await? {
                break;
            }
        }
        Ok(())
    }

    /// Sends one effect. Gives back whether its outcome is known now.
    async fn send(&self, effect: &Effect) -> Result<bool, PaymentError> {
        let payment = self.load(effect.payment).await?;
        let provider = self.provider(&effect.provider)?;
        let money = |amount_minor| Money { amount_minor, ..payment.order.amount };
        let answer = match &effect.kind {
            EffectKind::Authorise { statement, signature } => {
                return self.authorise_again(payment, effect, statement, signature).await;
            }
            EffectKind::Capture { capture, amount_minor } => {
                provider.capture(payment.id, *capture, money(*amount_minor)).await
            }
            EffectKind::Release => provider.release(payment.id).await,
            EffectKind::Refund { refund, amount_minor } => {
                provider.refund(payment.id, *refund, money(*amount_minor)).await
            }
        };
        match answer {
            BookingAnswer::Silent => self.delay(effect).await.map(|()| false),
            BookingAnswer::Booked => self.settle(effect, None).await.map(|()| true),
            BookingAnswer::Refused(reason) => self.settle(effect, Some(reason)).await.map(|()| true),
        }
    }

    async fn authorise_again(
        &self,
        payment: Payment,
        effect: &Effect,
        statement: &[u8],
        signature: &[u8],
    ) -> Result<bool, PaymentError> {
        let payer =
            payment.payer.clone().ok_or_else(|| PaymentError::Inconsistent(payment.id.to_string()))?;
        let request = HoldRequest {
            payment: payment.id,
            account_ref: payer.account_ref,
            amount: payment.order.amount,
            payee: self.merchant_name(&payment).await?,
            statement: statement.to_vec(),
            signature: signature.to_vec(),
        };
        let answer = self.provider(&effect.provider)?.authorise(request).await;
        let payment = self.authorised(payment, effect, answer).await?;
        if matches!(payment.state, PaymentState::Received | PaymentState::Unknown) {
            self.delay(effect).await?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Writes down that a provider knows, or refuses, a booking.
    async fn settle(&self, effect: &Effect, refused: Option<String>) -> Result<(), PaymentError> {
        for _ in 0..ATTEMPTS_MAX {
            let payment = self.load(effect.payment).await?;
            let Some(event) = booked_event(effect, refused.is_some()) else { return Ok(()) };
            let mut change = match self.compose(&payment, event).await {
                Ok(change) => change,
                Err(error) if was_overtaken(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            change.done_effect = Some(effect.id);
            change.task = refused.clone().map(|reason| OperatorTask {
                effect: effect.id,
                payment: effect.payment,
                reason,
                since: change.event.at,
                settled_at: None,
            });
            if self.commit_work(change).await? {
                return Ok(());
            }
        }
        Err(PaymentError::Contended)
    }

    async fn delay(&self, effect: &Effect) -> Result<(), PaymentError> {
        let attempts = effect.attempts.saturating_add(1);
        let pause_ms = (250_i64 << attempts.min(20)).min(PAUSE_MS_MAX);
        let due_at = self.clock.now().plus_ms(pause_ms);
        self.store.commit(Command::DelayEffect { effect: effect.id, attempts, due_at }).await?;
        Ok(())
    }

    /// Commits a change; gives back whether it was done and not overtaken.
    async fn commit_work(&self, change: ChangePayment) -> Result<bool, PaymentError> {
        let is_done =
            self.store.commit(Command::ChangePayment(Box::new(change.clone()))).await? == Outcome::Done;
        if is_done {
            self.announce(&change);
        }
        Ok(is_done)
    }
}

fn booked_event(effect: &Effect, is_refused: bool) -> Option<PaymentEvent> {
    let booking = effect.kind.booking()?;
    let amount_minor = match &effect.kind {
        EffectKind::Capture { amount_minor, .. } | EffectKind::Refund { amount_minor, .. } => *amount_minor,
        EffectKind::Authorise { .. } | EffectKind::Release => 0,
    };
    if is_refused {
        return Some(PaymentEvent::BookingRefused { booking, amount_minor });
    }
    Some(match booking {
        model::Booking::Capture(capture) => PaymentEvent::CaptureBooked(capture),
        model::Booking::Refund(refund) => PaymentEvent::RefundBooked(refund),
        model::Booking::Release => PaymentEvent::ReleaseBooked,
    })
}
