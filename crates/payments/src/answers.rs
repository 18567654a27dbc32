//! What tills are told, as it is stored and sent: the same bytes for the same request, ever.

use crate::step::decline_reason;
use api::payment::{CaptureView, PaymentView, RefundView};
use api::problem::{self, Problem};
use model::{CaptureId, CustomerAction, DeclineReason, Payment, PaymentState, RefundId};
use records::Answer;
use serde::Serialize;

/// The answer to the request that began a payment; none while it is under way.
pub(crate) fn begun(payment: &Payment) -> Option<Answer> {
    match &payment.state {
        state if state.is_under_way() => None,
        PaymentState::Declined(_) => {
            let action =
                decline_reason(payment).map_or(CustomerAction::EnterAgain, DeclineReason::customer_action);
            Some(declined(payment, action))
        }
        PaymentState::Reversing | PaymentState::Reversed => {
            Some(declined(payment, CustomerAction::EnterAgain))
        }
        _ => Some(json(201, &PaymentView::from(payment))),
    }
}

/// The status of the answer to the request that began a payment which stands so, once it has one.
pub(crate) const fn begun_status(state: &PaymentState) -> u16 {
    match state {
        state if state.is_under_way() => 202,
        PaymentState::Declined(_) | PaymentState::Reversing | PaymentState::Reversed => 402,
        _ => 201,
    }
}

/// The answer while a payment is under way; never stored.
pub(crate) fn under_way(payment: &Payment) -> Answer {
    json(202, &PaymentView::from(payment))
}

pub(crate) fn captured(capture: CaptureId, amount_minor: i64, payment: &Payment) -> Answer {
    json(201, &CaptureView { id: capture, amount_minor, payment: payment.into() })
}

pub(crate) fn refunded(refund: RefundId, amount_minor: i64, payment: &Payment) -> Answer {
    json(201, &RefundView { id: refund, amount_minor, payment: payment.into() })
}

pub(crate) fn voided(payment: &Payment) -> Answer {
    json(200, &PaymentView::from(payment))
}

fn declined(payment: &Payment, action: CustomerAction) -> Answer {
    let problem = Problem::declined(action, payment.into());
    Answer { content_type: problem::CONTENT_TYPE.to_owned(), ..json(problem.status, &problem) }
}

fn json(status: u16, body: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(body).expect("the API's types have string keys and no failing parts");
    Answer { status, content_type: "application/json".to_owned(), body }
}
