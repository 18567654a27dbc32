//! A small world of real parts: the embedded store, the software key store, security management and a phone,
//! with a bank that plays every trick and a clock that the tests own.

pub(crate) mod bank;
pub(crate) mod falsified;
pub(crate) mod sample;

use bank::ScriptedBank;
use crypto::{Random, SystemRandom, p256::SigningKey, x509, x25519};
use keystore::RealmKeys;
use model::{
    CheckoutId, Clock, Currency, CustomerId, EnrolmentId, MerchantId, Money, Order, Payment, PaymentId,
    SaleTerms, TerminalNumber, Timestamp, Unwatched,
};
use payments::check::{Report, SignedBy, check};
use payments::{Begun, Changed, IdSource, Observer, PaymentError, Payments, Provider, Terms, Wanted};
use protocol::{
    activation_request::{ActivationRequest, Attestation, Platform},
    evidence::Evidence,
    http_signature::{HttpRequest, UnverifiedRequest, sign_request},
    payment_code::{Draft, PaymentCode, Pin, PinKey, PinSecret, RecipientKey},
    realm::Realm,
    short_text::ShortText,
};
use records::{
    Actor, Answer, AuditEntry, Checkout, Command, Customer, EventRow, Merchant, MerchantTerms, Outcome,
    RequestId, Store,
};
use security::{KeyStore, Policy, ProvedAccount, Security, Verification, VerifiedCode};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use store::EmbeddedStore;
use tempfile::TempDir;

pub(crate) const PIN: &str = "482916";
pub(crate) const MERCHANT: MerchantId = MerchantId::from_u128(1);
pub(crate) const CHECKOUT: CheckoutId = CheckoutId::from_u128(2);
/// The amount of every order, in minor units.
pub(crate) const AMOUNT_MINOR: i64 = 1_000;

pub(crate) const fn start() -> Timestamp {
    Timestamp::from_s(1_790_000_000)
}

/// Stands still until a test moves it.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn advance_s(&self, s: i64) {
        self.advance_ms(s * 1_000);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::SeqCst))
    }
}

/// Counts up; every number is given out as often as `repeats` says.
pub(crate) struct CountedIds {
    next: AtomicU64,
    repeats: u64,
}

impl IdSource for CountedIds {
    fn random(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst) / self.repeats
    }
}

/// Nobody wants to know.
pub(crate) struct NoObserver;

impl Observer for NoObserver {
    fn effects_written(&self) {}
    fn confirmation_written(&self, _: EnrolmentId) {}
    fn webhooks_written(&self) {}
}

struct Phone {
    enrolment: EnrolmentId,
    device_key: SigningKey,
    pin_secret: PinSecret,
    recipient: RecipientKey,
    counter: AtomicU32,
}

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) bank: Arc<ScriptedBank>,
    pub(crate) payments: Arc<Payments>,
    pub(crate) security: Arc<Security>,
    keys: Arc<RealmKeys>,
    phone: Phone,
    next_key: AtomicU32,
    folder: TempDir,
}

fn entry(action: &str) -> AuditEntry {
    let (action, subject, detail) = (action.to_owned(), "test".to_owned(), String::new());
    AuditEntry { at: start(), actor: Actor::Server, action, subject, detail }
}

