//! Extensions of a certificate: which may stand there, and what they say.

use const_oid::AssociatedOid;
use der::Decode;
use x509_cert::{
    TbsCertificate,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName},
};

use crate::CryptoError;

/// Refuses more than `most` of them, one that stands twice, and a critical one that this room does not know.
pub(super) fn check(body: &TbsCertificate, most: usize) -> Result<(), CryptoError> {
    let extensions = body.extensions().map(Vec::as_slice).unwrap_or_default();
    if extensions.len() > most {
        return Err(CryptoError::BadCertificate("too many extensions"));
    }
    let known = [BasicConstraints::OID, KeyUsage::OID, ExtendedKeyUsage::OID, SubjectAltName::OID];
    for (index, extension) in extensions.iter().enumerate() {
        if extension.critical && !known.contains(&extension.extn_id) {
            return Err(CryptoError::BadCertificate("an unknown critical extension"));
        }
        if extensions[..index].iter().any(|earlier| earlier.extn_id == extension.extn_id) {
            return Err(CryptoError::BadCertificate("an extension stands twice"));
        }
    }
    Ok(())
}

/// What the extension of this kind says, if there is one.
pub(super) fn find<'a, T>(body: &'a TbsCertificate) -> Result<Option<T>, CryptoError>
where
    T: Decode<'a, Error = der::Error> + AssociatedOid,
{
    let found =
        body.get_extension::<T>().map_err(|_| CryptoError::BadCertificate("an extension is malformed"))?;
    Ok(found.map(|(_, value)| value))
}
