//! What can be wrong with the messages of this crate, apart from payment codes, whose verdicts are
//! a table of their own. Nothing here quotes a message's content: an error may be logged.

use crypto::CryptoError;

/// A message, text or file that is not what its specification asks for.
///
/// Each case has a stable name ([`ProtocolError::name`]) that the vectors under `spec/vectors` use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A realm that is not 1 to 32 characters of `a-z`, `0-9`, `.` and `-`.
    #[error("a realm is 1 to 32 characters of a-z, 0-9, '.' and '-'")]
    RealmMalformed,
    /// Longer or shorter than the specification allows.
    #[error("the {0} is longer or shorter than the specification allows")]
    Size(&'static str),
    /// Not of the form that the specification gives: bytes, JSON, names or encodings.
    #[error("the {0} is malformed")]
    Malformed(&'static str),
    /// A realm file that is not as specified; it is public, so this says what is wrong with it.
    #[error("the realm file is not usable: {0}")]
    RealmFile(String),
    /// A version that this program does not speak.
    #[error("the {0} has a version that is not supported")]
    VersionUnsupported(&'static str),
    /// Made for another realm.
    #[error("the {0} belongs to another realm")]
    RealmMismatch(&'static str),
    /// Names a key that is not known here.
    #[error("the {0} names a key that is not known")]
    KeyUnknown(&'static str),
    /// Could not be opened: changed on its way, or sealed for another.
    #[error("the {0} could not be opened: it was changed, or it is for another recipient")]
    Unopenable(&'static str),
    /// The signature does not fit the content and the key.
    #[error("the signature on the {0} is wrong")]
    SignatureBad(&'static str),
    /// Outside of the time in which it is valid.
    #[error("the {0} is not valid at this time")]
    Expired(&'static str),
    /// Signed for something else than what came with it.
    #[error("the {0} is not the one that was signed")]
    DigestMismatch(&'static str),
    /// Older than one that was accepted before.
    #[error("the {0} is older than one accepted before")]
    RolledBack(&'static str),
    /// A certificate that does not fit the key, the name or the issuer it should.
    #[error("the {0} does not fit its key, name or issuer")]
    CertificateBad(&'static str),
    /// The key store, the system's randomness or a primitive failed: not the message's fault.
    #[error("the {0} could not be made: the key or the system's randomness failed")]
    Unavailable(&'static str),
    /// The holder of the key that opens it failed: not the message's fault, and no word on it.
    #[error("the key store failed: {0}")]
    KeyStore(&'static str),
}

impl ProtocolError {
    /// The error's stable name, as in the specification and its vectors: `signature_bad`, …
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RealmMalformed => "realm_malformed",
            Self::Size(_) => "size",
            Self::Malformed(_) | Self::RealmFile(_) => "malformed",
            Self::VersionUnsupported(_) => "version_unsupported",
            Self::RealmMismatch(_) => "realm_mismatch",
            Self::KeyUnknown(_) => "key_unknown",
            Self::Unopenable(_) => "unopenable",
            Self::SignatureBad(_) => "signature_bad",
            Self::Expired(_) => "expired",
            Self::DigestMismatch(_) => "digest_mismatch",
            Self::RolledBack(_) => "rolled_back",
            Self::CertificateBad(_) => "certificate_bad",
            Self::Unavailable(_) | Self::KeyStore(_) => "unavailable",
        }
    }

    /// Why something sealed was not opened.
    pub(crate) fn unopened(error: CryptoError, what: &'static str) -> Self {
        match error {
            CryptoError::KeyStore(words) => Self::KeyStore(words),
            _ => Self::Unopenable(what),
        }
    }
}
