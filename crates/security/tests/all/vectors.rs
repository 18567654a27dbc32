//! Every vector of `spec/vectors/payment-code`: its verdict, and what is known of the enrolment afterwards.

use crate::support::till;
use fixtures::vectors::{self, EnrolmentState, MethodState as VectorMethodState, Vector};
use model::{CheckoutId, Counter, CustomerId, MerchantId, Money, Order, Timestamp, Unwatched};
use protocol::{
    payment_code::{OpenedCode, PinGeneration, PinKey, open},
    verdict::Verdict,
};
use records::{Enrolment, EnrolmentStatus, LockReason, Method, MethodState, PinState, TrustLevel};
use security::{Judgement, Limits, PastUse, Policy, PreviousPin, Snapshot, TrustLimits, judge};

#[test]
fn every_vectors_verdict_and_what_follows_from_it() {
    let vectors = vectors::load().unwrap();
    assert!(vectors.len() >= 40);
    for vector in &vectors {
        let (verdict, judgement) = verify(vector);
        assert_eq!(verdict, vector.expected, "{}: {}", vector.name, vector.comment);
        let before = enrolment(vector);
        let after = judgement.and_then(|judgement| judgement.enrolment).unwrap_or(before);
        assert_eq!(after.counter, vector.after.highest_counter, "{}", vector.name);
        assert_eq!(u32::from(after.pin.failures), vector.after.pin_failures, "{}", vector.name);
        let state = match after.status {
            EnrolmentStatus::Active => EnrolmentState::Active,
            EnrolmentStatus::Unsynchronised { .. } => EnrolmentState::Unsynchronised,
            EnrolmentStatus::Locked { .. } | EnrolmentStatus::Revoked { .. } => EnrolmentState::Locked,
        };
        assert_eq!(state, vector.after.state, "{}", vector.name);
    }
}

fn verify(vector: &Vector) -> (Verdict, Option<Judgement>) {
    let code = match vector.read() {
        Ok(code) => code,
        Err(error) => return (error.into(), None),
    };
    let opened = match open(&code, &vector.recipient_secret_key(), &vector.recipient_key()) {
        Ok(opened) => opened,
        Err(error) => return (error.verdict().unwrap(), None),
    };
    let known = (opened.fields.enrolment == vector.context.enrolment).then(|| snapshot(vector, &opened));
    let now = Timestamp::from_s(vector.context.now_s);
    let judgement = judge(&opened, known.as_ref(), &order(vector), now, &policy(vector), &Unwatched);
    (judgement.verdict, Some(judgement))
}

fn order(vector: &Vector) -> Order {
    let payment = &vector.context.payment;
    Order {
        merchant: MerchantId::from_u128(1),
        checkout: CheckoutId::from_u128(1),
        terminal: till(payment.terminal),
        amount: Money::new(payment.amount_minor, payment.currency),
    }
}

fn policy(vector: &Vector) -> Policy {
    let given = &vector.context.policy;
    let limit_minor = given.amount_minor_max;
    let limits = Limits {
        bound_clean_minor: limit_minor,
        bound_doubtful_minor: limit_minor,
        unbound_clean_minor: limit_minor,
        unbound_doubtful_minor: limit_minor,
    };
    let limits = TrustLimits { hardware: limits, software: limits, browser: limits };
    let currencies = vector.context.methods.iter().map(|method| method.currency);
    Policy {
        limits: currencies.map(|currency| (currency, limits)).collect(),
        evidence_refused: given.evidence_refused,
        offline_days_max: u16::try_from(given.offline_s_max / 86_400).unwrap(),
        pin_failures_max: u8::try_from(given.pin_failures_max).unwrap(),
        ..Policy::default()
    }
}

fn snapshot(vector: &Vector, opened: &OpenedCode) -> Snapshot {
    let context = &vector.context;
    let key = |generation: PinGeneration| {
        let key = vector.pin_keys.get(&generation.0)?;
        Some(PinKey::from_secret(crypto::Secret::from_bytes(key.to_array())))
    };
    let present = PinGeneration(context.pin_generation);
    let previous_pin = present.previous().and_then(|previous| {
        Some(PreviousPin {
            key: key(previous)?,
            valid_until: Timestamp::from_s(context.previous_pin_until_s?),
        })
    });
    let past_use =
        context.consumed.iter().find(|past| past.counter == opened.fields.counter).map(|past| PastUse {
            code_hash: past.code_hash_hex.to_array(),
            at: Timestamp::from_s(past.consumed_s),
            terminal: None,
        });
    Snapshot {
        enrolment: enrolment(vector),
        device_key: vector.device_key(),
        pin_key: key(present).unwrap(),
        previous_pin,
        past_use,
        method: method(vector, opened),
        category: None,
        velocity: None,
        is_app_blocked: context.is_app_blocked,
    }
}

fn enrolment(vector: &Vector) -> Enrolment {
    let context = &vector.context;
    let since = Timestamp::from_s(context.now_s - 3_600);
    // One that waits for its resynchronisation forked once before.
    let forked = context.state == EnrolmentState::Unsynchronised;
    Enrolment {
        id: context.enrolment,
        version: 1,
        customer: CustomerId::from_u128(1),
        device_key: Vec::new(),
        online_key: Vec::new(),
        confirmation_key: [0; 32],
        certificate: Vec::new(),
        certificate_not_after: Timestamp::from_s(context.certificate_expires_s),
        pin: PinState {
            generation: context.pin_generation,
            wrapped_key: Vec::new(),
            previous: None,
            failures: u8::try_from(context.pin_failures).unwrap(),
            blocked_until: None,
        },
        status: match context.state {
            EnrolmentState::Active => EnrolmentStatus::Active,
            EnrolmentState::Unsynchronised => EnrolmentStatus::Unsynchronised { since },
            EnrolmentState::Locked => EnrolmentStatus::Locked { reason: LockReason::Operator, since },
        },
        counter: Counter(context.highest_counter.0),
        forks: u8::from(forked),
        last_fork_at: forked.then_some(since),
        clock_offset_ms: context.clock_offset_s * 1000,
        level: TrustLevel::Hardware,
        platform: String::new(),
        activated_at: since,
        last_online_at: Timestamp::from_s(context.last_online_s),
        app: None,
    }
}

fn method(vector: &Vector, opened: &OpenedCode) -> Option<Method> {
    let given = vector.context.methods.iter().find(|method| method.slot == opened.fields.method)?;
    let at = Timestamp::from_s(vector.context.now_s);
    Some(Method {
        customer: CustomerId::from_u128(1),
        slot: given.slot,
        version: 1,
        provider: "bank".parse().unwrap(),
        state: match given.state {
            VectorMethodState::Proved => MethodState::Active {
                account_ref: "account".to_owned(),
                currency: given.currency,
                label: String::new(),
            },
            VectorMethodState::Unproved => {
                MethodState::Unproved { link: model::LinkId::from_u128(1), expires_at: at.plus_s(60) }
            }
            VectorMethodState::Removed => MethodState::Removed { at },
        },
        added_at: at,
    })
}
