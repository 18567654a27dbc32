//! What platforms say of a phone and its key: chains, objects, assertions, tokens, and the list of what is revoked.
//!
//! The input stands in three places: as the whole, as a chain would come from a phone; as the innermost part, signed
//! and sealed by authorities of our own, as a platform's would; and, with one bit turned, as somebody's forgery.

use crate::support::{place, text, with_one_bit_turned};
use attestation::android::{self, KeyDescription};
use attestation::play_integrity::{self, Keys};
use attestation::{Refusal, RevocationList, Roots, apple};
use fixtures::attestation::AT_S;
use fixtures::attestation::android::{CHALLENGE, Chain, KEY_DESCRIPTION, SIGNER as ANDROID_SIGNER};
use fixtures::attestation::apple::{APP_ID, Assertion, CLIENT_DATA_HASH, NONCE as NONCE_EXTENSION, Object};
use fixtures::attestation::certificate::{Certificate, extension};
use fixtures::attestation::play_integrity::{NONCE, PACKAGE, SIGNER, Token};
use model::Timestamp;
use std::sync::LazyLock;

const AT: Timestamp = Timestamp::from_s(AT_S);

/// The input as a chain in PEM and as a description in a chain of our own, then that chain with a bit turned.
pub fn android_key(data: &[u8]) {
    static ROOTS: LazyLock<Roots> =
        LazyLock::new(|| Roots::from_pem(&Chain::root_pem()).expect("it was made here"));
    static CHAIN: LazyLock<Vec<Certificate>> = LazyLock::new(|| Chain::remote().certificates);
    static ABOVE: LazyLock<Vec<Vec<u8>>> =
        LazyLock::new(|| CHAIN[1..].iter().map(Certificate::make).collect());
    let read = |chain: &[Vec<u8>]| {
        android::read(&chain.iter().map(Vec::as_slice).collect::<Vec<_>>(), AT, &ROOTS, None)
    };
    if let Some(chain) = text(data).and_then(|text| android::chain_from_pem(text).ok()) {
        told(read(&chain));
    }
    let mut leaf = CHAIN[0].clone();
    let said = &data[..data.len().min(8 * 1024)];
    leaf.extensions.push(extension(KEY_DESCRIPTION, said));
    let mut chain = vec![leaf.make_with(|body| leaf.signer.sign(&[body]))];
    chain.extend(ABOVE.iter().cloned());
    let good = read(&chain);
    // What a root's chain says is what stands in the extension, and nothing else decides.
    let alone = KeyDescription::read(said);
    assert_eq!(good.as_ref().map(|reading| &reading.key_description).ok(), alone.as_ref().ok());
    if let Some(reading) = told(good) {
        assert!(serde_json::to_vec(&reading).is_ok(), "a reading can be shown");
        let attested = Chain::attested_key();
        let binding = android::Binding { challenge: &CHALLENGE, key: &attested };
        let app = android::App { package: PACKAGE.to_owned(), signers: vec![ANDROID_SIGNER] };
        let evidence = told(reading.clone().judge(&binding, &android::Expectations::of_apps(vec![app])));
        assert!(
            evidence.is_none_or(|evidence| evidence.level == reading.level && reading.level.is_hardware())
        );
        let other = android::Binding { challenge: b"another", ..binding };
        let replayed = reading.judge(&other, &android::Expectations::of_apps(vec![]));
        assert!(replayed.is_err(), "an attestation was taken for another challenge");
    }
    let index = place(data, chain.len() - 1);
    chain[index] = with_one_bit_turned(&chain[index], data);
    assert!(read(&chain).is_err(), "a changed chain was taken");
}

