//! Files of the services: the sealed key store, the security policy, the bank's configuration.

use crate::support::{Steady, place, realm};
use bank::BankConfig;
use crypto::hash::sha256;
use crypto::{Secret, aead, password};
use data_encoding::BASE64;
use keystore::{RealmKeys, WARNING};
use model::Timestamp;
use protocol::evidence::Evidence;
use records::TrustLevel;
use security::{KeyStore, Policy, PolicyDocument, PolicyRefusal, Security, SignedPolicy};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use store::EmbeddedStore;

const PASSPHRASE: &str = "correct horse battery";
const SALT: [u8; 16] = [3; 16];

/// The input as a key store's file, and as the keys that stand sealed in one.
pub fn key_store(data: &[u8]) {
    let path = file("keys", data);
    let opened = RealmKeys::open_file(&path, PASSPHRASE);
    assert!(opened.is_ok() || !opened.err().is_some_and(|error| error.to_string().is_empty()));
    // Deriving the key takes long on purpose; most inputs get no further than JSON.
    if serde_json::from_slice::<serde::de::IgnoredAny>(data).is_err() {
        return;
    }
    let path = file("keys", sealed(data).as_bytes());
    if let Ok(keys) = RealmKeys::open_file(&path, PASSPHRASE) {
        assert!(!keys.payment_epochs().is_empty());
        assert!(!keys.root_certificate().subject_cn().is_empty());
        assert!(format!("{keys:?}").len() < 200);
    }
}

/// A key store's file around this content, sealed as the specification of the file says.
fn sealed(content: &[u8]) -> String {
    static KEY: LazyLock<Secret<32>> = LazyLock::new(|| password::derive_key(PASSPHRASE.as_bytes(), &SALT));
    let sealed = aead::seal(&KEY, &mut Steady(9), b"batzen software key store 1", content);
    serde_json::json!({
        "format": "batzen software key store", "version": 1, "warning": WARNING, "salt": BASE64.encode(&SALT),
        "sealed": BASE64.encode(&sealed), "checksum": BASE64.encode(&sha256(&[&SALT, &sealed])),
    })
    .to_string()
}

/// The input as the security policy, as a policy's document, signed or not, and as the bank's configuration.
pub fn configuration(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        policy_document(text);
    }
    if let Ok(policy) = serde_json::from_slice::<Policy>(data) {
        let json = serde_json::to_vec(&policy).expect("a policy is JSON");
        assert_eq!(serde_json::from_slice::<Policy>(&json).as_ref().ok(), Some(&policy));
        let (store, keys) = &*SERVICES;
        match Security::new(store.clone(), keys.clone(), policy) {
            Ok(security) => less_trust_gains_nothing(&security.policy(), data),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    match BankConfig::from_file(&file("bank.json", data)) {
        Ok(config) => {
            let json = serde_json::to_vec(&config).expect("a configuration is JSON");
            let again = BankConfig::from_file(&file("bank.json", &json)).expect("what was written reads");
            assert_eq!(format!("{again:?}"), format!("{config:?}"));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A document that reads is written as the same, and what was signed is what is taken, unchanged.
fn policy_document(text: &str) {
    let (_, keys) = &*SERVICES;
    let signer = keys.rule_signer();
    if let Ok(signed) = SignedPolicy::parse(text) {
        assert_eq!(signed.verify(&realm(), &[signer.verifying_key().clone()]), Err(PolicyRefusal::Signature));
    }
    match PolicyDocument::parse_for_any(text) {
        Ok(document) => {
            let json = serde_json::to_string(&document).expect("a document is JSON");
            assert_eq!(PolicyDocument::parse_for_any(&json).as_ref(), Ok(&document));
            let Ok(signed) = SignedPolicy::sign(text, &realm(), &*signer) else {
                assert_ne!(document.realm, realm());
                return;
            };
            assert_eq!(signed.verify(&realm(), &[signer.verifying_key().clone()]).as_ref(), Ok(&document));
            let changed = SignedPolicy { document: format!("{text} "), ..signed };
            assert_eq!(
                changed.verify(&realm(), &[signer.verifying_key().clone()]),
                Err(PolicyRefusal::Signature)
            );
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
}

/// A policy in force never allows more to a phone that says worse of itself.
fn less_trust_gains_nothing(policy: &Policy, data: &[u8]) {
    let levels = [TrustLevel::Browser, TrustLevel::Software, TrustLevel::Hardware];
    let (level, is_bound) = (place(data, 3), place(data, 2) == 0);
    let clean = Evidence::SENSORS_RAN;
    for currency in policy.limits.keys() {
        let limit = |level: usize, is_bound, evidence| {
            policy.limit_minor(*currency, levels[level], is_bound, evidence)
        };
        let here = limit(level, is_bound, clean);
        assert!(limit(level, is_bound, Evidence::STALE) <= here);
        assert!(limit(level, false, clean) <= here || !is_bound);
        assert!(level == 0 || limit(level - 1, is_bound, clean) <= here);
    }
}

type Services = (Arc<EmbeddedStore>, Arc<RealmKeys>);

/// An empty store and a key store: what a policy is put in force over.
static SERVICES: LazyLock<Services> = LazyLock::new(|| {
    let path = folder().join("policy-keys");
    let _ = fs::remove_file(&path);
    let keys = RealmKeys::create_file(&path, PASSPHRASE, &realm(), Timestamp::from_s(0), &mut Steady(9))
        .expect("the temporary folder can be written");
    let store =
        EmbeddedStore::open(&folder().join("policy-store")).expect("the temporary folder can be written");
    (Arc::new(store), Arc::new(keys))
});

/// A file with this content that only its owner can read.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = folder().join(name);
    fs::write(&path, content).expect("the temporary folder can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
    path
}

/// This process's own folder.
fn folder() -> PathBuf {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = std::env::temp_dir().join(format!("batzen-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        folder
    });
    FOLDER.clone()
}
