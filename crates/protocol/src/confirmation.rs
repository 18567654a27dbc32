//! What the phone is told about a payment (`spec/confirmation.md`): signed by the server, sealed to one
//! enrolment. This room makes, opens and writes it as digits; whether it is new is the wallet's matter.

use crypto::{
    Random,
    hpke::{self, Decapsulate},
    p256::{Sign, VerifyingKey},
    x25519,
};
use model::{Counter, Currency, PaymentId, TerminalNumber, Timestamp};

pub use crate::confirmation_cause::Cause;
use crate::{
    confirmation_digits,
    error::ProtocolError,
    key_bundle::KeyId,
    letter::{self, Form, LETTER_LEN},
    realm::Realm,
    short_text::is_showable,
};

const WHAT: &str = "confirmation";
const FORM: Form = Form {
    what: WHAT,
    label_seal: "batzen/confirmation/v1/seal",
    label_signature: "batzen/confirmation/v1/signature",
};
const FIELDS_LEN_MIN: usize = 49;
/// ISO 4217's code for "no currency".
const NO_CURRENCY: u16 = 999;

/// The fewest bytes of a sealed confirmation.
pub const SEALED_LEN_MIN: usize = LETTER_LEN + FIELDS_LEN_MIN;
/// The most bytes of a sealed confirmation.
pub const SEALED_LEN_MAX: usize = SEALED_LEN_MIN + MerchantName::LEN_MAX;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum ConfirmationKind {
    /// The amount is held.
    Authorised,
    /// The amount is taken.
    Captured,
    /// Refused; the cause is given.
    Declined,
    /// The till gave the hold, or what was left of it, back.
    Voided,
    /// The hold ended by itself.
    Expired,
    /// The amount is given back.
    Refunded,
    /// About the enrolment, not about a payment; the cause is given.
    Notice,
}

impl ConfirmationKind {
    const ALL: [Self; 7] = [
        Self::Authorised,
        Self::Captured,
        Self::Declined,
        Self::Voided,
        Self::Expired,
        Self::Refunded,
        Self::Notice,
    ];

    /// The number in the specification.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Authorised => 1,
            Self::Captured => 2,
            Self::Declined => 3,
            Self::Voided => 4,
            Self::Expired => 5,
            Self::Refunded => 6,
            Self::Notice => 7,
        }
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The name in the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorised => "authorised",
            Self::Captured => "captured",
            Self::Declined => "declined",
            Self::Voided => "voided",
            Self::Expired => "expired",
            Self::Refunded => "refunded",
            Self::Notice => "notice",
        }
    }

    const fn has_cause(self) -> bool {
        matches!(self, Self::Declined | Self::Notice)
    }
}

/// A shop's name as a confirmation carries it: at most 64 bytes of UTF-8 that can be shown; may be empty.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct MerchantName(String);

impl MerchantName {
    /// The most bytes.
    pub const LEN_MAX: usize = 64;