async fn done(store: &dyn Store, command: Command) {
    assert_eq!(store.commit(command).await.unwrap(), Outcome::Done);
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.path().join("store")).unwrap());
        let realm = Realm::new("shop.example").unwrap();
        let path = folder.path().join("keys");
        let keys = RealmKeys::create_file(&path, "only for tests", &realm, start(), &mut SystemRandom);
        let keys = Arc::new(keys.unwrap());
        let security = Arc::new(Security::new(store.clone(), keys.clone(), Policy::default()).unwrap());
        let clock = Arc::new(ManualClock(AtomicI64::new(start().ms())));
        let bank = Arc::new(ScriptedBank::new(start().plus_s(7 * 86_400)));
        let merchant = Merchant {
            id: MERCHANT,
            name: "Shop".to_owned(),
            terms: terms(),
            created_at: start(),
            category: None,
        };
        done(&*store, Command::CreateMerchant(merchant, entry("merchant.created"))).await;
        let checkout = Checkout {
            id: CHECKOUT,
            merchant: MERCHANT,
            name: "Till".to_owned(),
            api_key_hash: [1; 32],
            terminals: vec![order().terminal],
            created_at: start(),
        };
        done(&*store, Command::CreateCheckout(checkout, entry("checkout.created"))).await;
        let phone = Phone::activated(&*store, &security, &keys).await;
        let payments = Arc::new(payments_over(store.clone(), bank.clone(), clock.clone(), 1));
        Self { store, clock, bank, payments, security, keys, phone, next_key: AtomicU32::new(1), folder }
    }

    /// The same world after its server was killed and started again.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with_bank(true).await
    }

    /// The same, with or without the bank in its configuration.
    pub(crate) async fn restart_with_bank(self, has_bank: bool) -> Self {
        let Self { store, clock, bank, payments, security, keys, phone, next_key, folder } = self;
        drop((payments, security));
        // A task that was killed lets go of the store a moment later.
        while Arc::strong_count(&store) > 1 {
            tokio::task::yield_now().await;
        }
        drop(store);
        let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(&folder.path().join("store")).unwrap());
        let security = Arc::new(Security::new(store.clone(), keys.clone(), Policy::default()).unwrap());
        let payments = if has_bank {
            payments_over(store.clone(), bank.clone(), clock.clone(), 1)
        } else {
            let terms = Terms::default();
            Payments::new(store.clone(), HashMap::new(), clock.clone(), ids(1), Arc::new(NoObserver), terms)
        };
        Self { store, clock, bank, payments: Arc::new(payments), security, keys, phone, next_key, folder }
    }

    /// The service over another store, such as one that fails.
    pub(crate) fn payments_over(&self, store: Arc<dyn Store>) -> Payments {
        payments_over(store, self.bank.clone(), self.clock.clone(), 1)
    }

    /// The service with numbers that repeat.
    pub(crate) fn payments_with_repeating_ids(&self, repeats: u64) -> Payments {
        payments_over(self.store.clone(), self.bank.clone(), self.clock.clone(), repeats)
    }

    /// A request that no till made before.
    pub(crate) fn request(&self) -> RequestId {
        let n = self.next_key.fetch_add(1, Ordering::SeqCst);
        RequestId { checkout: CHECKOUT, key: format!("key-{n}").parse().unwrap(), request_hash: [1; 32] }
    }

    /// The customer's next code, verified for a new payment.
    pub(crate) async fn verified(&self) -> VerifiedCode {
        let now = self.clock.now();
        let id = self.payments.make_payment_id(0);
        let code = self.phone.next_code(now);
        match self.security.verify(&code, &order(), id, now, &Unwatched).await.unwrap() {
            Verification::Accepted(verified) => *verified,
            Verification::Refused(refused) => panic!("{:?}", refused.verdict()),
        }
    }

    /// Begins a payment with a new request.
    pub(crate) async fn begin(&self) -> (Payment, Answer) {
        self.begin_as(self.request()).await
    }

    pub(crate) async fn begin_as(&self, request: RequestId) -> (Payment, Answer) {
        match self.payments.begin(request, self.verified().await, &Unwatched).await.unwrap() {
            Begun::Answered(payment, answer) => (payment, answer),
            other => panic!("{other:?}"),
        }
    }

    /// A payment that the bank approved.
    pub(crate) async fn authorised(&self) -> Payment {
        let (payment, answer) = self.begin().await;
        assert_eq!(answer.status, 201, "{payment:?}");
        payment
    }

    pub(crate) async fn change(
        &self,
        id: PaymentId,
        wanted: Wanted,
    ) -> Result<(Payment, Answer), PaymentError> {
        self.change_as(self.request(), id, wanted).await
    }

    pub(crate) async fn change_as(
        &self,
        request: RequestId,
        id: PaymentId,
        wanted: Wanted,
    ) -> Result<(Payment, Answer), PaymentError> {
        match self.payments.change(request, MERCHANT, id, wanted).await? {
            Changed::Answered(payment, answer) => Ok((payment, answer)),
            Changed::Known(row) => panic!("known: {row:?}"),
        }
    }

    pub(crate) async fn payment(&self, id: PaymentId) -> Payment {
        self.store.payment(id).await.unwrap().unwrap()
    }

    pub(crate) async fn events(&self, id: PaymentId) -> Vec<EventRow> {
        self.store.events(id).await.unwrap()
    }

    /// Works until nothing is due, at most so many rounds.
    pub(crate) async fn work(&self) {
        for _ in 0..32 {
            let worked = self.payments.work(256).await.unwrap();
            assert_eq!(worked.failed, 0);
            if worked.payments == 0 {
                return;
            }
        }
        panic!("work does not end");
    }

    /// Lets time pass, with work every second.
    pub(crate) async fn work_for_s(&self, s: i64) {
        for _ in 0..s {
            self.clock.advance_s(1);
            self.work().await;
        }
    }

    pub(crate) async fn report(&self) -> Report {
        check(&*self.store, &self.signed_by()).await.unwrap()
    }

    /// Whose signatures are good under what is stored.
    pub(crate) fn signed_by(&self) -> SignedBy {
        SignedBy {
            realm: self.keys.realm().clone(),
            audit_keys: self.keys.audit_keys(),
            rule_keys: self.keys.rule_keys_ever(),
        }
    }

    /// Everything stored is sound.
    pub(crate) async fn assert_sound(&self) {
        let report = self.report().await;
        assert!(report.is_sound(), "{:#?}", report.findings);
    }

    /// Everything stored is sound and at its end.
    pub(crate) async fn assert_settled(&self) {
        self.assert_sound().await;
        assert_eq!(self.report().await.unsettled, 0);
        assert!(self.payments.is_settled().await.unwrap());
    }

    /// The kinds of all confirmations for the phone, in order, with their amounts.
    pub(crate) async fn told(&self) -> Vec<(protocol::confirmation::ConfirmationKind, i64)> {
        let page = records::Page::first(1_000);
        let rows = self.store.confirmations(self.phone.enrolment, page).await.unwrap();
        rows.iter().map(|row| (row.confirmation.kind, row.confirmation.amount.amount_minor)).collect()
    }
}

