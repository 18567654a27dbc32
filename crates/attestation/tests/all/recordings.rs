//! Real recordings, read where they lie: beside the repository, in `shared/data/attestation`, or in the folder that
//! `BATZEN_ATTESTATION_RECORDINGS` names. Where there are none, each test says so and ends.

use crate::support::{Draws, PLACES, slices, with_one_byte_changed};
use attestation::android::{self, App, AuthorizationList, KeyDescription, SecurityLevel, VerifiedBoot};
use attestation::apple::{self, Enrolled, Environment};
use attestation::{Level, Refusal, RevocationList, Roots};
use crypto::{hash::sha256, p256::VerifyingKey};
use data_encoding::BASE64;
use model::Timestamp;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folder of one platform's recordings.
fn recordings(platform: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/attestation");
    let folder =
        env::var_os("BATZEN_ATTESTATION_RECORDINGS").map_or_else(beside, PathBuf::from).join(platform);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there are no recordings at {}", folder.display());
    None
}

/// A chain, the moment of its making, and how its extension is to be read.
struct AndroidRecording {
    name: String,
    text: String,
    at: Timestamp,
    expected: Value,
}

fn android_recordings() -> Vec<AndroidRecording> {
    let Some(folder) = recordings("android") else { return Vec::new() };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let expectation = path.with_extension("json");
        if path.extension().is_none_or(|end| end != "pem") || !expectation.exists() {
            continue;
        }
        let expected: Value = serde_json::from_str(&fs::read_to_string(expectation).unwrap()).unwrap();
        let made = expected["softwareEnforced"]["creationDateTime"].as_str().unwrap().parse().unwrap();
        found.push(AndroidRecording {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            text: fs::read_to_string(path).unwrap(),
            at: Timestamp::from_ms(made).plus_s(60),
            expected,
        });
    }
    assert_eq!(found.len(), 7, "all recordings are there");
    found
}

impl AndroidRecording {
    fn chain(&self) -> Vec<Vec<u8>> {
        android::chain_from_pem(&self.text).unwrap()
    }

    fn read(&self, chain: &[Vec<u8>]) -> Result<android::Reading, Refusal> {
        android::read(&slices(chain), self.at, &Roots::google(), None)
    }
}

#[test]
fn every_chain_reads_as_its_recorder_says() {
    for recording in android_recordings() {
        let reading = recording
            .read(&recording.chain())
            .unwrap_or_else(|refusal| panic!("{}: {refusal}", recording.name));
        assert_eq!(as_recorded(&reading.key_description), recording.expected, "{}", recording.name);
        let level =
            if recording.name.contains("-SB_") { Level::StrongBox } else { Level::TrustedEnvironment };
        assert_eq!(reading.level, level, "{}", recording.name);
        let is_old = recording.name.starts_with("blueline");
        let provisioning =
            if is_old { android::Provisioning::Factory } else { android::Provisioning::Remote };
        assert_eq!(reading.provisioning, provisioning, "{}", recording.name);
    }
}

#[test]
fn a_chain_with_a_lie_about_the_boot_loader_in_another_form_is_refused() {
    let Some(folder) = recordings("android") else { return };
    let text = fs::read_to_string(folder.join("invalid-malformed_rot_device_locked.pem")).unwrap();
    let chain = android::chain_from_pem(&text).unwrap();
    let result = android::read(&slices(&chain), Timestamp::from_s(1_640_000_000), &Roots::google(), None);
    let expected = Refusal::Malformed { part: "key description", why: "no truth value where one belongs" };
    assert_eq!(result, Err(expected));
}

#[test]
fn remote_chains_end_with_their_attester_and_factory_chains_do_not() {
    for recording in android_recordings() {
        let later = android::read(
            &slices(&recording.chain()),
            Timestamp::from_s(1_900_000_000),
            &Roots::google(),
            None,
        );
        let is_old = recording.name.starts_with("blueline");
        assert_eq!(later.is_ok(), is_old, "{}", recording.name);
        assert!(is_old || later == Err(Refusal::Expired(2)), "{}", recording.name);
    }
}

#[test]
fn no_chain_answers_another_challenge() {
    let other = fixtures::attestation::android::Chain::attested_key();
    for recording in android_recordings() {
        let reading = recording.read(&recording.chain()).unwrap();
        let expected = android::Expectations::of_apps(vec![]);
        let binding = android::Binding { challenge: b"another challenge", key: &other };
        assert_eq!(
            reading.clone().judge(&binding, &expected),
            Err(Refusal::OtherChallenge),
            "{}",
            recording.name
        );
        let challenge =
            BASE64.decode(recording.expected["attestationChallenge"].as_str().unwrap().as_bytes()).unwrap();
        let binding = android::Binding { challenge: &challenge, ..binding };
        assert_eq!(reading.judge(&binding, &expected), Err(Refusal::OtherKey), "{}", recording.name);
    }
}

