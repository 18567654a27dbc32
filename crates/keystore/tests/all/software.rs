//! The sealed file: what opens it, what does not, and what it says then.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

use crypto::{Secret, SystemRandom};
use keystore::{Algorithm, KeyName, KeyState, KeyStoreError, RealmKeys, Role, WARNING};
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

fn create() -> (TempDir, PathBuf, RealmKeys) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let realm = Realm::new("shop.example").unwrap();
    let store = RealmKeys::create_file(&path, PASSPHRASE, &realm, now(), &mut SystemRandom).unwrap();
    (folder, path, store)
}

#[test]
fn what_was_made_is_there_again() {
    let (_folder, path, made) = create();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let opened = RealmKeys::open_file(&path, PASSPHRASE).unwrap();
    assert_eq!(opened.realm(), made.realm());
    assert_eq!(opened.activation_key(), made.activation_key());
    assert_eq!(opened.root_public_key(), made.root_public_key());
    assert_eq!(opened.rule_keys(), made.rule_keys());
    assert_eq!(opened.rule_signer().verifying_key(), &made.rule_keys()[0]);
    assert_eq!(opened.confirmation_keys(), made.confirmation_keys());
    let ca = opened.device_ca().certificate;
    assert_eq!(ca.as_der(), made.device_ca().certificate.as_der());
    assert_eq!(opened.payment_epochs()[0].key, made.payment_epochs()[0].key);
    let at_s = u64::try_from(now().s()).unwrap();
    ca.verify_issued_by(&opened.root_certificate(), at_s).unwrap();

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
    let opened = RealmKeys::open_file(&path, PASSPHRASE).unwrap();
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
    assert_eq!(format!("{store:?}"), "RealmKeys(shop.example, redacted)");
}

#[test]
fn a_wrong_pass_phrase_and_a_short_one_say_so() {
    let (folder, path, _) = create();
    let wrong = RealmKeys::open_file(&path, "correct house").unwrap_err();
    assert!(matches!(wrong, KeyStoreError::WrongPassphrase(_)), "{wrong}");
    let realm = Realm::new("shop.example").unwrap();
    let other = folder.path().join("other");
    let short = RealmKeys::create_file(&other, "short", &realm, now(), &mut SystemRandom).unwrap_err();
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
        let error = RealmKeys::open_file(&path, PASSPHRASE).unwrap_err();
        assert!(
            matches!(error, KeyStoreError::Damaged { .. } | KeyStoreError::VersionUnsupported(_)),
            "byte {place}: {error}"
        );
    }
    for len in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..len]).unwrap();
        let error = RealmKeys::open_file(&path, PASSPHRASE).unwrap_err();
        assert!(matches!(error, KeyStoreError::Damaged { .. }), "{len} bytes: {error}");
    }
    fs::write(&path, &whole).unwrap();
    RealmKeys::open_file(&path, PASSPHRASE).unwrap();
}

