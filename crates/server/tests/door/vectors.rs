//! Every vector of `spec/vectors/payment-code`, posted by a till: its problem, and what has changed afterwards.
//!
//! The world of a vector is put into the store as it describes it, and the server gets the vector's keys.

use crate::support::{ACCOUNT_REF, Setup, Till, World};
use api::problem::{self, Problem};
use crypto::hash::sha256;
use crypto::{CryptoError, Random, Secret, hpke::Decapsulate, p256::Sign, x509::Certificate};
use fixtures::vectors::{self, EnrolmentState, MethodState as VectorMethodState, Presented, Vector};
use futures_util::{StreamExt, stream};
use keystore::SoftwareKeyStore;
use model::{
    CheckoutId, Counter, CustomerAction, CustomerId, DeclineReason, EnrolmentId, MerchantId, Money, Order,
    Payment, PaymentId, PaymentState, TerminalNumber, Timestamp,
};
use protocol::key_bundle::{ConfirmationKey, KeyBundle, KeyId, PaymentKey, SUITE_X25519, SignedKeyBundle};
use protocol::payment_code::{PaymentCode, PinGeneration, PinKey};
use protocol::realm::Realm;
use protocol::realm_file::ActivationKey;
use protocol::verdict::Verdict;
use records::{
    ActivationCodeRow, ActivationUse, Actor, Answer, AuditEntry, BeginPayment, Checkout, CodeUse, Command,
    Customer, Enrol, Enrolment, EnrolmentChange, EnrolmentStatus, LockReason, Merchant, Method, MethodState,
    Outcome, Page, PinState, PutMethod, RequestId, Store, TrustLevel, VerdictRow,
};
use security::{KeyStore, Limits, PaymentEpoch, Policy, TrustLimits};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

