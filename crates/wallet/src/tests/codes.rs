//! Codes: counters, PINs, renewals, refusals.

use crate::{CodeRequest, Hint, State, WalletError, seal::plain_json, testing::*};
use api::phone::{EnrolmentStatusName, MethodPage, MethodStateName};
use crypto::SystemRandom;
use model::{Counter, Currency, MethodSlot, Money, Timestamp};
use proptest::prelude::*;
use protocol::{
    evidence::Evidence,
    payment_code::{ClockConfidence, CustomerVerification, Pin, Suite},
};

fn pin(text: &str) -> Pin {
    Pin::parse(text).unwrap()
}

fn request() -> CodeRequest {
    CodeRequest::default()
}

#[test]
fn the_server_reads_what_was_chosen_and_tells_pins_apart() {
    reads_what_was_chosen(ready());
}

#[test]
fn so_does_a_server_whose_keys_are_of_suite_2() {
    let ready = ready_in(Suite::P256);
    assert_eq!(ready.world.realm_file().activation_key.public_key.kem(), Suite::P256.kem());
    reads_what_was_chosen(ready);
}

fn reads_what_was_chosen(ready: Ready) {
    let Ready { world, vault, mut state, pin_key } = ready;
    for (entered, is_right) in [(PIN, true), (WRONG_PIN, false), (PIN, true)] {
        let before = state.counter();
        let cap = Some(Money::new(4_099, Currency::CHF));
        let terminal = model::TerminalNumber::new(104_729);
        let request = CodeRequest { cap, terminal, ..request() };
        let (pending, _) =
            state.make_code(&pin(entered), &request, Evidence::empty(), NOW, &mut SystemRandom).unwrap();
        let shown = pending.stored().sign(&vault).unwrap();
        let opened = world.open(&shown.code);
        opened.verify_signature(vault.device.verifying_key()).unwrap();
        assert_eq!(opened.pin_matches(&pin_key), is_right);
        let fields = opened.fields;
        assert_eq!((fields.enrolment, fields.counter), (ENROLMENT, Counter(before.0 + 1)));
        assert_eq!((fields.method, fields.terminal), (MethodSlot(1), terminal));
        assert_eq!((fields.cap.amount_minor(), shown.cap.amount_minor), (4_095, 4_095));
        assert!(shown.hints.contains(&Hint::CapRounded { asked: Money::new(4_099, Currency::CHF) }));
        assert!(shown.hints.contains(&Hint::SensorsNotRun));
        assert_eq!(fields.flags.clock_confidence, ClockConfidence::Day);
        assert_eq!(fields.flags.customer_verification, CustomerVerification::Pin);
        assert_eq!((shown.remaining_s(NOW), shown.remaining_s(NOW.plus_s(60))), (60, 0));
        assert_eq!(shown.remaining_s(NOW.plus_s(-1)), 0);
    }
}

#[test]
fn the_state_after_a_wrong_pin_differs_in_counter_and_times_only() {
    let Ready { vault, state, .. } = ready();
    let after = |entered: &str, now: Timestamp| {
        let mut state = state.clone();
        let made = state.make_code(&pin(entered), &request(), Evidence::empty(), now, &mut SystemRandom);
        drop(made.unwrap().0.stored().sign(&vault).unwrap());
        plain_json(&vault.state_key, &state.seal(&vault.state_key, &mut SystemRandom))
    };
    assert_eq!(after(PIN, NOW), after(WRONG_PIN, NOW), "at the same time nothing differs at all");
    let mut later = after(WRONG_PIN, NOW.plus_s(9));
    let enrolled = later["state"]["stage"]["enrolled"].as_object_mut().unwrap();
    enrolled["last_code_at"] = NOW.ms().into();
    enrolled["clock"]["latest_at"] = NOW.ms().into();
    assert_eq!(after(PIN, NOW), later);
}

#[test]
fn nothing_stored_is_sealed_under_the_pin() {
    let Ready { vault, mut state, pin_key, .. } = ready();
    let (pending, session) =
        state.make_code(&pin(PIN), &request(), Evidence::empty(), NOW, &mut SystemRandom).unwrap();
    let plain = plain_json(&vault.state_key, &state.seal(&vault.state_key, &mut SystemRandom)).to_string();
    assert!(!plain.contains(PIN));
    let key_text = data_encoding::BASE64URL_NOPAD.encode(pin_key.secret().expose());
    assert!(!plain.contains(&key_text), "the PIN key is not stored");
    for shown in [format!("{state:?}"), format!("{session:?}"), format!("{pending:?}")] {
        assert!(shown.contains("redacted"));
    }
}