#[test]
fn a_real_phone_s_chain_gives_evidence_and_an_unlocked_one_does_not() {
    let signer = BASE64.decode(b"EDk47kU35Z6O55L2VFBPuDRvxrNG0LvEQV/DOfz8jsE=").unwrap().try_into().unwrap();
    for recording in android_recordings() {
        let app = |package: &str| App { package: package.to_owned(), signers: vec![signer] };
        let expected = android::Expectations {
            level_min: SecurityLevel::StrongBox,
            ..android::Expectations::of_apps(vec![app("com.google.android.attestation")])
        };
        if !recording.name.starts_with("caiman") {
            continue;
        }
        let reading = recording.read(&recording.chain()).unwrap();
        let key = VerifyingKey::from_public_key_info(reading.public_key_info()).unwrap();
        let challenge = reading.key_description.challenge.clone();
        let binding = android::Binding { challenge: &challenge, key: &key };
        let list = RevocationList::from_json(r#"{"entries": {}}"#, recording.at, 60).unwrap();
        let chain = recording.chain();
        let verify = |list| {
            android::verify(&slices(&chain), &binding, recording.at, &Roots::google(), list, &expected)
        };
        let evidence = verify(Some(&list)).unwrap();
        assert_eq!((evidence.level, evidence.os_patch_level), (Level::StrongBox, Some(202_511)));
        assert_eq!(verify(None), Err(Refusal::NoRevocationList));
        let mut opened = reading;
        opened.key_description.hardware_enforced.root_of_trust.as_mut().unwrap().device_locked = false;
        assert_eq!(opened.judge(&binding, &expected), Err(Refusal::Unlocked));
    }
}

#[test]
fn a_chain_that_loses_doubles_or_swaps_certificates_is_refused_or_reads_the_same() {
    for recording in android_recordings() {
        let chain = recording.chain();
        let good = recording.read(&chain).unwrap();
        for one in 0..chain.len() {
            let (mut shorter, mut longer) = (chain.clone(), chain.clone());
            shorter.remove(one);
            longer.insert(one, chain[one].clone());
            let is_root = one == chain.len() - 1;
            // Only the root may be left out.
            assert_eq!(recording.read(&shorter).ok(), is_root.then(|| good.clone()), "{}", recording.name);
            assert!(recording.read(&longer).is_err(), "{}", recording.name);
            for other in one + 1..chain.len() {
                let mut swapped = chain.clone();
                swapped.swap(one, other);
                assert!(recording.read(&swapped).is_err(), "{}", recording.name);
            }
        }
        let mut own = chain.clone();
        own.splice(1.., fixtures::attestation::android::Chain::remote().make().into_iter().skip(1));
        assert!(recording.read(&own).is_err(), "{}", recording.name);
    }
}

#[test]
fn one_changed_byte_of_a_chain_is_refused_or_reads_the_same() {
    for (seed, recording) in (1..).zip(android_recordings()) {
        let chain = recording.chain();
        let good = recording.read(&chain).unwrap();
        for index in 0..chain.len() {
            with_one_byte_changed(&chain[index], seed, |at, bytes| {
                let mut changed = chain.clone();
                changed[index] = bytes.to_vec();
                let read = recording.read(&changed);
                assert!(
                    read.is_err() || read.as_ref() == Ok(&good),
                    "{}: {index}, byte {at}",
                    recording.name
                );
            });
        }
        with_one_byte_changed(recording.text.as_bytes(), seed, |at, bytes| {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            let read = android::chain_from_pem(text).and_then(|chain| recording.read(&chain));
            assert!(read.is_err() || read.as_ref() == Ok(&good), "{}: byte {at} of the text", recording.name);
        });
    }
}

/// A description in the recorder's names.
fn as_recorded(said: &KeyDescription) -> Value {
    let level = |level| match level {
        SecurityLevel::Software => "SOFTWARE",
        SecurityLevel::TrustedEnvironment => "TRUSTED_ENVIRONMENT",
        SecurityLevel::StrongBox => "STRONG_BOX",
    };
    json!({
        "attestationVersion": said.attestation_version.to_string(),
        "attestationSecurityLevel": level(said.attestation_security_level),
        "keyMintVersion": said.keymint_version.to_string(),
        "keyMintSecurityLevel": level(said.keymint_security_level),
        "attestationChallenge": BASE64.encode(&said.challenge),
        "uniqueId": BASE64.encode(&said.unique_id),
        "softwareEnforced": list_as_recorded(&said.software_enforced),
        "hardwareEnforced": list_as_recorded(&said.hardware_enforced),
    })
}

fn list_as_recorded(list: &AuthorizationList) -> Value {
    let mut recorded = Map::new();
    let mut put =
        |name: &str, value: Option<Value>| recorded.extend(value.map(|value| (name.to_owned(), value)));
    let number = |value: Option<u64>| value.map(|value| json!(value.to_string()));
    let numbers = |values: &Option<Vec<u64>>| {
        values.as_ref().map(|values| json!(values.iter().map(u64::to_string).collect::<Vec<_>>()))
    };
    let text = |value: &Option<String>| value.as_ref().map(|value| json!(value));
    let truth = |is: bool| is.then_some(Value::Bool(true));
    put("purposes", numbers(&list.purposes));
    put("algorithms", number(list.algorithm));
    put("keySize", number(list.key_size));
    put("digests", numbers(&list.digests));
    put("paddings", numbers(&list.paddings));
    put("ecCurve", number(list.ec_curve));
    put("rsaPublicExponent", number(list.rsa_public_exponent));
    put("noAuthRequired", truth(list.no_auth_required));
    put("userAuthType", number(list.user_auth_type));
    put("authTimeout", number(list.auth_timeout_s));
    put("trustedUserPresenceRequired", truth(list.trusted_user_presence_required));
    put("creationDateTime", number(list.created_at_ms));
    put("origin", list.origin.map(|origin| json!(if origin == 0 { "GENERATED" } else { "other" })));
    put("osVersion", number(list.os_version));
    put("osPatchLevel", number(list.os_patch_level));
    put("vendorPatchLevel", number(list.vendor_patch_level));
    put("bootPatchLevel", number(list.boot_patch_level));
    put("attestationIdBrand", text(&list.brand));
    put("attestationIdDevice", text(&list.device));
    put("attestationIdProduct", text(&list.product));
    put("attestationIdSerial", text(&list.serial));
    put("attestationIdImei", text(&list.imei));
    put("attestationIdSecondImei", text(&list.second_imei));
    put("attestationIdManufacturer", text(&list.manufacturer));
    put("attestationIdModel", text(&list.model));
    put("unknown", (!list.unknown.is_empty()).then(|| json!(list.unknown)));
    put(
        "rootOfTrust",
        list.root_of_trust.as_ref().map(|root| {
            let state = match root.verified_boot_state {
                VerifiedBoot::Verified => "VERIFIED",
                VerifiedBoot::SelfSigned => "SELF_SIGNED",
                VerifiedBoot::Unverified => "UNVERIFIED",
                VerifiedBoot::Failed => "FAILED",
            };
            json!({
                "verifiedBootKey": BASE64.encode(&root.verified_boot_key),
                "deviceLocked": root.device_locked,
                "verifiedBootState": state,
                "verifiedBootHash": root.verified_boot_hash.as_ref().map(|hash| BASE64.encode(hash)),
            })
        }),
    );
    put(
        "attestationApplicationId",
        list.application_id.as_ref().map(|id| {
            let packages =
                id.packages.iter().map(|one| json!({ "name": one.name, "version": one.version.to_string() }));
            let signers = id.signers.iter().map(|signer| BASE64.encode(signer));
            json!({ "packages": packages.collect::<Vec<_>>(), "signatures": signers.collect::<Vec<_>>() })
        }),
    );
    Value::Object(recorded)
}

/// An object, what it is bound to, and when.
struct AppleRecording {
    object: Vec<u8>,
    client_data_hash: [u8; 32],
    key_id: [u8; 32],
    app_id: &'static str,
    at: Timestamp,
}

fn apple_recordings() -> Vec<AppleRecording> {
    let Some(folder) = recordings("apple") else { return Vec::new() };
    let yaml = fs::read_to_string(folder.join("ios-14.2.yaml")).unwrap();
    let first = document(&yaml, "attestation");
    let node: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("node-development.json")).unwrap()).unwrap();
    let text = |name: &str| node[name].as_str().unwrap();
    vec![
        AppleRecording {
            object: decoded(field(first, "attestationBase64")),
            client_data_hash: decoded(field(first, "clientDataHashSha256Base64")).try_into().unwrap(),
            key_id: decoded(field(first, "keyIdBase64")).try_into().unwrap(),
            app_id: "6MURL8TA57.de.vincent-haupert.apple-appattest-poc",
            at: Timestamp::from_s(1_605_996_780),
        },
        AppleRecording {
            object: decoded(text("attestation")),
            client_data_hash: sha256(&[&decoded(text("challenge"))]),
            key_id: decoded(text("keyId")).try_into().unwrap(),
            app_id: "V8H6LQ9448.io.uebelacker.AppAttestExample",
            at: Timestamp::from_s(1_707_100_000),
        },
    ]
}