fn ids(repeats: u64) -> Arc<CountedIds> {
    let mut bytes = [0; 4];
    SystemRandom.fill(&mut bytes);
    Arc::new(CountedIds { next: AtomicU64::new(u64::from(u32::from_be_bytes(bytes)) * repeats), repeats })
}

fn payments_over(
    store: Arc<dyn Store>,
    bank: Arc<ScriptedBank>,
    clock: Arc<ManualClock>,
    repeats: u64,
) -> Payments {
    let providers = HashMap::from([("bank".parse().unwrap(), bank as Arc<dyn Provider>)]);
    Payments::new(store, providers, clock, ids(repeats), Arc::new(NoObserver), Terms::default())
}

/// 3 rappen and 1.25 %, and 0.9 % for the customer.
fn terms() -> Vec<MerchantTerms> {
    let sale = SaleTerms { fee_fixed_minor: 3, fee_basis_points: 125, incentive_basis_points: 90 };
    vec![MerchantTerms { provider: "bank".parse().unwrap(), currency: Currency::CHF, sale }]
}

/// An order of 10.00 CHF at till 7.
pub(crate) fn order() -> Order {
    Order {
        merchant: MERCHANT,
        checkout: CHECKOUT,
        terminal: TerminalNumber::new(7).unwrap(),
        amount: Money::new(AMOUNT_MINOR, Currency::CHF),
    }
}

pub(crate) fn capture_all() -> Wanted {
    Wanted::Capture { amount_minor: None, is_final: true }
}

