//! A new PIN for an enrolled phone.

use crate::support::{SUITES, Steady, agreement_key, realm, with_one_bit_turned};
use crypto::Secret;
use crypto::hpke::Decapsulate;
use model::EnrolmentId;
use protocol::key_bundle::KeyId;
use protocol::payment_code::{PinKey, Suite};
use protocol::pin_change::PinChange;
use protocol::pin_proof::PinProof;
use protocol::pin_reset::PinReset;
use protocol::realm_file::ActivationKey;

const ENROLMENT: EnrolmentId = EnrolmentId::from_bytes([6; 6]);
const RECIPIENT: u8 = 1;

/// The input as the body of a request, sealed to an activation key of either suite.
pub fn pin_change(data: &[u8]) {
    pin_reset(data);
    let Ok(change) = PinChange::parse(data) else { return };
    for suite in SUITES {
        pin_change_in(suite, &change, data);
    }
}

fn pin_change_in(suite: Suite, change: &PinChange, data: &[u8]) {
    assert_eq!(PinChange::parse(&change.to_json()).as_ref(), Ok(change));
    let (realm, holder) = (realm(), agreement_key(suite, RECIPIENT));
    let [present, new] = [[3; 32], [4; 32]].map(|key| PinKey::from_secret(Secret::from_bytes(key)));
    // Nobody but who has the phone's PIN key can prove it, whatever else the request says.
    assert!(!change.is_proved(&realm, ENROLMENT, &present), "a proof was guessed");
    let _ = change.open(&realm, ENROLMENT, &holder);
    let key = ActivationKey { key_id: KeyId(change.key_id().0), public_key: holder.public_key() };
    let generation = change.generation();
    let good =
        PinChange::make(&realm, ENROLMENT, generation, &present, &new, &key, &mut Steady(9)).expect("made");
    assert_eq!(good.open(&realm, ENROLMENT, &holder).as_ref(), Ok(&new));
    assert!(good.is_proved(&realm, ENROLMENT, &present) && !good.is_proved(&realm, ENROLMENT, &new));
    if let Ok(turned) = PinChange::parse(&with_one_bit_turned(&good.to_json(), data)) {
        let is_taken = turned.open(&realm, ENROLMENT, &holder).is_ok_and(|key| key == new)
            && turned.is_proved(&realm, ENROLMENT, &present);
        assert!(!is_taken, "a changed request was taken");
    }
}

/// The input as the body of a reset, and as a proof in other requests.
fn pin_reset(data: &[u8]) {
    if let Ok(reset) = PinReset::parse(data) {
        assert_eq!(PinReset::parse(&reset.to_json()).as_ref(), Ok(&reset));
        for suite in SUITES {
            let _ = reset.open(&realm(), ENROLMENT, &agreement_key(suite, RECIPIENT));
        }
    }
    if let Ok(proof) = serde_json::from_slice::<PinProof>(data) {
        let again = serde_json::to_vec(&proof).expect("it was read");
        assert!(serde_json::from_slice::<PinProof>(&again).is_ok_and(|read| read == proof));
    }
}
