//! App Attest, on objects that we made: each rule has an object that only this rule refuses.

use crate::support::{AT, with_one_byte_changed};
use attestation::apple::{self, Binding, Enrolled, Environment, Evidence, Expectations, verify_assertion};
use attestation::{Level, Refusal, Roots};
use fixtures::attestation::apple::{APP_ID, Assertion, CLIENT_DATA_HASH, DEVELOPMENT, Object};
use fixtures::attestation::certificate::authority;
use fixtures::attestation::{cbor, der, key};

fn roots() -> Roots {
    Roots::from_pem(&Object::root_pem()).unwrap()
}

fn expectations() -> Expectations {
    Expectations { app_id: APP_ID.to_owned(), environment: Environment::Production }
}

fn verify_made(object: &[u8]) -> Result<Evidence, Refusal> {
    let binding = Binding { client_data_hash: &CLIENT_DATA_HASH, key_id: &Object::attested_key_id() };
    apple::verify(object, &binding, AT, &roots(), &expectations())
}

/// A good object that was changed before it was made.
fn changed(change: impl FnOnce(&mut Object)) -> Result<Evidence, Refusal> {
    let mut object = Object::default();
    change(&mut object);
    verify_made(&object.make())
}

#[track_caller]
fn assert_malformed(result: Result<Evidence, Refusal>) {
    assert!(matches!(result, Err(Refusal::Malformed { .. })), "{result:?}");
}

#[test]
fn a_good_object_gives_evidence() {
    let evidence = changed(|_| {}).unwrap();
    assert_eq!((evidence.level, evidence.environment), (Level::SecureEnclave, Environment::Production));
    assert_eq!(evidence.key, Object::attested_key());
    assert_eq!(evidence.receipt, b"a receipt");
    let reading = apple::read(&Object::default().make(), AT, &roots()).unwrap();
    assert_eq!((reading.subjects.len(), reading.counter), (3, 0));
    assert!(reading.is_bound_to(&CLIENT_DATA_HASH) && !reading.is_bound_to(&[0; 32]));
}

#[test]
fn an_object_for_another_challenge_key_app_or_environment_is_refused() {
    assert_eq!(changed(|object| object.client_data_hash = [1; 32]), Err(Refusal::OtherChallenge));
    let binding = Binding { client_data_hash: &CLIENT_DATA_HASH, key_id: &[1; 32] };
    let result = apple::verify(&Object::default().make(), &binding, AT, &roots(), &expectations());
    assert_eq!(result, Err(Refusal::OtherKey));
    assert!(matches!(
        changed(|object| object.app_id = "ABCDE12345.example.other"),
        Err(Refusal::OtherApp(_))
    ));
    assert_eq!(changed(|object| object.aaguid = *DEVELOPMENT), Err(Refusal::ForDevelopment));
    assert_malformed(changed(|object| object.aaguid = *b"appattest\0\0\0\0\0\0\x01"));
    let binding = Binding { key_id: &Object::attested_key_id(), ..binding };
    let expected = Expectations { environment: Environment::Development, ..expectations() };
    let result = apple::verify(&Object::default().make(), &binding, AT, &roots(), &expected);
    assert_eq!(result, Err(Refusal::ForProduction));
}

#[test]
fn a_key_that_was_used_before_is_refused() {
    assert_eq!(changed(|object| object.counter = 1), Err(Refusal::CounterNotZero(1)));
}

#[test]
fn the_key_is_the_same_everywhere() {
    assert_malformed(changed(|object| object.key = key(99)));
    assert_malformed(changed(|object| object.key_id = Some(vec![1; 32])));
    assert_malformed(changed(|object| object.key_id = Some(vec![1; 31])));
    assert_malformed(changed(|object| object.flags = 0));
}

#[test]
fn the_nonce_stands_in_one_form_in_the_certificate() {
    let nonce = [1; 32];
    for content in [
        vec![],
        der::sequence(&[]),
        der::sequence(&[der::octets(&nonce)]),
        der::sequence(&[der::explicit(2, &der::octets(&nonce))]),
        der::sequence(&[der::explicit(1, &der::octets(&nonce[..31]))]),
        der::sequence(&[der::explicit(1, &der::octets(&nonce)), der::null()]),
        der::sequence(&[der::explicit(1, &[der::octets(&nonce), der::null()].concat())]),
    ] {
        assert_malformed(changed(|object| object.nonce_extension = Some(content)));
    }
    let mut bare = Object::default().chain();
    bare[0] = Object::default().certificates[0].make();
    assert_eq!(verify_made(&Object::default().make_with(&bare)), Err(Refusal::NotAttested));
}

