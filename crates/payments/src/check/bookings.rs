//! Invariant 5: what a provider must learn is either known to be done or still waiting to be told, once, and
//! nothing else is told.

use super::Report;
use crate::step::booked_minor;
use model::{Booking, PaymentEvent, PaymentId};
use records::{Effect, EffectKind, EventRow, OperatorTask};

/// Compares what a payment's events decided (`wanted`, with the version of each) with what its events say that
/// the provider knows and with the effects that wait. What was refused must have an operator's task.
pub(super) fn check(
    payment: PaymentId,
    wanted: &[(u32, EffectKind)],
    events: &[EventRow],
    effects: &[Effect],
    tasks: &[OperatorTask],
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
    for event in events.iter().map(|row| &row.event) {
        let Some(booking) = settled(event) else { continue };
        let decided = decided(booking);
        if decided.is_none() {
            report.wrong(5, payment, format!("{booking:?} is known and was never decided"));
        }
        if decided.is_some_and(|(_, kind)| booked_minor(kind) != known_minor(event)) {
            report.wrong(2, payment, format!("{booking:?} was booked or refused with another amount"));
        }
    }
    check_tasks(payment, events, tasks, report);
}

/// What was refused has a task of the same amount, and a task is settled exactly if the payment's events say so.
fn check_tasks(payment: PaymentId, events: &[EventRow], tasks: &[OperatorTask], report: &mut Report) {
    let mut known = Vec::new();
    let mut closed = Vec::new();
    for event in events.iter().map(|row| &row.event) {
        match event {
            PaymentEvent::BookingRefused { booking, amount_minor } => known.push((*booking, *amount_minor)),
            PaymentEvent::TaskSettled { booking, amount_minor, .. } => closed.push((*booking, *amount_minor)),
            _ => {}
        }
    }
    let all = tasks.iter().map(|task| (task.booking, task.amount_minor));
    let settled = tasks.iter().filter(|task| task.settled_at.is_some());
    let settled = settled.map(|task| (task.booking, task.amount_minor));
    if !is_same(known, all.collect()) {
        report.wrong(
            5,
            payment,
            "the bookings that were refused are not those that operators have tasks for",
        );
    }
    if !is_same(closed, settled.collect()) {
        report.wrong(5, payment, "the tasks that are settled are not those that its events say");
    }
}

/// Whether both hold the same, in whatever order.
fn is_same(mut left: Vec<(Booking, i64)>, mut right: Vec<(Booking, i64)>) -> bool {
    left.sort_unstable();
    right.sort_unstable();
    left == right
}

/// The amount that an event about a booking's outcome names, in minor units.
const fn known_minor(event: &PaymentEvent) -> i64 {
    match event {
        PaymentEvent::CaptureBooked { amount_minor, .. }
        | PaymentEvent::RefundBooked { amount_minor, .. }
        | PaymentEvent::BookingRefused { amount_minor, .. } => *amount_minor,
        _ => 0,
    }
}

/// The booking whose outcome an event tells.
pub(super) const fn settled(event: &PaymentEvent) -> Option<Booking> {
    match event {
        PaymentEvent::CaptureBooked { capture, .. } => Some(Booking::Capture(*capture)),
        PaymentEvent::RefundBooked { refund, .. } => Some(Booking::Refund(*refund)),
        PaymentEvent::ReleaseBooked => Some(Booking::Release),
        PaymentEvent::BookingRefused { booking, .. } => Some(*booking),
        _ => None,
    }
}