const API_KEY: &str = "vector-till";
const PARALLEL: usize = 4;
/// These need the PIN before the present one, which comes with the PIN change.
const WITH_PREVIOUS_PIN: [&str; 4] = [
    "good_pin_generation_previous",
    "good_pin_generation_previous_wrapped",
    "wrong_pin_previous_generation",
    "wrong_pin_previous_typed",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_vector_gets_its_problem_and_changes_nothing_else() {
    let vectors = vectors::load().unwrap();
    assert!(vectors.len() >= 40);
    let folder = tempfile::tempdir().unwrap();
    let realm = Realm::new("shop.example").unwrap();
    let path = folder.path().join("keys");
    let now = Timestamp::from_s(1_790_000_000);
    let common =
        SoftwareKeyStore::create(&path, crate::support::PASSPHRASE, &realm, now, &mut crypto::SystemRandom);
    let common = Arc::new(common.unwrap());
    let cases = vectors.iter().filter(|vector| !WITH_PREVIOUS_PIN.contains(&vector.name.as_str()));
    let posted: Vec<()> = stream::iter(cases)
        .map(|vector| post(vector, common.clone()))
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    assert_eq!(posted.len(), vectors.len() - WITH_PREVIOUS_PIN.len());
}

async fn post(vector: &Vector, common: Arc<SoftwareKeyStore>) {
    let keys: Arc<dyn KeyStore> = Arc::new(VectorKeys::new(vector, common.clone()));
    let setup = Setup {
        policy: policy(vector),
        now: Timestamp::from_s(vector.context.now_s),
        keys: Some(keys),
        ..Setup::default()
    };
    let mut world = World::open(setup, tempfile::tempdir().unwrap(), common).await;
    put(&world, vector).await;
    let till = Till::new(&world, API_KEY.to_owned(), vector.context.payment.terminal);
    let before = Seen::of(&world, vector).await;
    let Some(text) = text_of(vector) else { return };
    let payment = &vector.context.payment;
    let asked = json!({
        "code": text,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "terminal": TerminalNumber::new(payment.terminal),
    });
    let answer = till.ask(http::Method::POST, "/v1/payments", Some("key"), Some(asked)).await;

    // This server takes no EMV envelopes: for it they are text that is no code.
    let form = PaymentCode::from_text(&text, None);
    let expected = match &form {
        Err(error) => Verdict::from(*error),
        Ok(_) => vector.expected,
    };
    let after = Seen::of(&world, vector).await;
    let name = &vector.name;
    match expected {
        Verdict::Ok => assert_eq!(answer.is(201)["state"], "authorised", "{name}"),
        Verdict::UnsupportedVersion => answer.is_problem(422, "code-unsupported"),
        Verdict::UnknownKey => answer.is_problem(422, "code-unknown-key"),
        _ if form.is_err() => answer.is_problem(422, "code-misread"),
        verdict => {
            let action = serde_json::to_value(verdict.customer_action().unwrap()).unwrap();
            assert_eq!(answer.problem(), "payment-declined", "{name}");
            answer.is_declined(action.as_str().unwrap());
        }
    }
    if !expected.is_ok() {
        assert_eq!(world.bank.asked(), [], "{name}");
        assert_eq!((&after.methods, after.balances), (&before.methods, 0), "{name}");
    }
    if form.is_err() || expected == Verdict::UnknownKey {
        assert_eq!(after, before, "{name}: nothing happened");
    } else {
        assert_eq!(after.payments, before.payments + 1, "{name}: its own record");
        as_after(vector, &before, &after);
    }
    world.drain().await;
}

/// Compares the enrolment with what the vector says, and the rest of it with what it was before.
fn as_after(vector: &Vector, before: &Seen, after: &Seen) {
    let (name, now) = (&vector.name, &after.enrolment);
    assert_eq!(now.counter, vector.after.highest_counter, "{name}");
    assert_eq!(u32::from(now.pin.failures), vector.after.pin_failures, "{name}");
    let state = match now.status {
        EnrolmentStatus::Active => EnrolmentState::Active,
        EnrolmentStatus::Unsynchronised { .. } => EnrolmentState::Unsynchronised,
        EnrolmentStatus::Locked { .. } | EnrolmentStatus::Revoked { .. } => EnrolmentState::Locked,
    };
    assert_eq!(state, vector.after.state, "{name}");
    let is_consumed = now.counter != before.enrolment.counter;
    assert_eq!(after.is_used, before.is_used || is_consumed, "{name}: the code is used up if it counted");
    let told = u32::try_from(after.confirmations).unwrap();
    // The phone learns of its own codes that were used up in vain; of a payment, once it is captured.
    assert_eq!(told, u32::from(is_consumed && !vector.expected.is_ok()), "{name}");
    let rest = |enrolment: &Enrolment| Enrolment {
        version: 0,
        counter: Counter(0),
        pin: PinState { failures: 0, ..enrolment.pin.clone() },
        status: EnrolmentStatus::Active,
        forks: 0,
        last_fork_at: None,
        ..enrolment.clone()
    };
    assert_eq!(rest(now), rest(&before.enrolment), "{name}");
}

/// What a till can send of a vector; none for raw bytes, which no till sends.
fn text_of(vector: &Vector) -> Option<String> {
    match vector.presented_as {
        Presented::Digits => vector.digits.clone(),
        Presented::EmvCpm => vector.emv_cpm.clone(),
        Presented::Bytes => {
            let code = vector.read().ok()?;
            Some(code.to_digits())
        }
    }
}

/// What is stored, as far as a code could change it.
#[derive(Debug, PartialEq)]
struct Seen {
    enrolment: Enrolment,
    methods: Vec<Method>,
    payments: usize,
    confirmations: usize,
    /// Whether the vector's counter is used up.
    is_used: bool,
    /// Not the rows but how many: before anything is paid there are none.
    balances: usize,
    effects: usize,
}

impl Seen {
    async fn of(world: &World, vector: &Vector) -> Self {
        let (store, id) = (&world.store, vector.context.enrolment);
        let counter = vector.fields.as_ref().map_or(Counter(0), |fields| fields.counter);
        Self {
            enrolment: world.enrolment(id).await,
            methods: store.methods(customer()).await.unwrap(),
            payments: store.payments(Page::first(100)).await.unwrap().len(),
            confirmations: store.confirmations(id, Page::first(100)).await.unwrap().len(),
            is_used: store.code_use(id, counter).await.unwrap().is_some(),
            balances: store.balances().await.unwrap().len(),
            effects: store.effects_due(Timestamp::from_ms(i64::MAX), 10).await.unwrap().len(),
        }
    }
}

fn customer() -> CustomerId {
    CustomerId::from_u128(1)
}

fn audit(vector: &Vector) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_s(vector.context.now_s),
        actor: Actor::Server,
        action: "vector.put".to_owned(),
        subject: vector.name.clone(),
        detail: String::new(),
    }
}

