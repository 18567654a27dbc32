//! What operators do to payments: disputes as the provider reports them, and what refused bookings left.

use crate::service::ATTEMPTS_MAX;
use crate::step::NotAllowed;
use crate::{PaymentError, Payments};
use model::{Dispute, DisputeId, EffectId, Payment, PaymentEvent, PaymentId, PaymentState, SettledWith};
use records::{Actor, AuditEntry, ChangePayment, Outcome};

/// How a dispute was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// For the merchant, who keeps the money.
    Won,
    /// For the customer: the provider takes it back.
    Lost,
}

impl Payments {
    /// The customer disputes `amount_minor` of a captured payment at the provider; all that the merchant still has
    /// of it if absent.
    pub async fn open_dispute(
        &self,
        id: PaymentId,
        amount_minor: Option<i64>,
        operator: &Actor,
    ) -> Result<Payment, PaymentError> {
        let dispute = DisputeId::derive(id.shard(), self.clock.now(), self.ids.random());
        self.operate(id, operator, "payment.disputed", |payment| {
            let amount_minor = amount_minor.unwrap_or(payment.kept_minor());
            Ok(PaymentEvent::DisputeOpened(Dispute { dispute, amount_minor }))
        })
        .await
    }

    /// The provider decided the open dispute about a payment.
    pub async fn decide_dispute(
        &self,
        id: PaymentId,
        decision: Decision,
        operator: &Actor,
    ) -> Result<Payment, PaymentError> {
        let action = match decision {
            Decision::Won => "payment.dispute_won",
            Decision::Lost => "payment.charged_back",
        };
        self.operate(id, operator, action, |payment| {
            let PaymentState::Disputed(open) = &payment.state else { return Err(NotAllowed::WrongState) };
            Ok(match decision {
                Decision::Won => PaymentEvent::DisputeWon(open.dispute),
                Decision::Lost => PaymentEvent::DisputeLost(open.dispute),
            })
        })
        .await
    }

    /// Settles what a refused booking left: the money in suspense leaves it.
    pub async fn settle_task(
        &self,
        task: EffectId,
        with: SettledWith,
        operator: &Actor,
    ) -> Result<Payment, PaymentError> {
        let row = self.store.task(task).await?.ok_or(PaymentError::NotFound)?;
        if row.settled_at.is_some() {
            return Err(NotAllowed::WrongState.into());
        }
        for _ in 0..ATTEMPTS_MAX {
            let payment = self.load(row.payment).await?;
            let (booking, amount_minor) = (row.booking, row.amount_minor);
            let event = PaymentEvent::TaskSettled { booking, amount_minor, with };
            let mut change = self.compose(&payment, event).await?;
            change.settled_task = Some(task);
            self.put_on_record(&mut change, operator, "task.settled", format!("{task} with {with:?}"));
            match self.commit(&change).await? {
                Outcome::Done => return Ok(change.payment),
                _ if self.store.task(task).await?.is_some_and(|row| row.settled_at.is_some()) => {
                    return Err(NotAllowed::WrongState.into());
                }
                _ => {}
            }
        }
        Err(PaymentError::Contended)
    }

    /// Moves a payment by the event that `decide` makes of it.
    async fn operate(
        &self,
        id: PaymentId,
        operator: &Actor,
        action: &str,
        decide: impl Fn(&Payment) -> Result<PaymentEvent, NotAllowed>,
    ) -> Result<Payment, PaymentError> {
        for _ in 0..ATTEMPTS_MAX {
            let payment = self.load(id).await?;
            let mut change = self.compose(&payment, decide(&payment)?).await?;
            self.put_on_record(&mut change, operator, action, String::new());
            if self.commit(&change).await? == Outcome::Done {
                return Ok(change.payment);
            }
        }
        Err(PaymentError::Contended)
    }

    fn put_on_record(&self, change: &mut ChangePayment, operator: &Actor, action: &str, detail: String) {
        change.audit.push(AuditEntry {
            at: change.event.at,
            actor: operator.clone(),
            action: action.to_owned(),
            subject: change.payment.id.to_string(),
            detail,
        });
    }
}
