//! A new PIN for an enrolled phone (`spec/pin-change.md`): the new PIN key sealed to the activation key, and the proof
//! that the PIN so far is known.

use crypto::{
    Random, Secret,
    hash::sha256,
    hpke::{self, Decapsulate},
    mac::{constant_time_eq, hmac_sha256},
};
use model::EnrolmentId;
use serde::{Deserialize, Serialize};

use crate::{
    base64url::{self, VersionOne},
    error::ProtocolError,
    json,
    key_bundle::KeyId,
    payment_code::{PinGeneration, PinKey},
    realm::Realm,
    realm_file::ActivationKey,
};

const WHAT: &str = "PIN change";
/// The longest request, bytes.
pub const PIN_CHANGE_LEN_MAX: usize = 4_096;
const LABEL_KEY: &str = "batzen/pin-change/v1/key";
const LABEL_PROOF: &str = "batzen/pin-change/v1/proof";

/// A request as it travels. Whose it is says the signature of the request that carries it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinChange {
    version: VersionOne,
    pin_generation: PinGeneration,
    key_id: KeyId,
    #[serde(with = "base64url")]
    enc: [u8; hpke::ENC_LEN],
    #[serde(with = "base64url")]
    sealed: Vec<u8>,
    #[serde(with = "base64url")]
    proof: [u8; 32],
}

impl PinChange {
    /// Asks that `new_key` becomes `enrolment`'s PIN key of this `generation`; `present` is the one so far, as the PIN
    /// that was typed makes it.
    ///
    /// # Errors
    /// [`ProtocolError::Unavailable`] if sealing fails.
    pub fn make(
        realm: &Realm,
        enrolment: EnrolmentId,
        generation: PinGeneration,
        present: &PinKey,
        new_key: &PinKey,
        activation_key: &ActivationKey,
        random: &mut dyn Random,
    ) -> Result<Self, ProtocolError> {
        let about = about(enrolment, generation);
        let (enc, sealed) = hpke::seal(
            &activation_key.public_key,
            &realm.context(LABEL_KEY),
            random,
            &sealed_about(&about, activation_key.key_id),
            new_key.secret().expose(),
        )
        .map_err(|_| ProtocolError::Unavailable(WHAT))?;
        let proof = proof(realm, present, &about, &enc, &sealed);
        Ok(Self {
            version: VersionOne,
            pin_generation: generation,
            key_id: activation_key.key_id,
            enc,
            sealed,
            proof,
        })
    }

    /// Reads a request.
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::Malformed`], [`ProtocolError::VersionUnsupported`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProtocolError> {
        json::parse_versioned(bytes, PIN_CHANGE_LEN_MAX, WHAT)
    }

    /// The bytes to send.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }

    /// Which activation key it is sealed to.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The generation that the new key is to have.
    #[must_use]
    pub fn generation(&self) -> PinGeneration {
        self.pin_generation
    }

    /// The new PIN key, opened with the private half of [`PinChange::key_id`].
    ///
    /// # Errors
    /// [`ProtocolError::Unopenable`]; [`ProtocolError::Malformed`] if it is no key; [`ProtocolError::KeyStore`] where
    /// the holder of the key fails.
    pub fn open(
        &self,
        realm: &Realm,
        enrolment: EnrolmentId,
        holder: &dyn Decapsulate,
    ) -> Result<PinKey, ProtocolError> {
        let about = sealed_about(&about(enrolment, self.pin_generation), self.key_id);
        let opened = hpke::open(holder, &self.enc, &realm.context(LABEL_KEY), &about, &self.sealed)
            .map_err(|error| ProtocolError::unopened(error, WHAT))?;
        let key = <[u8; 32]>::try_from(opened.expose()).map_err(|_| ProtocolError::Malformed(WHAT))?;
        Ok(PinKey::from_secret(Secret::from_bytes(key)))
    }

    /// Whether whoever made it knew the PIN that `present` is made with.
    #[must_use]
    pub fn is_proved(&self, realm: &Realm, enrolment: EnrolmentId, present: &PinKey) -> bool {
        let about = about(enrolment, self.pin_generation);
        constant_time_eq(&proof(realm, present, &about, &self.enc, &self.sealed), &self.proof)
    }
}

/// Whose new PIN, and of which generation.
pub(crate) fn about(enrolment: EnrolmentId, generation: PinGeneration) -> [u8; 10] {
    let mut about = [0; 10];
    about[..6].copy_from_slice(&enrolment.to_bytes());
    about[6..].copy_from_slice(&generation.0.to_be_bytes());
    about
}

/// The same, and under which key: what anything sealed about it is bound to.
pub(crate) fn sealed_about(about: &[u8; 10], key_id: KeyId) -> Vec<u8> {
    [&about[..], &key_id.0.to_be_bytes()].concat()
}

fn proof(realm: &Realm, present: &PinKey, about: &[u8; 10], enc: &[u8], sealed: &[u8]) -> [u8; 32] {
    let new_key = sha256(&[enc, sealed]);
    hmac_sha256(present.secret().expose(), &[&realm.context(LABEL_PROOF), about, &new_key])
}