/// Puts what the vector's server knows into the store.
async fn put(world: &World, vector: &Vector) {
    let at = Timestamp::from_s(vector.context.now_s - 7_200);
    let mut commands = vec![
        Command::CreateCustomer(
            Customer { id: customer(), name: "Ada".to_owned(), created_at: at },
            audit(vector),
        ),
        Command::CreateMerchant(
            Merchant { id: MerchantId::from_u128(1), name: "Bakery".to_owned(), created_at: at },
            audit(vector),
        ),
        Command::CreateCheckout(checkout(vector, at), audit(vector)),
        Command::IssueActivationCode(
            ActivationCodeRow {
                code_hash: [1; 32],
                customer: customer(),
                issued_at: at,
                expires_at: at.plus_s(10),
                used: None,
            },
            audit(vector),
        ),
        enrol(vector, at),
    ];
    commands.extend(vector.context.methods.iter().map(|method| put_method(vector, method, at)));
    let mut consumed = vector.context.consumed.clone();
    consumed.sort_by_key(|past| past.counter);
    for (version, past) in (1..).zip(&consumed) {
        commands.push(consume(vector, version, past));
    }
    for command in commands {
        assert_eq!(world.store.commit(command).await.unwrap(), Outcome::Done, "{}", vector.name);
    }
    // What the vector says of the enrolment now holds after the codes that were consumed before.
    let version = u32::try_from(consumed.len()).unwrap() + 1;
    let enrolment = Enrolment { version: version + 1, ..enrolment(vector, at) };
    let change = EnrolmentChange { expected_version: version, enrolment };
    let command = records::ChangeEnrolment { change, audit: vec![audit(vector)] };
    let outcome = world.store.commit(Command::ChangeEnrolment(Box::new(command))).await.unwrap();
    assert_eq!(outcome, Outcome::Done, "{}", vector.name);
}

fn checkout(vector: &Vector, created_at: Timestamp) -> Checkout {
    Checkout {
        id: CheckoutId::from_u128(1),
        merchant: MerchantId::from_u128(1),
        name: "till".to_owned(),
        api_key_hash: sha256(&[API_KEY.as_bytes()]),
        terminals: TerminalNumber::new(vector.context.payment.terminal).into_iter().collect(),
        created_at,
    }
}

fn enrol(vector: &Vector, at: Timestamp) -> Command {
    let enrolment =
        Enrolment { counter: Counter(0), status: EnrolmentStatus::Active, ..enrolment(vector, at) };
    let used = ActivationUse { request_hash: [2; 32], enrolment: enrolment.id, reply: Vec::new(), at };
    Command::Enrol(Box::new(Enrol { code_hash: [1; 32], used, enrolment, audit: audit(vector) }))
}