impl AppleRecording {
    fn verify(&self, object: &[u8]) -> Result<apple::Evidence, Refusal> {
        let binding = apple::Binding { client_data_hash: &self.client_data_hash, key_id: &self.key_id };
        apple::verify(object, &binding, self.at, &Roots::apple(), &self.expectations())
    }

    fn expectations(&self) -> apple::Expectations {
        apple::Expectations { app_id: self.app_id.to_owned(), environment: Environment::Development }
    }
}

/// The first document of this type in the recorder's file.
fn document<'a>(yaml: &'a str, kind: &str) -> &'a str {
    yaml.split("---\n").find(|one| one.lines().any(|line| line == format!("type: {kind}"))).unwrap()
}

fn field<'a>(document: &'a str, name: &str) -> &'a str {
    document.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64.decode(text.as_bytes()).unwrap()
}

#[test]
fn every_object_gives_evidence() {
    for recording in apple_recordings() {
        let evidence = recording.verify(&recording.object).unwrap();
        assert_eq!((evidence.level, evidence.environment), (Level::SecureEnclave, Environment::Development));
        assert_eq!(sha256(&[&evidence.key.to_sec1_uncompressed()]), recording.key_id);
        assert!(evidence.receipt.len() > 1000);
    }
}

#[test]
fn no_object_answers_another_challenge_or_counts_in_the_store() {
    for recording in apple_recordings() {
        let other =
            AppleRecording { client_data_hash: [1; 32], object: recording.object.clone(), ..recording };
        assert_eq!(other.verify(&other.object), Err(Refusal::OtherChallenge));
        let reading = apple::read(&recording.object, recording.at, &Roots::apple()).unwrap();
        let binding =
            apple::Binding { client_data_hash: &recording.client_data_hash, key_id: &recording.key_id };
        let store = apple::Expectations { environment: Environment::Production, ..recording.expectations() };
        assert_eq!(reading.judge(&binding, &store), Err(Refusal::ForDevelopment));
        let late = recording.at.plus_s(400 * 86_400);
        assert_eq!(apple::read(&recording.object, late, &Roots::apple()).err(), Some(Refusal::Expired(1)));
    }
}

