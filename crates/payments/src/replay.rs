//! A payment from its beginning: what it was at version 1, moved by each of its events.

use crate::step::{NotAllowed, Told, step};
use model::{DeclineReason, Payment, PaymentApproval, PaymentState, Posting};
use records::{EffectKind, EventRow};

/// What a payment's events make of it.
pub(crate) struct Replayed {
    /// The payment as it must stand.
    pub(crate) payment: Payment,
    /// Its postings, with the version that caused each.
    pub(crate) postings: Vec<(u32, Posting)>,
    /// What the provider had to learn, with the version that caused each; the authorisation is not among them.
    pub(crate) effects: Vec<(u32, EffectKind)>,
    /// What the phone had to learn, with the version that caused each.
    pub(crate) told: Vec<(u32, Told)>,
    /// Where it stood when the till could first be answered; none if it cannot yet.
    pub(crate) answered: Option<PaymentState>,
}

/// The payment and all its postings, as the events say they must be.
pub fn replay(stored: &Payment, events: &[EventRow]) -> Result<(Payment, Vec<(u32, Posting)>), NotAllowed> {
    let replayed = replay_all(stored, events)?;
    Ok((replayed.payment, replayed.postings))
}

/// All that the events make of a payment.
pub(crate) fn replay_all(stored: &Payment, events: &[EventRow]) -> Result<Replayed, NotAllowed> {
    let mut payment = beginning(stored);
    let mut answered = answerable(&payment);
    let (mut postings, mut effects, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for row in events {
        let step = step(&payment, &row.event, row.at)?;
        payment = step.payment;
        if payment.version != row.version {
            return Err(NotAllowed::WrongState);
        }
        postings.extend(step.postings.into_iter().map(|posting| (row.version, posting)));
        effects.extend(step.effects.into_iter().map(|kind| (row.version, kind)));
        told.extend(step.told.map(|told| (row.version, told)));
        answered = answered.or_else(|| answerable(&payment));
    }
    Ok(Replayed { payment, postings, effects, told, answered })
}

fn answerable(payment: &Payment) -> Option<PaymentState> {
    (!payment.state.is_under_way()).then(|| payment.state.clone())
}

fn beginning(stored: &Payment) -> Payment {
    let state = match stored.state {
        PaymentState::Declined(reason @ DeclineReason::Security(_)) => PaymentState::Declined(reason),
        _ if stored.approval.is_some() => PaymentState::AwaitingApproval,
        _ => PaymentState::Received,
    };
    let approval = stored.approval.map(|approval| PaymentApproval { approved_at: None, ..approval });
    Payment {
        version: 1,
        state,
        captured_minor: 0,
        refunded_minor: 0,
        charged_back_minor: 0,
        in_suspense_minor: 0,
        approval,
        ..stored.clone()
    }
}