fn enrolment(vector: &Vector, activated_at: Timestamp) -> Enrolment {
    let context = &vector.context;
    let since = Timestamp::from_s(context.now_s - 3_600);
    // One that waits for its resynchronisation forked once before.
    let forked = context.state == EnrolmentState::Unsynchronised;
    let key = vector.device_key().to_sec1_compressed().to_vec();
    Enrolment {
        id: context.enrolment,
        version: 1,
        customer: customer(),
        device_key: key.clone(),
        online_key: key,
        confirmation_key: *vector.recipient_secret_key().public_key().as_bytes(),
        certificate: Vec::new(),
        certificate_not_after: Timestamp::from_s(context.certificate_expires_s),
        pin: PinState {
            generation: u8::try_from(context.pin_generation).unwrap(),
            wrapped_key: b"wrapped".to_vec(),
            previous_wrapped_key: None,
            failures: u8::try_from(context.pin_failures).unwrap(),
        },
        status: match context.state {
            EnrolmentState::Active => EnrolmentStatus::Active,
            EnrolmentState::Unsynchronised => EnrolmentStatus::Unsynchronised { since },
            EnrolmentState::Locked => EnrolmentStatus::Locked { reason: LockReason::Operator, since },
        },
        counter: context.highest_counter,
        forks: u8::from(forked),
        last_fork_at: forked.then_some(since),
        clock_offset_ms: context.clock_offset_s * 1_000,
        level: TrustLevel::Hardware,
        platform: "test".to_owned(),
        activated_at,
        last_online_at: Timestamp::from_s(context.last_online_s),
    }
}

fn put_method(vector: &Vector, method: &vectors::Method, added_at: Timestamp) -> Command {
    let state = match method.state {
        VectorMethodState::Proved => MethodState::Active {
            account_ref: ACCOUNT_REF.to_owned(),
            currency: method.currency,
            label: "CH.. 42".to_owned(),
        },
        VectorMethodState::Unproved => {
            MethodState::Unproved { link: model::LinkId::from_u128(1), expires_at: added_at.plus_s(86_400) }
        }
        VectorMethodState::Removed => MethodState::Removed { at: added_at },
    };
    let method = Method {
        customer: customer(),
        slot: method.slot,
        version: 1,
        provider: "bank".parse().unwrap(),
        state,
        added_at,
    };
    Command::PutMethod(Box::new(PutMethod { expected_version: 0, method, audit: audit(vector) }))
}

/// A code that was consumed before, and declined: nothing else follows from it.
fn consume(vector: &Vector, version: u32, past: &vectors::Consumed) -> Command {
    let at = Timestamp::from_s(past.consumed_s);
    let id = PaymentId::derive(0, at, u64::from(past.counter.0));
    let order = Order {
        merchant: MerchantId::from_u128(1),
        checkout: CheckoutId::from_u128(1),
        terminal: TerminalNumber::new(vector.context.payment.terminal).unwrap(),
        amount: Money::new(100, vector.context.payment.currency),
    };
    let key = format!("past-{}", past.counter.0).parse().unwrap();
    let enrolment = Enrolment {
        version: version + 1,
        counter: past.counter,
        status: EnrolmentStatus::Active,
        ..enrolment(vector, at)
    };
    let code_hash = past.code_hash_hex.to_array();
    let request = RequestId { checkout: order.checkout, key, request_hash: [3; 32] };
    let payment = Payment {
        id,
        version: 1,
        order,
        payer: None,
        received_at: at,
        state: PaymentState::Declined(DeclineReason::Security(CustomerAction::EnterAgain)),
        captured_minor: 0,
        refunded_minor: 0,
    };
    let problem = Problem::declined(CustomerAction::EnterAgain, (&payment).into());
    let answer = Answer {
        status: problem.status,
        content_type: problem::CONTENT_TYPE.to_owned(),
        body: serde_json::to_vec(&problem).unwrap(),
    };
    Command::BeginPayment(Box::new(BeginPayment {
        request,
        payment,
        verdict: VerdictRow {
            payment: id,
            verdict: Verdict::TooOld,
            code_hash,
            enrolment: Some(enrolment.id),
            counter: Some(past.counter),
            at,
        },
        code_use: Some(CodeUse {
            enrolment: enrolment.id,
            counter: past.counter,
            code_hash,
            payment: id,
            at,
        }),
        enrolment: Some(EnrolmentChange { expected_version: version, enrolment }),
        effect: None,
        wake_at: None,
        confirmation: None,
        answer: Some(answer),
        audit: Vec::new(),
    }))
}

