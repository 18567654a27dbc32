//! A new PIN for an enrolled phone.

use crate::support::{SUITES, Steady, agreement_key, realm, with_one_bit_turned};
use crypto::Secret;
use crypto::hpke::Decapsulate;
use model::EnrolmentId;
use protocol::activation_code::ActivationCode;
use protocol::key_bundle::KeyId;
use protocol::payment_code::{PinKey, Suite};
use protocol::pin_change::PinChange;
use protocol::pin_proof::{PinProof, PinProofPurpose};
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

/// The input as the body of a reset, from a stranger and from a phone with a code.
fn pin_reset(data: &[u8]) {
    pin_proof(data);
    let Ok(reset) = PinReset::parse(data) else { return };
    assert_eq!(PinReset::parse(&reset.to_json()).as_ref(), Ok(&reset));
    let (realm, new) = (realm(), PinKey::from_secret(Secret::from_bytes([4; 32])));
    for suite in SUITES {
        let holder = agreement_key(suite, RECIPIENT);
        let _ = reset.open(&realm, ENROLMENT, &holder);
        let key = ActivationKey { key_id: reset.key_id(), public_key: holder.public_key() };
        let code = || ActivationCode::make(&mut Steady(8));
        let good = PinReset::make(&realm, ENROLMENT, reset.generation(), code(), &new, &key, &mut Steady(9))
            .expect("made");
        let opens = |reset: &PinReset| {
            let opened = reset.open(&realm, ENROLMENT, &holder).ok()?;
            assert_eq!(format!("{opened:?}"), "OpenedReset(redacted)");
            Some((opened.code.hash(&realm), opened.new_key == new))
        };
        assert_eq!(opens(&good), Some((code().hash(&realm), true)));
        if let Ok(turned) = PinReset::parse(&with_one_bit_turned(&good.to_json(), data)) {
            assert!(turned == good || opens(&turned).is_none(), "a changed reset was opened");
        }
    }
}

/// The input as a proof of the PIN in another request.
fn pin_proof(data: &[u8]) {
    let Ok(proof) = serde_json::from_slice::<PinProof>(data) else { return };
    let written = serde_json::to_vec(&proof).expect("it was read");
    assert!(serde_json::from_slice::<PinProof>(&written).is_ok_and(|read| read == proof));
    let key = PinKey::from_secret(Secret::from_bytes([3; 32]));
    let other = EnrolmentId::from_bytes([7; 6]);
    let purposes = [PinProofPurpose::Revoke(other), PinProofPurpose::Move, PinProofPurpose::Approve([5; 32])];
    for purpose in purposes {
        assert!(!proof.is_proved(&realm(), ENROLMENT, purpose, &key), "a proof was guessed");
        let good = PinProof::make(&realm(), ENROLMENT, purpose, proof.pin_generation, &key, &mut Steady(9));
        for asked in purposes {
            assert_eq!(good.is_proved(&realm(), ENROLMENT, asked, &key), asked == purpose);
        }
        assert!(!good.is_proved(&realm(), other, purpose, &key), "another phone's proof");
        assert!(format!("{good:?}").ends_with("redacted)"), "a proof is shown");
    }
}
