//! What the server tells a device, whatever it says: signed by the server, sealed to the device's confirmation key
//! (`spec/confirmation.md`). Confirmations, notices and questions are letters, under labels of their own.

use std::ops::RangeInclusive;

use crypto::{
    Random,
    hash::sha256,
    hpke::{self, Decapsulate},
    p256::{Sign, Signature, VerifyingKey},
    x25519,
};

use crate::{error::ProtocolError, key_bundle::KeyId, realm::Realm};

/// Version 1 in the high, suite 1 in the low four bits.
const VERSION_AND_SUITE: u8 = 0x11;
const HEADER_LEN: usize = 3;
const SIGNATURE_LEN: usize = 64;
/// How much longer a letter is than its content.
pub(crate) const LETTER_LEN: usize = HEADER_LEN + hpke::ENC_LEN + SIGNATURE_LEN + hpke::TAG_LEN;

/// A kind of letter.
pub(crate) struct Form {
    /// What it is called in errors.
    pub(crate) what: &'static str,
    /// The label that it is sealed under.
    pub(crate) label_seal: &'static str,
    /// The label that it is signed under.
    pub(crate) label_signature: &'static str,
}

impl Form {
    /// Signs and seals this content to a device's confirmation key.
    pub(crate) fn seal(
        &self,
        mut content: Vec<u8>,
        recipient: &x25519::PublicKey,
        signing_key: &dyn Sign,
        key_id: KeyId,
        realm: &Realm,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, ProtocolError> {
        let unavailable = |_| ProtocolError::Unavailable(self.what);
        let [high, low] = key_id.0.to_be_bytes();
        let header = [VERSION_AND_SUITE, high, low];
        let info = realm.context(self.label_seal);
        let (enc, mut context) =
            hpke::setup_sender(&(*recipient).into(), &info, random).map_err(unavailable)?;
        let signed = self.signed_context(realm, recipient.as_bytes());
        let signature = signing_key.sign(&[&signed, &header, &enc, &content]).map_err(unavailable)?;
        content.extend_from_slice(signature.as_bytes());
        let sealed = context.seal(&header, &content).map_err(unavailable)?;
        Ok([&header[..], &enc, &sealed].concat())
    }

    /// Takes bytes that may be a letter whose content has so many bytes.
    pub(crate) fn check(
        &self,
        bytes: Vec<u8>,
        content_len: RangeInclusive<usize>,
    ) -> Result<Vec<u8>, ProtocolError> {
        let fits = bytes.len().checked_sub(LETTER_LEN).is_some_and(|len| content_len.contains(&len));
        if !fits {
            return Err(ProtocolError::Size(self.what));
        }
        if bytes[0] != VERSION_AND_SUITE {
            return Err(ProtocolError::VersionUnsupported(self.what));
        }
        Ok(bytes)
    }

    /// Opens a letter with the device's confirmation key, checks the signature and reads the content; `signing_key` gives
    /// the server's key with an id.
    pub(crate) fn open<'k, T>(
        &self,
        letter: &[u8],
        recipient: &dyn Decapsulate,
        signing_key: impl FnOnce(KeyId) -> Option<&'k VerifyingKey>,
        realm: &Realm,
        read: impl FnOnce(&[u8]) -> Result<T, ProtocolError>,
    ) -> Result<T, ProtocolError> {
        let key = signing_key(key_id(letter)).ok_or(ProtocolError::KeyUnknown(self.what))?;
        let unopenable = ProtocolError::Unopenable(self.what);
        let (header, rest) = letter.split_first_chunk::<HEADER_LEN>().ok_or(unopenable.clone())?;
        let (enc, sealed) = rest.split_first_chunk::<{ hpke::ENC_LEN }>().ok_or(unopenable.clone())?;
        let plaintext = hpke::open(recipient, enc, &realm.context(self.label_seal), header, sealed)
            .map_err(|_| unopenable.clone())?;
        let (content, raw) = plaintext.expose().split_last_chunk::<SIGNATURE_LEN>().ok_or(unopenable)?;
        let bad = |_| ProtocolError::SignatureBad(self.what);
        let signature = Signature::from_bytes(raw).map_err(bad)?;
        let signed = self.signed_context(realm, recipient.public_key().as_bytes());
        key.verify(&[&signed, header, enc, content], &signature).map_err(bad)?;
        read(content)
    }

    fn signed_context(&self, realm: &Realm, recipient: &[u8]) -> Vec<u8> {
        let mut context = realm.context(self.label_signature);
        context.extend_from_slice(&sha256(&[recipient]));
        context
    }
}

/// The id of the key that signed a letter that was checked.
pub(crate) fn key_id(letter: &[u8]) -> KeyId {
    KeyId(u16::from_be_bytes([letter[1], letter[2]]))
}

/// The encapsulated key of a letter that was checked.
pub(crate) fn enc(letter: &[u8]) -> &[u8; hpke::ENC_LEN] {
    letter[HEADER_LEN..].first_chunk().expect("the length was checked when it was taken")
}
