//! Activation: the request as a phone and as a stranger seals it, the reply as a server does.

use crate::support::{SUITES, Steady, agreement_key, realm, signing_key, with_one_bit_turned};
use crypto::hpke::{self, Decapsulate};
use crypto::{Secret, aead, hash::sha256};
use data_encoding::BASE64URL_NOPAD;
use protocol::activation_reply::{ActivationReply, PendingActivation};
use protocol::activation_request::{ActivationRequest, SealedActivation};
use protocol::key_bundle::KeyId;
use protocol::payment_code::Suite;
use protocol::realm_file::ActivationKey;

const KEY_ID: KeyId = KeyId(1);
/// Bytes in which the keys of `spec/vectors/activation` are written.
const HOLDER: u8 = 1;
const ROOT: u8 = 2;
const DEVICE: u8 = 4;
const ONLINE: u8 = 5;

/// The input as a whole request, and as what a stranger seals into one, to an activation key of either suite.
pub fn activation_request(data: &[u8]) {
    for suite in SUITES {
        activation_request_in(suite, data);
    }
}

fn activation_request_in(suite: Suite, data: &[u8]) {
    if let Ok(sealed) = SealedActivation::parse(data) {
        opens(suite, &sealed);
    }
    let sealed = SealedActivation::parse(&seal_request(suite, data)).expect("its form is right");
    let Some(request) = opens(suite, &sealed) else { return };
    let (device, online) = (signing_key(DEVICE), signing_key(ONLINE));
    if request.device_key != *device.verifying_key() || request.online_key != *online.verifying_key() {
        return;
    }
    let again = request
        .sign_and_seal(&realm(), &activation_key(suite), &device, &online, &mut Steady(9))
        .expect("what was opened can be sealed");
    let sealed = SealedActivation::parse(&again.request).expect("a phone sealed it");
    let reopened = opens(suite, &sealed).expect("it was sealed to this key");
    assert_eq!(format!("{reopened:?}"), format!("{request:?}"));
    let turned = with_one_bit_turned(&again.request, data);
    if let Ok(sealed) = SealedActivation::parse(&turned) {
        assert!(
            sealed.open(&realm(), &agreement_key(suite, HOLDER)).is_err(),
            "a changed request was opened"
        );
    }
}

fn opens(suite: Suite, sealed: &SealedActivation) -> Option<ActivationRequest> {
    assert_ne!(sealed.request_hash(), [0; 32]);
    assert!(!sealed.key_id().to_string().is_empty());
    let (request, sealer) = sealed.open(&realm(), &agreement_key(suite, HOLDER)).ok()?;
    let pin_key = BASE64URL_NOPAD.encode(request.pin_key.secret().expose());
    assert!(!format!("{request:?} {sealer:?}").contains(&pin_key), "a key is shown");
    Some(request)
}

fn activation_key(suite: Suite) -> ActivationKey {
    ActivationKey { key_id: KEY_ID, public_key: agreement_key(suite, HOLDER).public_key() }
}

/// A request as somebody seals it who knows the specification.
fn seal_request(suite: Suite, inner: &[u8]) -> Vec<u8> {
    let info = realm().context("batzen/activation/v1/request");
    let (enc, mut context) = hpke::setup_sender(&activation_key(suite).public_key, &info, &mut Steady(9))
        .expect("the activation key is one");
    let sealed = context.seal(&[1, 0, 1], inner).expect("a context seals a first message");
    let (enc, sealed) = (BASE64URL_NOPAD.encode(&enc), BASE64URL_NOPAD.encode(&sealed));
    format!(r#"{{"version":1,"key_id":1,"enc":"{enc}","sealed":"{sealed}"}}"#).into_bytes()
}

/// The input as a whole reply, and as what stands sealed in one.
pub fn activation_reply(data: &[u8]) {
    let reply_key = Secret::from_bytes([0x77; 32]);
    let pending = PendingActivation { request: b"the request".to_vec(), reply_key: reply_key.clone() };
    let (root, device) = (signing_key(ROOT), signing_key(DEVICE));
    let open =
        |bytes: &[u8]| pending.open_reply(bytes, &realm(), root.verifying_key(), device.verifying_key());
    if let Err(error) = open(data) {
        assert!(!error.name().is_empty() && !error.to_string().is_empty());
    }
    let sealed = aead::seal(&reply_key, &mut Steady(9), &sha256(&[&pending.request]), data);
    let reply = format!(r#"{{"version":1,"sealed":"{}"}}"#, BASE64URL_NOPAD.encode(&sealed)).into_bytes();
    let Ok(activated) = open(&reply) else { return };
    let json = serde_json::to_vec(&activated.reply).expect("a reply is JSON");
    assert_eq!(serde_json::from_slice::<ActivationReply>(&json).ok(), Some(activated.reply));
    assert!(open(&with_one_bit_turned(&reply, data)).is_err(), "a changed reply was opened");
}
