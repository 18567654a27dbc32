//! Play Integrity, on tokens that we made by its documentation.

use crate::support::{AT, with_one_byte_changed};
use attestation::play_integrity::{self, Binding, Device, Evidence, Expectations, Keys};
use attestation::{Level, Refusal};
use fixtures::attestation::key;
use fixtures::attestation::play_integrity::{NONCE, PACKAGE, SIGNER, Token};
use serde_json::{Value, json};

fn keys() -> Keys {
    Keys::from_console(&Token::console_decryption_key(), &Token::console_verification_key()).unwrap()
}

fn expectations() -> Expectations {
    Expectations {
        package: PACKAGE.to_owned(),
        signers: vec![SIGNER],
        age_s_max: 120,
        device_min: Device::Genuine,
        is_licence_needed: true,
    }
}

fn verify_made(token: &str) -> Result<Evidence, Refusal> {
    play_integrity::verify(token, Binding::Nonce(&NONCE), AT, &keys(), &expectations())
}

fn changed(change: impl FnOnce(&mut Token)) -> Result<Evidence, Refusal> {
    let mut token = Token::default();
    change(&mut token);
    verify_made(&token.make())
}

/// A verdict in which one value stands differently.
fn saying(pointer: &str, value: Value) -> Result<Evidence, Refusal> {
    changed(|token| *token.verdict.pointer_mut(pointer).unwrap() = value)
}

fn without(parent: &str, name: &str) -> Result<Evidence, Refusal> {
    changed(|token| {
        token.verdict.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
    })
}

#[track_caller]
fn assert_malformed(result: Result<Evidence, Refusal>) {
    assert!(matches!(result, Err(Refusal::Malformed { .. })), "{result:?}");
}

#[test]
fn a_good_token_gives_evidence_of_no_more_than_software() {
    let evidence = changed(|_| {}).unwrap();
    assert_eq!((evidence.level, evidence.device), (Level::Software, Device::Genuine));
    assert_eq!((evidence.package.as_str(), evidence.version), (PACKAGE, Some(7)));
    assert_eq!(evidence.signers, [SIGNER]);
    assert_eq!(evidence.asked_at.ms(), 1_780_271_995_000);
    let labels = json!(["MEETS_STRONG_INTEGRITY", "MEETS_BASIC_INTEGRITY", "SOMETHING_NEW"]);
    let strong = saying("/deviceIntegrity/deviceRecognitionVerdict", labels).unwrap();
    assert_eq!((strong.level, strong.device), (Level::Software, Device::Strong));
}

#[test]
fn a_token_for_another_challenge_is_refused() {
    assert_eq!(saying("/requestDetails/nonce", json!("AAAA")), Err(Refusal::OtherChallenge));
    assert_eq!(without("/requestDetails", "nonce"), Err(Refusal::OtherChallenge));
    let both = changed(|token| token.verdict["requestDetails"]["requestHash"] = json!("x"));
    assert_eq!(both, Err(Refusal::OtherChallenge));
    let mut token = Token::default();
    let details = token.verdict["requestDetails"].as_object_mut().unwrap();
    details.remove("nonce");
    details.insert("requestHash".to_owned(), json!("a hash"));
    let verify = |hash| {
        play_integrity::verify(&token.make(), Binding::RequestHash(hash), AT, &keys(), &expectations())
    };
    assert!(verify("a hash").is_ok());
    assert_eq!(verify("another"), Err(Refusal::OtherChallenge));
    assert_eq!(verify_made(&token.make()), Err(Refusal::OtherChallenge));
}

#[test]
fn a_token_counts_for_a_while() {
    let at =
        |ms: i64| saying("/requestDetails/timestampMillis", json!((AT.ms() + ms).to_string())).map(|_| ());
    assert_eq!(at(-120_000), Ok(()));
    assert_eq!(at(-121_000), Err(Refusal::NotFresh(121)));
    assert_eq!(at(60_000), Ok(()));
    assert_eq!(at(61_000), Err(Refusal::NotFresh(-61)));
    for time in [json!("soon"), json!("-1"), json!(""), json!("99999999999999999999"), json!(1)] {
        assert_malformed(saying("/requestDetails/timestampMillis", time));
    }
}

