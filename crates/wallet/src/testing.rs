//! A small installation to test against: a root, a device CA, keys, and the server's half of what phones send.

use api::phone::{
    ConfirmationView, EnrolmentStatusName, EnrolmentView, MethodPage, MethodStateName, MethodView,
};
use crypto::{
    Random, Secret, SystemRandom,
    hpke::{Decapsulate, SecretKey},
    p256::SigningKey,
    x509::{self, Issue, Profile},
};
use data_encoding::BASE64URL_NOPAD;
use model::{Counter, Currency, EnrolmentId, MethodSlot, PaymentId, Timestamp};
use protocol::{
    activation::Challenge,
    activation_code::ActivationCode,
    activation_reply::ActivationReply,
    activation_request::{Attestation, Platform, SealedActivation},
    confirmation::{Cause, Confirmation, ConfirmationKind, MerchantName},
    evidence::Evidence,
    key_bundle::{ConfirmationKey, Der, DisplayLimits, KeyBundle, KeyId, PaymentKey, RuleKey},
    payment_code::{OpenedCode, PaymentCode, Pin, PinKey, RecipientKey, Suite, open},
    realm::Realm,
    realm_file::{ActivationKey, AppIdentity, RealmFile},
    short_text::ShortText,
};

use crate::{Applicant, DevicePublicKeys, MemoryVault, State};

pub(crate) const NOW: Timestamp = Timestamp::from_s(1_790_000_000);
pub(crate) const PIN: &str = "482916";
pub(crate) const WRONG_PIN: &str = "482917";
pub(crate) const ENROLMENT: EnrolmentId = EnrolmentId::from_bytes([0, 0, 0xa1, 0xb2, 0xc3, 0xd4]);

/// The server's secrets.
pub(crate) struct World {
    pub(crate) realm: Realm,
    pub(crate) root: SigningKey,
    pub(crate) ca: SigningKey,
    pub(crate) ca_certificate: Vec<u8>,
    pub(crate) activation: SecretKey,
    pub(crate) payment: SecretKey,
    pub(crate) confirmation: SigningKey,
    pub(crate) rules: SigningKey,
    pub(crate) key_id: KeyId,
    pub(crate) limits: DisplayLimits,
}

impl World {
    pub(crate) fn make() -> Self {
        Self::make_in(Suite::X25519)
    }

    /// An installation whose keys that others seal to are of this suite.
    pub(crate) fn make_in(suite: Suite) -> Self {
        let random = &mut SystemRandom;
        let root = SigningKey::make(random);
        let ca = SigningKey::make(random);
        let ca_certificate = certificate("Batzen Device CA", "Batzen Root", &ca, &root, Profile::DeviceCa);
        Self {
            realm: Realm::new("shop.example").unwrap(),
            ca,
            ca_certificate,
            root,
            activation: SecretKey::make(suite.kem(), random),
            payment: SecretKey::make(suite.kem(), random),
            confirmation: SigningKey::make(random),
            rules: SigningKey::make(random),
            key_id: KeyId(7),
            limits: DisplayLimits::default(),
        }
    }

    pub(crate) fn realm_file(&self) -> RealmFile {
        RealmFile {
            realm: self.realm.clone(),
            server_url: "https://pay.shop.example".to_owned(),
            activation_key: ActivationKey { key_id: KeyId(1), public_key: self.activation.public_key() },
            root_public_key: self.root.verifying_key().clone(),
            tls_roots_pem: x509::Certificate::read(&self.ca_certificate).unwrap().to_pem(),
            app: AppIdentity { id: "example.wallet".to_owned(), version: "1.0".to_owned() },
        }
    }

    /// A bundle issued at `at`, valid for 30 days.
    pub(crate) fn bundle(&self, sequence: u64, at: Timestamp) -> KeyBundle {
        KeyBundle {
            realm: self.realm.clone(),
            sequence,
            issued_at: at,
            expires_at: at.plus_s(30 * 86_400),
            payment_keys: vec![PaymentKey::new(
                self.key_id,
                &self.payment.public_key(),
                at.s() - 60,
                at.s() + 60 * 86_400,
            )],
            confirmation_keys: vec![ConfirmationKey {
                key_id: KeyId(3),
                public_key: self.confirmation.verifying_key().clone(),
            }],
            rule_keys: vec![RuleKey { public_key: self.rules.verifying_key().clone() }],
            device_ca: Der::new(self.ca_certificate.clone()).unwrap(),
            limits: self.limits,
        }
    }

    /// Answers an activation request as the server does; gives the PIN key that came with it.
    pub(crate) fn activate(&self, request: &[u8], counter_start: u32, at: Timestamp) -> (Vec<u8>, PinKey) {
        let sealed = SealedActivation::parse(request).unwrap();
        let (request, sealer) = sealed.open(&self.realm, &self.activation).unwrap();
        let device = certificate_for(
            &ENROLMENT.to_string(),
            "Batzen Device CA",
            request.device_key.clone(),
            &self.ca,
            Profile::Device,
        );
        let reply = ActivationReply {
            enrolment_id: ENROLMENT,
            certificate: Der::new(device).unwrap(),
            certificate_chain: vec![Der::new(self.ca_certificate.clone()).unwrap()],
            key_bundle: self.bundle(5, at).sign(&self.root).unwrap(),
            counter_start: Counter(counter_start),
            server_time: at,
            customer_name: Some(ShortText::new("Anna Muster").unwrap()),
        };
        (sealer.seal(&reply, &mut SystemRandom).unwrap(), request.pin_key)
    }

