//! The sealed file: what opens it, what does not, and what it says then.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

use crypto::{Secret, SystemRandom};
use keystore::{KeyStoreError, SoftwareKeyStore, WARNING};
use model::{EnrolmentId, Timestamp, WebhookEndpointId};
use protocol::{
    payment_code::{PinGeneration, PinKey, Suite},
    realm::Realm,
    webhook::WebhookSecret,
};
use security::KeyStore;
use tempfile::TempDir;

const PASSPHRASE: &str = "correct horse";

fn now() -> Timestamp {
    Timestamp::from_s(1_790_000_000)
}

fn create() -> (TempDir, PathBuf, SoftwareKeyStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let realm = Realm::new("shop.example").unwrap();
    let store = SoftwareKeyStore::create(&path, PASSPHRASE, &realm, now(), &mut SystemRandom).unwrap();
    (folder, path, store)
}

#[test]
fn what_was_made_is_there_again() {
    let (_folder, path, made) = create();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let opened = SoftwareKeyStore::open(&path, PASSPHRASE).unwrap();
    assert_eq!(opened.realm(), made.realm());
    assert_eq!(opened.activation_key(), made.activation_key());
    assert_eq!(opened.root_public_key(), made.root_public_key());
    assert_eq!(opened.confirmation_keys(), made.confirmation_keys());
    assert_eq!(opened.device_ca_certificate().as_der(), made.device_ca_certificate().as_der());
    assert_eq!(opened.payment_epochs()[0].key, made.payment_epochs()[0].key);
    let at_s = u64::try_from(now().s()).unwrap();
    opened.device_ca_certificate().verify_issued_by(opened.root_certificate(), at_s).unwrap();

    let (enrolment, generation) = (EnrolmentId::from_bytes([1; 6]), PinGeneration::FIRST);
    let key = PinKey::from_secret(Secret::from_bytes([5; 32]));
    let wrapped = made.wrap_pin_key(enrolment, generation, &key, &mut SystemRandom).unwrap();
    assert_eq!(opened.unwrap_pin_key(enrolment, generation, &wrapped).unwrap(), key);
    assert!(opened.unwrap_pin_key(EnrolmentId::from_bytes([2; 6]), generation, &wrapped).is_err());
    assert!(opened.unwrap_pin_key(enrolment, generation.next(), &wrapped).is_err());
    assert_eq!(opened.challenge_mac(&[b"a"]).unwrap(), made.challenge_mac(&[b"a"]).unwrap());
}

#[test]
fn a_webhook_secret_opens_for_its_endpoint_and_as_nothing_else() {
    let (_folder, path, made) = create();
    let endpoint = WebhookEndpointId::from_u128(1);
    let secret = WebhookSecret::make(&mut SystemRandom);
    let wrapped = made.wrap_webhook_secret(endpoint, &secret, &mut SystemRandom).unwrap();
    let opened = SoftwareKeyStore::open(&path, PASSPHRASE).unwrap();
    assert_eq!(opened.unwrap_webhook_secret(endpoint, &wrapped).unwrap(), secret);
    assert!(opened.unwrap_webhook_secret(WebhookEndpointId::from_u128(2), &wrapped).is_err());
    let enrolment = EnrolmentId::from_bytes([0; 6]);
    assert!(opened.unwrap_pin_key(enrolment, PinGeneration::FIRST, &wrapped).is_err());
    let (_folder, _, other) = create();
    assert!(other.unwrap_webhook_secret(endpoint, &wrapped).is_err());
}

#[test]
fn the_file_warns_and_shows_no_key() {
    let (_folder, path, store) = create();
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(WARNING));
    assert!(!text.contains("pin_wrapping") && !text.contains("device_ca"));
    assert_eq!(format!("{store:?}"), "SoftwareKeyStore(shop.example, redacted)");
}

#[test]
fn a_wrong_pass_phrase_and_a_short_one_say_so() {
    let (folder, path, _) = create();
    let wrong = SoftwareKeyStore::open(&path, "correct house").unwrap_err();
    assert!(matches!(wrong, KeyStoreError::WrongPassphrase(_)), "{wrong}");
    let realm = Realm::new("shop.example").unwrap();
    let other = folder.path().join("other");
    let short = SoftwareKeyStore::create(&other, "short", &realm, now(), &mut SystemRandom).unwrap_err();
    assert!(matches!(short, KeyStoreError::WeakPassphrase(8)), "{short}");
    assert!(!other.exists());
}

#[test]
fn every_changed_byte_is_noticed_before_the_pass_phrase_is_blamed() {
    let (_folder, path, _) = create();
    let whole = fs::read(&path).unwrap();
    // Every fifth byte meets every part of the file; all of them take seconds.
    for place in (0..whole.len()).step_by(5) {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        let error = SoftwareKeyStore::open(&path, PASSPHRASE).unwrap_err();
        assert!(
            matches!(error, KeyStoreError::Damaged { .. } | KeyStoreError::VersionUnsupported(_)),
            "byte {place}: {error}"
        );
    }
    for len in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        let error = SoftwareKeyStore::open(&path, PASSPHRASE).unwrap_err();
        assert!(matches!(error, KeyStoreError::Damaged { .. }), "{len} bytes: {error}");
    }
    fs::write(&path, &whole).unwrap();
    SoftwareKeyStore::open(&path, PASSPHRASE).unwrap();
}