#[test]
fn app_device_and_account_must_be_as_expected() {
    for verdict in ["UNRECOGNIZED_VERSION", "UNEVALUATED"] {
        let expected = Err(Refusal::AppNotRecognised(verdict.to_owned()));
        assert_eq!(saying("/appIntegrity/appRecognitionVerdict", json!(verdict)), expected);
    }
    for pointer in ["/appIntegrity/packageName", "/requestDetails/requestPackageName"] {
        assert_eq!(saying(pointer, json!("other")), Err(Refusal::OtherApp("other".to_owned())));
    }
    assert!(matches!(without("/appIntegrity", "packageName"), Err(Refusal::OtherApp(_))));
    let pointer = "/appIntegrity/certificateSha256Digest";
    assert!(matches!(saying(pointer, json!(["AAAA"])), Err(Refusal::OtherSigner(_))));
    assert!(matches!(saying(pointer, json!([])), Err(Refusal::OtherSigner(_))));
    for labels in [json!([]), json!(["MEETS_BASIC_INTEGRITY"]), json!(["MEETS_VIRTUAL_INTEGRITY"])] {
        let result = saying("/deviceIntegrity/deviceRecognitionVerdict", labels);
        assert_eq!(result, Err(Refusal::DeviceNotRecognised));
    }
    let expected = Err(Refusal::AppNotRecognised("UNLICENSED".to_owned()));
    assert_eq!(saying("/accountDetails/appLicensingVerdict", json!("UNLICENSED")), expected);
}

#[test]
fn a_device_that_google_does_not_vouch_for_is_worth_nothing() {
    let mut token = Token::default();
    token.verdict["deviceIntegrity"] = json!({});
    let expected = Expectations { device_min: Device::Unknown, ..expectations() };
    let evidence =
        play_integrity::verify(&token.make(), Binding::Nonce(&NONCE), AT, &keys(), &expected).unwrap();
    assert_eq!((evidence.level, evidence.device), (Level::None, Device::Unknown));
}

#[test]
fn answers_made_to_order_are_refused() {
    for details in [json!({ "isTestingResponse": true }), json!({})] {
        let result = changed(|token| token.verdict["testingDetails"] = details);
        assert_eq!(result, Err(Refusal::ForDevelopment));
    }
}

#[test]
fn a_verdict_lacks_nothing() {
    for (parent, name) in [
        ("", "requestDetails"),
        ("", "appIntegrity"),
        ("", "deviceIntegrity"),
        ("", "accountDetails"),
        ("/requestDetails", "requestPackageName"),
        ("/requestDetails", "timestampMillis"),
        ("/appIntegrity", "appRecognitionVerdict"),
        ("/accountDetails", "appLicensingVerdict"),
    ] {
        assert_malformed(without(parent, name));
    }
    let token = Token::default();
    let twice = token.verdict.to_string().replacen(
        '{',
        r#"{"accountDetails": {"appLicensingVerdict": "LICENSED"},"#,
        1,
    );
    assert_malformed(verify_made(&token.seal(&token.sign(twice.as_bytes()))));
}

#[test]
fn the_token_chooses_no_algorithm() {
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "ES256", "enc": "A256GCM" }),
        json!({ "alg": "ES256", "b64": false, "crit": ["b64"] }),
        json!({ "alg": "ES256", "jwk": {} }),
    ] {
        assert_malformed(changed(|token| token.signed_header = header));
    }
    for header in [
        json!({ "alg": "dir", "enc": "A256GCM" }),
        json!({ "alg": "A256KW", "enc": "A128CBC-HS256" }),
        json!({ "alg": "A256KW" }),
        json!({ "alg": "A256KW", "enc": "A256GCM", "zip": "DEF" }),
    ] {
        assert_malformed(changed(|token| token.sealed_header = header));
    }
    let labelled = json!({ "alg": "ES256", "typ": "JWT", "kid": "1" });
    assert!(changed(|token| token.signed_header = labelled).is_ok());
}

#[test]
fn only_google_signs_and_only_for_this_app() {
    assert_eq!(changed(|token| token.signer = key(99)), Err(Refusal::BadToken));
    assert_eq!(changed(|token| token.sealing_key = [1; 32]), Err(Refusal::BadToken));
    let token = Token::default();
    let bare = token.sign(token.verdict.to_string().as_bytes());
    assert_malformed(verify_made(&bare));
    assert_malformed(verify_made(&token.seal(&format!("{bare}.x"))));
    assert_malformed(verify_made(&format!("{}.x", token.make())));
    assert_eq!(verify_made(&"x".repeat(40_000)), Err(Refusal::TooLong("integrity token")));
}

#[test]
fn one_changed_byte_is_refused() {
    with_one_byte_changed(Token::default().make().as_bytes(), 5, |at, bytes| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            assert!(verify_made(text).is_err(), "byte {at}");
        }
    });
}

#[test]
fn the_consoles_keys_are_read_strictly() {
    let (good, verification) = (Token::console_decryption_key(), Token::console_verification_key());
    for bad in ["", "AAAA", &good[1..], &verification] {
        assert_eq!(Keys::from_console(bad, &verification).err(), Some(Refusal::BadConsoleKey("decryption")));
    }
    for bad in ["", "AAAA", &verification[4..], &good] {
        assert_eq!(Keys::from_console(&good, bad).err(), Some(Refusal::BadConsoleKey("verification")));
    }
    assert!(format!("{:?}", keys()).contains("Secret<32>(redacted)"), "the decryption key is not shown");
}