    pub(crate) fn view(&self, bundle: &KeyBundle, counter: u32, at: Timestamp) -> EnrolmentView {
        EnrolmentView {
            status: EnrolmentStatusName::Active,
            counter,
            pin_tries_left: 3,
            pin_generation: 1,
            pin_blocked_until_ms: None,
            certificate_not_after_ms: at.plus_s(86_400 * 365).ms(),
            certificate_renewable_until_ms: at.plus_s(86_400 * 395).ms(),
            server_time_ms: at.ms(),
            last_confirmation: 0,
            app: None,
            rule_list: None,
            key_bundle: serde_json::from_slice(&bundle.sign(&self.root).unwrap().to_json()).unwrap(),
        }
    }

    pub(crate) fn open(&self, code: &PaymentCode) -> OpenedCode {
        let key = RecipientKey {
            key_id: self.key_id,
            realm: self.realm.clone(),
            public_key: self.payment.public_key(),
        };
        open(code, &self.payment, &key).unwrap()
    }

    pub(crate) fn confirmation(&self, sequence: u32, vault: &MemoryVault) -> ConfirmationView {
        let confirmation = Confirmation {
            sequence,
            kind: ConfirmationKind::Captured,
            payment: PaymentId::from_u128(u128::from(sequence)),
            counter: Counter(sequence),
            at: NOW.plus_s(i64::from(sequence)),
            amount_minor: 1250,
            currency: Some(Currency::CHF),
            cause: Cause::NONE,
            terminal: None,
            merchant: MerchantName::new("Bäckerei").unwrap(),
        };
        self.seal_confirmation(&confirmation, vault, &self.confirmation)
    }

    pub(crate) fn seal_confirmation(
        &self,
        confirmation: &Confirmation,
        vault: &MemoryVault,
        signer: &SigningKey,
    ) -> ConfirmationView {
        let recipient = vault.confirmation.public_key();
        let sealed = confirmation.seal(recipient, signer, KeyId(3), &self.realm, &mut SystemRandom).unwrap();
        ConfirmationView {
            sequence: confirmation.sequence,
            sealed: BASE64URL_NOPAD.encode(sealed.as_bytes()),
        }
    }
}

/// A wallet that is activated, with one method that pays in francs.
pub(crate) struct Ready {
    pub(crate) world: World,
    pub(crate) vault: MemoryVault,
    pub(crate) state: State,
    pub(crate) pin_key: PinKey,
}

pub(crate) fn ready() -> Ready {
    ready_in(Suite::X25519)
}

/// With an installation whose keys that others seal to are of this suite.
pub(crate) fn ready_in(suite: Suite) -> Ready {
    let (world, vault) = (World::make_in(suite), MemoryVault::make(&mut SystemRandom));
    let mut state = State::new(world.realm_file());
    let request = begin(&mut state, &vault, PIN);
    let (reply, pin_key) = world.activate(&request, 1, NOW);
    state.complete_activation(&reply, vault.device.verifying_key(), NOW, NOW).unwrap();
    state
        .apply_methods(MethodPage {
            methods: vec![method(1, MethodStateName::Active)],
            providers: Vec::new(),
        })
        .unwrap();
    Ready { world, vault, state, pin_key }
}

pub(crate) fn begin(state: &mut State, vault: &MemoryVault, pin: &str) -> Vec<u8> {
    let draft = state
        .draft_activation(applicant(pin), &DevicePublicKeys::of(vault).unwrap(), NOW, &mut SystemRandom)
        .unwrap();
    let signatures = draft.sign(vault).unwrap();
    state.begin_activation(draft, &signatures, &mut SystemRandom).unwrap().stored()
}

pub(crate) fn applicant(pin: &str) -> Applicant {
    let text = |text| ShortText::new(text).unwrap();
    Applicant {
        activation_code: ActivationCode::make(&mut SystemRandom),
        challenge: Challenge::make(&mut SystemRandom),
        pin: Pin::parse(pin).unwrap(),
        platform: Platform {
            os: text("linux"),
            os_version: text("6"),
            model: text("test"),
            app_id: text("example.wallet"),
            app_version: text("1.0"),
            app_digest: None,
        },
        attestation: Attestation::None {},
        evidence: Evidence::empty(),
    }
}

pub(crate) fn method(slot: u8, state: MethodStateName) -> MethodView {
    MethodView {
        slot: MethodSlot(slot),
        provider: "bank".parse().unwrap(),
        state,
        label: Some("CH93 •••• 5295 7".to_owned()),
        currency: (state == MethodStateName::Active).then_some(Currency::CHF),
        link: None,
        proof_url: None,
        proof_page_url: None,
        partner: None,
        prove_by_ms: None,
    }
}

/// Gives the same bytes over and over.
pub(crate) struct Same(pub(crate) Secret<32>);

impl Random for Same {
    fn fill(&mut self, out: &mut [u8]) {
        for (place, byte) in out.iter_mut().enumerate() {
            *byte = self.0.expose()[place % 32];
        }
    }
}

fn certificate(
    subject: &str,
    issuer: &str,
    key: &SigningKey,
    issuer_key: &SigningKey,
    profile: Profile,
) -> Vec<u8> {
    certificate_for(subject, issuer, key.verifying_key().clone(), issuer_key, profile)
}

pub(crate) fn certificate_for(
    subject: &str,
    issuer: &str,
    public_key: crypto::p256::VerifyingKey,
    issuer_key: &SigningKey,
    profile: Profile,
) -> Vec<u8> {
    let issue = Issue {
        serial: [9; 16],
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        not_before_s: 1_600_000_000,
        not_after_s: 2_000_000_000,
        public_key,
        profile,
    };
    x509::issue(&issue, issuer_key).unwrap()
}
