//! `batzen admin attestation read`: what support staff are shown.

use fixtures::attestation::android::{CHALLENGE, Chain};
use fixtures::attestation::apple::{CLIENT_DATA_HASH, Object};
use fixtures::attestation::certificate::pem;
use fixtures::attestation::play_integrity::{NONCE, Token};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

const AT: &str = "2026-06-01T00:00:00Z";

/// A folder with recordings of our own, and the roots that they end at.
struct Place(tempfile::TempDir);

impl Place {
    fn make() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let object = Object::default().make();
        place.put("chain.pem", pem(&Chain::remote().make()));
        place.put("google.pem", Chain::root_pem());
        place.put("object.cbor", &object);
        place.put("object.txt", data_encoding::BASE64.encode(&object));
        place.put("apple.pem", Object::root_pem());
        place.put("token.txt", Token::default().make());
        place.put("decryption.key", Token::console_decryption_key());
        place.put("verification.key", Token::console_verification_key());
        let secret = place.0.path().join("decryption.key");
        std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        place
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.path().join(name), content).unwrap();
    }

    fn read(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_batzen"))
            .args(["admin", "attestation", "read"])
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn shows(&self, arguments: &[&str], words: &[&str]) {
        let ran = self.read(arguments);
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{ran:?}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in: {said}");
        }
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], exit_code: i32, words: &str) {
        let ran = self.read(arguments);
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(exit_code), "{said}");
        assert!(said.contains(words) && !said.contains("panicked"), "{words:?} is not in: {said}");
    }
}

#[test]
fn a_chain_is_shown_for_people_and_for_programs() {
    let place = Place::make();
    let challenge = data_encoding::HEXLOWER.encode(&CHALLENGE);
    let chain = ["chain.pem", "--platform-roots", "google.pem", "--at", AT];
    let with_challenge = [&chain[..], &["--challenge", &challenge]].concat();
    place.shows(
        &chain,
        &["genuine at 2026-06-01", "StrongBox", &challenge, "example.wallet, version 7", "not compared"],
    );
    place.shows(
        &with_challenge,
        &["the one that was asked about", "verified by its maker; boot loader locked"],
    );
    let ran = place.read(&[&with_challenge[..], &["--json"]].concat());
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(document["kind"], "android_key");
    let reading = &document["reading"];
    assert_eq!((&reading["level"], &reading["provisioning"]), (&"strong_box".into(), &"remote".into()));
    assert_eq!(reading["key_description"]["challenge"], challenge);
    assert_eq!(reading["key_description"]["hardware_enforced"]["root_of_trust"]["device_locked"], true);
    assert_eq!(
        reading["key_description"]["software_enforced"]["application_id"]["packages"][0]["name"],
        "example.wallet"
    );
}

#[test]
fn an_app_attest_object_is_shown_as_it_is_and_in_base64() {
    let place = Place::make();
    let hash = data_encoding::HEXUPPER.encode(&CLIENT_DATA_HASH);
    for file in ["object.cbor", "object.txt"] {
        let object = [file, "--platform-roots", "apple.pem", "--at", AT, "--challenge", &hash];
        place.shows(&object, &["Apple App Attest, genuine", "Secure Enclave", "production"]);
        let ran = place.read(&[&object[..], &["--json"]].concat());
        let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_eq!(document["reading"]["environment"], "production");
    }
}

#[test]
fn an_integrity_token_is_shown_to_whoever_has_the_app_s_keys() {
    let place = Place::make();
    let nonce = data_encoding::HEXLOWER.encode(&NONCE);
    let keys = ["--decryption-key", "decryption.key", "--verification-key", "verification.key"];
    let read = [&["token.txt"], &keys[..]].concat();
    place.shows(
        &[&read[..], &["--challenge", &nonce]].concat(),
        &["PLAY_RECOGNIZED, version 7", "MEETS_DEVICE_INTEGRITY", "LICENSED", "the one that was asked about"],
    );
    let ran = place.read(&[&read[..], &["--json"]].concat());
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(
        document["verdict"]["deviceIntegrity"]["deviceRecognitionVerdict"][1],
        "MEETS_DEVICE_INTEGRITY"
    );
    place.refuses(&[&read[..], &["--challenge", "00"]].concat(), 1, "another challenge");
    place.refuses(&["token.txt"], 2, "--decryption-key");
    place.refuses(&[&read[..3]].concat(), 2, "--verification-key");
    let swapped = ["token.txt", "--decryption-key", "decryption.key", "--verification-key", "token.txt"];
    place.refuses(&swapped, 1, "verification key is not usable");
    place.put("token.txt", Token { signer: fixtures::attestation::key(99), ..Token::default() }.make());
    place.refuses(&read, 1, "not from Google for this app");
}

#[test]
fn what_is_wrong_is_said_and_what_to_do() {
    let place = Place::make();
    let chain = ["chain.pem", "--platform-roots", "google.pem", "--at", AT];
    place.refuses(&["chain.pem", "--at", AT], 1, "no root that is believed");
    place.refuses(&[&chain[..], &["--challenge", "00"]].concat(), 1, "another challenge");
    place.refuses(&[&chain[..3], &["--at", "2027-06-01T00:00:00Z"]].concat(), 1, "certificate 2 has expired");
    place.put("revoked.json", r#"{"entries": {"a77e57e": {"status": "REVOKED"}}}"#);
    place.refuses(
        &[&chain[..], &["--revoked", "revoked.json"]].concat(),
        1,
        "0a77e57e is revoked".trim_start_matches('0'),
    );
    place.put("none.json", r#"{"entries": {}}"#);
    place.shows(&[&chain[..], &["--revoked", "none.json"]].concat(), &["among the 0 listed"]);
    place.put("empty.json", "");
    place.refuses(&[&chain[..], &["--revoked", "empty.json"]].concat(), 1, "fetch it anew");
    place.refuses(&[&chain[..3], &["--at", "yesterday"]].concat(), 2, "no time such as");
    place.refuses(&[&chain[..], &["--challenge", "xyz"]].concat(), 2, "hexadecimal");
    place.refuses(&["nothing.pem"], 1, "nothing.pem");
    place.put("words.txt", "words, and no more");
    place.refuses(&["words.txt"], 1, "neither certificates in PEM nor");
    place.put("long.txt", vec![b'x'; 300 * 1024]);
    place.refuses(&["long.txt"], 1, "too long");
    let object = ["object.cbor", "--platform-roots", "apple.pem", "--at", AT, "--challenge", "00"];
    place.refuses(&object, 1, "another challenge");
    let ran = place.read(&["words.txt", "--json"]);
    assert!(serde_json::from_slice::<Value>(&ran.stdout).unwrap()["error"].is_string());
}

#[test]
fn a_real_recording_reads_as_it_was_recorded() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/attestation/android");
    let file = folder.join("caiman-sdk36-SB_EC_RKP.pem");
    if !file.exists() {
        println!("skipped: there is no recording at {}", file.display());
        return;
    }
    let (place, file) = (Place::make(), file.to_string_lossy().into_owned());
    place.shows(
        &[&file, "--at", "2025-09-26T16:00:00Z"],
        &["StrongBox", "com.google.android.attestation", "202511"],
    );
    place.refuses(&[&file], 1, "has expired");
}
