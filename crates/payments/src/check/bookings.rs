//! Invariant 5: what a provider must learn is either known to be done or still waiting to be told, once, and
//! nothing else is told.

use super::Report;
use crate::step::booked_minor;
use model::{Booking, PaymentEvent, PaymentId};
use records::{Effect, EffectKind, EventRow};

/// Compares what a payment's events decided (`wanted`, with the version of each) with what its events say that
/// the provider knows and with the effects that wait. What was refused must have an operator's task.
pub(super) fn check(
    payment: PaymentId,
    wanted: &[(u32, EffectKind)],
    events: &[EventRow],
    effects: &[Effect],
    tasks: usize,
    report: &mut Report,
) {
    for (version, kind) in wanted {
        let Some(booking) = kind.booking() else { continue };
        let waiting: Vec<_> =
            effects.iter().filter(|effect| effect.kind.booking() == Some(booking)).collect();
        let known =
            events.iter().filter(|row| row.version > *version && settled(&row.event) == Some(booking));
        if waiting.len() + known.count() != 1 {
            let what = format!("{booking:?} of version {version} is neither waiting nor known, or both");
            report.wrong(5, payment, what);
        }
        if waiting.iter().any(|effect| effect.kind != *kind) {
            report.wrong(5, payment, format!("{booking:?} waits to be told with another amount"));
        }
    }
    let decided = |booking| wanted.iter().find(|(_, kind)| kind.booking() == Some(booking));
    for booking in effects.iter().filter_map(|effect| effect.kind.booking()) {
        if decided(booking).is_none() {
            report.wrong(5, payment, format!("{booking:?} waits to be told and was never decided"));
        }
    }
    let mut refused = 0;
    for event in events.iter().map(|row| &row.event) {
        let Some(booking) = settled(event) else { continue };
        let decided = decided(booking);
        if decided.is_none() {
            report.wrong(5, payment, format!("{booking:?} is known and was never decided"));
        }
        if let PaymentEvent::BookingRefused { amount_minor, .. } = event {
            refused += 1;
            if decided.is_some_and(|(_, kind)| booked_minor(kind) != *amount_minor) {
                report.wrong(2, payment, format!("{booking:?} went to suspense with another amount"));
            }
        }
    }
    if refused != tasks {
        report.wrong(
            5,
            payment,
            format!("{refused} bookings were refused, and operators have {tasks} tasks"),
        );
    }
}

/// The booking whose outcome an event tells.
const fn settled(event: &PaymentEvent) -> Option<Booking> {
    match event {
        PaymentEvent::CaptureBooked(capture) => Some(Booking::Capture(*capture)),
        PaymentEvent::RefundBooked(refund) => Some(Booking::Refund(*refund)),
        PaymentEvent::ReleaseBooked => Some(Booking::Release),
        PaymentEvent::BookingRefused { booking, .. } => Some(*booking),
        _ => None,
    }
}