/// The input as an object, as an assertion, and as the nonce's place in a certificate of our own.
pub fn app_attest(data: &[u8]) {
    static ROOTS: LazyLock<Roots> =
        LazyLock::new(|| Roots::from_pem(&Object::root_pem()).expect("it was made here"));
    static OBJECT: LazyLock<Vec<u8>> = LazyLock::new(|| Object::default().make());
    static ISSUER: LazyLock<Vec<u8>> = LazyLock::new(|| Object::default().certificates[1].make());
    static ASSERTION: LazyLock<Vec<u8>> = LazyLock::new(|| Assertion::default().make());
    let taken = |object: &[u8]| {
        let reading = told(apple::read(object, AT, &ROOTS))?;
        assert!(!reading.is_bound_to(&[0; 32]), "it is bound to two hashes");
        Some(reading.is_bound_to(&CLIENT_DATA_HASH))
    };
    taken(data);
    let object = Object::default();
    let mut leaf = object.certificates[0].clone();
    leaf.extensions.push(extension(NONCE_EXTENSION, &data[..data.len().min(1024)]));
    taken(&object.make_with(&[leaf.make_with(|body| leaf.signer.sign(&[body])), ISSUER.clone()]));
    // With a bit turned nothing may change but the receipt, which is Apple's own.
    if taken(&with_one_bit_turned(&OBJECT, data)) == Some(true) {
        let turned = with_one_bit_turned(&OBJECT, data);
        let at = OBJECT.iter().zip(&turned).position(|(one, other)| one != other).unwrap_or(0);
        let receipt = OBJECT.windows(9).position(|window| window == b"a receipt").unwrap_or(0);
        assert!((receipt..receipt + 9).contains(&at), "a changed object was taken, byte {at}");
    }
    let attested = Object::attested_key();
    let enrolled = apple::Enrolled { key: &attested, app_id: APP_ID, counter: 0 };
    let assert = |assertion: &[u8]| apple::verify_assertion(assertion, &CLIENT_DATA_HASH, &enrolled);
    if let Some(counter) = told(assert(data)) {
        let later = apple::Enrolled { counter, ..enrolled };
        let again = apple::verify_assertion(data, &CLIENT_DATA_HASH, &later);
        assert!(again.is_err(), "an assertion counted twice");
    }
    assert!(assert(&with_one_bit_turned(&ASSERTION, data)).is_err(), "a changed assertion was taken");
}

/// The input as a token, as what is sealed, and as the verdict that Google signed.
pub fn play_integrity(data: &[u8]) {
    static KEYS: LazyLock<Keys> = LazyLock::new(|| {
        let keys = Keys::from_console(&Token::console_decryption_key(), &Token::console_verification_key());
        keys.expect("they were made here")
    });
    let expected = play_integrity::Expectations {
        package: PACKAGE.to_owned(),
        signers: vec![SIGNER],
        age_s_max: 60,
        device_min: play_integrity::Device::Genuine,
        is_licence_needed: true,
    };
    let verify = |token: &str| {
        let evidence =
            play_integrity::verify(token, play_integrity::Binding::Nonce(&NONCE), AT, &KEYS, &expected);
        told(evidence)
            .inspect(|evidence| assert!(!evidence.level.is_hardware(), "a verdict vouched for a key"))
    };
    let google = Token::default();
    if let Some(text) = text(data) {
        verify(text);
        verify(&google.seal(text));
        if let Ok(keys) = Keys::from_console(text, &Token::console_verification_key()) {
            assert!(format!("{keys:?}").contains("redacted"), "a key is shown");
        }
    }
    let sign = |payload: &[u8]| google.seal(&google.sign_with(payload, |body| google.signer.sign(&[body])));
    let token = sign(&data[..data.len().min(16 * 1024)]);
    verify(&token);
    if let Ok(verdict) = play_integrity::read(&token, &KEYS) {
        let written = serde_json::to_vec(&verdict).expect("a verdict can be shown");
        let again = play_integrity::read(&sign(&written), &KEYS);
        assert_eq!(again, Ok(verdict));
    }
    let turned = with_one_bit_turned(token.as_bytes(), data);
    if let Some(turned) = text(&turned) {
        assert!(play_integrity::read(turned, &KEYS).is_err(), "a changed token was opened");
    }
}

/// The input as a list of revoked certificates, and as roots.
pub fn revocations(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Some(list) = told(RevocationList::from_json(text, AT, 60)) {
        assert!(list.len() < text.len(), "an entry came from nowhere");
    }
    told(Roots::from_pem(text));
}

/// What was taken; a refusal must say something.
fn told<T>(result: Result<T, Refusal>) -> Option<T> {
    result.map_err(|refusal| assert!(!refusal.to_string().is_empty())).ok()
}
