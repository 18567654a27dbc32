//! Every vector of `spec/vectors/payment-code`, posted by a till: its problem, and what has changed afterwards.

mod keys;
mod world;

use crate::support::{Setup, Till, World, make_keys, start};
use data_encoding::HEXLOWER;
use fixtures::vectors::{self, EnrolmentState, Presented, Profile, Vector};
use futures_util::{StreamExt, stream};
use keys::VectorKeys;
use keystore::RealmKeys;
use model::{Counter, TerminalNumber, Timestamp};
use protocol::payment_code::PaymentCode;
use protocol::verdict::Verdict;
use records::{Enrolment, EnrolmentStatus, Method, Page, PinState, Queries};
use security::{KeyStore, Limits, Policy, TrustLimits};
use serde_json::json;
use std::sync::Arc;
use world::{API_KEY, customer, put};

const PARALLEL: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn every_vector_gets_its_problem_and_changes_nothing_else() {
    let vectors = vectors::load().unwrap();
    assert!(vectors.len() >= 40);
    let common = make_keys(&tempfile::tempdir().unwrap(), start());
    let posted: Vec<()> = stream::iter(&vectors)
        .map(|vector| post(vector, common.clone()))
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    assert_eq!(posted.len(), vectors.len());
}

async fn post(vector: &Vector, common: Arc<RealmKeys>) {
    let keys: Arc<dyn KeyStore> = Arc::new(VectorKeys::new(vector, common.clone()));
    let setup = Setup {
        policy: policy(vector),
        now: Timestamp::from_s(vector.context.now_s),
        keys: Some(keys),
        emv_profile: vector.emv_profile.as_ref().map(Profile::to_profile),
        ..Setup::default()
    };
    let mut world = World::open(setup, tempfile::tempdir().unwrap(), common).await;
    put(&world, vector).await;
    let till = Till::new(&world, API_KEY.to_owned(), vector.context.payment.terminal);
    let before = Seen::of(&world, vector).await;
    let text = text_of(vector);
    let payment = &vector.context.payment;
    let asked = json!({
        "code": text,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "terminal": TerminalNumber::new(payment.terminal),
    });
    let answer = till.ask(http::Method::POST, "/v1/payments", Some("key"), Some(asked)).await;

    let form = PaymentCode::from_text(&text, vector.emv_profile.as_ref().map(Profile::to_profile).as_ref());
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

/// What a till sends of a vector. Raw bytes are sent as digits; those that are no code, as their hex.
fn text_of(vector: &Vector) -> String {
    let text = match vector.presented_as {
        Presented::Digits => vector.digits.clone(),
        Presented::EmvCpm => vector.emv_cpm.clone(),
        Presented::Bytes => match vector.read() {
            Ok(code) => Some(code.to_digits()),
            Err(_) => vector.code_hex.as_ref().map(|hex| HEXLOWER.encode(&hex.0)),
        },
    };
    text.unwrap_or_default()
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
