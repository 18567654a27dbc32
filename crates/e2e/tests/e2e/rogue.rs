//! A phone whose owner wrote the app: genuine keys, activated at the running server, and codes that say whatever they like.

use bank_api::Password;
use client::bank_customer::BankCustomer;
use client::phone::{PhoneClient, Signer};
use crypto::p256::SigningKey;
use crypto::{SystemRandom, x509, x25519};
use e2e::{BANK_PASSWORD, CUSTOMER_NUMBER, PIN, System};
use fixtures::fields::ordinary;
use model::{Counter, EnrolmentId, Timestamp};
use protocol::activation_request::{ActivationRequest, Attestation, Platform};
use protocol::evidence::Evidence;
use protocol::payment_code::{Cap, Draft, Fields, PaymentCode, Pin, PinKey, PinSecret, RecipientKey};
use protocol::realm_file::RealmFile;
use protocol::short_text::ShortText;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// See the module.
#[derive(Clone)]
pub(crate) struct Rogue {
    pub(crate) enrolment: EnrolmentId,
    pub(crate) device_key: SigningKey,
    pub(crate) recipient: RecipientKey,
    pub(crate) pin: &'static str,
    pub(crate) fields: Fields,
    online_key: SigningKey,
    pin_secret: PinSecret,
    folder: PathBuf,
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap())
}

fn device_time_s() -> u32 {
    u32::try_from(now().s()).unwrap()
}

impl Rogue {
    /// Activated with a code of the system's customer, whose account is its method 1.
    pub(crate) fn activate(system: &System, name: &str) -> Self {
        let realm = RealmFile::parse(&std::fs::read(system.realm_file()).unwrap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = system.dir().join("phones").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        runtime.block_on(async {
            let rogue = Self::enrolled(&realm, &system.activation_code(), folder).await;
            rogue.add_account(&realm).await;
            rogue
        })
    }

    async fn enrolled(realm: &RealmFile, activation_code: &str, folder: PathBuf) -> Self {
        let client = PhoneClient::new(realm).unwrap();
        let random = &mut SystemRandom;
        let (device_key, online_key) = (SigningKey::make(random), SigningKey::make(random));
        let pin_secret = PinSecret::make(random);
        let request = ActivationRequest {
            activation_code: activation_code.parse().unwrap(),
            challenge: client.challenge().await.unwrap(),
            certificate_request: x509::make_request(&device_key, "rogue").unwrap(),
            device_key: device_key.verifying_key().clone(),
            online_key: online_key.verifying_key().clone(),
            confirmation_key: *x25519::SecretKey::make(random).public_key(),
            pin_key: PinKey::derive(&pin_secret, &Pin::parse(PIN).unwrap()),
            attestation: Attestation::None {},
            platform: platform(realm),
            evidence: Evidence::SENSORS_RAN,
            device_time_s: device_time_s(),
        };
        let pending = request
            .sign_and_seal(&realm.realm, &realm.activation_key, &device_key, &online_key, random)
            .unwrap();
        let reply = client.activate(pending.request.clone()).await.unwrap();
        let own = device_key.verifying_key();
        let activated = pending.open_reply(&reply, &realm.realm, &realm.root_public_key, own).unwrap();
        let enrolment = activated.reply.enrolment_id;
        let recipient = activated.key_bundle.payment_key_at(now()).unwrap();
        let cap = Cap::at_least(90_000).unwrap();
        let fields = Fields { cap, ..ordinary(enrolment, 0, now()) };
        Self { enrolment, device_key, recipient, pin: PIN, fields, online_key, pin_secret, folder }
    }

    async fn add_account(&self, realm: &RealmFile) {
        let client = PhoneClient::new(realm).unwrap();
        let signer =
            || Signer { enrolment: self.enrolment, online_key: &self.online_key, server_time: now() };
        let method = client.add_method(signer(), "bank".parse().unwrap()).await.unwrap();
        let (bank, partner) = (method.proof_url.unwrap(), method.partner.unwrap());
        let password = Password::from_string(BANK_PASSWORD.to_owned());
        let number = CUSTOMER_NUMBER.parse().unwrap();
        let customer = BankCustomer::log_in(&bank, &realm.tls_roots_pem, number, password).await.unwrap();
        let account = customer.accounts().await.unwrap().remove(0).account_id;
        let proof = customer.prove(method.link.unwrap(), account, &partner).await.unwrap();
        let _ = client.prove_method(signer(), method.slot, proof).await.unwrap();
    }

    /// The next code, changed as `change` wants, as a file of digits that a till reads.
    pub(crate) fn code(&mut self, change: impl FnOnce(&mut Self)) -> PathBuf {
        self.fields.counter = Counter(self.fields.counter.0 + 1);
        self.fields.device_time_s = device_time_s();
        let mut changed = self.clone();
        change(&mut changed);
        let file = self.folder.join(format!("{}.txt", self.fields.counter.0));
        std::fs::write(&file, changed.make().to_digits()).unwrap();
        file
    }

    fn make(&self) -> PaymentCode {
        let pin_key = PinKey::derive(&self.pin_secret, &Pin::parse(self.pin).unwrap());
        let draft = Draft::start(&self.recipient, &self.fields, &mut SystemRandom).unwrap();
        let unsigned = draft.with_pin(&pin_key);
        let signature = self.device_key.sign(&[unsigned.to_sign()]);
        unsigned.finish(&signature)
    }
}

fn platform(realm: &RealmFile) -> Platform {
    let text = |text: &str| ShortText::new(text).unwrap();
    Platform {
        os: text("linux"),
        os_version: text("6"),
        model: text("rogue"),
        app_id: text(&realm.app.id),
        app_version: text(&realm.app.version),
        app_digest: None,
    }
}