#[test]
fn a_file_open_to_others_a_missing_one_and_a_folder_are_refused() {
    let (folder, path, _) = create();
    for mode in [0o640, 0o604, 0o660, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = RealmKeys::open_file(&path, PASSPHRASE).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    // A link does not hide what it leads to.
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    assert!(matches!(RealmKeys::open_file(&link, PASSPHRASE), Err(KeyStoreError::NotPrivate { .. })));
    let missing = folder.path().join("missing");
    assert!(matches!(RealmKeys::open_file(&missing, PASSPHRASE), Err(KeyStoreError::Missing(_))));
    let error = RealmKeys::open_file(folder.path(), PASSPHRASE).unwrap_err();
    assert!(matches!(error, KeyStoreError::Damaged { .. } | KeyStoreError::Io { .. }), "{error}");
}

#[test]
fn an_existing_store_is_never_replaced() {
    let (_folder, path, made) = create();
    let realm = Realm::new("other.example").unwrap();
    let error = RealmKeys::create_file(&path, PASSPHRASE, &realm, now(), &mut SystemRandom).unwrap_err();
    assert!(matches!(error, KeyStoreError::Exists(_)), "{error}");
    let opened = RealmKeys::open_file(&path, PASSPHRASE).unwrap();
    assert_eq!(opened.root_public_key(), made.root_public_key());
}

#[test]
fn the_next_payment_key_stands_beside_the_one_before_until_that_is_over() {
    let (_folder, path, made) = create();
    let old = &made.payment_epochs()[0];
    let later = now().plus_s(86_400);
    let next = made.rotate(Role::Payment, None, later, &mut SystemRandom).unwrap();
    assert_eq!(next.state, KeyState::Next);
    // Phones that stay offline go over by themselves when the present one ends.
    assert_eq!(next.times.unwrap().not_before_s, old.key.not_after_s);
    let opened = RealmKeys::open_file(&path, PASSPHRASE).unwrap();
    let ids: Vec<_> = opened.payment_epochs().iter().map(|epoch| epoch.key.key_id).collect();
    assert_eq!(ids, [old.key.key_id, next.key_id]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    opened.promote(Role::Payment, later, &mut SystemRandom).unwrap();
    assert_eq!(opened.payment_epochs()[1].key.not_before_s, later.s());
    let name = KeyName { role: Role::Payment, key_id: old.key.key_id };
    let refused = opened.retire(name, false, later, &mut SystemRandom).unwrap_err();
    assert!(refused.to_string().contains("phones may still show codes"), "{refused}");
    opened.retire(name, false, old.open_until, &mut SystemRandom).unwrap();
    let epochs = RealmKeys::open_file(&path, PASSPHRASE).unwrap().payment_epochs();
    assert!(epochs.iter().all(|epoch| epoch.key.key_id != old.key.key_id), "its private half is gone");
}

#[test]
fn another_process_s_changes_are_taken_up() {
    let (_folder, path, server) = create();
    assert!(!server.refresh().unwrap());
    let admin = RealmKeys::open_file(&path, PASSPHRASE).unwrap();
    let before = server.confirmation_signer().0;
    admin.rotate(Role::Confirmation, None, now(), &mut SystemRandom).unwrap();
    assert!(server.refresh().unwrap());
    assert_eq!(server.confirmation_keys().len(), 2, "phones are told before it is used");
    assert_eq!(server.confirmation_signer().0, before);
    let promoted = admin.promote(Role::Confirmation, now(), &mut SystemRandom).unwrap();
    assert!(server.refresh().unwrap() && !server.refresh().unwrap());
    assert_eq!(server.confirmation_signer().0, promoted.key_id);
    assert_eq!(server.confirmation_keys()[0].key_id, promoted.key_id);
    assert_eq!(server.changed_at(), admin.changed_at());
}

#[test]
fn what_a_former_key_did_still_holds_after_every_key_was_changed() {
    let (_folder, path, keys) = create();
    let random = &mut SystemRandom;
    let (enrolment, endpoint) = (EnrolmentId::from_bytes([1; 6]), WebhookEndpointId::from_u128(1));
    let pin_key = PinKey::from_secret(Secret::from_bytes([5; 32]));
    let wrapped = keys.wrap_pin_key(enrolment, PinGeneration::FIRST, &pin_key, random).unwrap();
    let secret = WebhookSecret::make(random);
    let sealed = keys.wrap_webhook_secret(endpoint, &secret, random).unwrap();
    let challenge = keys.challenge_mac(&[b"challenge"]).unwrap();
    let signature = keys.audit_signer().sign(&[b"head"]).unwrap();
    let activation = keys.activation_key().key_id;
    for role in Role::ALL.into_iter().filter(|role| !matches!(role, Role::Root | Role::KeyBundle)) {
        for _ in 0..2 {
            keys.rotate(role, None, now(), random).unwrap();
            let again = keys.rotate(role, None, now(), random).unwrap_err();
            assert!(again.to_string().contains("there already"), "{again}");
            keys.promote(role, now(), random).unwrap();
        }
        assert!(keys.promote(role, now(), random).unwrap_err().to_string().contains("rotate"));
    }
    let keys = RealmKeys::open_file(&path, PASSPHRASE).unwrap();
    assert_eq!(keys.unwrap_pin_key(enrolment, PinGeneration::FIRST, &wrapped).unwrap(), pin_key);
    assert_eq!(keys.unwrap_webhook_secret(endpoint, &sealed).unwrap(), secret);
    let macs = keys.challenge_macs(&[b"challenge"]).unwrap();
    assert!(macs.contains(&challenge) && macs[0] == keys.challenge_mac(&[b"challenge"]).unwrap());
    assert_ne!(macs[0], challenge);
    assert!(keys.audit_keys().iter().any(|key| key.verify(&[b"head"], &signature).is_ok()));
    assert!(keys.activation_recipient(activation).is_some());
    assert_eq!(keys.confirmation_keys().len(), 3);
    assert!(keys.rehearse(random).iter().all(|rehearsal| rehearsal.fault.is_none()));

    // What is retired is gone, and what was sealed under it with it.
    let register = keys.register();
    let oldest = register.live(Role::PinWrapping).next().unwrap().name();
    assert!(keys.retire(oldest, false, now(), random).unwrap_err().to_string().contains("--at-once"));
    keys.retire(oldest, true, now(), random).unwrap();
    let gone = keys.unwrap_pin_key(enrolment, PinGeneration::FIRST, &wrapped).unwrap_err();
    assert_eq!(gone.to_string(), "key store: the key is not there");
    let present = keys.register().present(Role::Audit).unwrap().name();
    assert!(keys.retire(present, true, now(), random).unwrap_err().to_string().contains("in use"));
    assert!(keys.rotate(Role::Root, None, now(), random).is_err());
}

#[test]
fn keys_of_suite_2_are_there_again_beside_those_of_suite_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let realm = Realm::new("shop.example").unwrap();
    let random = &mut SystemRandom;
    let made =
        RealmKeys::create_file_in_suite(&path, PASSPHRASE, &realm, Suite::P256, now(), random).unwrap();
    let suites = |store: &RealmKeys| -> Vec<u8> {
        store.payment_epochs().iter().map(|epoch| epoch.key.suite).collect()
    };
    assert_eq!((made.activation_key().public_key.kem(), suites(&made)), (Suite::P256.kem(), vec![2]));
    // For phones that know suite 1 alone.
    made.rotate_to(Role::Payment, Algorithm::of(Suite::X25519), None, now(), random).unwrap();
    let opened = RealmKeys::open_file(&path, PASSPHRASE).unwrap();
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
    assert_eq!(read.root_public_key, store.root_public_key());
}
