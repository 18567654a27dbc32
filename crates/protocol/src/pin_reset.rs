//! A new PIN for a phone whose PIN is forgotten or locked (`spec/device-life.md`): the new PIN key and a code that the
//! customer got out of band, sealed to the activation key.

use crypto::{
    Random, Secret,
    hpke::{self, Decapsulate},
};
use model::EnrolmentId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    activation_code::ActivationCode,
    base64url::{self, VersionOne},
    error::ProtocolError,
    json,
    key_bundle::KeyId,
    payment_code::{PinGeneration, PinKey},
    pin_change::{about, sealed_about},
    realm::Realm,
    realm_file::ActivationKey,
};

const WHAT: &str = "PIN reset";
/// The longest request, bytes.
pub const PIN_RESET_LEN_MAX: usize = 4_096;
const LABEL: &str = "batzen/pin-reset/v1";

/// A request as it travels. Whose it is says the signature of the request that carries it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinReset {
    version: VersionOne,
    pin_generation: PinGeneration,
    key_id: KeyId,
    #[serde(with = "base64url")]
    enc: [u8; hpke::ENC_LEN],
    #[serde(with = "base64url")]
    sealed: Vec<u8>,
}

/// What is inside.
pub struct OpenedReset {
    /// What the customer got.
    pub code: ActivationCode,
    /// The new PIN's key.
    pub new_key: PinKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    activation_code: ActivationCode,
    #[serde(with = "base64url::secret")]
    pin_key: Secret<32>,
}

impl PinReset {
    /// Asks that `new_key` becomes `enrolment`'s PIN key of this `generation`, by the word of `code`.
    ///
    /// # Errors
    /// [`ProtocolError::Unavailable`] if sealing fails.
    pub fn make(
        realm: &Realm,
        enrolment: EnrolmentId,
        generation: PinGeneration,
        code: ActivationCode,
        new_key: &PinKey,
        activation_key: &ActivationKey,
        random: &mut dyn Random,
    ) -> Result<Self, ProtocolError> {
        let inner = Inner { activation_code: code, pin_key: new_key.secret().clone() };
        let inner = Zeroizing::new(json::write(&inner));
        let (enc, sealed) = hpke::seal(
            &activation_key.public_key,
            &realm.context(LABEL),
            random,
            &sealed_about(&about(enrolment, generation), activation_key.key_id),
            &inner,
        )
        .map_err(|_| ProtocolError::Unavailable(WHAT))?;
        Ok(Self {
            version: VersionOne,
            pin_generation: generation,
            key_id: activation_key.key_id,
            enc,
            sealed,
        })
    }

    /// Reads a request.
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::Malformed`], [`ProtocolError::VersionUnsupported`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProtocolError> {
        json::parse_versioned(bytes, PIN_RESET_LEN_MAX, WHAT)
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

    /// What is inside, opened with the private half of [`PinReset::key_id`].
    ///
    /// # Errors
    /// [`ProtocolError::Unopenable`]; [`ProtocolError::Malformed`] if it is not as specified; [`ProtocolError::KeyStore`]
    /// where the holder of the key fails.
    pub fn open(
        &self,
        realm: &Realm,
        enrolment: EnrolmentId,
        holder: &dyn Decapsulate,
    ) -> Result<OpenedReset, ProtocolError> {
        let about = sealed_about(&about(enrolment, self.pin_generation), self.key_id);
        let opened = hpke::open(holder, &self.enc, &realm.context(LABEL), &about, &self.sealed)
            .map_err(|error| ProtocolError::unopened(error, WHAT))?;
        let Inner { activation_code, pin_key } = json::parse(opened.expose(), PIN_RESET_LEN_MAX, WHAT)?;
        Ok(OpenedReset { code: activation_code, new_key: PinKey::from_secret(pin_key) })
    }
}

impl core::fmt::Debug for OpenedReset {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("OpenedReset(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{CryptoError, SystemRandom, hpke::PublicKey, x25519::SecretKey};

    /// A key whose holder is away.
    struct Gone(PublicKey);

    impl Decapsulate for Gone {
        fn public_key(&self) -> PublicKey {
            self.0
        }

        fn agree(&self, _: &PublicKey) -> Result<Secret<32>, CryptoError> {
            Err(CryptoError::KeyStore("it is not there"))
        }
    }

    #[test]
    fn it_opens_for_its_phone_and_generation_only() {
        let realm = Realm::new("shop.example").unwrap();
        let holder = SecretKey::make(&mut SystemRandom);
        let key = ActivationKey { key_id: KeyId(1), public_key: (*holder.public_key()).into() };
        let new_key = PinKey::from_secret(Secret::from_bytes([9; 32]));
        let own = EnrolmentId::from_bytes([1; 6]);
        let code = ActivationCode::make(&mut SystemRandom);
        let hash = code.hash(&realm);
        let reset =
            PinReset::make(&realm, own, PinGeneration(2), code, &new_key, &key, &mut SystemRandom).unwrap();
        let read = PinReset::parse(&reset.to_json()).unwrap();
        let opened = read.open(&realm, own, &holder).unwrap();
        assert_eq!((opened.code.hash(&realm), opened.new_key == new_key), (hash, true));
        let other = EnrolmentId::from_bytes([2; 6]);
        assert_eq!(read.open(&realm, other, &holder).unwrap_err(), ProtocolError::Unopenable(WHAT));
        let later = PinReset { pin_generation: PinGeneration(3), ..read.clone() };
        assert_eq!(later.open(&realm, own, &holder).unwrap_err(), ProtocolError::Unopenable(WHAT));
        let error = read.open(&realm, own, &Gone((*holder.public_key()).into())).unwrap_err();
        assert_eq!(error, ProtocolError::KeyStore("it is not there"), "not the request's fault");
        assert_eq!(PinReset::parse(b"{}").unwrap_err(), ProtocolError::Malformed(WHAT));
        assert_eq!(PinReset::parse(&[b' '; 4_097]).unwrap_err(), ProtocolError::Size(WHAT));
    }
}
