//! Activation and key bundles, both ends together.

use crypto::{
    CryptoError, Secret, SystemRandom,
    hpke::{self, Decapsulate},
    p256::{AgreementKey, SigningKey},
    x509::{self, Issue, Profile},
    x25519::{PublicKey, SecretKey},
};
use model::{Counter, EnrolmentId, Timestamp};
use proptest::prelude::*;
use protocol::{
    activation::Challenge,
    activation_reply::{ActivationReply, PendingActivation},
    activation_request::{ActivationRequest, Attestation, Platform, SealedActivation},
    error::ProtocolError,
    evidence::Evidence,
    key_bundle::{ConfirmationKey, Der, DisplayLimits, KeyBundle, KeyId, PaymentKey, SignedKeyBundle},
    payment_code::{PinKey, Suite},
    realm::Realm,
    realm_file::ActivationKey,
    short_text::ShortText,
};

const NOW: Timestamp = Timestamp::from_s(1_700_000_000);
const REQUEST: &str = "activation request";
const BUNDLE: &str = "key bundle";

/// Everyone's keys.
struct World {
    realm: Realm,
    activation: hpke::SecretKey,
    root: SigningKey,
    device_ca: SigningKey,
    device: SigningKey,
    online: SigningKey,
    confirmation: SecretKey,
    device_ca_certificate: Der,
}

impl World {
    fn new() -> Self {
        let key = |byte| SigningKey::from_scalar(&[byte; 32]).unwrap();
        let (root, device_ca) = (key(2), key(3));
        Self {
            device_ca_certificate: issue("Device CA", ("Root", &root), &device_ca, Profile::DeviceCa),
            realm: Realm::new("shop.example").unwrap(),
            activation: SecretKey::from_bytes(&[1; 32]).into(),
            root,
            device_ca,
            device: key(4),
            online: key(5),
            confirmation: SecretKey::from_bytes(&[6; 32]),
        }
    }

    fn activation_key(&self) -> ActivationKey {
        ActivationKey { key_id: KeyId(1), public_key: self.activation.public_key() }
    }

    fn request(&self) -> ActivationRequest {
        let text = |text| ShortText::new(text).unwrap();
        ActivationRequest {
            activation_code: "0123-4567-89AB".parse().unwrap(),
            challenge: Challenge::from_bytes([7; 40]),
            certificate_request: x509::make_request(&self.device, "Batzen device").unwrap(),
            device_key: self.device.verifying_key().clone(),
            online_key: self.online.verifying_key().clone(),
            confirmation_key: *self.confirmation.public_key(),
            pin_key: PinKey::from_secret(Secret::from_bytes([0xee; 32])),
            attestation: Attestation::None {},
            platform: Platform {
                os: text("linux"),
                os_version: text("6.1"),
                model: text("Müller's phone"),
                app_id: text("batzen"),
                app_version: text("0.1.0"),
                app_digest: None,
            },
            evidence: Evidence::SENSORS_RAN,
            device_time_s: 1_700_000_000,
        }
    }

    fn pending(&self) -> PendingActivation {
        self.request()
            .sign_and_seal(&self.realm, &self.activation_key(), &self.device, &self.online, &mut SystemRandom)
            .unwrap()
    }

    fn open(&self, request: &[u8]) -> Result<ActivationRequest, ProtocolError> {
        SealedActivation::parse(request)?.open(&self.realm, &self.activation).map(|(request, _)| request)
    }

    fn bundle(&self) -> KeyBundle {
        KeyBundle {
            realm: self.realm.clone(),
            sequence: 5,
            issued_at: NOW,
            expires_at: NOW.plus_s(1000),
            payment_keys: vec![payment_key(1, 0, i64::MAX)],
            confirmation_keys: vec![ConfirmationKey {
                key_id: KeyId(1),
                public_key: self.root.verifying_key().clone(),
            }],
            rule_keys: Vec::new(),
            device_ca: self.device_ca_certificate.clone(),
            limits: DisplayLimits::default(),
        }
    }

    fn reply(&self) -> ActivationReply {
        ActivationReply {
            enrolment_id: EnrolmentId::from_bytes([1; 6]),
            certificate: issue("010101010101", ("Device CA", &self.device_ca), &self.device, Profile::Device),
            certificate_chain: vec![self.device_ca_certificate.clone()],
            key_bundle: self.bundle().sign(&self.root).unwrap(),
            counter_start: Counter(1),
            server_time: NOW,
            customer_name: Some(ShortText::new("Anna").unwrap()),
        }
    }

    fn verify(&self, bundle: &SignedKeyBundle, at: Timestamp, last: u64) -> Result<KeyBundle, ProtocolError> {
        KeyBundle::verify(bundle, self.root.verifying_key(), &self.realm, at, last)
    }
}

