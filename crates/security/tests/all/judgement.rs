//! What must hold for every judgement, whatever the code, the enrolment, the order and the time.

use std::sync::OnceLock;

use crate::support::{order_of, start};
use crypto::{Secret, p256::SigningKey, x25519};
use model::{
    Counter, Currency, CustomerId, EnrolmentId, MethodSlot, Order, TerminalNumber, Timestamp, Unwatched,
};
use proptest::prelude::*;
use protocol::{
    evidence::Evidence,
    payment_code::{
        Cap, ClockConfidence, CustomerVerification, Draft, Fields, Flags, KeyId, OpenedCode, PinGeneration,
        PinKey, RecipientKey, open,
    },
    realm::Realm,
    verdict::Verdict,
};
use records::{
    Enrolment, EnrolmentStatus, LockReason, Method, MethodState, PinState, RevocationReason, TrustLevel,
};
use security::{PastUse, Policy, PreviousPin, Snapshot, judge};

const ENROLMENT: EnrolmentId = EnrolmentId::from_bytes([1, 2, 3, 4, 5, 6]);

fn device() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::make(&mut crypto::SystemRandom))
}

fn pin_key(number: u8) -> PinKey {
    PinKey::from_secret(Secret::from_bytes([number; 32]))
}

fn sealed(fields: &Fields, pin: &PinKey) -> OpenedCode {
    let server = x25519::SecretKey::from_bytes(&[9; 32]);
    let recipient = RecipientKey {
        key_id: KeyId(1),
        realm: Realm::new("shop.example").unwrap(),
        public_key: (*server.public_key()).into(),
    };
    let unsigned = Draft::start(&recipient, fields, &mut crypto::SystemRandom).unwrap().with_pin(pin);
    let signature = device().sign(&[unsigned.to_sign()]);
    open(&unsigned.finish(&signature), &server, &recipient).unwrap()
}

prop_compose! {
    fn any_fields()(
        counter in prop_oneof![1_u32..8, any::<u32>().prop_map(|counter| counter.max(1))],
        shift_s in prop_oneof![-200_i64..200, Just(i64::MIN), Just(i64::MAX)],
        method in 1_u8..4,
        generation in 0_u32..4,
        evidence in prop_oneof![Just(1_u16), any::<u16>()],
        cap in prop_oneof![Just(Cap::MAX), (1_i64..20_000).prop_map(|minor| Cap::at_least(minor).unwrap())],
        terminal in 0_u32..3,
    ) -> Fields {
        let device_time_s = start().s().saturating_add(shift_s).clamp(0, i64::from(u32::MAX));
        Fields {
            enrolment: ENROLMENT,
            counter: Counter(counter),
            device_time_s: u32::try_from(device_time_s).unwrap(),
            method: MethodSlot(method),
            flags: Flags {
                pin_generation: PinGeneration(generation).bits(),
                clock_confidence: ClockConfidence::Day,
                customer_verification: CustomerVerification::Pin,
            },
            claimed_evidence: Evidence::from_bits_retain(evidence),
            cap,
            terminal: TerminalNumber::new(terminal),
        }
    }
}

fn any_status() -> impl Strategy<Value = EnrolmentStatus> {
    let since = start();
    let locked = |reason| EnrolmentStatus::Locked { reason, since };
    prop_oneof![
        4 => Just(EnrolmentStatus::Active),
        1 => Just(EnrolmentStatus::Unsynchronised { since }),
        1 => Just(EnrolmentStatus::Revoked { reason: RevocationReason::Lost, since }),
        1 => Just(locked(LockReason::PinFailures)),
        1 => Just(locked(LockReason::Clone)),
        1 => Just(locked(LockReason::Customer)),
    ]
}

fn any_method() -> impl Strategy<Value = Option<Method>> {
    let state = prop_oneof![
        3 => Just(MethodState::Active {
            account_ref: "acc".to_owned(),
            currency: Currency::CHF,
            label: String::new(),
        }),
        1 => Just(MethodState::Removed { at: start() }),
        1 => Just(MethodState::Unproved { link: model::LinkId::from_u128(1), expires_at: start() }),
    ];
    let method = (1_u8..4, state, 1_u128..3).prop_map(|(slot, state, customer)| Method {
        customer: CustomerId::from_u128(customer),
        slot: MethodSlot(slot),
        version: 1,
        provider: "bank".parse().unwrap(),
        state,
        added_at: start(),
    });
    proptest::option::weighted(0.9, method)
}