#[test]
fn certificates_that_are_extra_missing_swapped_or_self_made_are_refused() {
    let object = Object::default();
    let chain = object.chain();
    let with = |chain: &[Vec<u8>]| verify_made(&object.make_with(chain));
    let [leaf, issuer] = [0, 1].map(|index| chain[index].clone());
    assert_eq!(with(&[]), Err(Refusal::ChainLength(0)));
    assert_eq!(with(std::slice::from_ref(&leaf)), Err(Refusal::ChainLength(1)));
    assert_eq!(with(std::slice::from_ref(&issuer)), Err(Refusal::ChainLength(1)));
    assert!(with(&[issuer.clone(), leaf.clone()]).is_err());
    assert_eq!(with(&[leaf.clone(), issuer.clone(), issuer.clone()]), Err(Refusal::OtherIssuer(2)));
    assert_eq!(with(&[leaf.clone(), leaf.clone(), issuer.clone()]), Err(Refusal::OtherIssuer(1)));
    assert_malformed(with(&[leaf.clone(), issuer.clone(), issuer.clone(), issuer.clone(), issuer]));
    assert_eq!(changed(|object| object.certificates[0].signer = key(99)), Err(Refusal::BadSignature(1)));
    assert_eq!(changed(|object| object.certificates[1].signer = key(99)), Err(Refusal::BadSignature(2)));
    assert_eq!(changed(|object| object.certificates[1].extensions.clear()), Err(Refusal::NotAuthority(2)));
    assert_eq!(
        changed(|object| object.certificates[0].extensions = authority(None)),
        Err(Refusal::NotAttested)
    );
    let binding = Binding { client_data_hash: &CLIENT_DATA_HASH, key_id: &Object::attested_key_id() };
    let result = apple::verify(&object.make(), &binding, AT, &Roots::apple(), &expectations());
    assert_eq!(result, Err(Refusal::UnknownRoot));
}

#[test]
fn every_certificate_s_dates_count() {
    for place in [0, 1] {
        let ended = |object: &mut Object| object.certificates[place].not_after = "20260531235959Z";
        assert_eq!(changed(ended), Err(Refusal::Expired(place + 1)));
        let ahead = |object: &mut Object| object.certificates[place].not_before = "20260601000001Z";
        assert_eq!(changed(ahead), Err(Refusal::NotYetValid(place + 1)));
    }
}

#[test]
fn the_object_has_one_form() {
    let object = Object::default();
    let good = object.make();
    let data = cbor::bytes(&object.authenticator_data());
    let chain: Vec<_> = object.chain().iter().map(|der| cbor::bytes(der)).collect();
    let statement = || cbor::map(&[("x5c", cbor::list(&chain)), ("receipt", cbor::bytes(b""))]);
    let format = || cbor::text("apple-appattest");
    let written = |entries: &[(&str, Vec<u8>)]| verify_made(&cbor::map(entries));
    // Any order is taken; what is absent, unknown or there twice is not.
    assert!(written(&[("authData", data.clone()), ("attStmt", statement()), ("fmt", format())]).is_ok());
    assert_malformed(written(&[("attStmt", statement()), ("fmt", format())]));
    assert_malformed(written(&[("fmt", format()), ("attStmt", statement()), ("fmt", format())]));
    let more = [("fmt", format()), ("attStmt", statement()), ("authData", data.clone()), ("more", format())];
    assert_malformed(written(&more));
    assert_malformed(changed(|object| object.format = "packed"));
    assert_malformed(verify_made(&[&good[..], &[0]].concat()));
    assert_malformed(verify_made(&good[..good.len() - 1]));
    assert_malformed(verify_made(&[]));
    // A map without a length; bytes where a text belongs.
    assert_malformed(verify_made(&[&[0xbf], &good[1..], &[0xff]].concat()));
    assert_malformed(written(&[
        ("fmt", cbor::bytes(b"apple-appattest")),
        ("attStmt", statement()),
        ("authData", data),
    ]));
    assert_eq!(verify_made(&vec![0; 17_000]), Err(Refusal::TooLong("attestation object")));
}

#[test]
fn one_changed_byte_is_refused_or_changes_nothing() {
    let good = changed(|_| {}).unwrap();
    with_one_byte_changed(&Object::default().make(), 3, |at, bytes| {
        if let Ok(mut evidence) = verify_made(bytes) {
            // The receipt is a thing of Apple's own, signed by itself, and not read here.
            evidence.receipt.clone_from(&good.receipt);
            assert_eq!(evidence, good, "byte {at}");
        }
    });
}

#[test]
fn assertions_are_the_keys_about_the_request_and_rise() {
    let attested = Object::attested_key();
    let enrolled = Enrolled { key: &attested, app_id: APP_ID, counter: 0 };
    let verify = |assertion: &Assertion, counter| {
        verify_assertion(&assertion.make(), &CLIENT_DATA_HASH, &Enrolled { counter, ..enrolled })
    };
    let good = Assertion::default();
    assert_eq!(verify(&good, 0), Ok(1));
    assert_eq!(verify(&Assertion { counter: u32::MAX, ..good.clone() }, u32::MAX - 1), Ok(u32::MAX));
    for (before, found) in [(1, 1), (2, 1), (u32::MAX, u32::MAX), (0, 0)] {
        let result = verify(&Assertion { counter: found, ..good.clone() }, before);
        assert_eq!(result, Err(Refusal::CounterNotRising { before, found }));
    }
    assert_eq!(
        verify(&Assertion { client_data_hash: [1; 32], ..good.clone() }, 0),
        Err(Refusal::BadAssertion)
    );
    assert_eq!(verify(&Assertion { key: key(99), ..good.clone() }, 0), Err(Refusal::BadAssertion));
    let other = Assertion { app_id: "ABCDE12345.example.other", ..good.clone() };
    assert!(matches!(verify(&other, 0), Err(Refusal::OtherApp(_))));
    with_one_byte_changed(&good.make(), 4, |at, bytes| {
        let result = verify_assertion(bytes, &CLIENT_DATA_HASH, &enrolled);
        assert!(result.is_err(), "byte {at}");
    });
    let long = vec![0; 2000];
    assert_eq!(verify_assertion(&long, &CLIENT_DATA_HASH, &enrolled), Err(Refusal::TooLong("assertion")));
    let behind = [good.make(), vec![0]].concat();
    assert!(verify_assertion(&behind, &CLIENT_DATA_HASH, &enrolled).is_err());
}
