//! Payments in every state, made by hand, and what may happen to them.

use model::{
    AccountKey, ApprovalId, Booking, CaptureId, CheckoutId, Counter, Currency, CustomerAction, CustomerId,
    DeclineReason, Dispute, DisputeId, EnrolmentId, Hold, Layer, MerchantId, MethodSlot, Money, Order, Payer,
    Payment, PaymentApproval, PaymentEvent, PaymentId, PaymentState, Posting, ProviderId, RefundId,
    SaleTerms, SettledWith, TerminalNumber, Timestamp,
};

pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);
/// The amount of every sample.
pub(crate) const AMOUNT_MINOR: i64 = 1_000;

pub(crate) fn provider() -> ProviderId {
    "bank".parse().unwrap()
}

pub(crate) fn capture_id(n: u128) -> CaptureId {
    CaptureId::from_u128(n)
}

pub(crate) fn refund_id(n: u128) -> RefundId {
    RefundId::from_u128(n)
}

pub(crate) fn dispute_id(n: u128) -> DisputeId {
    DisputeId::from_u128(n)
}

/// A hold that may be captured until a minute from now.
pub(crate) fn hold() -> Hold {
    Hold { expires_at: NOW.plus_s(7_200), capture_by: NOW.plus_s(60) }
}

/// An approval that may be given for a minute and a half.
pub(crate) fn approval() -> PaymentApproval {
    PaymentApproval { approval: ApprovalId::from_u128(5), until: NOW.plus_s(90), approved_at: None }
}

/// A payment at version 1.
pub(crate) fn received() -> Payment {
    Payment {
        id: PaymentId::from_u128(7),
        version: 1,
        order: Order {
            merchant: MerchantId::from_u128(1),
            checkout: CheckoutId::from_u128(2),
            terminal: TerminalNumber::new(7).unwrap(),
            amount: Money::new(AMOUNT_MINOR, Currency::CHF),
        },
        payer: Some(Payer {
            customer: CustomerId::from_u128(3),
            enrolment: EnrolmentId::from_bytes([1; 6]),
            counter: Counter(1),
            method: MethodSlot(1),
            provider: provider(),
            account_ref: "acc".to_owned(),
        }),
        terms: SaleTerms { fee_fixed_minor: 3, fee_basis_points: 125, incentive_basis_points: 90 },
        received_at: NOW,
        state: PaymentState::Received,
        captured_minor: 0,
        refunded_minor: 0,
        charged_back_minor: 0,
        in_suspense_minor: 0,
        approval: None,
    }
}

/// A payment in `state`, at version 5, with these sums.
pub(crate) fn standing(state: PaymentState, captured_minor: i64, refunded_minor: i64) -> Payment {
    Payment { version: 5, state, captured_minor, refunded_minor, ..received() }
}

/// At least one payment in each state, with its name in the specification.
pub(crate) fn every_state() -> Vec<(&'static str, Payment)> {
    let aged = |payment: Payment| Payment { version: payments::EVENTS_MAX, ..payment };
    vec![
        ("received", received()),
        ("unknown", standing(PaymentState::Unknown, 0, 0)),
        (
            "awaiting approval",
            Payment { approval: Some(approval()), ..standing(PaymentState::AwaitingApproval, 0, 0) },
        ),
        ("authorised", standing(PaymentState::Authorised(hold()), 0, 0)),
        ("authorised", aged(standing(PaymentState::Authorised(hold()), 0, 0))),
        ("declined", standing(PaymentState::Declined(DeclineReason::InsufficientFunds), 0, 0)),
        ("partly captured", standing(PaymentState::PartlyCaptured(hold()), 400, 100)),
        ("partly captured", standing(PaymentState::PartlyCaptured(hold()), 400, 0)),
        ("partly captured", aged(standing(PaymentState::PartlyCaptured(hold()), 400, 100))),
        ("captured", standing(PaymentState::Captured, 700, 100)),
        ("captured", standing(PaymentState::Captured, 1_000, 1_000)),
        ("captured", aged(standing(PaymentState::Captured, 700, 100))),
        ("voided", standing(PaymentState::Voided, 0, 0)),
        ("expired", standing(PaymentState::Expired, 0, 0)),
        ("reversing", standing(PaymentState::Reversing, 0, 0)),
        ("reversed", standing(PaymentState::Reversed, 0, 0)),
        ("captured", Payment { in_suspense_minor: 301, ..standing(PaymentState::Captured, 700, 100) }),
        ("captured", Payment { charged_back_minor: 300, ..standing(PaymentState::Captured, 700, 100) }),
        ("disputed", standing(disputed(400), 700, 100)),
        ("disputed", Payment { in_suspense_minor: 600, ..standing(disputed(600), 700, 100) }),
        ("disputed", aged(Payment { charged_back_minor: 100, ..standing(disputed(200), 700, 100) })),
        (
            "charged back",
            Payment { charged_back_minor: 600, ..standing(PaymentState::ChargedBack, 700, 100) },
        ),
        ("charged back", {
            let payment = standing(PaymentState::ChargedBack, 700, 0);
            Payment { charged_back_minor: 700, in_suspense_minor: 100, ..payment }
        }),
    ]
}