    /// Takes a name, or refuses it with [`ProtocolError::Malformed`].
    pub fn new(text: &str) -> Result<Self, ProtocolError> {
        if text.len() <= Self::LEN_MAX && text.chars().all(is_showable) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProtocolError::Malformed("merchant name"))
        }
    }

    /// As much of a shop's registered name as fits, without what cannot be shown.
    #[must_use]
    pub fn shortened(text: &str) -> Self {
        let mut name = String::new();
        for c in text.chars().filter(|c| is_showable(*c)) {
            if name.len() + c.len_utf8() > Self::LEN_MAX {
                break;
            }
            name.push(c);
        }
        Self(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A confirmation's content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confirmation {
    /// Per enrolment, from 1, without gaps.
    pub sequence: u32,
    /// What happened.
    pub kind: ConfirmationKind,
    /// The payment; 0 in a notice.
    pub payment: PaymentId,
    /// The payment code's counter; 0 in a notice.
    pub counter: Counter,
    /// The server's clock when it happened.
    pub at: Timestamp,
    /// Minor units held, captured, refused or refunded; 0 in a notice.
    pub amount_minor: i64,
    /// Their currency; none in a notice.
    pub currency: Option<Currency>,
    /// Why, in a refusal or a notice; else [`Cause::NONE`].
    pub cause: Cause,
    /// The till.
    pub terminal: Option<TerminalNumber>,
    /// The shop.
    pub merchant: MerchantName,
}

/// A sealed confirmation, 164 to 228 bytes: what the server stores and sends.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SealedConfirmation(Vec<u8>);

impl Confirmation {
    /// A notice about the enrolment itself.
    #[must_use]
    pub fn notice(sequence: u32, cause: Cause, at: Timestamp) -> Self {
        Self {
            sequence,
            kind: ConfirmationKind::Notice,
            payment: PaymentId::from_u128(0),
            counter: Counter(0),
            at,
            amount_minor: 0,
            currency: None,
            cause,
            terminal: None,
            merchant: MerchantName::default(),
        }
    }

    /// Signs and seals it to an enrolment's confirmation key.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`] if it is one that no phone would take; [`ProtocolError::Unavailable`]
    /// if the recipient's key is none or the signing key's holder fails.
    pub fn seal(
        &self,
        recipient: &x25519::PublicKey,
        signing_key: &dyn Sign,
        key_id: KeyId,
        realm: &Realm,
        random: &mut dyn Random,
    ) -> Result<SealedConfirmation, ProtocolError> {
        self.well_formed()?;
        let sealed = FORM.seal(self.to_bytes(), recipient, signing_key, key_id, realm, random)?;
        Ok(SealedConfirmation(sealed))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let name = self.merchant.as_str().as_bytes();
        let mut bytes = Vec::with_capacity(FIELDS_LEN_MIN + name.len());
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.push(self.kind.number());
        bytes.extend_from_slice(&self.payment.to_u128().to_be_bytes());
        bytes.extend_from_slice(&self.counter.0.to_be_bytes());
        bytes.extend_from_slice(&self.at.ms().to_be_bytes());
        bytes.extend_from_slice(&self.amount_minor.to_be_bytes());
        bytes.extend_from_slice(&self.currency.map_or(NO_CURRENCY, Currency::number).to_be_bytes());
        bytes.push(self.cause.number());
        bytes.extend_from_slice(&self.terminal.map_or(0, TerminalNumber::get).to_be_bytes());
        bytes.push(u8::try_from(name.len()).expect("a merchant name has at most 64 bytes"));
        bytes.extend_from_slice(name);
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Self, ProtocolError> {
        let confirmation = Fields(bytes).confirmation().ok_or(ProtocolError::Malformed(WHAT))?;
        confirmation.well_formed()?;
        Ok(confirmation)
    }

    fn well_formed(&self) -> Result<(), ProtocolError> {
        let is_notice = self.kind == ConfirmationKind::Notice;
        let has_payment = self.payment.to_u128() != 0;
        let fits_kind = if is_notice {
            let empty = !has_payment && self.counter.0 == 0 && self.amount_minor == 0;
            empty && self.currency.is_none() && self.terminal.is_none() && self.merchant.0.is_empty()
        } else {
            has_payment && self.currency.is_some()
        };
        let good = fits_kind
            && self.sequence > 0
            && self.at.ms() >= 0
            && self.amount_minor >= 0
            && self.kind.has_cause() != (self.cause == Cause::NONE);
        if good { Ok(()) } else { Err(ProtocolError::Malformed(WHAT)) }
    }
}

impl SealedConfirmation {
    /// Takes bytes that may be a confirmation.
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::VersionUnsupported`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ProtocolError> {
        FORM.check(bytes, FIELDS_LEN_MIN..=FIELDS_LEN_MIN + MerchantName::LEN_MAX).map(Self)
    }

    /// Takes digits as scanned from a 2D code, white space around them allowed.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`] if they are no confirmation's digits; as [`SealedConfirmation::from_bytes`].
    pub fn from_digits(text: &str) -> Result<Self, ProtocolError> {
        Self::from_bytes(confirmation_digits::decode(text)?)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The digits for a 2D code, at most 562.
    #[must_use]
    pub fn to_digits(&self) -> String {
        confirmation_digits::encode(&self.0)
    }

    /// The id of the key that signed it.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        letter::key_id(&self.0)
    }

    /// The encapsulated key, for a confirmation key that is kept where only a Diffie-Hellman value can be had.
    #[must_use]
    pub fn enc(&self) -> &[u8; hpke::ENC_LEN] {
        letter::enc(&self.0)
    }

    /// Opens it with the enrolment's confirmation key and checks the signature; `signing_key` gives the
    /// server's key with an id, as [`crate::key_bundle::KeyBundle::confirmation_key`] does.
    ///
    /// # Errors
    /// In the specification's order: `KeyUnknown`, `Unopenable`, `SignatureBad`, `Malformed` of
    /// [`ProtocolError`].
    pub fn open<'k>(
        &self,
        recipient: &dyn Decapsulate,
        signing_key: impl FnOnce(KeyId) -> Option<&'k VerifyingKey>,
        realm: &Realm,
    ) -> Result<Confirmation, ProtocolError> {
        FORM.open(&self.0, recipient, signing_key, realm, Confirmation::parse)
    }
}

/// Fields not yet read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn confirmation(mut self) -> Option<Confirmation> {
        let sequence = u32::from_be_bytes(self.take()?);
        let [kind] = self.take()?;
        let payment = PaymentId::from_u128(u128::from_be_bytes(self.take()?));
        let counter = Counter(u32::from_be_bytes(self.take()?));
        let at = Timestamp::from_ms(i64::from_be_bytes(self.take()?));
        let amount_minor = i64::from_be_bytes(self.take()?);
        let currency = match u16::from_be_bytes(self.take()?) {
            NO_CURRENCY => None,
            number => Some(Currency::from_number(number)?),
        };
        let [cause] = self.take()?;
        let terminal = TerminalNumber::new(u32::from_be_bytes(self.take()?));
        let [name_len] = self.take()?;
        let name: &'a [u8] = self.0;
        if name.len() != usize::from(name_len) {
            return None;
        }
        Some(Confirmation {
            sequence,
            kind: ConfirmationKind::from_number(kind)?,
            payment,
            counter,
            at,
            amount_minor,
            currency,
            cause: Cause::from_number(cause),
            terminal,
            merchant: MerchantName::new(std::str::from_utf8(name).ok()?).ok()?,
        })
    }
}
