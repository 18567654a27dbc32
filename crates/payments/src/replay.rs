//! A payment from its beginning: what it was at version 1, moved by each of its events.

use crate::step::{NotAllowed, step};
use model::{DeclineReason, Payment, PaymentState, Posting};
use records::EventRow;

/// The payment and all its postings, as the events say they must be.
pub fn replay(stored: &Payment, events: &[EventRow]) -> Result<(Payment, Vec<(u32, Posting)>), NotAllowed> {
    let mut payment = beginning(stored);
    let mut postings = Vec::new();
    for row in events {
        let step = step(&payment, &row.event, row.at)?;
        postings.extend(step.postings.into_iter().map(|posting| (row.version, posting)));
        payment = step.payment;
        if payment.version != row.version {
            return Err(NotAllowed::WrongState);
        }
    }
    Ok((payment, postings))
}

fn beginning(stored: &Payment) -> Payment {
    let state = match stored.state {
        PaymentState::Declined(reason @ DeclineReason::Security(_)) => PaymentState::Declined(reason),
        _ => PaymentState::Received,
    };
    Payment { version: 1, state, captured_minor: 0, refunded_minor: 0, ..stored.clone() }
}