prop_compose! {
    fn any_enrolment()(
        version in any::<u32>(),
        counter in prop_oneof![0_u32..8, any::<u32>()],
        failures in 0_u8..=3,
        generation in any::<u32>(),
        status in any_status(),
        forks in any::<u8>(),
        last_fork_at in proptest::option::of(any::<i64>().prop_map(Timestamp::from_ms)),
        clock_offset_ms in prop_oneof![Just(0_i64), any::<i64>()],
        online_ms in prop_oneof![Just(0_i64), any::<i64>()],
        end_ms in prop_oneof![Just(1_i64), any::<i64>()],
    ) -> Enrolment {
        Enrolment {
            id: ENROLMENT,
            version,
            customer: CustomerId::from_u128(1),
            device_key: Vec::new(),
            online_key: Vec::new(),
            confirmation_key: [0; 32],
            certificate: Vec::new(),
            certificate_not_after: start().plus_ms(end_ms),
            pin: PinState {
                generation,
                wrapped_key: Vec::new(),
                previous: None,
                failures,
                blocked_until: None,
            },
            status,
            counter: Counter(counter),
            forks,
            last_fork_at,
            clock_offset_ms,
            level: TrustLevel::Hardware,
            platform: String::new(),
            activated_at: start(),
            last_online_at: start().plus_ms(online_ms),
            app: None,
        }
    }
}

fn any_order() -> impl Strategy<Value = Order> {
    let amount = prop_oneof![1_i64..30_000, any::<i64>()];
    let currency = prop_oneof![3 => Just(Currency::CHF), 1 => Just(Currency::EUR)];
    (amount, currency).prop_map(|(amount, currency)| order_of(amount, currency))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn judgements_keep_what_must_hold(
        fields in any_fields(),
        code_pin in 1_u8..3,
        enrolment in any_enrolment(),
        method in any_method(),
        past in proptest::option::weighted(0.2, (any::<bool>(), any::<i64>())),
        previous in proptest::option::of(any::<i64>()),
        order in any_order(),
        is_app_blocked in proptest::bool::weighted(0.1),
    ) {
        let policy = Policy::default();
        let code = sealed(&fields, &pin_key(code_pin));
        let past_use = past.map(|(is_same, at_ms)| PastUse {
            code_hash: if is_same { code.code_hash.0 } else { [0; 32] },
            at: Timestamp::from_ms(at_ms),
            terminal: None,
        });
        let known = Snapshot {
            enrolment: enrolment.clone(),
            device_key: device().verifying_key().clone(),
            pin_key: pin_key(1),
            previous_pin: previous.map(|at_ms| PreviousPin {
                key: pin_key(2),
                valid_until: Timestamp::from_ms(at_ms),
            }),
            past_use,
            method,
            category: None,
            velocity: None,
            is_app_blocked,
        };
        let judgement = judge(&code, Some(&known), &order, start(), &policy, &Unwatched);
        prop_assert!(judgement.is_proved);
        let after = judgement.enrolment.as_ref().unwrap_or(&enrolment);
        prop_assert!(after.counter >= enrolment.counter, "the counter never goes back");
        prop_assert!(after.pin.failures <= policy.pin_failures_max);
        prop_assert_eq!(judgement.consumes, after.counter > enrolment.counter);
        if judgement.consumes {
            prop_assert_eq!(after.counter, fields.counter);
        }
        if judgement.enrolment.is_some() {
            prop_assert_eq!(after.version, enrolment.version.saturating_add(1));
        }
        if judgement.verdict.is_ok() {
            prop_assert!(judgement.consumes);
            prop_assert_eq!(&enrolment.status, &EnrolmentStatus::Active);
            prop_assert!(!is_app_blocked);
            prop_assert!(order.amount.amount_minor <= fields.cap.amount_minor());
            prop_assert!(order.amount.amount_minor <= policy.limit_minor(
                Currency::CHF, TrustLevel::Hardware, fields.terminal.is_some(), fields.claimed_evidence));
        }
        // No judgement unlocks anything.
        if enrolment.status != EnrolmentStatus::Active {
            prop_assert!(after.status != EnrolmentStatus::Active);
        }
        // Another device's signature changes nothing at all.
        let mut stranger = known;
        stranger.device_key = SigningKey::from_scalar(&[7; 32]).unwrap().verifying_key().clone();
        let judgement = judge(&code, Some(&stranger), &order, start(), &policy, &Unwatched);
        prop_assert_eq!(judgement.verdict, Verdict::BadSignature);
        prop_assert!(judgement.enrolment.is_none() && !judgement.consumes && judgement.alarm.is_none());
    }
}