fn policy(vector: &Vector) -> Policy {
    let given = &vector.context.policy;
    let limit_minor = given.amount_minor_max;
    let limits = Limits {
        bound_clean_minor: limit_minor,
        bound_doubtful_minor: limit_minor,
        unbound_clean_minor: limit_minor,
        unbound_doubtful_minor: limit_minor,
    };
    let limits = TrustLimits { hardware: limits, software: limits, browser: limits };
    let currencies = vector.context.methods.iter().map(|method| method.currency);
    Policy {
        limits: currencies.map(|currency| (currency, limits)).collect(),
        evidence_refused: given.evidence_refused,
        offline_days_max: u16::try_from(given.offline_s_max / 86_400).unwrap(),
        pin_failures_max: u8::try_from(given.pin_failures_max).unwrap(),
        ..Policy::default()
    }
}

/// A key store with a vector's realm, payment key and PIN keys; all other keys are a software key store's.
struct VectorKeys {
    realm: Realm,
    epoch: PaymentEpoch,
    pin_keys: BTreeMap<u32, [u8; 32]>,
    common: Arc<SoftwareKeyStore>,
}

impl VectorKeys {
    fn new(vector: &Vector, common: Arc<SoftwareKeyStore>) -> Self {
        let recipient = vector.recipient_key();
        let now_s = vector.context.now_s;
        let key = PaymentKey {
            key_id: recipient.key_id,
            suite: SUITE_X25519,
            public_key: recipient.public_key.as_bytes().to_vec(),
            not_before_s: now_s - 86_400,
            not_after_s: now_s + 86_400,
        };
        let open_until = Timestamp::from_s(now_s + 2 * 86_400);
        let holder = Arc::new(vector.recipient_secret_key());
        Self {
            realm: recipient.realm,
            epoch: PaymentEpoch { key, open_until, holder },
            pin_keys: vector.pin_keys.iter().map(|(number, key)| (*number, key.to_array())).collect(),
            common,
        }
    }
}

impl KeyStore for VectorKeys {
    fn realm(&self) -> &Realm {
        &self.realm
    }
    fn activation_key(&self) -> ActivationKey {
        self.common.activation_key()
    }
    fn activation_recipient(&self, key_id: KeyId) -> Option<Arc<dyn Decapsulate>> {
        self.common.activation_recipient(key_id)
    }
    fn payment_epochs(&self) -> Vec<PaymentEpoch> {
        vec![self.epoch.clone()]
    }
    fn device_ca(&self) -> Arc<dyn Sign> {
        self.common.device_ca()
    }
    fn device_ca_certificate(&self) -> &Certificate {
        self.common.device_ca_certificate()
    }
    fn sign_bundle(&self, bundle: &KeyBundle) -> Result<SignedKeyBundle, CryptoError> {
        self.common.sign_bundle(bundle)
    }
    fn confirmation_keys(&self) -> Vec<ConfirmationKey> {
        self.common.confirmation_keys()
    }
    fn confirmation_signer(&self) -> (KeyId, Arc<dyn Sign>) {
        self.common.confirmation_signer()
    }
    fn statement_signer(&self) -> Arc<dyn Sign> {
        self.common.statement_signer()
    }
    fn audit_signer(&self) -> Arc<dyn Sign> {
        self.common.audit_signer()
    }
    fn wrap_pin_key(
        &self,
        _: EnrolmentId,
        _: PinGeneration,
        _: &PinKey,
        _: &mut dyn Random,
    ) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::KeyStore("vectors bring their PIN keys"))
    }
    fn unwrap_pin_key(
        &self,
        _: EnrolmentId,
        generation: PinGeneration,
        _: &[u8],
    ) -> Result<PinKey, CryptoError> {
        let key = self.pin_keys.get(&generation.0).ok_or(CryptoError::KeyStore("no such PIN key"))?;
        Ok(PinKey::from_secret(Secret::from_bytes(*key)))
    }
    fn challenge_mac(&self, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        self.common.challenge_mac(parts)
    }
}
