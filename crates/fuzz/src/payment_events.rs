//! Any sequence of events against the state machine of payments.
//!
//! The input is what the store would hold of them: events in postcard, each with the milliseconds since the one
//! before. So an event that is new in `model` is tried here without a change.

use model::{
    AccountKey, ApprovalId, CheckoutId, Counter, Currency, CustomerId, EnrolmentId, Layer, MerchantId,
    MethodSlot, Money, Order, Payer, Payment, PaymentApproval, PaymentEvent, PaymentId, PaymentState,
    Posting, SaleTerms, TerminalNumber, Timestamp,
};
use payments::{replay, step};
use records::{EffectKind, EventRow};

const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);
const AMOUNT_MINOR: i64 = 1_000;
const EVENTS_MAX: usize = 200;
const INCENTIVE_BASIS_POINTS: i64 = 90;

/// What must hold after every event, and of all of them together.
pub fn payment_events(data: &[u8]) {
    let mut history = History::default();
    let mut rest = data;
    for _ in 0..EVENTS_MAX {
        let Ok(((event, ms), after)) = postcard::take_from_bytes::<(PaymentEvent, i32)>(rest) else { break };
        rest = after;
        if history.events.is_empty() && is_of_approval(&event) {
            history.payment.state = PaymentState::AwaitingApproval;
            history.payment.approval = Some(approval());
        }
        history.happens(event, ms);
    }
    history.ends();
}

struct History {
    payment: Payment,
    at: Timestamp,
    events: Vec<EventRow>,
    postings: Vec<Posting>,
    captured_minor: i64,
    refunded_minor: i64,
    holds_ended: usize,
    releases: usize,
}

impl Default for History {
    fn default() -> Self {
        Self {
            payment: received(),
            at: NOW,
            events: Vec::new(),
            postings: Vec::new(),
            captured_minor: 0,
            refunded_minor: 0,
            holds_ended: 0,
            releases: 0,
        }
    }
}

impl History {
    fn happens(&mut self, event: PaymentEvent, ms: i32) {
        self.at = self.at.plus_ms(ms.into());
        let step = match step(&self.payment, &event, self.at) {
            Ok(step) => step,
            Err(refusal) => return assert!(!refusal.to_string().is_empty()),
        };
        assert_eq!(step.payment.version, self.payment.version + 1);
        let as_before = Payment {
            version: self.payment.version,
            state: self.payment.state.clone(),
            captured_minor: self.payment.captured_minor,
            refunded_minor: self.payment.refunded_minor,
            charged_back_minor: self.payment.charged_back_minor,
            in_suspense_minor: self.payment.in_suspense_minor,
            approval: self.payment.approval,
            ..step.payment.clone()
        };
        assert_eq!(as_before, self.payment, "an event changed who pays what to whom");
        self.holds_ended += usize::from(is_held(&self.payment) && !is_held(&step.payment));
        self.releases += step.effects.iter().filter(|kind| **kind == EffectKind::Release).count();
        match event {
            PaymentEvent::Capture { amount_minor, .. } => self.captured_minor += amount_minor,
            PaymentEvent::Refund { amount_minor, .. } => self.refunded_minor += amount_minor,
            _ => {}
        }
        self.payment = step.payment;
        self.events.push(EventRow {
            payment: self.payment.id,
            version: self.payment.version,
            at: self.at,
            event,
            confirmation: None,
        });
        self.postings.extend(step.postings);
        self.sums_hold();
    }

    fn sums_hold(&self) {
        let payment = &self.payment;
        let Payment { captured_minor, refunded_minor, charged_back_minor, in_suspense_minor, .. } = *payment;
        assert_eq!((captured_minor, refunded_minor), (self.captured_minor, self.refunded_minor));
        assert!((0..=AMOUNT_MINOR).contains(&captured_minor), "{payment:?}");
        assert!(refunded_minor >= 0 && charged_back_minor >= 0 && in_suspense_minor >= 0, "{payment:?}");
        assert!(payment.kept_minor() >= 0, "{payment:?}");
        assert!(
            self.postings.iter().all(|posting| posting.amount_minor > 0 && posting.debit != posting.credit)
        );
        let in_dispute = match &payment.state {
            PaymentState::Disputed(dispute) => dispute.amount_minor,
            _ => 0,
        };
        let merchant = AccountKey::Merchant(payment.order.merchant);
        let promised = in_dispute - open_hold_minor(payment);
        assert_eq!(self.balance(&merchant, Layer::Pending), promised, "{payment:?}");
        let incentives = self.balance(&AccountKey::Incentives(payment.order.merchant), Layer::Posted);
        assert_eq!(-incentives, payment.kept_minor() * INCENTIVE_BASIS_POINTS / 10_000, "{payment:?}");
        assert!(self.holds_ended <= 1 && self.releases <= 1, "{payment:?}");
    }

    /// What an account has in a layer: debits less credits.
    fn balance(&self, account: &AccountKey, layer: Layer) -> i64 {
        let of = |posting: &Posting| {
            let debit = if posting.debit == *account { posting.amount_minor } else { 0 };
            let credit = if posting.credit == *account { posting.amount_minor } else { 0 };
            debit - credit
        };
        self.postings.iter().filter(|posting| posting.layer == layer).map(of).sum()
    }

    /// The events alone make the payment anew, and none of them can be left out unnoticed.
    fn ends(self) {
        let (replayed, booked) = replay(&self.payment, &self.events).expect("each event was taken");
        assert_eq!(replayed, self.payment);
        assert!(booked.into_iter().map(|(_, posting)| posting).eq(self.postings));
        if let Some((_, rest)) = self.events.split_first() {
            let same = replay(&self.payment, rest).is_ok_and(|(replayed, _)| replayed == self.payment);
            assert!(!same, "the first event is missing and nobody noticed");
        }
    }
}

/// Whether only a payment that awaits approval can begin with it.
const fn is_of_approval(event: &PaymentEvent) -> bool {
    matches!(event, PaymentEvent::ApprovedOnPhone | PaymentEvent::RefusedOnPhone)
}

fn approval() -> PaymentApproval {
    PaymentApproval { approval: ApprovalId::from_u128(5), until: NOW.plus_s(90), approved_at: None }
}

fn is_held(payment: &Payment) -> bool {
    open_hold_minor(payment) > 0
}

fn open_hold_minor(payment: &Payment) -> i64 {
    match payment.state {
        PaymentState::Authorised(_) | PaymentState::PartlyCaptured(_) => {
            AMOUNT_MINOR - payment.captured_minor
        }
        _ => 0,
    }
}

fn received() -> Payment {
    Payment {
        id: PaymentId::from_u128(7),
        version: 1,
        order: Order {
            merchant: MerchantId::from_u128(1),
            checkout: CheckoutId::from_u128(2),
            terminal: TerminalNumber::new(7).expect("seven is a number"),
            amount: Money::new(AMOUNT_MINOR, Currency::CHF),
        },
        payer: Some(Payer {
            customer: CustomerId::from_u128(3),
            enrolment: EnrolmentId::from_bytes([1; 6]),
            counter: Counter(1),
            method: MethodSlot(1),
            provider: "bank".parse().expect("a provider's name"),
            account_ref: "acc".to_owned(),
        }),
        terms: SaleTerms { fee_fixed_minor: 5, fee_basis_points: 120, incentive_basis_points: 90 },
        received_at: NOW,
        state: PaymentState::Received,
        captured_minor: 0,
        refunded_minor: 0,
        charged_back_minor: 0,
        in_suspense_minor: 0,
        approval: None,
    }
}