#[test]
fn one_changed_byte_of_an_object_is_refused_or_reads_the_same() {
    for (seed, recording) in (1..).zip(apple_recordings()) {
        let good = recording.verify(&recording.object).unwrap();
        let mut same = 0;
        with_one_byte_changed(&recording.object, seed, |at, bytes| {
            if let Ok(mut evidence) = recording.verify(bytes) {
                // The receipt is a thing of Apple's own, signed by itself, and not read here.
                evidence.receipt.clone_from(&good.receipt);
                assert_eq!(evidence, good, "byte {at}");
                same += 1;
            }
        });
        assert!(same < PLACES);
    }
}

#[test]
fn a_recorded_assertion_counts_once_and_for_its_request() {
    let Some(folder) = recordings("apple") else { return };
    let yaml = fs::read_to_string(folder.join("ios-14.2.yaml")).unwrap();
    let one = document(&yaml, "assertion");
    let (assertion, hash) =
        (decoded(field(one, "assertionBase64")), field(one, "clientDataHashSha256Base64"));
    let hash: [u8; 32] = decoded(hash).try_into().unwrap();
    let recording = apple_recordings().remove(0);
    let key = recording.verify(&recording.object).unwrap().key;
    let enrolled = Enrolled { key: &key, app_id: recording.app_id, counter: 0 };
    assert_eq!(apple::verify_assertion(&assertion, &hash, &enrolled), Ok(1));
    let again = Enrolled { counter: 1, ..enrolled };
    let expected = Err(Refusal::CounterNotRising { before: 1, found: 1 });
    assert_eq!(apple::verify_assertion(&assertion, &hash, &again), expected);
    assert_eq!(apple::verify_assertion(&assertion, &[1; 32], &enrolled), Err(Refusal::BadAssertion));
    with_one_byte_changed(&assertion, 1, |at, bytes| {
        assert!(apple::verify_assertion(bytes, &hash, &enrolled).is_err(), "byte {at}");
    });
}

#[test]
fn draws_do_not_repeat_themselves() {
    let mut draws = Draws(1);
    let drawn: std::collections::BTreeSet<usize> = (0..100).map(|_| draws.below(1_000_000)).collect();
    assert!(drawn.len() > 90);
}