fn issue(subject: &str, issuer: (&str, &SigningKey), key: &SigningKey, profile: Profile) -> Der {
    let issue = Issue {
        serial: [9; 16],
        subject: subject.into(),
        issuer: issuer.0.into(),
        not_before_s: 1_600_000_000,
        not_after_s: 1_800_000_000,
        public_key: key.verifying_key().clone(),
        profile,
    };
    Der::new(x509::issue(&issue, issuer.1).unwrap()).unwrap()
}

fn payment_key(id: u16, not_before_s: i64, not_after_s: i64) -> PaymentKey {
    let public_key = PublicKey([u8::try_from(id).unwrap(); 32]).into();
    PaymentKey::new(KeyId(id), &public_key, not_before_s, not_after_s)
}

#[test]
fn a_phone_is_enrolled() {
    let world = World::new();
    let pending = world.pending();
    let sealed = SealedActivation::parse(&pending.request).unwrap();
    assert_eq!(sealed.key_id(), KeyId(1));
    let (request, sealer) = sealed.open(&world.realm, &world.activation).unwrap();
    assert_eq!(request.device_key, *world.device.verifying_key());
    assert_eq!(request.activation_code, world.request().activation_code);
    assert_eq!(request.pin_key, world.request().pin_key);
    assert_eq!(request.platform, world.request().platform);

    for reply in [world.reply(), ActivationReply { customer_name: None, ..world.reply() }] {
        let bytes = sealer.seal(&reply, &mut SystemRandom).unwrap();
        let opened = pending
            .open_reply(&bytes, &world.realm, world.root.verifying_key(), world.device.verifying_key())
            .unwrap();
        assert_eq!(opened.reply, reply);
        assert_eq!(opened.key_bundle, world.bundle());
    }
}

#[test]
fn every_single_bit_of_a_request_counts() {
    let world = World::new();
    let request = world.pending().request;
    for bit in 0..request.len() * 8 {
        let mut changed = request.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let opened = SealedActivation::parse(&changed).and_then(|sealed| {
            if sealed.key_id() != KeyId(1) {
                return Err(ProtocolError::KeyUnknown(REQUEST));
            }
            sealed.open(&world.realm, &world.activation)
        });
        assert!(opened.is_err(), "bit {bit}");
    }
}

#[test]
fn every_single_bit_of_a_reply_counts() {
    let world = World::new();
    let pending = world.pending();
    let sealed = SealedActivation::parse(&pending.request).unwrap();
    let (_, sealer) = sealed.open(&world.realm, &world.activation).unwrap();
    let reply = sealer.seal(&world.reply(), &mut SystemRandom).unwrap();
    let open = |bytes: &[u8], pending: &PendingActivation| {
        pending.open_reply(bytes, &world.realm, world.root.verifying_key(), world.device.verifying_key())
    };
    for bit in 0..reply.len() * 8 {
        let mut changed = reply.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&changed, &pending).is_err(), "bit {bit}");
    }
    // The same phone's next request, and the same reply key over other request bytes.
    assert_eq!(open(&reply, &world.pending()).unwrap_err().name(), "unopenable");
    let mut moved = pending.clone();
    moved.request.push(b' ');
    assert_eq!(open(&reply, &moved).unwrap_err().name(), "unopenable");
}

#[test]
fn proofs_bind_keys_to_each_other() {
    let world = World::new();
    let seal = |request: &ActivationRequest, device: &SigningKey, online: &SigningKey| {
        request
            .sign_and_seal(&world.realm, &world.activation_key(), device, online, &mut SystemRandom)
            .map(|_| ())
    };
    let request = world.request();
    assert_eq!(seal(&request, &world.device, &world.online), Ok(()));
    let bad = Err(ProtocolError::SignatureBad(REQUEST));
    assert_eq!(seal(&request, &world.online, &world.device), bad);
    assert_eq!(seal(&request, &world.device, &world.device), bad);
    let own = ActivationRequest { online_key: world.device.verifying_key().clone(), ..request.clone() };
    assert_eq!(seal(&own, &world.device, &world.device).unwrap_err().name(), "certificate_bad");
    let unsigned = ActivationRequest { certificate_request: vec![0x30, 0], ..request };
    assert_eq!(seal(&unsigned, &world.device, &world.online).unwrap_err().name(), "certificate_bad");
}