pub(crate) fn capture(amount_minor: i64, is_final: bool) -> Wanted {
    Wanted::Capture { amount_minor: Some(amount_minor), is_final }
}

pub(crate) fn refund(amount_minor: i64) -> Wanted {
    Wanted::Refund { amount_minor: Some(amount_minor) }
}

impl Phone {
    /// A customer's phone with one proved account, in slot 1.
    async fn activated(store: &dyn Store, security: &Security, keys: &RealmKeys) -> Self {
        let customer = CustomerId::from_u128(3);
        let row = Customer { id: customer, name: "Ada".to_owned(), created_at: start() };
        done(store, Command::CreateCustomer(row, entry("customer.created"))).await;
        let issued = security
            .issue_activation_code(customer, Actor::Server, start(), &mut SystemRandom)
            .await
            .unwrap();
        let (challenge, _) = security.make_challenge("test", start(), &mut SystemRandom).unwrap();
        let (device_key, online_key) =
            (SigningKey::make(&mut SystemRandom), SigningKey::make(&mut SystemRandom));
        let pin_secret = PinSecret::make(&mut SystemRandom);
        let text = |text| ShortText::new(text).unwrap();
        let request = ActivationRequest {
            activation_code: issued.code.to_grouped().parse().unwrap(),
            challenge,
            certificate_request: x509::make_request(&device_key, "phone").unwrap(),
            device_key: device_key.verifying_key().clone(),
            online_key: online_key.verifying_key().clone(),
            confirmation_key: *x25519::SecretKey::make(&mut SystemRandom).public_key(),
            pin_key: PinKey::derive(&pin_secret, &Pin::parse(PIN).unwrap()),
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
        let to = keys.activation_key();
        let pending =
            request.sign_and_seal(keys.realm(), &to, &device_key, &online_key, &mut SystemRandom).unwrap();
        let reply = security.activate(&pending.request, "test", start(), &mut SystemRandom).await.unwrap();
        let device = device_key.verifying_key();
        let activated = pending.open_reply(&reply, keys.realm(), &keys.root_public_key(), device).unwrap();
        let recipient = activated.key_bundle.payment_key_at(start()).unwrap();
        let enrolment = activated.reply.enrolment_id;
        prove_account(security, enrolment, &online_key).await;
        Self { enrolment, device_key, pin_secret, recipient, counter: AtomicU32::new(1) }
    }

    fn next_code(&self, now: Timestamp) -> PaymentCode {
        let counter = self.counter.fetch_add(1, Ordering::SeqCst);
        let fields = fixtures::fields::ordinary(self.enrolment, counter, now);
        let pin_key = PinKey::derive(&self.pin_secret, &Pin::parse(PIN).unwrap());
        let draft = Draft::start(&self.recipient, &fields, &mut SystemRandom).unwrap();
        let unsigned = draft.with_pin(&pin_key);
        let signature = self.device_key.sign(&[unsigned.to_sign()]);
        unsigned.finish(&signature)
    }
}

async fn prove_account(security: &Security, enrolment: EnrolmentId, online_key: &SigningKey) {
    let request = HttpRequest { method: "GET", path: "/v1/enrolment", query: None, body: b"" };
    let mut nonce = [0; 16];
    SystemRandom.fill(&mut nonce);
    let fields = sign_request(&request, enrolment, start().s(), &nonce, online_key).unwrap();
    let signed =
        UnverifiedRequest::parse(&request, fields.iter().map(|(name, value)| (*name, value.as_str())))
            .unwrap();
    let device = security.authenticate(&signed, start()).await.unwrap();
    let method =
        security.add_method(&device, "bank".parse().unwrap(), start(), &mut SystemRandom).await.unwrap();
    let account = ProvedAccount {
        account_ref: "acc-CHF".to_owned(),
        currency: Currency::CHF,
        label: "CH.. 42".to_owned(),
    };
    security.record_proof(&device, method.slot, &account, start()).await.unwrap();
}
