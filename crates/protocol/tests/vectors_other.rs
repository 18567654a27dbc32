//! Every vector of activation, confirmation and HTTP signatures comes out as its file says.

use std::collections::BTreeMap;

use crypto::{
    Secret, SystemRandom,
    p256::{SigningKey, VerifyingKey},
    x25519::SecretKey,
};
use data_encoding::HEXLOWER;
use fixtures::vectors_other::{self, ActivationVector, ConfirmationVector, HttpSignatureVector};
use model::Timestamp;
use protocol::{
    activation_reply::PendingActivation,
    activation_request::SealedActivation,
    confirmation::{Confirmation, SealedConfirmation},
    error::ProtocolError,
    http_signature::{HttpRequest, UnverifiedRequest, WINDOW_S},
    key_bundle::{KeyBundle, KeyId, SignedKeyBundle},
    realm::Realm,
};
use serde::de::DeserializeOwned;

fn vectors<T: DeserializeOwned>(folder: &str, least: usize) -> BTreeMap<String, T> {
    let files = vectors_other::read().unwrap();
    let found: BTreeMap<String, T> = files
        .iter()
        .filter(|(path, _)| path.starts_with(&format!("{folder}/")))
        .map(|(path, json)| {
            (path.clone(), serde_json::from_str(json).unwrap_or_else(|e| panic!("{path}: {e}")))
        })
        .collect();
    assert!(found.len() >= least, "only {} vectors in {folder}", found.len());
    found
}

fn name<T>(result: &Result<T, ProtocolError>) -> &'static str {
    result.as_ref().map_or_else(ProtocolError::name, |_| "ok")
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
}

fn signing_key(hex: &str) -> SigningKey {
    SigningKey::from_scalar(&bytes(hex)).unwrap()
}

fn verifying_key(hex: &str) -> VerifyingKey {
    signing_key(hex).verifying_key().clone()
}

#[test]
fn files_are_as_generated() {
    assert_eq!(vectors_other::stale().unwrap(), Vec::<String>::new());
}

#[test]
fn activation() {
    for (path, vector) in vectors::<ActivationVector>("activation", 60) {
        let outcome = match vector.step.as_str() {
            "request" => name(&open_request(&vector)),
            "reply" => open_reply(&vector),
            "key_bundle" => verify_bundle(&vector),
            other => panic!("{path}: no such step: {other}"),
        };
        assert_eq!(outcome, vector.expected, "{path}: {}", vector.comment);
    }
}

fn open_request(vector: &ActivationVector) -> Result<PendingActivation, ProtocolError> {
    let bytes_sent = vector.request.as_ref().unwrap().as_bytes();
    let sealed = SealedActivation::parse(bytes_sent)?;
    if sealed.key_id() != KeyId(vector.activation_key_id) {
        return Err(ProtocolError::KeyUnknown("activation request"));
    }
    let realm = Realm::new(&vector.realm).unwrap();
    let key = SecretKey::from_bytes(&bytes(&vector.activation_private_hex));
    let (request, _) = sealed.open(&realm, &key)?;
    assert_eq!(request.device_key, verifying_key(&vector.device_private_hex));
    assert_eq!(request.online_key, verifying_key(&vector.online_private_hex));
    assert_eq!(*request.activation_code.to_grouped(), "0123-4567-89AB");
    let reply_key = Secret::from_bytes(bytes(vector.reply_key_hex.as_ref().unwrap()));
    Ok(PendingActivation { request: bytes_sent.to_vec(), reply_key })
}