#[test]
fn a_file_open_to_others_a_missing_one_and_a_folder_are_refused() {
    let (folder, path, _) = create();
    for mode in [0o640, 0o604, 0o660, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = SoftwareKeyStore::open(&path, PASSPHRASE).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    // A link does not hide what it leads to.
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    assert!(matches!(SoftwareKeyStore::open(&link, PASSPHRASE), Err(KeyStoreError::NotPrivate { .. })));
    let missing = folder.path().join("missing");
    assert!(matches!(SoftwareKeyStore::open(&missing, PASSPHRASE), Err(KeyStoreError::Missing(_))));
    let error = SoftwareKeyStore::open(folder.path(), PASSPHRASE).unwrap_err();
    assert!(matches!(error, KeyStoreError::Damaged { .. } | KeyStoreError::Io { .. }), "{error}");
}

#[test]
fn an_existing_store_is_never_replaced() {
    let (_folder, path, made) = create();
    let realm = Realm::new("other.example").unwrap();
    let error = SoftwareKeyStore::create(&path, PASSPHRASE, &realm, now(), &mut SystemRandom).unwrap_err();
    assert!(matches!(error, KeyStoreError::Exists(_)), "{error}");
    let opened = SoftwareKeyStore::open(&path, PASSPHRASE).unwrap();
    assert_eq!(opened.root_public_key(), made.root_public_key());
}

#[test]
fn a_renewed_payment_key_stands_beside_the_old_one_until_that_is_over() {
    let (_folder, path, made) = create();
    let old = &made.payment_epochs()[0];
    let later = now().plus_s(86_400);
    let renewed =
        SoftwareKeyStore::renew_payment_key(&path, PASSPHRASE, Suite::X25519, later, &mut SystemRandom)
            .unwrap();
    assert_eq!(renewed.0, old.key.key_id.0.wrapping_add(1));
    let epochs = SoftwareKeyStore::open(&path, PASSPHRASE).unwrap().payment_epochs();
    assert_eq!(epochs.iter().map(|epoch| epoch.key.key_id).collect::<Vec<_>>(), [old.key.key_id, renewed]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let much_later = old.open_until;
    SoftwareKeyStore::renew_payment_key(&path, PASSPHRASE, Suite::X25519, much_later, &mut SystemRandom)
        .unwrap();
    let epochs = SoftwareKeyStore::open(&path, PASSPHRASE).unwrap().payment_epochs();
    assert!(epochs.iter().all(|epoch| epoch.key.key_id != old.key.key_id), "its private half is gone");
}

#[test]
fn keys_of_suite_2_are_there_again_beside_those_of_suite_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let realm = Realm::new("shop.example").unwrap();
    let random = &mut SystemRandom;
    let made =
        SoftwareKeyStore::create_in_suite(&path, PASSPHRASE, &realm, Suite::P256, now(), random).unwrap();
    let suites = |store: &SoftwareKeyStore| -> Vec<u8> {
        store.payment_epochs().iter().map(|epoch| epoch.key.suite).collect()
    };
    assert_eq!((made.activation_key().public_key.kem(), suites(&made)), (Suite::P256.kem(), vec![2]));
    // For phones that know suite 1 alone.
    SoftwareKeyStore::renew_payment_key(&path, PASSPHRASE, Suite::X25519, now(), random).unwrap();
    let opened = SoftwareKeyStore::open(&path, PASSPHRASE).unwrap();
    assert_eq!(opened.activation_key(), made.activation_key());
    assert_eq!(suites(&opened), [2, 1]);
    assert_eq!(opened.payment_epochs()[0].key, made.payment_epochs()[0].key);
    for epoch in opened.payment_epochs() {
        assert_eq!(epoch.key.known(), Some(epoch.holder.public_key()), "each key is its holder's");
    }
    let roots = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let app = protocol::realm_file::AppIdentity { id: "example.wallet".to_owned(), version: "1".to_owned() };
    let file = opened.realm_file("https://pay.example", roots, app);
    let read = protocol::realm_file::RealmFile::parse(file.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(read.activation_key, opened.activation_key());
}

#[test]
fn the_realm_file_is_one_that_apps_take() {
    let (_folder, _, store) = create();
    let roots = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let app = protocol::realm_file::AppIdentity { id: "example.wallet".to_owned(), version: "1".to_owned() };
    let file = store.realm_file("https://pay.example", roots, app);
    assert_eq!(file.activation_key, store.activation_key());
    let json = file.to_json().unwrap();
    let read = protocol::realm_file::RealmFile::parse(json.as_bytes()).unwrap();
    assert_eq!(read.root_public_key, *store.root_public_key());
}
