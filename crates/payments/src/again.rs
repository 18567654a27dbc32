//! What a request is answered that came before.

use crate::{PaymentError, Payments};
use records::{Answer, IdempotencyRow, RequestId};

impl Payments {
    /// The answer to `request`, of which `row` was found and which began a payment: the one that was stored or, while the
    /// payment is under way, that it is.
    ///
    /// # Errors
    /// [`PaymentError::Cancelled`], [`PaymentError::OtherRequest`], [`PaymentError::NotFound`], [`PaymentError::Store`].
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
        // It may have been answered after the row was read.
        self.answer_to_begin(&self.load(id).await?).await
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
