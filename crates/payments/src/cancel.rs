//! Cancelling a request that may or may not have arrived.

use crate::service::{ATTEMPTS_MAX, was_overtaken};
use crate::{PaymentError, Payments};
use model::{CheckoutId, IdempotencyKey, Payment, PaymentEvent, PaymentId, PaymentState};
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
            if self.store.begin_request(id).await?.is_none_or(|begun| begun.request != row.request) {
                // The key is of a capture, a void or a refund: what those did is final.
                return Err(PaymentError::OtherRequest);
            }
            let payment = self.load(id).await?;
            if ended_unpaid(&payment) {
                return Ok(Cancelled::Received(payment));
            }
            let change = match self.compose_void(&payment).await {
                Ok(change) => change,
                Err(error) if was_overtaken(&error) && self.was_voided(id).await? => {
                    return Ok(Cancelled::Received(payment));
                }
                Err(error) => return Err(error),
            };
            if self.commit(&change).await? == Outcome::Done {
                return Ok(Cancelled::Received(change.payment));
            }
        }
        Err(PaymentError::Contended)
    }
}

impl Payments {
    /// Whether what was left of a partly captured payment was given back by the till, perhaps by this very cancel.
    async fn was_voided(&self, id: PaymentId) -> Result<bool, PaymentError> {
        let events = self.store.events(id).await?;
        Ok(events.iter().any(|row| row.event == PaymentEvent::Void))
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
