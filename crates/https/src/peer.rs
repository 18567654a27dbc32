//! Who is at the other end of a connection.

use x509_cert::Certificate;
use x509_cert::der::Decode;

/// The client's certificate in DER, checked against the server's client roots; `None` if it showed none.
/// Stands in every request's extensions, next to the peer's [`std::net::SocketAddr`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate(pub Option<Vec<u8>>);

impl PeerCertificate {
    /// The subject's common name, if there is a certificate and it has exactly one.
    pub fn common_name(&self) -> Option<String> {
        let certificate = Certificate::from_der(self.0.as_deref()?).ok()?;
        let name = certificate.tbs_certificate().subject().common_name().ok()??;
        Some(name.value().into_owned())
    }
}
