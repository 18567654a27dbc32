//! A small world of real parts: the embedded store, the software key store, security management, phones.

use std::sync::Arc;

use crypto::{Random, SystemRandom, p256::SigningKey, x509, x25519};
use keystore::RealmKeys;
use model::{
    CheckoutId, Currency, CustomerId, DeclineReason, EnrolmentId, MerchantId, MethodSlot, Money, Order,
    Payment, PaymentId, PaymentState, SaleTerms, TerminalNumber, Timestamp, Unwatched,
};
use protocol::{
    activation::Challenge,
    activation_reply::{Activated, PendingActivation},
    activation_request::{ActivationRequest, Attestation, Platform},
    evidence::Evidence,
    http_signature::{HttpRequest, UnverifiedRequest, sign_request},
    payment_code::{Draft, Fields, PaymentCode, Pin, PinKey, PinSecret, RecipientKey},
    realm::Realm,
    short_text::ShortText,
    verdict::Verdict,
};
use records::{
    Actor, AuditEntry, BeginPayment, Command, Customer, Enrolment, Outcome, Queries, RequestId, Store,
};
use security::{AuthenticatedDevice, KeyStore, Policy, ProvedAccount, Security, SecurityError, Verification};
use store::EmbeddedStore;
use tempfile::TempDir;

pub(crate) const RIGHT_PIN: &str = "482916";
pub(crate) const WRONG_PIN: &str = "482917";
pub(crate) const PASSPHRASE: &str = "only for tests";

pub(crate) fn start() -> Timestamp {
    Timestamp::from_s(1_790_000_000)
}

pub(crate) fn till(number: u32) -> TerminalNumber {
    TerminalNumber::new(number).expect("tills are not 0")
}

pub(crate) fn draw_u64() -> u64 {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    u64::from_be_bytes(bytes)
}

pub(crate) struct World {
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) keys: Arc<RealmKeys>,
    pub(crate) security: Arc<Security>,
    pub(crate) folder: TempDir,
}

