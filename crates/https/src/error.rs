//! What can go wrong, told apart by what the caller may do next.

use core::error::Error;
use rustls::{AlertDescription, CertificateError};
use std::net::SocketAddr;

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpsError {
    /// The address is not `https://`, nor `http://` on this machine. Nothing was sent.
    #[error("`{0}` is not an address to call; write https://HOST[:PORT]/…, or http:// for this machine only")]
    BadAddress(String),
    /// The address leads to this machine or into a private network, where the client may not go. Nothing was sent.
    #[error("{0} leads to no public address")]
    NotPublic(String),
    /// No connection came about. Nothing was sent.
    #[error("no connection to {to}: {cause}")]
    ConnectFailed {
        /// Host and port.
        to: String,
        /// What the system said.
        cause: String,
    },
    /// One side refused the other's certificate, or TLS failed otherwise, before anything was read of the
    /// request.
    #[error("no secure connection to {to}: {cause}")]
    Tls {
        /// Host and port.
        to: String,
        /// What is wrong, in plain words.
        cause: String,
    },
    /// The deadline passed before the whole answer had come; the other side may have acted.
    #[error("{0} did not answer in time; it may have received the request")]
    DeadlineBeforeAnswer(String),
    /// The connection was lost, or the answer was not HTTP; the other side may have acted.
    #[error("the connection to {to} broke: {cause}")]
    Broken {
        /// Host and port.
        to: String,
        /// What the system said.
        cause: String,
    },
    /// The answer is larger than the caller takes; the other side has acted.
    #[error("the answer of {to} is larger than {max_body_bytes} bytes")]
    BodyTooLarge {
        /// Host and port.
        to: String,
        /// The caller's limit.
        max_body_bytes: usize,
    },
}

impl HttpsError {
    /// Whether the other side cannot have acted on the request, so that it may be sent again or forgotten.
    pub fn surely_not_sent(&self) -> bool {
        matches!(
            self,
            Self::BadAddress(_) | Self::NotPublic(_) | Self::ConnectFailed { .. } | Self::Tls { .. }
        )
    }
}

/// Why a server stops, or does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Client certificates are required, but no roots to check them were given.
    #[error("client certificates are required, but no roots to check them with are configured")]
    NoClientRoots,
    /// The TLS settings do not work together.
    #[error("the TLS settings cannot be used: {0}")]
    Setup(String),
    /// The listener is broken.
    #[error("{0} no longer accepts connections: {1}")]
    Listener(SocketAddr, std::io::Error),
}

/// Finds an error of type `T` in the chain, also where [`std::io::Error`] hides its cause.
pub(crate) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    const DEPTH_MAX: usize = 16;
    let mut next = Some(error);
    for _ in 0..DEPTH_MAX {
        let current = next?;
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        let hidden = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = hidden.map(|inner| inner as &(dyn Error + 'static)).or_else(|| current.source());
    }
    None
}

/// The innermost message: outer ones only repeat "client error (Connect)".
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    const DEPTH_MAX: usize = 16;
    if let Some(tls) = find::<rustls::Error>(error) {
        return tls_in_words(tls);
    }
    let mut current = error;
    for _ in 0..DEPTH_MAX {
        match current.source() {
            Some(inner) => current = inner,
            None => break,
        }
    }
    current.to_string()
}

/// What is wrong with TLS, so that an operator knows what to do.
pub(crate) fn tls_in_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(cause) => match cause {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the other side's certificate has expired".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the other side's certificate is not valid yet; check this machine's clock".to_owned()
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "the other side's certificate was issued by none of our roots".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the other side's certificate is for another name".to_owned()
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "the other side's certificate is not meant for this use".to_owned()
            }
            other => format!("the other side's certificate is refused: {other}"),
        },
        rustls::Error::NoCertificatesPresented => "the other side showed no certificate".to_owned(),
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
                "the other side wants a client certificate, and none was shown".to_owned()
            }
            AlertDescription::UnknownCA | AlertDescription::DecryptError => {
                "the other side does not know the issuer of our certificate".to_owned()
            }
            AlertDescription::CertificateExpired => {
                "the other side says that our certificate has expired".to_owned()
            }
            other => format!("the other side refused with the TLS alert {other:?}"),
        },
        rustls::Error::InvalidMessage(_) => "the other side does not speak TLS".to_owned(),
        other => other.to_string(),
    }
}

/// Whether the error is an alert by which a server refuses the client's certificate. In TLS 1.3 it arrives after
/// the client thinks that the connection stands, yet the server has read nothing of the request.
pub(crate) fn is_client_refused(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
                | AlertDescription::NoCertificate
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
                | AlertDescription::DecryptError
                | AlertDescription::HandshakeFailure
        )
    )
}
