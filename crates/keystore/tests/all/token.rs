//! The same keys in PKCS#11 tokens of two makers: what they refuse to give away, and what happens when one is gone.
//!
//! Tokens read their environment when they are loaded, so each test runs itself again in a process of its own.

use crate::tokens::{PIN, Token, in_a_softhsm, in_each_token};
use crypto::{CryptoError, Secret, SecretString, SystemRandom, p256::SigningKey};
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    object::{Attribute, AttributeType, ObjectClass},
    session::{Session, UserType},
    types::AuthPin,
};
use keystore::{Algorithm, KeyState, RealmKeys, Role, join_root, split_root};
use model::{EnrolmentId, Timestamp};
use protocol::{
    key_bundle::KeyBundle,
    payment_code::{PinGeneration, PinKey},
    realm::Realm,
};
use security::KeyStore;
use std::time::{Duration, Instant};

fn now() -> Timestamp {
    Timestamp::from_s(1_790_000_000)
}

fn realm() -> Realm {
    Realm::new("shop.example").unwrap()
}

fn make(token: &Token) -> (SigningKey, RealmKeys) {
    let root = SigningKey::make(&mut SystemRandom);
    let keys =
        RealmKeys::create_in_token(token.address(), &realm(), &root, now(), &mut SystemRandom).unwrap();
    (root, keys)
}

/// The token as anybody sees it who has its PIN.
fn session(token: &Token) -> Session {
    let library = Pkcs11::new(token.module()).unwrap();
    let _ = library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slot = library.get_slots_with_initialized_token().unwrap()[0];
    let session = library.open_rw_session(slot).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
    session
}

#[test]
fn a_token_that_misses_a_key_is_not_opened() {
    in_each_token("token::a_token_that_misses_a_key_is_not_opened", |token| {
        drop(make(token));
        let session = session(token);
        let lost = session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY)]).unwrap()[0];
        session.destroy_object(lost).unwrap();
        let refused = RealmKeys::open_in_token(token.address(), &realm()).unwrap_err().to_string();
        assert!(refused.contains("is not in it; restore the token's backup"), "{refused}");
    });
}

/// What does not work.
fn faults(keys: &RealmKeys) -> String {
    let rehearsed = keys.rehearse(&mut SystemRandom);
    let faults = rehearsed.iter().filter_map(|one| Some(format!("{}: {}", one.name, one.fault.as_ref()?)));
    faults.collect::<Vec<_>>().join("; ")
}

#[test]
fn every_key_works_and_none_can_be_taken_out() {
    in_each_token("token::every_key_works_and_none_can_be_taken_out", |token| {
        let (_, keys) = make(token);
        let rehearsed = keys.rehearse(&mut SystemRandom);
        assert_eq!(rehearsed.len(), Role::ALL.len() - 1, "all but the root, which is elsewhere");
        for rehearsal in rehearsed {
            assert_eq!(rehearsal.fault, None, "{}", rehearsal.name);
        }
        assert!(keys.strays().unwrap().is_empty());
        drop(keys);

        let session = session(token);
        let mut seen = 0;
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
            for key in session.find_objects(&[Attribute::Class(class), Attribute::Token(true)]).unwrap() {
                let wanted = [
                    AttributeType::Sensitive,
                    AttributeType::Extractable,
                    AttributeType::AlwaysSensitive,
                    AttributeType::NeverExtractable,
                ];
                let facts = session.get_attributes(key, &wanted).unwrap();
                assert_eq!(
                    facts,
                    [
                        Attribute::Sensitive(true),
                        Attribute::Extractable(false),
                        Attribute::AlwaysSensitive(true),
                        Attribute::NeverExtractable(true),
                    ]
                );
                let value = session.get_attributes(key, &[AttributeType::Value]);
                assert!(value.map_or(true, |found| found.is_empty()), "its value is given away");
                seen += 1;
            }
        }
        assert_eq!(seen, Role::ALL.len() - 1);
    });
}

