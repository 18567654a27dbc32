//! Tills' requests: seen once, answered once, or cancelled before they came.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::REQUESTS;
use model::{IdempotencyKey, PaymentId, Timestamp};
use records::{Answer, IdempotencyRow, Outcome, RequestId};

/// What the tables find a request by.
pub(super) fn key_of(request: &RequestId) -> (model::CheckoutId, IdempotencyKey) {
    (request.checkout, request.key.clone())
}

/// What is to be answered if the request is known. A cancel that came first wins over everything; then the
/// same request gets what is known of it, and another one under the same key is told so.
pub(super) fn known(session: &mut impl Session, request: &RequestId) -> Result<Option<Outcome>, Fault> {
    let row = session.get(REQUESTS, &key_of(request))?;
    #[cfg(feature = "broken-rules")]
    let row = row.filter(|row| !(row.is_tombstone() && model::BrokenRule::TombstoneIgnored.is_broken()));
    Ok(row.map(|row| {
        if row.is_tombstone() {
            Outcome::Cancelled
        } else if row.request.request_hash == request.request_hash {
            Outcome::Replay(Box::new(row))
        } else {
            Outcome::OtherRequest
        }
    }))
}

/// Stages what is known of a new request.
pub(super) fn remember(
    session: &mut impl Session,
    request: RequestId,
    payment: Option<PaymentId>,
    answer: Option<Answer>,
    at: Timestamp,
) -> Result<(), Fault> {
    let key = key_of(&request);
    session.put(REQUESTS, &key, &IdempotencyRow { request, payment, answer, at })
}

/// Stages the answer to a request under way. An answer once given stays as it is: the till may have it.
/// Gives whether there is such a request for that payment.
pub(super) fn complete(
    session: &mut impl Session,
    request: &RequestId,
    payment: PaymentId,
    answer: Answer,
) -> Result<bool, Fault> {
    let key = key_of(request);
    let Some(mut row) = session.get(REQUESTS, &key)? else { return Ok(false) };
    if row.request != *request || row.payment != Some(payment) {
        return Ok(false);
    }
    if row.answer.is_none() {
        row.answer = Some(answer);
        session.put(REQUESTS, &key, &row)?;
    }
    Ok(true)
}

pub(super) fn cancel(
    session: &mut impl Session,
    request: RequestId,
    at: Timestamp,
) -> Result<Outcome, Fault> {
    if let Some(row) = session.get(REQUESTS, &key_of(&request))? {
        return Ok(Outcome::Replay(Box::new(row)));
    }
    remember(session, request, None, None, at)?;
    Ok(Outcome::Done)
}
