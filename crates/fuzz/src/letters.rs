//! Letters to a device: content that the server did sign and seal, whatever it says, as in `spec/vectors/confirmation`.

use crate::support::{Steady, realm, secret_key, signing_key};
use crypto::p256::VerifyingKey;
use crypto::{hash::sha256, hpke, x25519::SecretKey};
use protocol::key_bundle::KeyId;

const HEADER: [u8; 3] = [0x11, 1, 2];
pub(crate) const KEY_ID: KeyId = KeyId(258);
pub(crate) const SIGNER: u8 = 3;

/// Whose letters they are.
pub(crate) fn recipient() -> SecretKey {
    secret_key(4)
}

/// What a device knows of the server's keys: the key of [`KEY_ID`], here `signer`.
pub(crate) fn known<'k>(signer: &'k VerifyingKey) -> impl FnOnce(KeyId) -> Option<&'k VerifyingKey> {
    |id| (id == KEY_ID).then_some(signer)
}

/// A letter of this kind with this content; none if the content cannot be sealed.
pub(crate) fn letter(kind: &str, content: &[u8]) -> Option<Vec<u8>> {
    let (holder, realm) = (recipient(), realm());
    let info = realm.context(&format!("batzen/{kind}/v1/seal"));
    let (enc, mut context) = hpke::setup_sender(&(*holder.public_key()).into(), &info, &mut Steady(9))
        .expect("the recipient's key is one");
    let mut signed = realm.context(&format!("batzen/{kind}/v1/signature"));
    signed.extend_from_slice(&sha256(&[holder.public_key().as_bytes()]));
    let signature = signing_key(SIGNER).sign(&[&signed, &HEADER, &enc, content]);
    let sealed = context.seal(&HEADER, &[content, signature.as_bytes()].concat()).ok()?;
    Some([&HEADER[..], &enc, &sealed].concat())
}
