//! The state at rest.

use crate::{SealError, State, StateKey, testing::*};
use crypto::SystemRandom;

#[test]
fn each_way_of_being_unusable_has_its_own_name() {
    let Ready { vault, state, .. } = ready();
    let sealed = state.seal(&vault.state_key, &mut SystemRandom);
    assert_eq!(State::open(&vault.state_key, &sealed).unwrap().counter(), state.counter());
    let open = |bytes: &[u8]| State::open(&vault.state_key, bytes).unwrap_err();
    let changed = |place: usize, byte: u8| {
        let mut bytes = sealed.clone();
        bytes[place] = byte;
        open(&bytes)
    };
    assert_eq!(open(b""), SealError::NotAState);
    assert_eq!(open(b"{\"version\":1}, or any other file"), SealError::NotAState);
    assert_eq!(changed(8, 2), SealError::Newer(2));
    assert_eq!(changed(8, 0), SealError::NotAState);
    for cut in [17, 40, sealed.len() - 1] {
        assert_eq!(open(&sealed[..cut]), SealError::Damaged);
    }
    for place in (17..sealed.len()).step_by(97) {
        assert_eq!(changed(place, !sealed[place]), SealError::Damaged, "byte {place}");
    }
    let other = StateKey::make(&mut SystemRandom);
    assert_eq!(State::open(&other, &sealed).unwrap_err(), SealError::Foreign);
}

#[test]
fn two_seals_of_one_state_share_nothing_but_the_header() {
    let Ready { vault, state, .. } = ready();
    let seal = || state.seal(&vault.state_key, &mut SystemRandom);
    let (a, b) = (seal(), seal());
    assert_eq!(a[..17], b[..17]);
    assert_ne!(a[17..29], b[17..29]);
}
