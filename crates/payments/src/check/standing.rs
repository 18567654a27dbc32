//! Where a payment stood after some of its events, as far as sums over many payments are concerned.

use super::bookings::settled;
use crate::step::{booked_minor, open_hold_minor};
use model::{Booking, Payment, PaymentEvent, PaymentState};
use records::{EffectKind, EventRow};

/// What one payment adds to the sums that its postings must come to, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Held and neither captured nor given back.
    pub(super) held_minor: i64,
    /// In dispute.
    pub(super) disputed_minor: i64,
    /// Captures less refunds that the provider still has to be told.
    pub(super) untold_minor: i64,
    /// Refused captures less refused refunds that no operator settled.
    pub(super) suspended_minor: i64,
    /// Whether it is not at its end, or its provider does not know.
    pub(super) is_unsettled: bool,
}

impl Standing {
    /// Of `payment` as it stood after `events`, which had decided `wanted`.
    pub(super) fn of(payment: &Payment, wanted: &[(u32, EffectKind)], events: &[EventRow]) -> Self {
        let decided = wanted.iter().filter(|(version, _)| *version <= payment.version);
        let is_known = |booking| events.iter().any(|row| settled(&row.event) == Some(booking));
        let waiting: Vec<_> =
            decided.filter(|(_, kind)| kind.booking().is_some_and(|booking| !is_known(booking))).collect();
        let disputed_minor = match &payment.state {
            PaymentState::Disputed(dispute) => dispute.amount_minor,
            _ => 0,
        };
        Self {
            held_minor: open_hold_minor(payment),
            disputed_minor,
            untold_minor: waiting.iter().map(|(_, kind)| signed(kind.booking(), booked_minor(kind))).sum(),
            suspended_minor: events.iter().map(|row| suspended_minor(&row.event)).sum(),
            is_unsettled: !payment.state.has_ended() || !waiting.is_empty(),
        }
    }
}

/// What an event brings into suspense, or takes out of it.
fn suspended_minor(event: &PaymentEvent) -> i64 {
    match event {
        PaymentEvent::BookingRefused { booking, amount_minor } => signed(Some(*booking), *amount_minor),
        PaymentEvent::TaskSettled { booking, amount_minor, .. } => -signed(Some(*booking), *amount_minor),
        _ => 0,
    }
}

/// An amount by what it does to customers' clearing: captures make it grow, refunds shrink.
const fn signed(booking: Option<Booking>, amount_minor: i64) -> i64 {
    match booking {
        Some(Booking::Capture(_)) => amount_minor,
        Some(Booking::Refund(_)) => -amount_minor,
        Some(Booking::Release) | None => 0,
    }
}