#[test]
fn renewals_end_by_number_by_time_and_when_wiped() {
    let Ready { world, vault, mut state, pin_key } = ready();
    let make = |state: &mut State, now| {
        state.make_code(&pin(PIN), &request(), Evidence::empty(), now, &mut SystemRandom).unwrap().1
    };
    let mut session = make(&mut state, NOW);
    for renewal in 1..=3 {
        let now = NOW.plus_s(55 * renewal);
        let pending = state.renew_code(&mut session, Evidence::empty(), now, &mut SystemRandom).unwrap();
        let shown = pending.stored().sign(&vault).unwrap();
        let opened = world.open(&shown.code);
        assert!(opened.pin_matches(&pin_key));
        assert_eq!(opened.fields.flags.customer_verification, CustomerVerification::PinRenewed);
        assert!(shown.expires_at <= NOW.plus_s(180), "nothing is shown beyond 180 s");
    }
    let again = |state: &mut State, session: &mut crate::PinSession, now| {
        let before = state.counter();
        let refused = state.renew_code(session, Evidence::empty(), now, &mut SystemRandom).unwrap_err();
        assert_eq!(refused, WalletError::EnterPinAgain);
        assert_eq!(state.counter(), before);
    };
    again(&mut state, &mut session, NOW.plus_s(170));
    for late in [NOW.plus_s(180), NOW.plus_s(-1)] {
        let mut session = make(&mut state, NOW);
        again(&mut state, &mut session, late);
        again(&mut state, &mut session, NOW.plus_s(1));
    }
    let mut session = make(&mut state, NOW);
    assert_eq!(session.renewals_left(NOW), 3);
    session.wipe();
    again(&mut state, &mut session, NOW);
}

#[test]
fn the_server_s_limits_can_only_narrow_renewals() {
    let mut ready = ready();
    ready.world.limits.renewals_max = 1_000;
    ready.world.limits.display_total_s_max = 60_000;
    ready.world.limits.display_s = 60_000;
    let view = ready.world.view(&ready.world.bundle(6, NOW), 0, NOW);
    ready.state.apply_enrolment(&view, NOW, NOW).unwrap();
    let (pending, session) =
        ready.state.make_code(&pin(PIN), &request(), Evidence::empty(), NOW, &mut SystemRandom).unwrap();
    assert_eq!((session.renewals_left(NOW), session.until()), (3, NOW.plus_s(180)));
    assert_eq!(pending.stored().sign(&ready.vault).unwrap().expires_at, NOW.plus_s(120));
}

#[test]
fn refusals_use_no_counter() {
    let Ready { world, vault: _, mut state, .. } = ready();
    let (active, unproved) = (MethodStateName::Active, MethodStateName::Unproved);
    let methods = vec![method(1, active), method(2, active), method(3, unproved)];
    state.apply_methods(MethodPage { methods, providers: Vec::new() }).unwrap();
    let chf = |minor| Some(Money::new(minor, Currency::CHF));
    let one = Some(MethodSlot(1));
    let far = NOW.plus_s(31 * 86_400);
    let cases = [
        (request(), NOW, WalletError::MethodNotChosen(vec![MethodSlot(1), MethodSlot(2)])),
        (
            CodeRequest { method: Some(MethodSlot(3)), ..request() },
            NOW,
            WalletError::MethodUnproved(MethodSlot(3)),
        ),
        (
            CodeRequest { method: Some(MethodSlot(9)), ..request() },
            NOW,
            WalletError::MethodUnknown(MethodSlot(9)),
        ),
        (CodeRequest { method: one, cap: chf(0), ..request() }, NOW, WalletError::CapTooSmall),
        (
            CodeRequest { method: one, cap: Some(Money::new(1, Currency::EUR)), ..request() },
            NOW,
            WalletError::CapCurrency { cap: Currency::EUR, method: Currency::CHF },
        ),
        (CodeRequest { method: one, ..request() }, far, WalletError::KeysExpired),
    ];
    for (request, now, expected) in cases {
        let refused = state.make_code(&pin(PIN), &request, Evidence::empty(), now, &mut SystemRandom);
        assert_eq!(refused.unwrap_err(), expected);
        assert_eq!(state.counter(), Counter(0));
    }
    for (status, expected) in [
        (EnrolmentStatusName::Unsynchronised, WalletError::Unsynchronised),
        (EnrolmentStatusName::Revoked, WalletError::Revoked),
    ] {
        let mut view = world.view(&world.bundle(6, NOW), 0, NOW);
        view.status = status;
        state.apply_enrolment(&view, NOW, NOW).unwrap();
        let request = CodeRequest { method: one, ..request() };
        let refused = state.make_code(&pin(PIN), &request, Evidence::empty(), NOW, &mut SystemRandom);
        assert_eq!(refused.unwrap_err(), expected);
    }
    let mut fresh = State::new(world.realm_file());
    let refused = fresh.make_code(&pin(PIN), &request(), Evidence::empty(), NOW, &mut SystemRandom);
    assert_eq!(refused.unwrap_err(), WalletError::NotActivated);
}

