//! What a request is answered that came before.

use crate::{PaymentError, Payments, answers};
use records::{Answer, IdempotencyRow, RequestId};

impl Payments {
    /// The answer to `request`, of which `row` was found and which began a payment: the one that was stored or, while the
    /// payment is under way, that it is.
    ///
    /// # Errors
    /// [`PaymentError::Cancelled`], [`PaymentError::OtherRequest`], [`PaymentError::Store`],
    /// [`PaymentError::Inconsistent`].
    pub async fn begun_before(
        &self,
        row: IdempotencyRow,
        request: &RequestId,
    ) -> Result<Answer, PaymentError> {
        let row = same(row, request)?;
        let id = row.payment.ok_or(PaymentError::Cancelled)?;
        if let Some(answer) = row.answer {
            return Ok(answer);
        }
        let payment = self.load(id).await?;
        if payment.state.is_under_way() {
            return Ok(answers::under_way(&payment));
        }
        // It was answered after the row was read: the answer is in the commit that moved the payment.
        let row = self.store.request(request.checkout, request.key.clone()).await?;
        let missing = || PaymentError::Inconsistent(format!("{id} has no answer for its till"));
        row.and_then(|row| row.answer).ok_or_else(missing)
    }
}

/// The row, if it is this very request's.
pub(crate) fn same(row: IdempotencyRow, request: &RequestId) -> Result<IdempotencyRow, PaymentError> {
    if row.is_tombstone() {
        return Err(PaymentError::Cancelled);
    }
    if row.request.request_hash != request.request_hash {
        return Err(PaymentError::OtherRequest);
    }
    Ok(row)
}