#[test]
fn a_key_bundle_is_signed_in_the_name_of_a_root_that_is_not_there() {
    in_each_token("token::a_key_bundle_is_signed_in_the_name_of_a_root_that_is_not_there", |token| {
        let (root, keys) = make(token);
        let ca = keys.device_ca().certificate;
        ca.verify_issued_by(&keys.root_certificate(), 1_790_000_000).unwrap();
        let bundle = KeyBundle {
            realm: realm(),
            sequence: 1,
            issued_at: now(),
            expires_at: now().plus_s(86_400),
            payment_keys: keys.payment_epochs().into_iter().map(|epoch| epoch.key).collect(),
            confirmation_keys: keys.confirmation_keys(),
            rule_keys: Vec::new(),
            device_ca: protocol::key_bundle::Der::new(ca.as_der().to_vec()).unwrap(),
            limits: Default::default(),
        };
        let signed = keys.sign_bundle(&bundle).unwrap();
        let read = KeyBundle::verify(&signed, root.verifying_key(), &realm(), now(), 0).unwrap();
        assert_eq!(read, bundle);
        let stranger = SigningKey::make(&mut SystemRandom);
        assert!(KeyBundle::verify(&signed, stranger.verifying_key(), &realm(), now(), 0).is_err());
        // What the root certified ends; then the root is needed again.
        let long_after = now().plus_s(3 * 365 * 86_400);
        let late = KeyBundle { issued_at: long_after, expires_at: long_after.plus_s(60), ..bundle };
        let signed = keys.sign_bundle(&late).unwrap();
        assert!(KeyBundle::verify(&signed, root.verifying_key(), &realm(), long_after, 0).is_err());
    });
}

#[test]
fn what_the_root_certifies_needs_its_shares_and_the_rest_does_not() {
    in_each_token("token::what_the_root_certifies_needs_its_shares_and_the_rest_does_not", |token| {
        let (root, keys) = make(token);
        let random = &mut SystemRandom;
        let texts = split_root(&root, &realm(), 2, 3, random).unwrap();
        let shares: Vec<_> =
            texts.iter().skip(1).map(|text| keystore::RootShare::read(text.expose()).unwrap()).collect();
        let root = join_root(&shares).unwrap();
        for role in Role::ALL.into_iter().filter(|role| *role != Role::Root) {
            let alone = keys.rotate(role, None, now(), random);
            if role.is_certified() {
                assert!(alone.is_err(), "{role} without the root");
                let stranger = SigningKey::make(random);
                let refused = keys.rotate(role, Some(&stranger), now(), random).unwrap_err();
                assert!(refused.to_string().contains("not the realm's"), "{refused}");
                keys.rotate(role, Some(&root), now(), random).unwrap();
            } else {
                alone.unwrap();
            }
            keys.promote(role, now(), random).unwrap();
        }
        let opened = RealmKeys::open_in_token(token.address(), &realm()).unwrap();
        assert_eq!(opened.register(), keys.register());
        assert_eq!(faults(&opened), "");
        // What failed on the way left nothing usable behind, and it is told.
        assert_eq!(opened.strays().unwrap().len(), 4);
        let former = opened.register().live(Role::Audit).next().unwrap().clone();
        assert_eq!(former.state, KeyState::Former);
        assert_eq!(former.algorithm, Algorithm::EcdsaP256);
        opened.retire(former.name(), false, now(), random).unwrap();
        assert!(keys.refresh().unwrap());
        assert_eq!(keys.register(), opened.register());
    });
}

#[test]
fn a_token_keeps_realms_apart_and_a_realm_is_made_once() {
    in_each_token("token::a_token_keeps_realms_apart_and_a_realm_is_made_once", |token| {
        let (root, keys) = make(token);
        let again = RealmKeys::create_in_token(token.address(), &realm(), &root, now(), &mut SystemRandom);
        assert!(again.unwrap_err().to_string().contains("already"));
        let other = Realm::new("other.example").unwrap();
        let none = RealmKeys::open_in_token(token.address(), &other).unwrap_err().to_string();
        assert!(none.contains("no keys of this realm"), "{none}");
        let second =
            RealmKeys::create_in_token(token.address(), &other, &root, now(), &mut SystemRandom).unwrap();
        let (enrolment, pin_key) =
            (EnrolmentId::from_bytes([1; 6]), PinKey::from_secret(Secret::from_bytes([5; 32])));
        let wrapped =
            keys.wrap_pin_key(enrolment, PinGeneration::FIRST, &pin_key, &mut SystemRandom).unwrap();
        assert_eq!(keys.unwrap_pin_key(enrolment, PinGeneration::FIRST, &wrapped).unwrap(), pin_key);
        assert!(second.unwrap_pin_key(enrolment, PinGeneration::FIRST, &wrapped).is_err());
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(keys.unwrap_pin_key(enrolment, PinGeneration::FIRST, &changed).is_err(), "byte {at}");
        }
    });
}

