//! What tills do to a payment once it is authorised: capture, void, refund.

use crate::service::ATTEMPTS_MAX;
use crate::{PaymentError, Payments, again, answers};
use futures_util::future::join;
use model::{MerchantId, Payment, PaymentEvent, PaymentId};
use records::{Answer, ChangePayment, Command, EffectKind, IdempotencyRow, Outcome, RequestId};

/// What a till wants of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Take held money.
    Capture {
        /// Minor units; all that is held if absent.
        amount_minor: Option<i64>,
        /// Whether the rest is given back.
        is_final: bool,
    },
    /// Give back what is held.
    Void,
    /// Give captured money back.
    Refund {
        /// Minor units; all that is left if absent.
        amount_minor: Option<i64>,
    },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Done and durable; this is the answer.
    Answered(Payment, Answer),
    /// The request was seen before.
    Known(Box<IdempotencyRow>),
}

impl Payments {
    /// A payment of this merchant.
    pub async fn of_merchant(&self, merchant: MerchantId, id: PaymentId) -> Result<Payment, PaymentError> {
        let payment = self.load(id).await?;
        if payment.order.merchant == merchant { Ok(payment) } else { Err(PaymentError::NotFound) }
    }

    /// Does what a till wants of a payment of its merchant, once for each request.
    pub async fn change(
        &self,
        request: RequestId,
        merchant: MerchantId,
        id: PaymentId,
        wanted: Wanted,
    ) -> Result<Changed, PaymentError> {
        for _ in 0..ATTEMPTS_MAX {
            let asked = self.store.request(request.checkout, request.key.clone());
            let (row, payment) = join(asked, self.of_merchant(merchant, id)).await;
            if let Some(row) = row? {
                return Ok(Changed::Known(Box::new(again::same(row, &request)?)));
            }
            let payment = payment?;
            let (change, answer) = match self.compose_wanted(&payment, &request, wanted).await {
                Ok(composed) => composed,
                Err(error @ (PaymentError::NotAllowed(_) | PaymentError::Money(_))) => {
                    return self.refuse_for_good(request, error).await;
                }
                Err(error) => return Err(error),
            };
            match self.commit(&change).await? {
                Outcome::Done => return Ok(Changed::Answered(change.payment, answer)),
                // Overtaken, or an id that another effect has: decide anew.
                Outcome::Conflict | Outcome::Exists | Outcome::Missing => {}
                Outcome::Replay(row) => return Ok(Changed::Known(row)),
                Outcome::OtherRequest => return Err(PaymentError::OtherRequest),
                Outcome::Cancelled => return Err(PaymentError::Cancelled),
            }
        }
        Err(PaymentError::Contended)
    }

    /// Refuses `request` for the reason that `error` tells, also when it comes again: a network may deliver it a second
    /// time, and by then the payment may stand so that it would be done, although its till was told that it was not.
    async fn refuse_for_good(
        &self,
        request: RequestId,
        error: PaymentError,
    ) -> Result<Changed, PaymentError> {
        match self.store.commit(Command::Cancel(request.clone(), self.clock.now())).await? {
            // It came twice at once, and the other one was quicker.
            Outcome::Replay(row) => Ok(Changed::Known(Box::new(again::same(*row, &request)?))),
            _ => Err(error),
        }
    }

    async fn compose_wanted(
        &self,
        payment: &Payment,
        request: &RequestId,
        wanted: Wanted,
    ) -> Result<(ChangePayment, Answer), PaymentError> {
        let (mut change, answer) = match wanted {
            Wanted::Capture { amount_minor, is_final } => {
                let held_minor = payment.order.amount.amount_minor - payment.captured_minor;
                let amount_minor = amount_minor.unwrap_or(held_minor);
                let capture = self.make_capture_id(payment.id);
                let event = PaymentEvent::Capture { capture, amount_minor, is_final };
                let change = self.compose(payment, event).await?;
                let answer = answers::captured(capture, amount_minor, &change.payment);
                (change, answer)
            }
            Wanted::Refund { amount_minor } => {
                let amount_minor = amount_minor.unwrap_or(payment.kept_minor());
                let refund = self.make_refund_id(payment.id);
                let change = self.compose(payment, PaymentEvent::Refund { refund, amount_minor }).await?;
                let answer = answers::refunded(refund, amount_minor, &change.payment);
                (change, answer)
            }
            Wanted::Void => {
                let change = self.compose_void(payment).await?;
                let answer = answers::voided(&change.payment);
                (change, answer)
            }
        };
        change.request = Some((request.clone(), answer.clone()));
        Ok((change, answer))
    }

    /// Gives back what is held, or gives up what is not yet answered.
    pub(crate) async fn compose_void(&self, payment: &Payment) -> Result<ChangePayment, PaymentError> {
        let is_under_way = payment.state.is_under_way();
        let event = if is_under_way { PaymentEvent::GivenUp } else { PaymentEvent::Void };
        let mut change = self.compose(payment, event).await?;
        if is_under_way {
            let effects = self.store.effects_of(payment.id).await?;
            let asked = effects.iter().find(|effect| matches!(effect.kind, EffectKind::Authorise { .. }));
            change.done_effect = asked.map(|effect| effect.id);
            change.approval = self.withdrawn(payment, change.event.at).await?;
            self.attach_begin_answer(&mut change).await?;
        }
        Ok(change)
    }
}