/// Every kind of event, with amounts and moments on both sides of every limit.
pub(crate) fn every_event() -> Vec<(&'static str, PaymentEvent, Timestamp)> {
    let ends = hold().capture_by;
    let mut events = vec![
        ("approved", PaymentEvent::Approved(hold()), NOW),
        ("approved", PaymentEvent::Approved(hold()), ends),
        ("approved", PaymentEvent::Approved(hold()), ends.plus_ms(-1)),
        ("refused", PaymentEvent::Refused(DeclineReason::AccountUnusable), NOW),
        ("refused", PaymentEvent::Refused(DeclineReason::Security(CustomerAction::EnterAgain)), NOW),
        ("refused", PaymentEvent::Refused(DeclineReason::NotApproved), NOW),
        ("approved on the phone", PaymentEvent::ApprovedOnPhone, NOW),
        ("approved on the phone", PaymentEvent::ApprovedOnPhone, NOW.plus_s(90).plus_ms(-1)),
        ("approved on the phone", PaymentEvent::ApprovedOnPhone, NOW.plus_s(90)),
        ("refused on the phone", PaymentEvent::RefusedOnPhone, NOW),
        ("refused on the phone", PaymentEvent::RefusedOnPhone, NOW.plus_s(90)),
        ("deadline passed", PaymentEvent::DeadlinePassed, NOW.plus_s(90).plus_ms(-1)),
        ("deadline passed", PaymentEvent::DeadlinePassed, NOW.plus_s(90)),
        ("silent", PaymentEvent::Silent, NOW),
        ("given up", PaymentEvent::GivenUp, NOW),
        ("void", PaymentEvent::Void, NOW),
        ("void", PaymentEvent::Void, ends.plus_s(60)),
        ("deadline passed", PaymentEvent::DeadlinePassed, NOW),
        ("deadline passed", PaymentEvent::DeadlinePassed, ends),
        ("deadline passed", PaymentEvent::DeadlinePassed, ends.plus_ms(1)),
        ("dispute won", PaymentEvent::DisputeWon(dispute_id(1)), NOW),
        ("dispute won", PaymentEvent::DisputeWon(dispute_id(2)), NOW),
        ("dispute lost", PaymentEvent::DisputeLost(dispute_id(1)), NOW),
        ("dispute lost", PaymentEvent::DisputeLost(dispute_id(2)), NOW),
        ("release booked", PaymentEvent::ReleaseBooked, NOW),
    ];
    let amounts =
        [i64::MIN, -1, 0, 1, 100, 101, 300, 301, 302, 400, 401, 600, 601, 700, 701, 1_000, 1_001, i64::MAX];
    for amount_minor in amounts {
        for (is_final, at) in [(true, NOW), (false, NOW), (true, ends), (true, ends.plus_ms(1))] {
            let capture = PaymentEvent::Capture { capture: capture_id(2), amount_minor, is_final };
            events.push(("capture", capture, at));
        }
        events.push(("refund", PaymentEvent::Refund { refund: refund_id(2), amount_minor }, NOW));
        let dispute = Dispute { dispute: dispute_id(3), amount_minor };
        events.push(("dispute opened", PaymentEvent::DisputeOpened(dispute), NOW));
        let (capture, refund) = (capture_id(1), refund_id(1));
        events.push(("capture booked", PaymentEvent::CaptureBooked { capture, amount_minor }, NOW));
        events.push(("refund booked", PaymentEvent::RefundBooked { refund, amount_minor }, NOW));
        for (refused, settled, booking) in [
            ("capture refused by the provider", "capture's task settled", Booking::Capture(capture)),
            ("refund refused by the provider", "refund's task settled", Booking::Refund(refund)),
            ("release refused by the provider", "release's task settled", Booking::Release),
        ] {
            events.push((refused, PaymentEvent::BookingRefused { booking, amount_minor }, NOW));
            for with in [SettledWith::Provider, SettledWith::Merchant, SettledWith::Operator] {
                events.push((settled, PaymentEvent::TaskSettled { booking, amount_minor, with }, NOW));
            }
        }
    }
    events
}

/// A payment's state with dispute 1 open.
pub(crate) fn disputed(amount_minor: i64) -> PaymentState {
    PaymentState::Disputed(Dispute { dispute: dispute_id(1), amount_minor })
}

/// A posting from the merchant to customers' clearing.
pub(crate) fn sale(layer: Layer, amount_minor: i64) -> Posting {
    Posting {
        debit: AccountKey::CustomerClearing(provider()),
        credit: AccountKey::Merchant(MerchantId::from_u128(1)),
        amount_minor,
        currency: Currency::CHF,
        layer,
    }
}

/// A posting from customers' clearing to the provider's.
pub(crate) fn booked(amount_minor: i64) -> Posting {
    let (debit, credit) =
        (AccountKey::ProviderClearing(provider()), AccountKey::CustomerClearing(provider()));
    Posting { debit, credit, ..sale(Layer::Posted, amount_minor) }
}

/// A posting from customers' clearing to suspense.
pub(crate) fn suspense(amount_minor: i64) -> Posting {
    Posting { debit: AccountKey::Suspense(provider()), ..booked(amount_minor) }
}

/// A posting from the provider's clearing to the merchant, who goes without.
pub(crate) fn taken_back(layer: Layer, amount_minor: i64) -> Posting {
    Posting { layer, ..from_merchant(AccountKey::ProviderClearing(provider()), amount_minor) }
}

/// A posting that the merchant pays.
pub(crate) fn from_merchant(credit: AccountKey, amount_minor: i64) -> Posting {
    Posting {
        debit: AccountKey::Merchant(MerchantId::from_u128(1)),
        credit,
        ..sale(Layer::Posted, amount_minor)
    }
}
