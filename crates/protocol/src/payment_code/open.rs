//! Opening a code on the server.

use core::fmt;

use crypto::{
    CryptoError,
    hpke::{self, Decapsulate},
    mac,
    p256::{Signature, VerifyingKey},
};

use super::{
    CodeHash, FIELDS_LEN, Fields, PIN_TAG_LEN, PaymentCode, PinKey, RecipientKey,
    message::{Message, derive_seal_info},
};
use crate::verdict::Verdict;

/// Why a code could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It names another key than the one given, or that key in another suite.
    #[error("the payment code is sealed to a key that is not live here")]
    UnknownKey,
    /// It cannot be unsealed.
    #[error("the payment code cannot be unsealed with the key that it names")]
    NotForUs,
    /// A field holds what the specification refuses.
    #[error("a field of the payment code holds a value that is not allowed")]
    MalformedFields,
    /// The key store failed: not the code's fault, and no verdict on it.
    #[error("the key store failed: {0}")]
    KeyStore(&'static str),
}

impl OpenError {
    /// The verdict on the code; none where our own key store failed and the same code may be tried again.
    #[must_use]
    pub const fn verdict(self) -> Option<Verdict> {
        match self {
            Self::UnknownKey => Some(Verdict::UnknownKey),
            Self::NotForUs => Some(Verdict::NotForUs),
            Self::MalformedFields => Some(Verdict::MalformedFields),
            Self::KeyStore(_) => None,
        }
    }
}

/// Unseals a code with the key that it names and reads its fields. Proves nothing yet about who made it.
///
/// `recipient` holds the private half of `key`.
///
/// # Errors
/// [`OpenError`], in the order of chapter 7 of the specification.
pub fn open(
    code: &PaymentCode,
    recipient: &dyn Decapsulate,
    key: &RecipientKey,
) -> Result<OpenedCode, OpenError> {
    let named = (code.key_id(), code.suite()) == (key.key_id, key.suite());
    if !named || recipient.public_key() != key.public_key {
        return Err(OpenError::UnknownKey);
    }
    let info = derive_seal_info(&key.realm);
    let plaintext = hpke::open(recipient, code.enc(), info.as_bytes(), code.header(), code.sealed())
        .map_err(|error| match error {
            CryptoError::KeyStore(words) => OpenError::KeyStore(words),
            _ => OpenError::NotForUs,
        })?;
    let (fields, rest) = plaintext.expose().split_first_chunk::<FIELDS_LEN>().ok_or(OpenError::NotForUs)?;
    let (pin_tag, signature) = rest.split_first_chunk::<PIN_TAG_LEN>().ok_or(OpenError::NotForUs)?;
    let signature = signature.try_into().map_err(|_| OpenError::NotForUs)?;
    let mut message = Message::new(key, code.header(), code.enc(), fields);
    message.push_pin_tag(pin_tag);
    Ok(OpenedCode {
        fields: Fields::from_bytes(fields).map_err(|_| OpenError::MalformedFields)?,
        code_hash: code.hash(),
        message,
        pin_tag: *pin_tag,
        signature,
    })
}

/// What was inside a code. Nothing in it is proved until [`OpenedCode::verify_signature`] says so.
#[derive(Clone)]
pub struct OpenedCode {
    /// What the code is about.
    pub fields: Fields,
    /// The code's name.
    pub code_hash: CodeHash,
    message: Message,
    pin_tag: [u8; PIN_TAG_LEN],
    signature: [u8; 64],
}

impl OpenedCode {
    /// Checks the device's signature.
    ///
    /// # Errors
    /// [`CryptoError`] if it is malformed, high-s, or not this key's: always [`Verdict::BadSignature`].
    pub fn verify_signature(&self, device: &VerifyingKey) -> Result<(), CryptoError> {
        device.verify(&[self.message.as_bytes()], &Signature::from_bytes(&self.signature)?)
    }

    /// Whether the PIN tag was made under this key, in constant time. Ask only once signature and counter
    /// are good, and count the answer: that is what keeps the PIN from being guessed.
    #[must_use]
    pub fn pin_matches(&self, key: &PinKey) -> bool {
        mac::constant_time_eq(&self.message.derive_pin_tag(key), &self.pin_tag)
    }

    /// The message that the device signed, to show to others.
    #[must_use]
    pub fn signed_message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    /// The signature as it stands in the code, r ‖ s, to show to others.
    #[must_use]
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }
}

impl fmt::Debug for OpenedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenedCode({}, redacted)", self.code_hash)
    }
}
