//! Activation: lost replies, forged replies, PINs that are refused.

use crate::{DevicePublicKeys, MemoryVault, Phase, State, WalletError, testing::*};
use crypto::SystemRandom;
use model::Counter;
use protocol::{
    error::ProtocolError,
    payment_code::{PinError, PinKey},
};

#[test]
fn a_lost_reply_is_asked_for_again_with_the_same_bytes() {
    let (world, vault) = (World::make(), MemoryVault::make(&mut SystemRandom));
    let mut state = State::new(world.realm_file());
    let sent = begin(&mut state, &vault, PIN);
    // The reply is lost and the phone starts anew from what it stored.
    let sealed = state.seal(&vault.state_key, &mut SystemRandom);
    let mut state = State::open(&vault.state_key, &sealed).unwrap();
    assert_eq!(state.status(NOW).phase, Phase::Activating);
    let again = state.pending_activation().unwrap().0.to_vec();
    assert_eq!(again, sent);
    let (reply, server_s) = world.activate(&again, 9, NOW);
    state.complete_activation(&reply, vault.device.verifying_key(), NOW, NOW.plus_s(60)).unwrap();
    assert_eq!((state.enrolment(), state.counter()), (Some(ENROLMENT), Counter(8)));
    let pin = protocol::payment_code::Pin::parse(PIN).unwrap();
    let secret = state.enrolled().unwrap().pin_secret.clone();
    let ours = PinKey::derive(&protocol::payment_code::PinSecret::from_secret(secret), &pin);
    assert_eq!(ours, server_s, "both ends have the same PIN key");
}

#[test]
fn a_second_activation_is_refused_until_the_first_is_given_up() {
    let (world, vault) = (World::make(), MemoryVault::make(&mut SystemRandom));
    let mut state = State::new(world.realm_file());
    begin(&mut state, &vault, PIN);
    let draft = state.draft_activation(
        applicant(PIN),
        &DevicePublicKeys::of(&vault).unwrap(),
        NOW,
        &mut SystemRandom,
    );
    assert_eq!(draft.unwrap_err(), WalletError::ActivationUnderWay);
    state.abandon_activation().unwrap();
    begin(&mut state, &vault, PIN);
    let ready = ready();
    let draft = ready.state.draft_activation(
        applicant(PIN),
        &DevicePublicKeys::of(&vault).unwrap(),
        NOW,
        &mut SystemRandom,
    );
    assert_eq!(draft.unwrap_err(), WalletError::AlreadyActivated);
}

#[test]
fn an_obvious_pin_is_refused_and_one_key_for_two_purposes_too() {
    let (world, vault) = (World::make(), MemoryVault::make(&mut SystemRandom));
    let state = State::new(world.realm_file());
    let draft = state.draft_activation(
        applicant("123456"),
        &DevicePublicKeys::of(&vault).unwrap(),
        NOW,
        &mut SystemRandom,
    );
    assert_eq!(draft.unwrap_err(), WalletError::Pin(PinError::Obvious));
    let keys = DevicePublicKeys {
        online: vault.device.verifying_key().clone(),
        ..DevicePublicKeys::of(&vault).unwrap()
    };
    assert!(state.draft_activation(applicant(PIN), &keys, NOW, &mut SystemRandom).is_err());
}

#[test]
fn forged_replies_change_nothing() {
    let (world, vault) = (World::make(), MemoryVault::make(&mut SystemRandom));
    let mut state = State::new(world.realm_file());
    let request = begin(&mut state, &vault, PIN);
    let (mut changed, _) = world.activate(&request, 1, NOW);
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    // A server that can open requests but has no root and no device CA of ours.
    let stranger = World { activation: world.activation.clone(), ..World::make() };
    let (strange, _) = stranger.activate(&request, 1, NOW);
    // A good reply, but this vault's key is not the one that was enrolled.
    let (good, _) = world.activate(&request, 1, NOW);
    let other = MemoryVault::make(&mut SystemRandom);
    let cases = [
        (&changed, vault.device.verifying_key()),
        (&strange, vault.device.verifying_key()),
        (&good, other.device.verifying_key()),
    ];
    for (reply, key) in cases {
        assert!(matches!(
            state.complete_activation(reply, key, NOW, NOW),
            Err(WalletError::Refused(
                ProtocolError::Unopenable(_)
                    | ProtocolError::Malformed(_)
                    | ProtocolError::KeyUnknown(_)
                    | ProtocolError::CertificateBad(_)
            ))
        ));
        assert_eq!(state.status(NOW).phase, Phase::Activating);
    }
    state.complete_activation(&good, vault.device.verifying_key(), NOW, NOW).unwrap();
}
