//! The wallet's state at rest.

use crate::support::{Steady, with_one_bit_turned};
use crypto::{Secret, aead, mac::hmac_sha256};
use model::Timestamp;
use wallet::{SealError, State, StateKey};

/// The input as a sealed state, and as what stands inside one.
pub fn wallet_state(data: &[u8]) {
    let key = StateKey::from_secret(Secret::from_bytes([0x55; 32]));
    if let Err(error) = State::open(&key, data) {
        assert!(!error.to_string().is_empty());
    }
    let sealed = seal(&key, data);
    let Ok(state) = State::open(&key, &sealed) else { return };
    let again = state.seal(&key, &mut Steady(9));
    let reopened = State::open(&key, &again).expect("a wallet sealed it");
    assert_eq!(reopened.seal(&key, &mut Steady(9)), again);
    looks(&state);
    assert!(State::open(&key, &with_one_bit_turned(&again, data)).is_err(), "a changed state was opened");
    let other = StateKey::from_secret(Secret::from_bytes([0x56; 32]));
    assert_eq!(State::open(&other, &again).err(), Some(SealError::Foreign));
}

/// A state as somebody seals it who has the vault's key.
fn seal(key: &StateKey, plain: &[u8]) -> Vec<u8> {
    let mark = hmac_sha256(key.secret().expose(), &[b"batzen/wallet-state/v1/key-mark"]);
    let header = [b"BATZENW1", &[1][..], &mark[..8]].concat();
    let body = aead::seal(key.secret(), &mut Steady(9), &header, plain);
    [header, body].concat()
}

/// What a phone shows of a state does not fail, whatever the time.
fn looks(state: &State) {
    for at in [i64::MIN, 0, 1_700_000_000_000, i64::MAX].map(Timestamp::from_ms) {
        assert!(!format!("{state:?} {:?}", state.status(at)).is_empty());
        let _ = state.server_time(at);
    }
    assert!(state.methods().len() <= wallet::METHODS_MAX);
    assert!(state.enrolment().is_some() || state.counter().0 == 0);
}
