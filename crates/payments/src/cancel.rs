//! Cancelling a request that may or may not have arrived.

use crate::service::ATTEMPTS_MAX;
use crate::{PaymentError, Payments};
use model::{CheckoutId, IdempotencyKey, Payment, PaymentState};
use records::{Command, Outcome, RequestId};

/// What became of a cancel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The request had been received; this is its payment now.
    Received(Payment),
    /// It had not; it will be refused when it comes.
    Remembered,
}

impl Payments {
    /// Cancels what `checkout` asked, or will ask, under `key`.
    pub async fn cancel(&self, checkout: CheckoutId, key: IdempotencyKey) -> Result<Cancelled, PaymentError> {
        let request = RequestId { checkout, key, request_hash: [0; 32] };
        for _ in 0..ATTEMPTS_MAX {
            let row = match self.store.request(checkout, request.key.clone()).await? {
                Some(row) => row,
                None => match self.store.commit(Command::Cancel(request.clone(), self.clock.now())).await? {
                    Outcome::Done => return Ok(Cancelled::Remembered),
                    _ => continue,
                },
            };
            let Some(id) = row.payment else { return Ok(Cancelled::Remembered) };
            let payment = self.load(id).await?;
            if ended_unpaid(&payment) {
                return Ok(Cancelled::Received(payment));
            }
            let change = self.compose_void(&payment).await?;
            if self.store.commit(Command::ChangePayment(Box::new(change.clone()))).await? == Outcome::Done {
                self.announce(&change);
                return Ok(Cancelled::Received(change.payment));
            }
        }
        Err(PaymentError::Contended)
    }
}

/// Whether the payment ended without money taken, so that a cancel has nothing left to do.
fn ended_unpaid(payment: &Payment) -> bool {
    matches!(
        payment.state,
        PaymentState::Declined(_)
            | PaymentState::Voided
            | PaymentState::Expired
            | PaymentState::Reversing
            | PaymentState::Reversed
    )
}