#[test]
fn a_request_for_another_realm_or_key_is_not_opened() {
    let world = World::new();
    let request = world.pending().request;
    let sealed = SealedActivation::parse(&request).unwrap();
    let other = Realm::new("shop.example2").unwrap();
    assert_eq!(sealed.open(&other, &world.activation).unwrap_err(), ProtocolError::Unopenable(REQUEST));
    let stranger = SecretKey::from_bytes(&[99; 32]);
    assert_eq!(sealed.open(&world.realm, &stranger).unwrap_err(), ProtocolError::Unopenable(REQUEST));
    assert_eq!(world.open(&vec![b' '; 65_537]).unwrap_err(), ProtocolError::Size(REQUEST));
}

#[test]
fn nothing_secret_is_printed() {
    let world = World::new();
    let pending = world.pending();
    let (request, sealer) =
        SealedActivation::parse(&pending.request).unwrap().open(&world.realm, &world.activation).unwrap();
    let printed = format!("{request:?} {sealer:?} {:?}", pending.reply_key);
    for secret in ["0123", "eeee", "238, 238, 238"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn certificates_that_do_not_fit_are_refused() {
    let world = World::new();
    let pending = world.pending();
    let sealed = SealedActivation::parse(&pending.request).unwrap();
    let (_, sealer) = sealed.open(&world.realm, &world.activation).unwrap();
    let own = ("Device CA", &world.device_ca);
    let wrong = [
        issue("010101010102", own, &world.device, Profile::Device),
        issue("010101010101", own, &world.online, Profile::Device),
        issue("010101010101", ("Device CA", &world.online), &world.device, Profile::Device),
        issue("010101010101", ("Other CA", &world.device_ca), &world.device, Profile::Device),
        issue("010101010101", own, &world.device, Profile::TlsClient),
        Der::new(vec![0x30, 0]).unwrap(),
    ];
    for (index, certificate) in wrong.into_iter().enumerate() {
        let reply =
            sealer.seal(&ActivationReply { certificate, ..world.reply() }, &mut SystemRandom).unwrap();
        let opened = pending.open_reply(
            &reply,
            &world.realm,
            world.root.verifying_key(),
            world.device.verifying_key(),
        );
        assert_eq!(opened.unwrap_err().name(), "certificate_bad", "certificate {index}");
    }
}

#[test]
fn a_bundle_is_taken_only_in_its_time_and_order() {
    let world = World::new();
    let signed = world.bundle().sign(&world.root).unwrap();
    assert_eq!(SignedKeyBundle::from_json(&signed.to_json()), Ok(signed.clone()));
    for (at, last, expected) in [
        (NOW, 0, None),
        (NOW, 5, None),
        (NOW.plus_s(-300), 4, None),
        (NOW.plus_s(999), 4, None),
        (NOW, 6, Some(ProtocolError::RolledBack(BUNDLE))),
        (NOW.plus_s(-301), 0, Some(ProtocolError::Expired(BUNDLE))),
        (NOW.plus_s(1000), 0, Some(ProtocolError::Expired(BUNDLE))),
    ] {
        assert_eq!(world.verify(&signed, at, last).err(), expected);
    }
    let elsewhere = Realm::new("other.example").unwrap();
    let verified = KeyBundle::verify(&signed, world.root.verifying_key(), &elsewhere, NOW, 0);
    assert_eq!(verified, Err(ProtocolError::SignatureBad(BUNDLE)));
    let verified = KeyBundle::verify(&signed, world.device.verifying_key(), &world.realm, NOW, 0);
    assert_eq!(verified, Err(ProtocolError::KeyUnknown(BUNDLE)));
}

#[test]
fn every_single_bit_of_a_bundle_counts() {
    let world = World::new();
    let json = world.bundle().sign(&world.root).unwrap().to_json();
    for bit in 0..json.len() * 8 {
        let mut changed = json.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let verified = SignedKeyBundle::from_json(&changed).and_then(|bundle| world.verify(&bundle, NOW, 0));
        assert!(verified.is_err(), "bit {bit}");
    }
}

#[test]
fn codes_are_sealed_to_the_newest_key_that_is_valid_and_known() {
    let mut bundle = World::new().bundle();
    let now_s = NOW.s();
    bundle.payment_keys = vec![
        payment_key(1, 0, now_s + 1),
        payment_key(2, now_s - 10, now_s + 10),
        payment_key(3, now_s + 1, now_s + 100),
        PaymentKey { suite: 9, public_key: vec![1; 1184], ..payment_key(4, now_s, now_s + 10) },
        payment_key(5, now_s - 5, now_s),
    ];
    let chosen = |at: Timestamp| bundle.payment_key_at(at).map(|key| key.key_id);
    assert_eq!(chosen(NOW), Some(KeyId(2)));
    assert_eq!(chosen(NOW.plus_s(1)), Some(KeyId(3)));
    assert_eq!(chosen(NOW.plus_s(-6)), Some(KeyId(2)));
    assert_eq!(chosen(NOW.plus_s(100)), None);
}

/// A phone that knows suite 1 alone passes over the others, as this one passes over suite 9.
#[test]
fn of_both_suites_the_newest_key_is_taken_and_of_equals_the_last() {
    let point = AgreementKey::from_scalar(&[8; 32]).unwrap();
    let second =
        |id, from_s| PaymentKey::new(KeyId(id), &Decapsulate::public_key(&point), from_s, NOW.s() + 100);
    let chosen = |keys: Vec<PaymentKey>| {
        let bundle = KeyBundle { payment_keys: keys, ..World::new().bundle() };
        let world = World::new();
        let bundle = world.verify(&bundle.sign(&world.root).unwrap(), NOW, 0).unwrap();
        bundle.payment_key_at(NOW).map(|key| (key.key_id.0, key.suite()))
    };
    let (early, late) = (NOW.s() - 10, NOW.s() - 5);
    let first = |id, from_s| payment_key(id, from_s, NOW.s() + 100);
    assert_eq!(chosen(vec![first(1, early), second(2, late)]), Some((2, Suite::P256)));
    assert_eq!(chosen(vec![second(2, early), first(1, late)]), Some((1, Suite::X25519)));
    assert_eq!(chosen(vec![first(1, late), second(2, late)]), Some((2, Suite::P256)));
    assert_eq!(chosen(vec![second(2, late), first(1, late)]), Some((1, Suite::X25519)));
    let unknown = PaymentKey { suite: 9, ..second(3, late) };
    assert_eq!(chosen(vec![first(1, early), unknown]), Some((1, Suite::X25519)));
}

#[test]
fn an_activation_key_of_suite_2_enrols_as_well_and_every_bit_counts() {
    let activation = AgreementKey::from_scalar(&[1; 32]).unwrap().into();
    let world = World { activation, ..World::new() };
    let request = world.pending().request;
    assert_eq!(world.open(&request).unwrap().device_key, *world.device.verifying_key());
    assert_eq!(World::new().open(&request).unwrap_err(), ProtocolError::Unopenable("activation request"));
    for bit in 0..request.len() * 8 {
        let mut changed = request.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(world.open(&changed).is_err(), "bit {bit}");
    }
}

/// A holder of a key that cannot be reached.
struct Gone(hpke::PublicKey);

impl Decapsulate for Gone {
    fn public_key(&self) -> hpke::PublicKey {
        self.0
    }

    fn agree(&self, _: &hpke::PublicKey) -> Result<Secret<32>, CryptoError> {
        Err(CryptoError::KeyStore("it is not there"))
    }
}

#[test]
fn a_key_store_that_fails_is_not_the_requests_fault() {
    let world = World::new();
    let sealed = SealedActivation::parse(&world.pending().request).unwrap();
    let gone = Gone(world.activation.public_key());
    let error = sealed.open(&world.realm, &gone).map(drop).unwrap_err();
    assert_eq!(error, ProtocolError::KeyStore("it is not there"));
}

#[test]
fn bundles_that_no_phone_would_take_are_not_signed() {
    let world = World::new();
    let changes: [fn(&mut KeyBundle); 9] = [
        |b| b.payment_keys.clear(),
        |b| b.confirmation_keys.clear(),
        |b| b.payment_keys.push(b.payment_keys[0].clone()),
        |b| b.payment_keys[0].public_key.push(0),
        |b| b.payment_keys[0].suite = 2,
        |b| b.sequence = 0,
        |b| b.sequence = 1 << 53,
        |b| b.expires_at = b.issued_at,
        |b| b.payment_keys = (0..17).map(|id| payment_key(id, 0, 1)).collect(),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut bundle = world.bundle();
        change(&mut bundle);
        assert_eq!(bundle.sign(&world.root).unwrap_err().name(), "malformed", "change {index}");
    }
}

proptest! {
    #[test]
    fn garbage_is_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,300}") {
        let world = World::new();
        let pending = PendingActivation { request: bytes.clone(), reply_key: Secret::from_bytes([1; 32]) };
        for input in [bytes.as_slice(), text.as_bytes()] {
            prop_assert!(world.open(input).is_err());
            let root = world.root.verifying_key();
            prop_assert!(pending.open_reply(input, &world.realm, root, root).is_err());
            prop_assert!(SignedKeyBundle::from_json(input).is_err());
            prop_assert!(protocol::realm_file::RealmFile::parse(input).is_err());
        }
        prop_assert!(text.len() == 12 || text.parse::<protocol::activation_code::ActivationCode>().is_err() || text.len() > 12);
    }
}
