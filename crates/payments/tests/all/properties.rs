//! Whatever happens to a payment, in whatever order: no more is captured than was held, no more refunded than
//! captured, the ledger says what the payment says, and the events alone make it anew.

use crate::support::sample::*;
use model::{
    AccountKey, Booking, CustomerAction, DeclineReason, Dispute, Hold, Layer, Payment, PaymentEvent,
    PaymentState, Posting, SettledWith, Timestamp,
};
use payments::{replay, step};
use proptest::prelude::*;
use records::{EffectKind, EventRow};

/// An event and how many milliseconds after the one before it, perhaps before it: clocks are set back.
fn happening() -> impl Strategy<Value = (PaymentEvent, i64)> {
    let amount = || prop_oneof![Just(0_i64), 1..=1_100_i64, Just(AMOUNT_MINOR), Just(-5)];
    let booking = || {
        prop_oneof![
            (0..4_u128).prop_map(|n| Booking::Capture(capture_id(n))),
            (0..4_u128).prop_map(|n| Booking::Refund(refund_id(n))),
            Just(Booking::Release)
        ]
    };
    let with =
        || prop_oneof![Just(SettledWith::Provider), Just(SettledWith::Merchant), Just(SettledWith::Operator)];
    let event = prop_oneof![
        3 => (0..200_000_i64).prop_map(|ms| PaymentEvent::Approved(Hold {
            expires_at: NOW.plus_ms(ms).plus_s(3_600),
            capture_by: NOW.plus_ms(ms),
        })),
        1 => Just(PaymentEvent::Refused(DeclineReason::InsufficientFunds)),
        1 => Just(PaymentEvent::Refused(DeclineReason::Security(CustomerAction::EnterAgain))),
        1 => Just(PaymentEvent::Silent),
        1 => Just(PaymentEvent::GivenUp),
        1 => Just(PaymentEvent::Void),
        1 => Just(PaymentEvent::DeadlinePassed),
        1 => Just(PaymentEvent::ReleaseBooked),
        8 => (0..4_u128, amount(), any::<bool>()).prop_map(|(n, amount_minor, is_final)| {
            PaymentEvent::Capture { capture: capture_id(n), amount_minor, is_final: is_final && n == 0 }
        }),
        6 => (0..4_u128, amount()).prop_map(|(n, amount_minor)| {
            PaymentEvent::Refund { refund: refund_id(n), amount_minor }
        }),
        2 => (0..4_u128, amount()).prop_map(|(n, amount_minor)| {
            PaymentEvent::CaptureBooked { capture: capture_id(n), amount_minor }
        }),
        1 => (0..4_u128, amount()).prop_map(|(n, amount_minor)| {
            PaymentEvent::RefundBooked { refund: refund_id(n), amount_minor }
        }),
        2 => (0..2_u128, amount()).prop_map(|(n, amount_minor)| {
            PaymentEvent::DisputeOpened(Dispute { dispute: dispute_id(n), amount_minor })
        }),
        1 => (0..2_u128).prop_map(|n| PaymentEvent::DisputeWon(dispute_id(n))),
        1 => (0..2_u128).prop_map(|n| PaymentEvent::DisputeLost(dispute_id(n))),
        2 => (booking(), amount(), with()).prop_map(|(booking, amount_minor, with)| {
            PaymentEvent::TaskSettled { booking, amount_minor, with }
        }),
        2 => (booking(), amount()).prop_map(|(booking, amount_minor)| {
            PaymentEvent::BookingRefused { booking, amount_minor }
        }),
    ];
    (event, -2_000..8_000_i64)
}

/// What one account has in one layer: debits less credits.
fn balance(postings: &[Posting], account: &AccountKey, layer: Layer) -> i64 {
    let of = |posting: &Posting| {
        let debit = if posting.debit == *account { posting.amount_minor } else { 0 };
        let credit = if posting.credit == *account { posting.amount_minor } else { 0 };
        debit - credit
    };
    postings.iter().filter(|posting| posting.layer == layer).map(of).sum()
}

fn open_hold(payment: &Payment) -> i64 {
    match payment.state {
        PaymentState::Authorised(_) | PaymentState::PartlyCaptured(_) => {
            AMOUNT_MINOR - payment.captured_minor
        }
        _ => 0,
    }
}

fn is_held(payment: &Payment) -> bool {
    open_hold(payment) > 0
}

/// What each owes more because of bookings and settled tasks, as the events say.
#[derive(Default)]
struct Settled {
    provider: i64,
    merchant: i64,
    operator: i64,
}