#[test]
fn a_clock_that_went_back_is_told() {
    let Ready { world, vault, mut state, .. } = ready();
    for (now, expected) in [
        (NOW.plus_s(3_600), Evidence::empty()),
        (NOW.plus_s(60), Evidence::CLOCK_CHANGED),
        (NOW.plus_s(7_200), Evidence::CLOCK_CHANGED),
    ] {
        let made = state.make_code(&pin(PIN), &request(), Evidence::empty(), now, &mut SystemRandom);
        let shown = made.unwrap().0.stored().sign(&vault).unwrap();
        let fields = world.open(&shown.code).fields;
        assert_eq!(fields.claimed_evidence, expected);
        assert_eq!(fields.flags.clock_confidence == ClockConfidence::Unknown, expected != Evidence::empty());
    }
}

#[test]
fn a_wrong_clock_is_corrected_for_where_keys_are_chosen_and_not_in_the_code() {
    let Ready { world, vault, mut state, .. } = ready();
    // The phone is 20 hours ahead of the server.
    let ahead = NOW.plus_s(20 * 3_600);
    state.apply_enrolment(&world.view(&world.bundle(6, NOW), 0, NOW), ahead, ahead).unwrap();
    assert_eq!(state.server_time(ahead.plus_s(5)), NOW.plus_s(5));
    let almost = NOW.plus_s(30 * 86_400 - 3_600 + 20 * 3_600);
    let made = state.make_code(&pin(PIN), &request(), Evidence::empty(), almost, &mut SystemRandom);
    let shown = made.unwrap().0.stored().sign(&vault).unwrap();
    assert!(shown.hints.contains(&Hint::KeysExpireSoon));
    assert_eq!(i64::from(world.open(&shown.code).fields.device_time_s), almost.s());
}

/// What may happen to a wallet between two codes.
#[derive(Clone, Debug)]
enum Event {
    Code { right_pin: bool, is_stored: bool },
    Renew,
    Restart,
    Online { server_counter: u32 },
    ClockStep { s: i64 },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (any::<bool>(), any::<bool>())
            .prop_map(|(right_pin, is_stored)| Event::Code { right_pin, is_stored }),
        Just(Event::Renew),
        Just(Event::Restart),
        (0_u32..40).prop_map(|server_counter| Event::Online { server_counter }),
        (-500_i64..500).prop_map(|s| Event::ClockStep { s }),
    ];
    prop::collection::vec(event, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn counters_rise_whatever_happens(events in events()) {
        let Ready { world, vault, mut state, .. } = ready();
        let mut now = NOW;
        let mut shown_last = 0;
        let mut session = None;
        let mut durable = state.seal(&vault.state_key, &mut SystemRandom);
        for event in events {
            now = now.plus_s(1);
            let pending = match event {
                Event::Code { right_pin, is_stored } => {
                    let entered = pin(if right_pin { PIN } else { WRONG_PIN });
                    let (pending, new) = state
                        .make_code(&entered, &request(), Evidence::empty(), now, &mut SystemRandom)
                        .unwrap();
                    session = Some(new);
                    is_stored.then_some(pending)
                }
                Event::Renew => session.as_mut().and_then(|session| {
                    state.renew_code(session, Evidence::empty(), now, &mut SystemRandom).ok()
                }),
                Event::Restart => {
                    state = State::open(&vault.state_key, &durable).unwrap();
                    session = None;
                    None
                }
                Event::Online { server_counter } => {
                    let view = world.view(&world.bundle(5, NOW), server_counter, NOW);
                    state.apply_enrolment(&view, now, now).unwrap();
                    prop_assert!(state.counter().0 >= server_counter);
                    None
                }
                Event::ClockStep { s } => {
                    now = now.plus_s(s);
                    None
                }
            };
            if let Some(pending) = pending {
                durable = state.seal(&vault.state_key, &mut SystemRandom);
                let shown = pending.stored().sign(&vault).unwrap();
                prop_assert!(shown.counter.0 > shown_last);
                shown_last = shown.counter.0;
            }
        }
    }
}