#[test]
fn a_wrong_pin_or_label_or_module_is_told() {
    in_each_token("token::a_wrong_pin_or_label_or_module_is_told", |token| {
        let open = |change: &dyn Fn(&mut keystore::TokenAddress)| {
            let mut address = token.address();
            change(&mut address);
            RealmKeys::open_in_token(address, &realm()).unwrap_err().to_string()
        };
        let wrong = open(&|address| address.pin = SecretString::from_string("000000".to_owned()));
        assert!(wrong.contains("the PIN is wrong"), "{wrong}");
        assert!(!wrong.contains("000000"));
        let wrong = open(&|address| address.token = "another".to_owned());
        assert!(wrong.contains("no slot has a token of this label"), "{wrong}");
        let wrong = open(&|address| address.module = "/nowhere/module.so".into());
        assert!(wrong.contains("/nowhere/module.so cannot be loaded"), "{wrong}");
    });
}

#[test]
fn a_token_behind_a_server_that_dies_comes_back_by_itself() {
    in_a_softhsm("token::a_token_behind_a_server_that_dies_comes_back_by_itself", |token| {
        let mut server = token.serve();
        let keys = RealmKeys::create_in_token(
            server.address(),
            &realm(),
            &SigningKey::make(&mut SystemRandom),
            now(),
            &mut SystemRandom,
        )
        .unwrap();
        let signer = keys.statement_signer();
        signer.sign(&[b"before"]).unwrap();
        server.kill();
        let asked = Instant::now();
        let gone = signer.sign(&[b"meanwhile"]).unwrap_err();
        assert_eq!(gone.to_string(), "key store: the token does not answer");
        assert!(asked.elapsed() < Duration::from_secs(5), "whoever waits is told soon");
        assert!(keys.rotate(Role::Audit, None, now(), &mut SystemRandom).is_err());
        server.start();
        let back = Instant::now();
        while let Err(error) = signer.sign(&[b"after"]) {
            assert!(back.elapsed() < Duration::from_secs(10), "{error}");
            std::thread::sleep(Duration::from_millis(100));
        }
        keys.challenge_mac(&[b"after"]).unwrap();
        keys.rotate(Role::Audit, None, now(), &mut SystemRandom).unwrap();
        // p11-kit before 0.25 carries no parameters of key agreement and AES-GCM: with it only these work.
        let works = keys.rehearse(&mut SystemRandom).into_iter().filter(|one| one.fault.is_none());
        assert!(works.count() >= 8);
    });
}

#[test]
fn a_token_that_is_pulled_out_comes_back_by_itself() {
    in_a_softhsm("token::a_token_that_is_pulled_out_comes_back_by_itself", |token| {
        let (_, keys) = make(token);
        let enrolment = EnrolmentId::from_bytes([1; 6]);
        let pin_key = PinKey::from_secret(Secret::from_bytes([5; 32]));
        let wrapped =
            keys.wrap_pin_key(enrolment, PinGeneration::FIRST, &pin_key, &mut SystemRandom).unwrap();
        let epoch = keys.payment_epochs().remove(0);
        let sealed =
            crypto::hpke::seal(&epoch.holder.public_key(), b"", &mut SystemRandom, &[], b"code").unwrap();
        let open = || crypto::hpke::open(&*epoch.holder, &sealed.0, b"", &[], &sealed.1);
        assert_eq!(open().unwrap().expose(), b"code");
        for _ in 0..3 {
            token.pull_out();
            assert!(matches!(open(), Err(CryptoError::KeyStore(_))));
            let unwrapped = keys.unwrap_pin_key(enrolment, PinGeneration::FIRST, &wrapped);
            assert!(matches!(unwrapped, Err(CryptoError::KeyStore(_))), "not the customer's fault");
            assert!(keys.audit_signer().sign(&[b""]).is_err());
            assert!(keys.rotate(Role::Audit, None, now(), &mut SystemRandom).is_err());
            token.put_back();
            std::thread::sleep(Duration::from_millis(600));
            assert_eq!(open().unwrap().expose(), b"code");
            assert_eq!(faults(&keys), "");
        }
        assert_eq!(keys.register().live(Role::Audit).count(), 1, "nothing was half done");
    });
}
