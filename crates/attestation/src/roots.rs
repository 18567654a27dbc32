//! Whom attestations end at.

use crate::Refusal;
use crypto::x509::ForeignCertificate;

const GOOGLE: &str = include_str!("../roots/google.pem");
const APPLE: &str = include_str!("../roots/apple.pem");

/// Authorities that are believed without being asked for their own certificate's dates: their names and keys count.
/// A platform's certificate for the same key may be another one, and older.
#[derive(Clone, Debug)]
pub struct Roots(Vec<ForeignCertificate>);

impl Roots {
    /// Google's two, for [`crate::android`].
    ///
    /// # Panics
    /// Never: a test reads them.
    #[must_use]
    pub fn google() -> Self {
        Self::from_pem(GOOGLE).expect("they come with the program")
    }

    /// Apple's, for [`crate::apple`].
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn apple() -> Self {
        Self::from_pem(APPLE).expect("it comes with the program")
    }

    /// Other ones: certificates in PEM, 16 at most.
    ///
    /// # Errors
    /// [`Refusal::BadRoots`].
    pub fn from_pem(text: &str) -> Result<Self, Refusal> {
        ForeignCertificate::chain_from_pem(text)
            .map(Self)
            .map_err(|error| Refusal::BadRoots(error.to_string()))
    }

    /// The one that this certificate is of: the same name and key.
    pub(crate) fn same_as(&self, certificate: &ForeignCertificate) -> Option<&ForeignCertificate> {
        self.0.iter().find(|root| root.has_name_and_key_of(certificate))
    }

    /// Those that this certificate names as its issuer.
    pub(crate) fn named_by<'a>(
        &'a self,
        certificate: &'a ForeignCertificate,
    ) -> impl Iterator<Item = &'a ForeignCertificate> {
        self.0.iter().filter(|root| certificate.names_as_issuer(root))
    }
}