/// What came of presenting a code once.
#[derive(Debug)]
pub(crate) struct Presented {
    pub(crate) verdict: Verdict,
    pub(crate) payment: PaymentId,
    pub(crate) locks_for_pin: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_policy(Policy::default())
    }

    pub(crate) fn with_policy(policy: Policy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(EmbeddedStore::open(&folder.path().join("store")).unwrap());
        let realm = Realm::new("shop.example").unwrap();
        let path = folder.path().join("keys");
        let keys = RealmKeys::create_file(&path, PASSPHRASE, &realm, start(), &mut SystemRandom).unwrap();
        let keys = Arc::new(keys);
        let security = Security::new(store.clone(), keys.clone(), policy).unwrap();
        Self { store, keys, security: Arc::new(security), folder }
    }

    pub(crate) async fn customer(&self) -> CustomerId {
        let id = CustomerId::derive(0, start(), draw_u64());
        let customer = Customer { id, name: "Ada".to_owned(), created_at: start() };
        let audit = AuditEntry {
            at: start(),
            actor: Actor::Server,
            action: "customer.created".to_owned(),
            subject: id.to_string(),
            detail: String::new(),
        };
        let outcome = self.store.commit(Command::CreateCustomer(customer, audit)).await.unwrap();
        assert_eq!(outcome, Outcome::Done);
        id
    }

    /// A phone of this customer, activated.
    pub(crate) async fn phone(&self, customer: CustomerId) -> Phone {
        let asked = self.ask(customer).await;
        let reply =
            self.security.activate(&asked.pending.request, "test", start(), &mut SystemRandom).await.unwrap();
        asked.activated(&reply, self)
    }

    /// A phone with one proved account in this currency, in slot 1.
    pub(crate) async fn paying_phone(&self) -> Phone {
        let phone = self.phone(self.customer().await).await;
        self.prove_method(&phone, Currency::CHF).await;
        phone
    }

    /// A phone's request to be activated, not yet sent.
    pub(crate) async fn ask(&self, customer: CustomerId) -> Asked {
        let issued = self
            .security
            .issue_activation_code(customer, Actor::Server, start(), &mut SystemRandom)
            .await
            .unwrap();
        let (challenge, _) = self.security.make_challenge("test", start(), &mut SystemRandom).unwrap();
        Asked::new(&issued.code.to_grouped(), challenge, self, |_| {})
    }

    pub(crate) async fn prove_method(&self, phone: &Phone, currency: Currency) -> MethodSlot {
        let device = self.online(phone, start()).await.unwrap();
        let provider = "bank".parse().unwrap();
        let method = self.security.add_method(&device, provider, start(), &mut SystemRandom).await.unwrap();
        let account = account(currency);
        self.security.record_proof(&device, method.slot, &account, start()).await.unwrap();
        method.slot
    }

    pub(crate) async fn online(
        &self,
        phone: &Phone,
        now: Timestamp,
    ) -> Result<AuthenticatedDevice, SecurityError> {
        self.security.authenticate(&phone.signed_request(now), now).await
    }

    pub(crate) async fn enrolment(&self, phone: &Phone) -> Enrolment {
        self.store.enrolment(phone.enrolment).await.unwrap().unwrap()
    }

    /// Presents a code as the server does: verify, commit, again on conflict.
    pub(crate) async fn present(&self, code: &PaymentCode, order: &Order, now: Timestamp) -> Presented {
        let payment = PaymentId::derive(0, now, draw_u64());
        loop {
            let verification = self.security.verify(code, order, payment, now, &Unwatched).await.unwrap();
            let (command, presented) = begin_payment(verification, now);
            match self.store.commit(Command::BeginPayment(Box::new(command))).await.unwrap() {
                Outcome::Done => return presented,
                Outcome::Conflict => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) async fn verdict(&self, code: &PaymentCode, order: &Order, now: Timestamp) -> Verdict {
        self.present(code, order, now).await.verdict
    }

    pub(crate) async fn audit_actions(&self) -> Vec<String> {
        let rows = self.store.audit(records::Page::first(1_000)).await.unwrap();
        rows.into_iter().map(|row| row.entry.action).collect()
    }
}

fn begin_payment(verification: Verification, now: Timestamp) -> (BeginPayment, Presented) {
    let request = |order: &Order| RequestId {
        checkout: order.checkout,
        key: format!("key-{}", draw_u64()).parse().unwrap(),
        request_hash: [0; 32],
    };
    let payment = |id, order: Order, payer, state| Payment {
        id,
        version: 1,
        order,
        payer,
        received_at: now,
        state,
        captured_minor: 0,
        refunded_minor: 0,
        charged_back_minor: 0,
        in_suspense_minor: 0,
        approval: None,
        terms: SaleTerms::default(),
    };
    let (request, payment, verdict, enrolment, code_use, velocity, audit, locks_for_pin) = match verification
    {
        Verification::Accepted(verified) => {
            let parts = verified.into_parts();
            let request = request(&parts.order);
            let payment = payment(parts.payment, parts.order, Some(parts.payer), PaymentState::Received);
            let (enrolment, code_use) = (Some(parts.enrolment), Some(parts.code_use));
            (request, payment, parts.verdict, enrolment, code_use, parts.velocity, parts.audit, false)
        }
        Verification::Refused(refused) => {
            let state = PaymentState::Declined(DeclineReason::Security(refused.customer_action()));
            let locks_for_pin = refused.locks_for_pin();
            let parts = refused.into_parts();
            let request = request(&parts.order);
            let payment = payment(parts.payment, parts.order, None, state);
            (
                request,
                payment,
                parts.verdict,
                parts.enrolment,
                parts.code_use,
                None,
                parts.audit,
                locks_for_pin,
            )
        }
    };
    let presented = Presented { verdict: verdict.verdict, payment: payment.id, locks_for_pin };
    let command = BeginPayment {
        request,
        payment,
        verdict,
        enrolment,
        code_use,
        velocity,
        effect: None,
        wake_at: None,
        approval: None,
        confirmation: None,
        answer: None,
        webhooks: Vec::new(),
        audit,
    };
    (command, presented)
}

pub(crate) fn account(currency: Currency) -> ProvedAccount {
    ProvedAccount { account_ref: format!("acc-{currency}"), currency, label: "CH.. 42".to_owned() }
}

/// An order of 12.50 CHF at till 7.
pub(crate) fn order() -> Order {
    order_of(1250, Currency::CHF)
}

pub(crate) fn order_of(amount_minor: i64, currency: Currency) -> Order {
    Order {
        merchant: MerchantId::from_u128(1),
        checkout: CheckoutId::from_u128(2),
        terminal: till(7),
        amount: Money::new(amount_minor, currency),
    }
}

/// A request to be activated, and all that the phone keeps of it.
pub(crate) struct Asked {
    pub(crate) pending: PendingActivation,
    device_key: SigningKey,
    online_key: SigningKey,
    pin_secret: PinSecret,
}

impl Asked {
    pub(crate) fn new(
        code: &str,
        challenge: Challenge,
        world: &World,
        change: impl FnOnce(&mut ActivationRequest),
    ) -> Self {
        let device_key = SigningKey::make(&mut SystemRandom);
        let online_key = SigningKey::make(&mut SystemRandom);
        let pin_secret = PinSecret::make(&mut SystemRandom);
        let text = |text| ShortText::new(text).unwrap();
        let mut request = ActivationRequest {
            activation_code: code.parse().unwrap(),
            challenge,
            certificate_request: x509::make_request(&device_key, "phone").unwrap(),
            device_key: device_key.verifying_key().clone(),
            online_key: online_key.verifying_key().clone(),
            confirmation_key: *x25519::SecretKey::make(&mut SystemRandom).public_key(),
            pin_key: PinKey::derive(&pin_secret, &Pin::parse(RIGHT_PIN).unwrap()),
            attestation: Attestation::None {},
            platform: Platform {
                os: text("linux"),
                os_version: text("6"),
                model: text("test"),
                app_id: text("example.wallet"),
                app_version: text("1"),
                app_digest: None,
            },
            evidence: Evidence::SENSORS_RAN,
            device_time_s: u32::try_from(start().s()).unwrap(),
        };
        change(&mut request);
        let to = world.keys.activation_key();
        let pending = request
            .sign_and_seal(world.keys.realm(), &to, &device_key, &online_key, &mut SystemRandom)
            .unwrap();
        Self { pending, device_key, online_key, pin_secret }
    }

    pub(crate) fn open(&self, reply: &[u8], world: &World) -> Activated {
        let root = &world.keys.root_public_key();
        self.pending.open_reply(reply, world.keys.realm(), root, self.device_key.verifying_key()).unwrap()
    }

    pub(crate) fn activated(self, reply: &[u8], world: &World) -> Phone {
        let activated = self.open(reply, world);
        let recipient = activated.key_bundle.payment_key_at(start()).unwrap();
        Phone {
            enrolment: activated.reply.enrolment_id,
            device_key: self.device_key,
            online_key: self.online_key,
            pin_secret: self.pin_secret,
            recipient,
        }
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
}

/// A code to be made: the ordinary one, to be changed by tests.
pub(crate) struct Plan {
    pub(crate) fields: Fields,
    pub(crate) pin: &'static str,
}

impl Phone {
    pub(crate) fn plan(&self, counter: u32, now: Timestamp) -> Plan {
        Plan { fields: fixtures::fields::ordinary(self.enrolment, counter, now), pin: RIGHT_PIN }
    }

    pub(crate) fn code(&self, counter: u32, now: Timestamp) -> PaymentCode {
        self.make(&self.plan(counter, now))
    }

    pub(crate) fn wrong_pin_code(&self, counter: u32, now: Timestamp) -> PaymentCode {
        self.make(&Plan { pin: WRONG_PIN, ..self.plan(counter, now) })
    }

    pub(crate) fn make(&self, plan: &Plan) -> PaymentCode {
        let pin_key = PinKey::derive(&self.pin_secret, &Pin::parse(plan.pin).unwrap());
        let draft = Draft::start(&self.recipient, &plan.fields, &mut SystemRandom).unwrap();
        let unsigned = draft.with_pin(&pin_key);
        let signature = self.device_key.sign(&[unsigned.to_sign()]);
        unsigned.finish(&signature)
    }

    pub(crate) fn signed_request(&self, now: Timestamp) -> UnverifiedRequest {
        let mut nonce = [0; 16];
        SystemRandom.fill(&mut nonce);
        self.signed_request_with(now, &nonce)
    }

    pub(crate) fn signed_request_with(&self, now: Timestamp, nonce: &[u8; 16]) -> UnverifiedRequest {
        let request = HttpRequest { method: "GET", path: "/v1/enrolment", query: None, body: b"" };
        let fields = sign_request(&request, self.enrolment, now.s(), nonce, &self.online_key).unwrap();
        UnverifiedRequest::parse(&request, fields.iter().map(|(name, value)| (*name, value.as_str())))
            .unwrap()
    }
}
