//! That whoever asks for something grave knows the device's PIN (`spec/device-life.md`).

use crypto::{
    Random,
    mac::{constant_time_eq, hmac_sha256},
};
use model::EnrolmentId;
use serde::{Deserialize, Serialize};

use crate::{
    base64url,
    payment_code::{PinGeneration, PinKey},
    realm::Realm,
};

const LABEL: &str = "batzen/pin-proof/v1";

/// What the PIN is given for; a proof for one thing is none for another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PinProofPurpose {
    /// To revoke this device.
    Revoke(EnrolmentId),
    /// To let another phone take this device's own place.
    Move,
    /// To approve the question with this SHA-256.
    Approve([u8; 32]),
}

impl PinProofPurpose {
    /// The number, and the device or the question, that the proof covers.
    fn to_bytes(self, asking: EnrolmentId) -> Vec<u8> {
        match self {
            Self::Revoke(target) => [&[1][..], &target.to_bytes()].concat(),
            Self::Move => [&[2][..], &asking.to_bytes()].concat(),
            Self::Approve(question) => [&[3][..], &question].concat(),
        }
    }
}

/// A proof as it travels in a signed request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinProof {
    /// Of which generation the PIN is.
    pub pin_generation: PinGeneration,
    #[serde(with = "base64url")]
    nonce: [u8; 16],
    #[serde(with = "base64url")]
    proof: [u8; 32],
}

impl PinProof {
    /// Proves that `key`, of this generation, is known to `enrolment`.
    pub fn make(
        realm: &Realm,
        enrolment: EnrolmentId,
        purpose: PinProofPurpose,
        pin_generation: PinGeneration,
        key: &PinKey,
        random: &mut dyn Random,
    ) -> Self {
        let mut nonce = [0; 16];
        random.fill(&mut nonce);
        let proof = derive(realm, enrolment, purpose, pin_generation, key, &nonce);
        Self { pin_generation, nonce, proof }
    }

    /// Whether it proves that `key` was known to `enrolment`, for this purpose.
    #[must_use]
    pub fn is_proved(
        &self,
        realm: &Realm,
        enrolment: EnrolmentId,
        purpose: PinProofPurpose,
        key: &PinKey,
    ) -> bool {
        let wanted = derive(realm, enrolment, purpose, self.pin_generation, key, &self.nonce);
        constant_time_eq(&wanted, &self.proof)
    }
}

impl core::fmt::Debug for PinProof {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PinProof({}, redacted)", self.pin_generation.0)
    }
}

fn derive(
    realm: &Realm,
    enrolment: EnrolmentId,
    purpose: PinProofPurpose,
    generation: PinGeneration,
    key: &PinKey,
    nonce: &[u8; 16],
) -> [u8; 32] {
    let (context, generation) = (realm.context(LABEL), generation.0.to_be_bytes());
    let parts =
        [&context[..], &enrolment.to_bytes(), &generation, &purpose.to_bytes(enrolment), nonce.as_slice()];
    hmac_sha256(key.secret().expose(), &parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment_code::{Pin, PinSecret};
    use crypto::{Secret, SystemRandom};

    #[test]
    fn a_proof_is_good_for_one_device_purpose_realm_and_pin() {
        let realm = Realm::new("shop.example").unwrap();
        let secret = PinSecret::from_secret(Secret::from_bytes([7; 32]));
        let key = |pin| PinKey::derive(&secret, &Pin::parse(pin).unwrap());
        let (own, other) = (EnrolmentId::from_bytes([1; 6]), EnrolmentId::from_bytes([2; 6]));
        let purpose = PinProofPurpose::Revoke(other);
        let proof = PinProof::make(&realm, own, purpose, PinGeneration(3), &key("482916"), &mut SystemRandom);
        assert!(proof.is_proved(&realm, own, purpose, &key("482916")));
        assert!(!proof.is_proved(&realm, own, purpose, &key("482917")));
        assert!(!proof.is_proved(&realm, other, purpose, &key("482916")));
        assert!(!proof.is_proved(&realm, own, PinProofPurpose::Revoke(own), &key("482916")));
        assert!(!proof.is_proved(&realm, own, PinProofPurpose::Move, &key("482916")));
        assert!(!proof.is_proved(&realm, own, PinProofPurpose::Approve([2; 32]), &key("482916")));
        let elsewhere = Realm::new("other.example").unwrap();
        assert!(!proof.is_proved(&elsewhere, own, purpose, &key("482916")));
        let later = PinProof { pin_generation: PinGeneration(4), ..proof };
        assert!(!later.is_proved(&realm, own, purpose, &key("482916")));
    }
}
