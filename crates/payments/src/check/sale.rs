//! One payment: its events, postings, effects, request, verdict and consumed code agree.

use super::Report;
use super::sums::Sums;
use crate::PaymentError;
use crate::replay::replay;
use model::{Booking, Payment, PaymentEvent, PaymentState};
use records::{Effect, EffectKind, EventRow, Store};

pub(super) async fn check(
    store: &dyn Store,
    payment: &Payment,
    sums: &mut Sums,
    report: &mut Report,
) -> Result<(), PaymentError> {
    let events = store.events(payment.id).await?;
    let postings = store.postings(payment.id).await?;
    let effects = store.effects_of(payment.id).await?;
    report.rows += 1 + events.len() as u64 + postings.len() as u64 + effects.len() as u64;
    match replay(payment, &events) {
        Err(why) => report.wrong(3, payment.id, format!("its events do not follow from one another: {why}")),
        Ok((replayed, expected)) => {
            if replayed != *payment {
                report.wrong(3, payment.id, "the stored payment is not what its events make of it");
            }
            let stored = postings.iter().map(|row| (row.version, row.posting.clone()));
            if !stored.eq(expected) {
                report.wrong(2, payment.id, "the stored postings are not what its events make of it");
            }
        }
    }
    postings.iter().for_each(|row| sums.book(&row.posting));
    sums.hold(payment);
    amounts(payment, report);
    told(payment, &events, &effects, report);
    if is_unsettled(payment, &effects) {
        report.unsettled += 1;
    }
    requested(store, payment, report).await?;
    proved(store, payment, report).await
}

fn amounts(payment: &Payment, report: &mut Report) {
    let (captured, refunded) = (payment.captured_minor, payment.refunded_minor);
    if captured < 0 || captured > payment.order.amount.amount_minor {
        report.wrong(3, payment.id, "more was captured than held");
    }
    if refunded < 0 || refunded > captured {
        report.wrong(3, payment.id, "more was refunded than captured");
    }
}

/// Invariant 5: what a provider must learn is either known to be done or still waiting to be told.
fn told(payment: &Payment, events: &[EventRow], effects: &[Effect], report: &mut Report) {
    let waits = |booking: Booking| effects.iter().any(|effect| effect.kind.booking() == Some(booking));
    let is_known = |booking: Booking| events.iter().any(|row| settles(&row.event, booking));
    let needed = events.iter().filter_map(|row| match row.event {
        PaymentEvent::Capture { capture, .. } => Some(Booking::Capture(capture)),
        PaymentEvent::Refund { refund, .. } => Some(Booking::Refund(refund)),
        PaymentEvent::GivenUp | PaymentEvent::Void | PaymentEvent::DeadlinePassed => Some(Booking::Release),
        _ => None,
    });
    for booking in needed {
        if waits(booking) == is_known(booking) {
            report.wrong(5, payment.id, format!("{booking:?} is neither waiting nor known, or both"));
        }
    }
    let is_asked = effects.iter().any(|effect| matches!(effect.kind, EffectKind::Authorise { .. }));
    let is_open = matches!(payment.state, PaymentState::Received | PaymentState::Unknown);
    if is_asked != is_open {
        report.wrong(5, payment.id, "its authorisation is open without an effect, or the other way round");
    }
}

fn settles(event: &PaymentEvent, wanted: Booking) -> bool {
    match event {
        PaymentEvent::CaptureBooked(capture) => wanted == Booking::Capture(*capture),
        PaymentEvent::RefundBooked(refund) => wanted == Booking::Refund(*refund),
        PaymentEvent::ReleaseBooked => wanted == Booking::Release,
        PaymentEvent::BookingRefused { booking, .. } => wanted == *booking,
        _ => false,
    }
}

fn is_unsettled(payment: &Payment, effects: &[Effect]) -> bool {
    let has_ended = matches!(
        payment.state,
        PaymentState::Declined(_)
            | PaymentState::Captured
            | PaymentState::Voided
            | PaymentState::Expired
            | PaymentState::Reversed
    );
    !has_ended || !effects.is_empty()
}

/// Invariant 4: the request that began it is remembered, and answered once the answer is known.
async fn requested(store: &dyn Store, payment: &Payment, report: &mut Report) -> Result<(), PaymentError> {
    let Some(row) = store.begin_request(payment.id).await? else {
        report.wrong(4, payment.id, "the request that began it is missing");
        return Ok(());
    };
    report.rows += 1;
    let is_open = matches!(payment.state, PaymentState::Received | PaymentState::Unknown);
    if row.answer.is_none() != is_open {
        report.wrong(4, payment.id, "its request is answered too early or not at all");
    }
    Ok(())
}

/// Invariant 1: what was paid was paid with a verified code, consumed by this payment.
async fn proved(store: &dyn Store, payment: &Payment, report: &mut Report) -> Result<(), PaymentError> {
    let Some(verdict) = store.verdict(payment.id).await? else {
        report.wrong(1, payment.id, "what security management found is missing");
        return Ok(());
    };
    report.rows += 1;
    let Some(payer) = &payment.payer else { return Ok(()) };
    if verdict.verdict != protocol::verdict::Verdict::Ok {
        report.wrong(1, payment.id, "it has a payer although its code was refused");
    }
    match store.code_use(payer.enrolment, payer.counter).await? {
        Some(code) if code.payment == payment.id && code.code_hash == verdict.code_hash => Ok(()),
        Some(_) => {
            report.wrong(1, payment.id, "its code was consumed by another payment");
            Ok(())
        }
        None => {
            report.wrong(1, payment.id, "its code was not consumed");
            Ok(())
        }
    }
}
