//! What only verifiers of others' attestations need.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{EndEntityCert, Error, aws_lc_rs as algorithms};

use crate::Secret;

/// What authorities of phone makers sign with. SHA-1, short RSA keys and everything else is refused.
static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
];

/// Whether the key in the issuer's certificate (DER) made this signature over `body`. `algorithm` is the content of
/// an `AlgorithmIdentifier`; webpki holds the key in the certificate against it.
pub(crate) fn is_foreign_signature(issuer: &[u8], algorithm: &[u8], body: &[u8], signature: &[u8]) -> bool {
    let issuer = CertificateDer::from(issuer);
    let Ok(issuer) = EndEntityCert::try_from(&issuer) else { return false };
    let named = ALGORITHMS.iter().filter(|one| one.signature_alg_id().as_ref() == algorithm);
    for one in named {
        match issuer.verify_signature(*one, body, signature) {
            // The same algorithm with a key of another curve.
            Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
            verified => return verified.is_ok(),
        }
    }
    false
}

/// RFC 3394 with the initial value that it names.
pub(crate) fn wrap_key(wrapping_key: &Secret<32>, key: &Secret<32>) -> [u8; 40] {
    let kek = AesKek::new(&AES_256, wrapping_key.expose()).expect("AES-256 takes 32 bytes");
    let mut wrapped = [0; 40];
    kek.wrap(key.expose(), &mut wrapped).expect("40 bytes hold a wrapped key of 32");
    wrapped
}

/// The other way round; `None` if what was wrapped does not begin as it should.
pub(crate) fn unwrap_key(wrapping_key: &Secret<32>, wrapped: &[u8; 40]) -> Option<Secret<32>> {
    let kek = AesKek::new(&AES_256, wrapping_key.expose()).ok()?;
    let mut key = Secret::zeros();
    let length = kek.unwrap(wrapped, key.expose_mut()).ok()?.len();
    (length == 32).then_some(key)
}
