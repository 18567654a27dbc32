//! A vector's world, put into the store as the vector describes it.

use crate::support::{ACCOUNT_REF, World};
use api::problem::{self, Problem};
use crypto::hash::sha256;
use fixtures::vectors::{self, EnrolmentState, MethodState as VectorMethodState, Vector};
use model::{
    CheckoutId, Counter, CustomerAction, CustomerId, DeclineReason, MerchantId, Money, Order, Payment,
    PaymentId, PaymentState, SaleTerms, TerminalNumber, Timestamp,
};
use protocol::verdict::Verdict;
use records::{
    ActivationCodeRow, ActivationPurpose, ActivationUse, Actor, Answer, App, AuditEntry, BeginPayment,
    ChangeEnrolment, Checkout, CodeUse, Command, Customer, CustomerTexts, Enrol, Enrolment, EnrolmentChange,
    EnrolmentStatus, InstalledApp, KnownVersion, LockReason, Merchant, Method, MethodState, Outcome,
    PinState, PutApp, PutMethod, ReplacedPinKey, RequestId, Store, TrustLevel, VerdictRow, VersionState,
};
use security::Policy;

pub(super) const API_KEY: &str = "vector-till";

pub(super) fn customer() -> CustomerId {
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
pub(super) async fn put(world: &World, vector: &Vector) {
    let at = Timestamp::from_s(vector.context.now_s - 7_200);
    let mut commands = vec![
        Command::CreateCustomer(
            Customer { id: customer(), name: "Ada".to_owned(), created_at: at },
            audit(vector),
        ),
        Command::CreateMerchant(
            Merchant {
                id: MerchantId::from_u128(1),
                name: "Bakery".to_owned(),
                terms: Vec::new(),
                created_at: at,
                category: None,
            },
            audit(vector),
        ),
        Command::CreateCheckout(checkout(vector, at), audit(vector)),
        Command::IssueActivationCode(
            ActivationCodeRow {
                code_hash: [1; 32],
                customer: customer(),
                issued_at: at,
                expires_at: at.plus_s(10),
                purpose: ActivationPurpose::NewDevice,
                used: None,
            },
            audit(vector),
        ),
        enrol(vector, at),
    ];
    commands.extend(vector.context.is_app_blocked.then(|| block_app(vector, at)));
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
    let change = EnrolmentChange { expected_version: version, enrolment, notice: None };
    let command = ChangeEnrolment { change, audit: vec![audit(vector)] };
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

fn installed() -> InstalledApp {
    let (id, version) = ("android:com.example.wallet".parse().unwrap(), "1.0".parse().unwrap());
    InstalledApp { id, version, digest: None }
}

fn block_app(vector: &Vector, created_at: Timestamp) -> Command {
    let InstalledApp { id, version, digest: _ } = installed();
    let state = VersionState::Blocked { reason: "leaks".to_owned(), since: created_at };
    let app = App {
        id,
        version: 1,
        name: "Wallet".to_owned(),
        signers: Vec::new(),
        only_known: false,
        digests_required: false,
        minimum: None,
        message: CustomerTexts::default(),
        versions: vec![KnownVersion { version, number: None, digests: Vec::new(), state }],
        created_at,
    };
    Command::PutApp(Box::new(PutApp { expected_version: 0, app, audit: audit(vector) }))
}

fn enrol(vector: &Vector, at: Timestamp) -> Command {
    let enrolment =
        Enrolment { counter: Counter(0), status: EnrolmentStatus::Active, ..enrolment(vector, at) };
    let used = ActivationUse { request_hash: [2; 32], enrolment: enrolment.id, reply: Vec::new(), at };
    Command::Enrol(Box::new(Enrol::first_device([1; 32], used, enrolment, [1; 16], audit(vector))))
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
        // Nothing is sealed to it here.
        confirmation_key: [9; 32],
        certificate: Vec::new(),
        certificate_not_after: Timestamp::from_s(context.certificate_expires_s),
        pin: PinState {
            generation: context.pin_generation,
            wrapped_key: b"wrapped".to_vec(),
            previous: context.previous_pin_until_s.map(|until_s| ReplacedPinKey {
                wrapped_key: b"wrapped".to_vec(),
                replaced_at: Timestamp::from_s(until_s - i64::from(Policy::default().previous_pin_s)),
            }),
            failures: u8::try_from(context.pin_failures).unwrap(),
            blocked_until: None,
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
        app: Some(installed()),
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
        terms: SaleTerms::default(),
        received_at: at,
        state: PaymentState::Declined(DeclineReason::Security(CustomerAction::EnterAgain)),
        captured_minor: 0,
        refunded_minor: 0,
        charged_back_minor: 0,
        in_suspense_minor: 0,
        approval: None,
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
            confirmation: None,
            decision: None,
        },
        velocity: None,
        code_use: Some(CodeUse {
            enrolment: enrolment.id,
            counter: past.counter,
            code_hash,
            payment: id,
            at,
        }),
        enrolment: Some(EnrolmentChange { expected_version: version, enrolment, notice: None }),
        effect: None,
        wake_at: None,
        approval: None,
        confirmation: None,
        answer: Some(answer),
        webhooks: Vec::new(),
        audit: Vec::new(),
    }))
}
