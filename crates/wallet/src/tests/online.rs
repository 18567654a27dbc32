//! What the server's answers may and may not change.

use crate::{WalletError, testing::*};
use api::phone::{MethodPage, MethodStateName};
use model::{Counter, MethodSlot};
use protocol::error::ProtocolError;

#[test]
fn bundles_never_go_back() {
    let Ready { world, state, .. } = ready();
    let refused = |bundle, at| {
        let mut state = state.clone();
        let refused = state.apply_enrolment(&world.view(&bundle, 50, at), at, at).unwrap_err();
        assert_eq!(state.counter(), Counter(0), "what is refused changes nothing");
        refused
    };
    let rolled_back = WalletError::Refused(ProtocolError::RolledBack("key bundle"));
    assert_eq!(refused(world.bundle(4, NOW), NOW), rolled_back);
    let late = NOW.plus_s(40 * 86_400);
    assert_eq!(
        refused(world.bundle(6, NOW), late),
        WalletError::Refused(ProtocolError::Expired("key bundle"))
    );
    let stranger = World { realm: world.realm.clone(), ..World::make() };
    assert_eq!(
        state.clone().apply_enrolment(&stranger.view(&stranger.bundle(6, NOW), 0, NOW), NOW, NOW),
        Err(WalletError::Refused(ProtocolError::KeyUnknown("key bundle")))
    );
    let mut state = state.clone();
    assert!(
        !state.apply_enrolment(&world.view(&world.bundle(5, NOW), 0, NOW), NOW, NOW).unwrap().has_new_keys
    );
    assert!(
        state.apply_enrolment(&world.view(&world.bundle(6, NOW), 0, NOW), NOW, NOW).unwrap().has_new_keys
    );
}

#[test]
fn a_restored_wallet_goes_on_above_the_server_s_counter() {
    let Ready { world, mut state, .. } = ready();
    let change = state.apply_enrolment(&world.view(&world.bundle(5, NOW), 41, NOW), NOW, NOW).unwrap();
    assert!(change.was_behind);
    assert_eq!(state.counter(), Counter(41));
    let change = state.apply_enrolment(&world.view(&world.bundle(5, NOW), 7, NOW), NOW, NOW).unwrap();
    assert!(!change.was_behind);
    assert_eq!((state.counter(), state.resync_request().unwrap().counter), (Counter(41), 41));
}

#[test]
fn methods_are_replaced_added_and_forgotten() {
    let Ready { mut state, .. } = ready();
    state.apply_method(method(2, MethodStateName::Unproved)).unwrap();
    state.apply_method(method(2, MethodStateName::Active)).unwrap();
    assert_eq!(state.methods().iter().map(|method| method.slot.0).collect::<Vec<_>>(), [1, 2]);
    state.apply_method(method(1, MethodStateName::Removed)).unwrap();
    state.forget_method(MethodSlot(2)).unwrap();
    assert!(state.methods().is_empty());
    let twice = vec![method(1, MethodStateName::Active), method(1, MethodStateName::Active)];
    assert!(matches!(
        state.apply_methods(MethodPage { methods: twice, providers: Vec::new() }),
        Err(WalletError::Contradiction(_))
    ));
}
