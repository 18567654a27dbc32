//! Whether something of a device's payments is still to come.

use crate::{PaymentError, Payments};
use model::{EnrolmentId, PaymentId};
use records::{PAGE_LIMIT_MAX, Page};

impl Payments {
    /// A payment of this device that is not at its end, or of which its provider or an operator still has to learn; none if
    /// there is none.
    pub async fn open_payment_of(&self, enrolment: EnrolmentId) -> Result<Option<PaymentId>, PaymentError> {
        let mut page = Page::first(PAGE_LIMIT_MAX);
        loop {
            let uses = self.store.code_uses(enrolment, page).await?;
            for used in &uses {
                let Some(payment) = self.store.payment(used.payment).await? else { continue };
                let is_settled = payment.state.has_ended()
                    && payment.in_suspense_minor == 0
                    && self.store.effects_of(payment.id).await?.is_empty();
                if !is_settled {
                    return Ok(Some(payment.id));
                }
            }
            let Some(last) = uses.last() else { return Ok(None) };
            page = Page::after(last.counter, PAGE_LIMIT_MAX);
        }
    }
}