impl Settled {
    fn count(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::CaptureBooked { amount_minor, .. } => self.provider += amount_minor,
            PaymentEvent::RefundBooked { amount_minor, .. } => self.provider -= amount_minor,
            PaymentEvent::TaskSettled { booking, amount_minor, with } => {
                let owed = if matches!(booking, Booking::Refund(_)) { -amount_minor } else { *amount_minor };
                match with {
                    SettledWith::Provider => self.provider += owed,
                    SettledWith::Merchant => self.merchant += owed,
                    SettledWith::Operator => self.operator += owed,
                }
            }
            _ => {}
        }
    }
}

/// What must hold of a payment and all its postings.
fn check(payment: &Payment, postings: &[Posting], settled: &Settled) {
    let Payment { captured_minor, refunded_minor, charged_back_minor, .. } = *payment;
    assert!((0..=AMOUNT_MINOR).contains(&captured_minor), "{payment:?}");
    assert!(refunded_minor >= 0 && charged_back_minor >= 0 && payment.kept_minor() >= 0, "{payment:?}");
    assert!(postings.iter().all(|posting| posting.amount_minor > 0));
    let merchant = AccountKey::Merchant(payment.order.merchant);
    let customers = AccountKey::CustomerClearing(provider());
    let clearing = AccountKey::ProviderClearing(provider());
    let pending = |account: &AccountKey| balance(postings, account, Layer::Pending);
    let posted = |account: &AccountKey| balance(postings, account, Layer::Posted);
    let in_dispute = match &payment.state {
        PaymentState::Disputed(dispute) => dispute.amount_minor,
        _ => 0,
    };
    assert_eq!(pending(&customers), open_hold(payment), "{payment:?}");
    assert_eq!(pending(&clearing), -in_dispute, "{payment:?}");
    assert_eq!(pending(&merchant), in_dispute - open_hold(payment), "{payment:?}");
    assert_eq!(posted(&clearing), settled.provider - charged_back_minor, "{payment:?}");
    let incentives = posted(&AccountKey::Incentives(payment.order.merchant));
    let fees = posted(&AccountKey::Fees) - settled.operator;
    assert_eq!(-incentives, payment.kept_minor() * 90 / 10_000, "{payment:?}");
    assert!((0..=captured_minor).contains(&-fees) && (fees == 0) == (captured_minor == 0), "{payment:?}");
    let owed = -payment.kept_minor() + settled.merchant - fees - incentives;
    assert_eq!(posted(&merchant), owed, "{payment:?}");
    let everybody: i64 = [&merchant, &customers, &clearing, &AccountKey::Fees].map(posted).iter().sum();
    assert_eq!(everybody + incentives + posted(&AccountKey::Suspense(provider())), 0, "{payment:?}");
}

proptest! {
    #[test]
    fn the_sums_hold_whatever_happens(happenings in prop::collection::vec(happening(), 1..60)) {
        let mut payment = received();
        let mut at = NOW;
        let (mut events, mut postings, mut captured) = (Vec::new(), Vec::new(), 0);
        let (mut holds_ended, mut releases) = (0, 0);
        let mut settled = Settled::default();
        for (event, ms) in happenings {
            at = Timestamp::from_ms(at.ms() + ms);
            let Ok(step) = step(&payment, &event, at) else { continue };
            prop_assert_eq!(step.payment.version, payment.version + 1);
            holds_ended += usize::from(is_held(&payment) && !is_held(&step.payment));
            releases += step.effects.iter().filter(|kind| **kind == EffectKind::Release).count();
            captured += match event { PaymentEvent::Capture { amount_minor, .. } => amount_minor, _ => 0 };
            settled.count(&event);
            payment = step.payment;
            events.push(EventRow { payment: payment.id, version: payment.version, at, event, confirmation: None });
            postings.extend(step.postings);
            check(&payment, &postings, &settled);
        }
        prop_assert!(holds_ended <= 1 && releases <= 1);
        prop_assert_eq!(payment.captured_minor, captured);
        let was_held = events.iter().any(|row| matches!(row.event, PaymentEvent::Approved(_)))
            && !matches!(payment.state, PaymentState::Reversing | PaymentState::Reversed);
        prop_assert_eq!(holds_ended == 1, was_held && !is_held(&payment));

        let (replayed, booked) = replay(&payment, &events).unwrap();
        prop_assert_eq!(&replayed, &payment);
        prop_assert_eq!(booked.into_iter().map(|(_, posting)| posting).collect::<Vec<_>>(), postings);
        if let Some(place) = events.len().checked_sub(1) {
            let torn = [&events[..place / 2], &events[place / 2 + 1..]].concat();
            let same = replay(&payment, &torn).is_ok_and(|(replayed, _)| replayed == payment);
            prop_assert!(!same, "an event is missing and nobody noticed");
        }
    }
}
