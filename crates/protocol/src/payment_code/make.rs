//! Making a code, step by step, so that the PIN and the vault's signature can come from elsewhere.

use core::fmt;

use crypto::{
    Random,
    hpke::{self, SenderContext},
    p256::Signature,
};

use super::{
    FIELDS_LEN, Fields, PIN_TAG_LEN, PaymentCode, PinKey, RecipientKey, Suite,
    form::{ENC_LEN, HEADER_LEN, derive_header},
    message::{Message, derive_seal_info},
};

const SIGNATURE_LEN: usize = 64;

/// Why no code could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// Counter or method slot is 0.
    #[error("counter and method slot of a payment code start at 1")]
    BadFields,
    /// The recipient's public key cannot be sealed to.
    #[error("the server's key for payment codes is not usable")]
    BadRecipientKey,
}

/// A code that waits for its PIN tag. The counter in its fields must be stored before it goes on.
pub struct Draft {
    context: SenderContext,
    suite: Suite,
    header: [u8; HEADER_LEN],
    enc: [u8; ENC_LEN],
    fields: [u8; FIELDS_LEN],
    message: Message,
}

impl Draft {
    /// Draws the ephemeral key and fixes all that the PIN tag covers.
    ///
    /// # Errors
    /// [`MakeError::BadFields`], [`MakeError::BadRecipientKey`].
    pub fn start(
        recipient: &RecipientKey,
        fields: &Fields,
        random: &mut dyn Random,
    ) -> Result<Self, MakeError> {
        let fields = fields.to_bytes().map_err(|_| MakeError::BadFields)?;
        let suite = recipient.suite();
        let header = derive_header(suite, recipient.key_id);
        let info = derive_seal_info(&recipient.realm);
        let (enc, context) = hpke::setup_sender(&recipient.public_key, info.as_bytes(), random)
            .map_err(|_| MakeError::BadRecipientKey)?;
        let message = Message::new(recipient, &header, &enc, &fields);
        Ok(Self { context, suite, header, enc, fields, message })
    }

    /// Adds the PIN tag.
    #[must_use]
    pub fn with_pin(mut self, key: &PinKey) -> Unsigned {
        let pin_tag = self.message.derive_pin_tag(key);
        self.message.push_pin_tag(&pin_tag);
        Unsigned { draft: self, pin_tag }
    }
}

/// A code that waits for the device's signature.
pub struct Unsigned {
    draft: Draft,
    pin_tag: [u8; PIN_TAG_LEN],
}

impl Unsigned {
    /// The message that the device key signs: ECDSA P-256 over SHA-256 of these bytes.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        self.draft.message.as_bytes()
    }

    /// Adds the signature and seals. The signature is not checked here: only the server would notice.
    #[must_use]
    pub fn finish(self, signature: &Signature) -> PaymentCode {
        let Draft { mut context, suite, header, enc, fields, .. } = self.draft;
        let mut plaintext = [0; FIELDS_LEN + PIN_TAG_LEN + SIGNATURE_LEN];
        plaintext[..FIELDS_LEN].copy_from_slice(&fields);
        plaintext[FIELDS_LEN..FIELDS_LEN + PIN_TAG_LEN].copy_from_slice(&self.pin_tag);
        plaintext[FIELDS_LEN + PIN_TAG_LEN..].copy_from_slice(signature.as_bytes());
        let sealed = context.seal(&header, &plaintext).expect("a context seals a first message of 96 bytes");
        PaymentCode::assemble(suite, &header, &enc, &sealed)
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draft(redacted)")
    }
}

impl fmt::Debug for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unsigned(redacted)")
    }
}
