//! A payment code as it travels: bytes, digits, EMV envelope. Form only: what is inside stays sealed.

use core::fmt;

use crypto::hash;

use super::{KeyId, Suite};
use crate::{
    digits,
    emv_cpm::{self, EmvProfile, EnvelopeError},
    verdict::Verdict,
};

/// Bytes of a payment code.
pub const CODE_LEN: usize = 147;
pub(super) const HEADER_LEN: usize = 3;
pub(super) const ENC_LEN: usize = 32;

/// Characters of any text form at most, once the space around it is gone.
const TEXT_LEN_MAX: usize = emv_cpm::TEXT_LEN_MAX;
const VERSION: u8 = 1;

/// What is wrong with a code's form. A till can find it and say "scan again".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// A character that is no digit.
    #[error("this is not a payment code: it has other characters than digits")]
    NotDigits,
    /// Not 365 digits, or not 147 bytes.
    #[error("this is not a whole payment code: it is too long or too short")]
    WrongLength,
    /// Some other numeric code.
    #[error("this is some other code, not a payment code")]
    WrongScheme,
    /// A group of digits above 2⁵⁶ − 1.
    #[error("the payment code has digits that no phone makes")]
    GroupOutOfRange,
    /// The check digits do not fit.
    #[error("the payment code was misread; scan it again")]
    WrongCheckDigits,
    /// The EMV envelope is not as specified.
    #[error("the EMV envelope is refused: {0}")]
    BadEnvelope(#[from] EnvelopeError),
    /// Another version or suite.
    #[error("the payment code has a version that is not supported")]
    UnsupportedVersion,
}

impl From<FormError> for Verdict {
    fn from(error: FormError) -> Self {
        match error {
            FormError::NotDigits => Self::NotDigits,
            FormError::WrongLength => Self::WrongLength,
            FormError::WrongScheme => Self::WrongScheme,
            FormError::GroupOutOfRange => Self::GroupOutOfRange,
            FormError::WrongCheckDigits => Self::WrongCheckDigits,
            FormError::BadEnvelope(_) => Self::BadEnvelope,
            FormError::UnsupportedVersion => Self::UnsupportedVersion,
        }
    }
}

/// SHA-256 over all bytes of a code: its name in stores, statements and logs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CodeHash(pub [u8; 32]);

impl fmt::Display for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A payment code of a version and suite that this program speaks. Its content must not be logged, so
/// `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentCode {
    bytes: [u8; CODE_LEN],
    suite: Suite,
}

impl PaymentCode {
    /// Reads the raw form.
    ///
    /// # Errors
    /// [`FormError::WrongLength`], [`FormError::UnsupportedVersion`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormError> {
        let bytes: [u8; CODE_LEN] = bytes.try_into().map_err(|_| FormError::WrongLength)?;
        let suite = Suite::from_number(bytes[0] & 0x0f).filter(|_| bytes[0] >> 4 == VERSION);
        Ok(Self { suite: suite.ok_or(FormError::UnsupportedVersion)?, bytes })
    }

    /// Reads what a scanner typed: digits or, where a profile allows it, the EMV envelope. ASCII space, tab
    /// and line ends around it are ignored.
    ///
    /// # Errors
    /// [`FormError`], by the order of checks in chapter 8 of the specification.
    pub fn from_text(text: &str, emv: Option<&EmvProfile>) -> Result<Self, FormError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        let bytes = match emv {
            Some(profile) if text.starts_with(emv_cpm::TEXT_PREFIX) => {
                emv_cpm::decode(text.as_bytes(), profile)?
            }
            _ if text.len() > TEXT_LEN_MAX => return Err(FormError::WrongLength),
            _ => digits::decode(text.as_bytes())?,
        };
        Self::from_bytes(&bytes)
    }

    /// The usual text form: 365 digits.
    #[must_use]
    pub fn to_digits(&self) -> String {
        digits::encode(&self.bytes)
    }

    /// The EMV envelope in base64.
    #[must_use]
    pub fn to_emv_cpm(&self, profile: &EmvProfile) -> String {
        emv_cpm::encode(&self.bytes, profile)
    }

    /// The raw form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; CODE_LEN] {
        &self.bytes
    }

    /// The key that it says it is sealed to.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId(u16::from_be_bytes([self.bytes[1], self.bytes[2]]))
    }

    /// Its algorithms.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// SHA-256 over all of it: its name in stores and logs.
    #[must_use]
    pub fn hash(&self) -> CodeHash {
        CodeHash(hash::sha256(&[&self.bytes]))
    }

    pub(super) fn assemble(
        suite: Suite,
        header: &[u8; HEADER_LEN],
        enc: &[u8; ENC_LEN],
        sealed: &[u8],
    ) -> Self {
        let mut bytes = [0; CODE_LEN];
        bytes[..HEADER_LEN].copy_from_slice(header);
        bytes[HEADER_LEN..HEADER_LEN + ENC_LEN].copy_from_slice(enc);
        bytes[HEADER_LEN + ENC_LEN..].copy_from_slice(sealed);
        Self { bytes, suite }
    }

    pub(super) fn header(&self) -> &[u8; HEADER_LEN] {
        self.bytes.first_chunk().expect("147 bytes begin with 3")
    }

    pub(super) fn enc(&self) -> &[u8; ENC_LEN] {
        self.bytes[HEADER_LEN..].first_chunk().expect("144 bytes begin with 32")
    }

    pub(super) fn sealed(&self) -> &[u8] {
        &self.bytes[HEADER_LEN + ENC_LEN..]
    }
}

pub(super) fn derive_header(suite: Suite, key_id: KeyId) -> [u8; HEADER_LEN] {
    let [high, low] = key_id.0.to_be_bytes();
    [VERSION << 4 | suite.number(), high, low]
}

impl fmt::Debug for PaymentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PaymentCode(key {}, redacted)", self.key_id())
    }
}
