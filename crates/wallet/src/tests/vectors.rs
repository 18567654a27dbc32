//! The good vectors of the payment code, made again by the wallet from the same inputs.

use crate::{
    CodeRequest, MemoryVault, PinSession, State, clock::ClockKnowledge, pin_session::Choice, state::Stage,
    testing::*,
};
use api::phone::MethodStateName;
use crypto::SystemRandom;
use crypto::{Secret, p256::SigningKey};
use fixtures::vectors::{MethodState, Vector};
use model::{Counter, Currency, Money, TerminalNumber, Timestamp};
use protocol::{
    payment_code::{Cap, ClockConfidence, CustomerVerification, Pin, PinGeneration, PinKey, PinSecret},
    realm::Realm,
};

#[test]
fn good_vectors_come_out_byte_for_byte() {
    let vectors = fixtures::vectors::load().unwrap();
    let mut made = 0;
    for vector in vectors.iter().filter(|vector| vector.name.starts_with("good_")) {
        let device = SigningKey::from_scalar(&vector.device_private_hex.to_array()).unwrap();
        let (mut state, pin) = state_for(vector, &device);
        let code = make(&mut state, vector, &pin, &device);
        assert_eq!(code, vector.code_hex.as_ref().unwrap().0, "{}", vector.name);
        made += 1;
    }
    assert!(made >= 20, "only {made} vectors were made");
}

fn state_for(vector: &Vector, device: &SigningKey) -> (State, Pin) {
    let fields = vector.fields.as_ref().unwrap();
    let at = Timestamp::from_s(i64::from(fields.device_time_s));
    let world = World {
        realm: Realm::new(&vector.realm).unwrap(),
        payment: vector.recipient_secret_key(),
        key_id: protocol::key_bundle::KeyId(vector.key_id),
        ..World::make()
    };
    let vault = MemoryVault { device: device.clone(), ..MemoryVault::make(&mut SystemRandom) };
    let mut state = State::new(world.realm_file());
    let request = begin(&mut state, &vault, PIN);
    let (reply, _) = world.activate(&request, 1, at);
    state.complete_activation(&reply, vault.device.verifying_key(), at, at).unwrap();
    let Stage::Enrolled(enrolled) = &mut state.stage else { panic!("not enrolled") };
    enrolled.enrolment = fields.enrolment;
    enrolled.counter = Counter(fields.counter.0 - 1);
    enrolled.pin_secret = Secret::from_bytes(vector.pin_secret_hex.to_array());
    // Any generation with these bits does.
    enrolled.pin_generation = PinGeneration(u32::from(fields.pin_generation_bits) + 4);
    if fields.clock_confidence == ClockConfidence::Unknown {
        enrolled.clock = ClockKnowledge::default();
    }
    let proved = vector.context.methods.iter().find(|method| method.slot == fields.method).unwrap();
    assert_eq!(proved.state, MethodState::Proved);
    let mut with_currency = method(fields.method.0, MethodStateName::Active);
    with_currency.currency = Some(proved.currency);
    state.apply_method(with_currency).unwrap();
    (state, Pin::parse(&vector.pin).unwrap())
}

fn make(state: &mut State, vector: &Vector, pin: &Pin, device: &SigningKey) -> Vec<u8> {
    let fields = vector.fields.as_ref().unwrap();
    let now = Timestamp::from_s(i64::from(fields.device_time_s));
    let mut ephemeral = Same(Secret::from_bytes(vector.ephemeral_private_hex.to_array()));
    let currency: Currency = state.method_to_pay(Some(fields.method)).unwrap().1;
    let terminal = TerminalNumber::new(fields.terminal);
    let evidence = fields.claimed_evidence;
    let pending = match fields.customer_verification {
        CustomerVerification::Pin => {
            let cap = Some(Money::new(fields.cap_minor, currency));
            let request = CodeRequest { method: Some(fields.method), cap, terminal };
            state.make_code(pin, &request, evidence, now, &mut ephemeral).unwrap().0
        }
        CustomerVerification::PinRenewed => {
            let secret = PinSecret::from_secret(Secret::from_bytes(vector.pin_secret_hex.to_array()));
            let cap = Cap::at_most(fields.cap_minor).unwrap();
            let pin_generation = state.enrolled().unwrap().pin_generation;
            let choice = Choice { method: fields.method, cap, terminal, pin_generation };
            let mut session = PinSession::new(PinKey::derive(&secret, pin), choice, now.plus_s(-60), 3, 180);
            state.renew_code(&mut session, evidence, now, &mut ephemeral).unwrap()
        }
    };
    let signable = pending.stored();
    let signature = device.sign_deterministic(&[signable.to_sign()]);
    signable.finish(&signature).code.as_bytes().to_vec()
}
