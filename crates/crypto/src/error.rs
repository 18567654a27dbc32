//! Why a cryptographic operation said no. No variant carries a key, a message or any other secret.

/// What went wrong, without any secret in it.
///
/// Whoever answers strangers should map most of these to one neutral answer: the reason is for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// A signature is malformed, out of range, or does not verify.
    #[error("the signature is not valid")]
    BadSignature,
    /// A raw signature is valid in form but has the larger of its two possible `s` values; ours never do.
    #[error("the signature has a high s")]
    HighS,
    /// Key bytes are malformed, out of range, not on the curve, or give an all-zero shared secret.
    #[error("the key is not valid")]
    BadKey,
    /// Sealed bytes did not open: wrong key, wrong associated data, or changed bytes.
    #[error("the sealed bytes do not open")]
    Sealed,
    /// More output or input was asked for than the algorithm allows.
    #[error("the length is beyond the algorithm's limit")]
    TooLong,
    /// A context has used up its message numbers.
    #[error("the context has used up its message numbers")]
    MessageLimit,
    /// A certificate is malformed, or says something this system does not accept.
    #[error("certificate refused: {0}")]
    BadCertificate(&'static str),
    /// The time asked about lies before the certificate's `not_before`.
    #[error("the certificate is not yet valid")]
    NotYetValid,
    /// The time asked about lies after the certificate's `not_after`.
    #[error("the certificate has expired")]
    Expired,
    /// A certificate request is malformed, or says something this system does not accept.
    #[error("certificate request refused: {0}")]
    BadRequest(&'static str),
    /// Text is not the PEM that was asked for.
    #[error("PEM refused: {0}")]
    BadPem(&'static str),
    /// A key store (HSM or other holder of a key) could not do its part. The text is the store's own
    /// fixed words.
    #[error("key store: {0}")]
    KeyStore(&'static str),
}
