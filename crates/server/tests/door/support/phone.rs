//! A phone made of `protocol` alone, so that what the server does is compared with the specification.

use super::{Answer, World, parse};
use api::phone::{ConfirmationPage, ConfirmationView, EnrolmentView, MethodView};
use crypto::p256::SigningKey;
use crypto::{Random, SystemRandom, x509, x25519};
use data_encoding::BASE64URL_NOPAD;
use http::{Method, Request};
use model::{Clock, Currency, EnrolmentId, MethodSlot, Timestamp};
use protocol::activation::Challenge;
use protocol::activation_reply::PendingActivation;
use protocol::activation_request::{ActivationRequest, AppDigest, Attestation, Platform};
use protocol::confirmation::{Confirmation, SealedConfirmation};
use protocol::evidence::Evidence;
use protocol::http_signature::{HttpRequest, sign_request};
use protocol::key_bundle::KeyBundle;
use protocol::payment_code::{Draft, Fields, PaymentCode, Pin, PinKey, PinSecret, RecipientKey};
use protocol::short_text::ShortText;
use security::KeyStore;
use serde_json::{Value, json};

pub(crate) const RIGHT_PIN: &str = "482916";
pub(crate) const WRONG_PIN: &str = "482917";

/// A phone that has made its keys and its request, and waits for the reply.
pub(crate) struct Pending {
    pub(crate) activation: PendingActivation,
    device_key: SigningKey,
    online_key: SigningKey,
    confirmation_key: x25519::SecretKey,
    pin_secret: PinSecret,
}

impl Pending {
    /// With a fresh challenge from the server.
    pub(crate) async fn new(world: &World, activation_code: &str) -> Self {
        let request = world.request(Method::POST, "/v1/activations/challenge").body(Vec::new()).unwrap();
        let answer = world.send(request).await.is(200);
        Self::with_challenge(world, activation_code, parse(&answer["challenge"]))
    }

    pub(crate) fn with_challenge(world: &World, activation_code: &str, challenge: Challenge) -> Self {
        let device_key = SigningKey::make(&mut SystemRandom);
        Self::attested(world, activation_code, challenge, device_key, Attestation::None {})
    }

    /// With a device key of which its platform says this.
    pub(crate) fn attested(
        world: &World,
        activation_code: &str,
        challenge: Challenge,
        device_key: SigningKey,
        attestation: Attestation,
    ) -> Self {
        let app = ["linux", "example.wallet", "1"];
        Self::of_app(world, activation_code, challenge, device_key, attestation, app)
    }

    /// Of a phone that says it runs this app: system, id, version.
    pub(crate) fn of_app(
        world: &World,
        activation_code: &str,
        challenge: Challenge,
        device_key: SigningKey,
        attestation: Attestation,
        app: [&str; 3],
    ) -> Self {
        Self::of_platform(world, activation_code, challenge, device_key, attestation, platform(app, None))
    }

    /// Of a phone that says that it is this.
    pub(crate) fn of_platform(
        world: &World,
        activation_code: &str,
        challenge: Challenge,
        device_key: SigningKey,
        attestation: Attestation,
        platform: Platform,
    ) -> Self {
        let online_key = SigningKey::make(&mut SystemRandom);
        let confirmation_key = x25519::SecretKey::make(&mut SystemRandom);
        let pin_secret = PinSecret::make(&mut SystemRandom);
        let request = ActivationRequest {
            activation_code: activation_code.parse().unwrap(),
            challenge,
            certificate_request: x509::make_request(&device_key, "phone").unwrap(),
            device_key: device_key.verifying_key().clone(),
            online_key: online_key.verifying_key().clone(),
            confirmation_key: *confirmation_key.public_key(),
            pin_key: PinKey::derive(&pin_secret, &Pin::parse(RIGHT_PIN).unwrap()),
            attestation,
            platform,
            evidence: Evidence::SENSORS_RAN,
            device_time_s: u32::try_from(world.clock.now().s()).unwrap(),
        };
        let to = world.keys.activation_key();
        let activation = request
            .sign_and_seal(world.keys.realm(), &to, &device_key, &online_key, &mut SystemRandom)
            .unwrap();
        Self { activation, device_key, online_key, confirmation_key, pin_secret }
    }

    pub(crate) async fn send(&self, world: &World) -> Answer {
        let request = world
            .request(Method::POST, "/v1/activations")
            .header("content-type", "application/json")
            .body(self.activation.request.clone());
        world.send(request.unwrap()).await
    }

    pub(crate) fn activated(self, world: &World, reply: &[u8]) -> Phone {
        let root = &world.keys.root_public_key();
        let own = self.device_key.verifying_key();
        let activated = self.activation.open_reply(reply, world.keys.realm(), root, own).unwrap();
        Phone {
            enrolment: activated.reply.enrolment_id,
            recipient: activated.key_bundle.payment_key_at(world.clock.now()).unwrap(),
            bundle: activated.key_bundle,
            device_key: self.device_key,
            online_key: self.online_key,
            confirmation_key: self.confirmation_key,
            pin_secret: self.pin_secret,
        }
    }
}

