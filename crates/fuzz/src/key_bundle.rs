//! What a phone trusts: the signed key bundle and the realm file.

use crate::support::{realm, signing_key, with_one_bit_turned};
use data_encoding::BASE64URL_NOPAD;
use model::Timestamp;
use protocol::key_bundle::{KeyBundle, SignedKeyBundle, root_key_id};
use protocol::realm_file::RealmFile;

const ROOT: u8 = 2;
/// When the bundles of `spec/vectors/activation` are read.
const AT: Timestamp = Timestamp::from_ms(1_700_000_001_000);

/// The input as a signed bundle, and as a payload that the root did sign.
pub fn key_bundle(data: &[u8]) {
    if let Ok(signed) = SignedKeyBundle::from_json(data) {
        assert_eq!(SignedKeyBundle::from_json(&signed.to_json()).as_ref(), Ok(&signed));
        reads(&signed);
    }
    let signed = SignedKeyBundle::from_json(&sign(data)).expect("its form is right");
    let Some(bundle) = reads(&signed) else { return };
    let again = bundle.sign(&signing_key(ROOT)).expect("what was read can be signed");
    assert_eq!(reads(&again).as_ref(), Some(&bundle));
    if let Some(key) = bundle.payment_key_at(AT) {
        assert!(bundle.payment_keys.iter().any(|one| one.known() == Some(key.public_key)));
    }
    assert!(bundle.confirmation_keys.iter().all(|key| bundle.confirmation_key(key.key_id).is_some()));
    if let Ok(turned) = SignedKeyBundle::from_json(&with_one_bit_turned(&again.to_json(), data)) {
        assert!(turned == again || reads(&turned).is_none(), "a changed bundle was taken");
    }
}

fn reads(signed: &SignedKeyBundle) -> Option<KeyBundle> {
    let read = |at, last| KeyBundle::verify(signed, signing_key(ROOT).verifying_key(), &realm(), at, last);
    let bundle = read(AT, 0).ok()?;
    assert!(read(bundle.expires_at, 0).is_err(), "an expired bundle was taken");
    assert!(read(AT, bundle.sequence + 1).is_err(), "an older bundle was taken");
    Some(bundle)
}

/// A bundle with this payload, signed by the root.
fn sign(payload: &[u8]) -> Vec<u8> {
    let root = signing_key(ROOT);
    let signature = root.sign(&[&realm().context("batzen/key-bundle/v1"), payload]);
    format!(
        r#"{{"payload":"{}","signature":"{}","key":"{}"}}"#,
        BASE64URL_NOPAD.encode(payload),
        BASE64URL_NOPAD.encode(signature.as_bytes()),
        root_key_id(root.verifying_key()),
    )
    .into_bytes()
}

/// The file that an app ships with.
pub fn realm_file(data: &[u8]) {
    match RealmFile::parse(data) {
        Ok(file) => {
            // Indented it may be too long.
            if let Ok(json) = file.to_json() {
                assert_eq!(RealmFile::parse(json.as_bytes()), Ok(file));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