fn open_reply(vector: &ActivationVector) -> &'static str {
    let realm = Realm::new(&vector.realm).unwrap();
    let pending = PendingActivation {
        request: vector.request.clone().unwrap().into_bytes(),
        reply_key: Secret::from_bytes(bytes(vector.reply_key_hex.as_ref().unwrap())),
    };
    let (root, device) = (verifying_key(&vector.root_private_hex), verifying_key(&vector.device_private_hex));
    let reply = vector.reply.as_ref().unwrap();
    let opened = pending.open_reply(reply.as_bytes(), &realm, &root, &device);
    if let Ok(opened) = &opened {
        // What the generator sealed by hand and what the server seals are opened alike.
        let key = SecretKey::from_bytes(&bytes(&vector.activation_private_hex));
        let (_, sealer) = SealedActivation::parse(&pending.request).unwrap().open(&realm, &key).unwrap();
        let again = sealer.seal(&opened.reply, &mut SystemRandom).unwrap();
        assert_eq!(pending.open_reply(&again, &realm, &root, &device).as_ref(), Ok(opened));
    }
    name(&opened)
}

fn verify_bundle(vector: &ActivationVector) -> &'static str {
    let realm = Realm::new(&vector.realm).unwrap();
    let verified =
        SignedKeyBundle::from_json(vector.bundle.as_ref().unwrap().as_bytes()).and_then(|signed| {
            let at = Timestamp::from_ms(vector.at_ms.unwrap());
            KeyBundle::verify(
                &signed,
                &verifying_key(&vector.root_private_hex),
                &realm,
                at,
                vector.last_sequence.unwrap(),
            )
        });
    if let Ok(bundle) = &verified {
        let at = Timestamp::from_ms(vector.at_ms.unwrap());
        assert_eq!(bundle.payment_key_at(at).map(|key| key.key_id), Some(KeyId(1)));
    }
    name(&verified)
}

#[test]
fn confirmation() {
    for (path, vector) in vectors::<ConfirmationVector>("confirmation", 40) {
        let opened = open_confirmation(&vector);
        assert_eq!(name(&opened), vector.expected, "{path}: {}", vector.comment);
        let Ok(opened) = opened else { continue };
        let fields = vector.fields.unwrap_or_else(|| panic!("{path}: no fields"));
        assert_eq!(opened.sequence, fields.sequence);
        assert_eq!(opened.kind.number(), fields.kind);
        assert_eq!(format!("{:032x}", opened.payment.to_u128()), fields.payment_hex);
        assert_eq!(opened.counter.0, fields.counter);
        assert_eq!(opened.at.ms(), fields.at_ms);
        assert_eq!(opened.amount_minor, fields.amount_minor);
        assert_eq!(opened.currency.map_or(999, model::Currency::number), fields.currency);
        assert_eq!(opened.cause.number(), fields.cause);
        assert_eq!(opened.terminal.map_or(0, model::TerminalNumber::get), fields.terminal);
        assert_eq!(opened.merchant.as_str(), fields.merchant);
    }
}

fn open_confirmation(vector: &ConfirmationVector) -> Result<Confirmation, ProtocolError> {
    let sealed = SealedConfirmation::from_digits(&vector.digits)?;
    assert_eq!(HEXLOWER.encode(sealed.as_bytes()), vector.sealed_hex);
    assert_eq!(sealed.to_digits(), vector.digits);
    let server = verifying_key(&vector.signing_private_hex);
    let phone = SecretKey::from_bytes(&bytes(&vector.recipient_private_hex));
    let realm = Realm::new(&vector.realm).unwrap();
    sealed.open(&phone, |id| (id == KeyId(vector.key_id)).then_some(&server), &realm)
}

#[test]
fn http_signature() {
    for (path, vector) in vectors::<HttpSignatureVector>("http-signature", 30) {
        assert_eq!(verify_request(&vector), vector.expected, "{path}: {}", vector.comment);
    }
}

fn verify_request(vector: &HttpSignatureVector) -> &'static str {
    let body = HEXLOWER.decode(vector.body_hex.as_bytes()).unwrap();
    let request = HttpRequest {
        method: &vector.method,
        path: &vector.path,
        query: vector.query.as_deref(),
        body: &body,
    };
    let fields = vector.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let key = verifying_key(&vector.online_private_hex);
    name(
        &UnverifiedRequest::parse(&request, fields)
            .and_then(|parsed| parsed.verify(&key, vector.now_s, WINDOW_S)),
    )
}