/// What a phone says that it is: of its app system, id, version, and perhaps its package's digest.
pub(crate) fn platform([os, app_id, app_version]: [&str; 3], app_digest: Option<[u8; 32]>) -> Platform {
    let text = |text| ShortText::new(text).unwrap();
    Platform {
        os: text(os),
        os_version: text("6"),
        model: text("test"),
        app_id: text(app_id),
        app_version: text(app_version),
        app_digest: app_digest.map(AppDigest),
    }
}

/// An activated phone.
#[derive(Clone)]
pub(crate) struct Phone {
    pub(crate) enrolment: EnrolmentId,
    pub(crate) device_key: SigningKey,
    pub(crate) online_key: SigningKey,
    pub(crate) pin_secret: PinSecret,
    pub(crate) recipient: RecipientKey,
    pub(crate) confirmation_key: x25519::SecretKey,
    pub(crate) bundle: KeyBundle,
}

/// A code to be made: the ordinary one, to be changed by tests.
pub(crate) struct Plan {
    pub(crate) fields: Fields,
    pub(crate) pin: &'static str,
}

impl Phone {
    pub(crate) async fn activate(world: &World, activation_code: &str) -> Self {
        let pending = Pending::new(world, activation_code).await;
        let answer = pending.send(world).await;
        answer.is(200);
        pending.activated(world, &answer.body)
    }

    pub(crate) async fn add_method(&self, world: &World) -> MethodView {
        parse(&self.ask(world, Method::POST, "/v1/methods", Some(json!({"provider": "bank"}))).await.is(201))
    }

    pub(crate) async fn hand_in(&self, world: &World, slot: MethodSlot, proof: &str) -> Answer {
        let path = format!("/v1/methods/{}/proof", slot.0);
        self.ask(world, Method::POST, &path, Some(json!({"proof": proof}))).await
    }

    pub(crate) async fn prove_method(&self, world: &World, currency: Currency) -> MethodSlot {
        let slot = self.add_method(world).await.slot;
        self.hand_in(world, slot, &format!("proof {currency}")).await.is(200);
        slot
    }

    pub(crate) async fn status(&self, world: &World) -> EnrolmentView {
        parse(&self.ask(world, Method::GET, "/v1/enrolment", None).await.is(200))
    }

    /// Sends a signed request.
    pub(crate) async fn ask(&self, world: &World, method: Method, path: &str, body: Option<Value>) -> Answer {
        world.send(self.signed(world, &method, path, body)).await
    }

    pub(crate) fn signed(
        &self,
        world: &World,
        method: &Method,
        path_and_query: &str,
        body: Option<Value>,
    ) -> Request<Vec<u8>> {
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        let (path, query) =
            path_and_query.split_once('?').map_or((path_and_query, None), |(p, q)| (p, Some(q)));
        let what = HttpRequest { method: method.as_str(), path, query, body: &body };
        let mut nonce = [0; 16];
        SystemRandom.fill(&mut nonce);
        let now_s = world.clock.now().s();
        let fields = sign_request(&what, self.enrolment, now_s, &nonce, &self.online_key).unwrap();
        let builder =
            world.request(method.clone(), path_and_query).header("content-type", "application/json");
        fields
            .into_iter()
            .fold(builder, |builder, (name, value)| builder.header(name, value))
            .body(body)
            .unwrap()
    }

    /// All confirmations after a sequence, opened and checked.
    pub(crate) async fn confirmations(&self, world: &World, after: u32) -> Vec<Confirmation> {
        let path = format!("/v1/confirmations?after={after}");
        let page: ConfirmationPage = parse(&self.ask(world, Method::GET, &path, None).await.is(200));
        assert!(!page.has_more);
        page.confirmations.iter().map(|view| self.open(view)).collect()
    }

    pub(crate) fn open(&self, view: &ConfirmationView) -> Confirmation {
        let sealed = BASE64URL_NOPAD.decode(view.sealed.as_bytes()).unwrap();
        let sealed = SealedConfirmation::from_bytes(sealed).unwrap();
        let signing_key = |id| self.bundle.confirmation_key(id);
        let opened = sealed.open(&self.confirmation_key, signing_key, &self.recipient.realm).unwrap();
        assert_eq!(opened.sequence, view.sequence);
        opened
    }

    pub(crate) fn plan(&self, counter: u32, now: Timestamp) -> Plan {
        Plan { fields: fixtures::fields::ordinary(self.enrolment, counter, now), pin: RIGHT_PIN }
    }

    pub(crate) fn code(&self, world: &World, counter: u32) -> PaymentCode {
        self.make(&self.plan(counter, world.clock.now()))
    }

    pub(crate) fn wrong_pin_code(&self, world: &World, counter: u32) -> PaymentCode {
        self.make(&Plan { pin: WRONG_PIN, ..self.plan(counter, world.clock.now()) })
    }

    pub(crate) fn make(&self, plan: &Plan) -> PaymentCode {
        let pin_key = PinKey::derive(&self.pin_secret, &Pin::parse(plan.pin).unwrap());
        let draft = Draft::start(&self.recipient, &plan.fields, &mut SystemRandom).unwrap();
        let unsigned = draft.with_pin(&pin_key);
        let signature = self.device_key.sign(&[unsigned.to_sign()]);
        unsigned.finish(&signature)
    }
}
