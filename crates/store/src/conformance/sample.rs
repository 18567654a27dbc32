//! Rows and commands that are whole and plausible, told apart by small numbers.

use model::{
    AccountKey, AppId, ApprovalId, Booking, CheckoutId, Counter, Currency, CustomerId, EffectId, EnrolmentId,
    IdempotencyKey, Layer, MerchantCategory, MerchantId, MethodSlot, Money, Order, Payer, Payment,
    PaymentEvent, PaymentId, PaymentState, Posting, ProviderId, SaleTerms, TerminalNumber, Timestamp,
    WebhookEndpointId, WebhookId,
};
use protocol::confirmation::ConfirmationKind;
use protocol::verdict::Verdict;
use records::{
    ActivationCodeRow, ActivationPurpose, ActivationUse, Actor, Answer, App, Approval, ApprovalChange,
    ApprovalPurpose, ApprovalState, AuditEntry, BeginPayment, CertificateRow, ChangeDevices, ChangePayment,
    Checkout, CodeUse, Command, Customer, CustomerTexts, DecisionRow, Device, Devices, DevicesChange, Effect,
    EffectKind, EndpointStatus, Enrol, Enrolment, EnrolmentChange, EnrolmentStatus, EventRow, Facts, Ground,
    InstalledApp, KnownVersion, LockReason, Merchant, Method, MethodState, MinimumVersion, NewConfirmation,
    NewNotice, NoticeBy, NoticeKind, OperatorTask, PinState, PolicyRow, PublishRules, PutApp, RequestId,
    RuleListRow, Ruling, Spent, TrustLevel, Velocity, VerdictRow, VersionState, Waiting, Webhook,
    WebhookEndpoint, WebhookState,
};

/// When all samples happen.
pub const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

/// An audit entry.
pub fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        at: NOW,
        actor: Actor::Operator("ada".into()),
        action: action.into(),
        subject: "sample".into(),
        detail: String::new(),
    }
}

/// Customer `n`.
pub fn customer(n: u128) -> Customer {
    Customer { id: CustomerId::from_u128(n), name: format!("Customer {n}"), created_at: NOW }
}

/// Merchant `n`.
pub fn merchant(n: u128) -> Merchant {
    Merchant {
        id: MerchantId::from_u128(n),
        name: format!("Shop {n}"),
        terms: Vec::new(),
        created_at: NOW,
        category: None,
    }
}

/// Till `n`.
pub fn terminal(n: u32) -> TerminalNumber {
    TerminalNumber::new(n).unwrap()
}

/// Checkout `n` of merchant 1 with one till of its own.
pub fn checkout(n: u8) -> Checkout {
    Checkout {
        id: CheckoutId::from_u128(n.into()),
        merchant: MerchantId::from_u128(1),
        name: format!("Checkout {n}"),
        api_key_hash: [n; 32],
        terminals: vec![terminal(100 + u32::from(n))],
        created_at: NOW,
    }
}

/// App `n`.
pub fn app_id(n: u8) -> AppId {
    AppId::new("android", &format!("com.example.wallet{n}")).unwrap()
}

/// App `n`, as it is at `version`.
pub fn app(n: u8, version: u32) -> App {
    let blocked = KnownVersion {
        version: "1.0".parse().unwrap(),
        number: Some(100),
        digests: vec![[n; 32]],
        state: VersionState::Blocked { reason: format!("change {version}"), since: NOW },
    };
    App {
        id: app_id(n),
        version,
        name: format!("Wallet {n}"),
        signers: vec![[n; 32]],
        only_known: true,
        digests_required: true,
        minimum: Some(MinimumVersion { version: "0.9".parse().unwrap(), from: NOW }),
        message: CustomerTexts { en: "Update.".into(), ..CustomerTexts::default() },
        versions: vec![blocked],
        created_at: NOW,
    }
}

/// The command that makes app `n` what it is at `version`.
pub fn put_app(n: u8, version: u32) -> Command {
    let put = PutApp { expected_version: version - 1, app: app(n, version), audit: entry("app.put") };
    Command::PutApp(Box::new(put))
}

/// The command that publishes list `version`.
pub fn publish_rules(version: u32) -> Command {
    let list = format!("list {version}").into_bytes();
    let row = RuleListRow { version, list, next_id: version + 1, published_at: NOW };
    Command::PublishRules(Box::new(PublishRules { row, audit: entry("rules.published") }))
}

/// The provider of all samples.
pub fn provider() -> ProviderId {
    "bank".parse().unwrap()
}

/// Method `slot` of customer 1, as it is at `version`.
pub fn method(slot: u8, version: u32) -> Method {
    Method {
        customer: CustomerId::from_u128(1),
        slot: MethodSlot(slot),
        version,
        provider: provider(),
        state: MethodState::Active {
            account_ref: format!("account-{slot}"),
            currency: Currency::CHF,
            label: "CH** 1234".into(),
        },
        added_at: NOW,
    }
}

/// Activation code `n` of customer 1, good for an hour.
pub fn activation_code(n: u8) -> ActivationCodeRow {
    ActivationCodeRow {
        code_hash: [n; 32],
        customer: CustomerId::from_u128(1),
        issued_at: NOW,
        expires_at: NOW.plus_s(3_600),
        purpose: ActivationPurpose::NewDevice,
        used: None,
    }
}

/// Enrolment `n` of customer 1, as activated.
pub fn enrolment(n: u8) -> Enrolment {
    Enrolment {
        id: EnrolmentId::from_bytes([0, 0, 0, 0, 0, n]),
        version: 1,
        customer: CustomerId::from_u128(1),
        device_key: vec![2; 33],
        online_key: vec![3; 33],
        confirmation_key: [4; 32],
        certificate: vec![5; 400],
        certificate_not_after: NOW.plus_s(86_400),
        pin: PinState {
            generation: 0,
            wrapped_key: vec![6; 60],
            previous: None,
            failures: 0,
            blocked_until: None,
        },
        status: EnrolmentStatus::Active,
        counter: Counter(0),
        forks: 0,
        last_fork_at: None,
        clock_offset_ms: 0,
        level: TrustLevel::Software,
        platform: "test".into(),
        activated_at: NOW,
        last_online_at: NOW,
        app: Some(InstalledApp { id: app_id(1), version: "1.0".parse().unwrap(), digest: None }),
    }
}

/// Customer 1's devices once enrolments 1 to `n` are there, one after the other.
pub fn devices(n: u8) -> Devices {
    let device = |n| Device {
        enrolment: enrolment(n).id,
        name: String::new(),
        notices_after: u32::from(n) - 1,
        ended_at: None,
    };
    Devices {
        customer: CustomerId::from_u128(1),
        version: u32::from(n),
        devices: (1..=n).map(device).collect(),
        erased_at: None,
    }
}

/// Certificate `n` of enrolment `n`.
pub fn certificate(n: u8) -> CertificateRow {
    let enrolment = enrolment(n);
    CertificateRow {
        serial: [n; 16],
        enrolment: enrolment.id,
        not_before: NOW,
        not_after: enrolment.certificate_not_after,
    }
}

/// What customer 1's devices shall learn of enrolment `n`.
pub fn notice(kind: NoticeKind, n: u8) -> NewNotice {
    NewNotice {
        customer: CustomerId::from_u128(1),
        kind,
        about: enrolment(n).id,
        device_name: "test".into(),
        by: NoticeBy::Operator,
        at: NOW,
    }
}

/// Locks `seen`, with the list at the version after `list_version`.
pub fn lock(seen: &Enrolment, list_version: u32) -> ChangeDevices {
    let status = EnrolmentStatus::Locked { reason: LockReason::Operator, since: NOW };
    let locked = Enrolment { version: seen.version + 1, status, ..seen.clone() };
    let told = NewNotice { about: seen.id, ..notice(NoticeKind::Locked, 1) };
    ChangeDevices {
        customer: CustomerId::from_u128(1),
        devices: Some(DevicesChange {
            expected_version: list_version,
            devices: Devices { version: list_version + 1, ..devices(1) },
        }),
        enrolments: vec![EnrolmentChange {
            expected_version: seen.version,
            enrolment: locked,
            notice: Some(told),
        }],
        used_code: None,
        certificate: None,
        audit: vec![entry("enrolment.locked")],
    }
}

/// Uses activation code `n` for enrolment `n`; those of lower numbers are there.
pub fn enrol(n: u8) -> Enrol {
    let enrolment = enrolment(n);
    let used = ActivationUse { request_hash: [n; 32], enrolment: enrolment.id, reply: vec![n; 100], at: NOW };
    Enrol {
        code_hash: [n; 32],
        used,
        enrolment,
        devices: DevicesChange { expected_version: u32::from(n) - 1, devices: devices(n) },
        certificate: certificate(n),
        replaced: None,
        notice: notice(NoticeKind::Activated, n),
        audit: entry("enrolment.activated"),
    }
}

/// The commands that enrolment `n` takes.
pub fn enrolled(n: u8) -> [Command; 2] {
    [
        Command::IssueActivationCode(activation_code(n), entry("activation.issued")),
        Command::Enrol(Box::new(enrol(n))),
    ]
}

/// Request `key` of checkout 1; requests that ask the same have the same `asks`.
pub fn request(key: &str, asks: u8) -> RequestId {
    RequestId { checkout: CheckoutId::from_u128(1), key: idempotency_key(key), request_hash: [asks; 32] }
}

/// A till's name for a request.
pub fn idempotency_key(key: &str) -> IdempotencyKey {
    key.parse().unwrap()
}

/// An answer.
pub fn answer(text: &str) -> Answer {
    Answer { status: 200, content_type: "application/json".into(), body: text.into() }
}

/// Payment `n`, received from enrolment `device` with `counter`.
pub fn payment(n: u128, device: EnrolmentId, counter: u32) -> Payment {
    Payment {
        id: PaymentId::from_u128(n),
        version: 1,
        order: Order {
            merchant: MerchantId::from_u128(1),
            checkout: CheckoutId::from_u128(1),
            terminal: terminal(101),
            amount: Money::new(1_250, Currency::CHF),
        },
        payer: Some(Payer {
            customer: CustomerId::from_u128(1),
            enrolment: device,
            counter: Counter(counter),
            method: MethodSlot(1),
            provider: provider(),
            account_ref: "account-1".into(),
        }),
        terms: SaleTerms::default(),
        received_at: NOW,
        state: PaymentState::Received,
        captured_minor: 0,
        refunded_minor: 0,
        charged_back_minor: 0,
        in_suspense_minor: 0,
        approval: None,
    }
}

/// Effect `n` of a payment, due at once.
pub fn effect(n: u128, payment: PaymentId) -> Effect {
    Effect {
        id: EffectId::from_u128(n),
        payment,
        provider: provider(),
        kind: EffectKind::Authorise { statement: vec![7; 200], signature: vec![8; 64] },
        attempts: 0,
        due_at: NOW,
        written_at: NOW,
    }
}

/// A confirmation for the device `enrolment` about `payment`.
pub fn confirmation(enrolment: EnrolmentId, payment: PaymentId, counter: u32) -> NewConfirmation {
    NewConfirmation {
        enrolment,
        kind: ConfirmationKind::Authorised,
        payment,
        counter: Counter(counter),
        at: NOW,
        amount: Money::new(1_250, Currency::CHF),
        merchant_name: "Shop 1".into(),
        terminal: terminal(101),
        cause: None,
    }
}

/// Begins payment `n`, with effect `n` and request `key-n`, by consuming `counter` of `seen`.
pub fn begin(n: u128, seen: &Enrolment, counter: u32) -> BeginPayment {
    let id = PaymentId::from_u128(n);
    let device = seen.id;
    let changed = Enrolment { version: seen.version + 1, counter: Counter(counter), ..seen.clone() };
    let code_hash = [9; 32];
    BeginPayment {
        request: request(&format!("key-{n}"), 1),
        payment: payment(n, device, counter),
        verdict: VerdictRow {
            payment: id,
            verdict: Verdict::Ok,
            code_hash,
            enrolment: Some(device),
            counter: Some(Counter(counter)),
            at: NOW,
            confirmation: None,
            decision: Some(decision()),
        },
        enrolment: Some(EnrolmentChange { expected_version: seen.version, enrolment: changed, notice: None }),
        code_use: Some(CodeUse {
            enrolment: device,
            counter: Counter(counter),
            code_hash,
            payment: id,
            at: NOW,
        }),
        velocity: Some(Velocity::nothing(device).with(Money::new(1_250, Currency::CHF), NOW)),
        effect: Some(effect(n, id)),
        wake_at: Some(NOW.plus_s(30)),
        approval: None,
        confirmation: None,
        answer: None,
        webhooks: Vec::new(),
        audit: vec![entry("payment.received")],
    }
}

/// A decision of policy 1, which let it pass.
pub fn decision() -> DecisionRow {
    DecisionRow {
        policy_version: 1,
        ground: Ground::Rule(2),
        ruling: Ruling::Cap,
        facts: Facts {
            level: TrustLevel::Software,
            evidence: 1,
            attested_s: 86_400,
            offline_s: 60,
            is_bound: true,
            category: MerchantCategory::new(5_411),
            provider: provider(),
            lately: Some([Spent { payments: 1, sum_minor: 1_250 }; 3]),
        },
    }
}

/// Policy `version`, which holds from now on.
pub fn policy(version: u32) -> PolicyRow {
    PolicyRow {
        version,
        valid_from: NOW,
        signed: format!("policy {version}"),
        activated_at: NOW,
        activated_by: "ada".into(),
    }
}

/// A posting of `amount_minor` from the merchant to customers' clearing.
pub fn posting(layer: Layer, amount_minor: i64) -> Posting {
    Posting {
        debit: AccountKey::CustomerClearing(provider()),
        credit: AccountKey::Merchant(MerchantId::from_u128(1)),
        amount_minor,
        currency: Currency::CHF,
        layer,
    }
}

/// What a device is asked about a payment.
pub fn approval(n: u128, device: EnrolmentId, payment: PaymentId) -> Approval {
    let purpose = ApprovalPurpose::Payment { payment, statement: b"statement".to_vec() };
    Approval { purpose, ..request_of_bank(n, device) }
}

/// What a device is asked for the bank.
pub fn request_of_bank(n: u128, enrolment: EnrolmentId) -> Approval {
    Approval {
        enrolment,
        id: ApprovalId::from_u128(n),
        version: 1,
        question: b"question".to_vec(),
        purpose: ApprovalPurpose::Request { reference: format!("r-{n}"), operator: "grace".to_owned() },
        expires_at: NOW.plus_s(90),
        state: ApprovalState::Waiting,
    }
}

/// An approval as it is asked, or as it becomes in this state.
pub fn approval_change(seen: &Approval, state: Option<ApprovalState>) -> ApprovalChange {
    match state {
        None => ApprovalChange { expected_version: 0, approval: seen.clone() },
        Some(state) => seen.changed_to(state),
    }
}

/// Moves `seen` on by one silent event and nothing else.
pub fn change(seen: &Payment) -> ChangePayment {
    let version = seen.version + 1;
    ChangePayment {
        expected_version: seen.version,
        payment: Payment { version, state: PaymentState::Unknown, ..seen.clone() },
        event: EventRow {
            payment: seen.id,
            version,
            at: NOW,
            event: PaymentEvent::Silent,
            confirmation: None,
        },
        postings: Vec::new(),
        new_effects: Vec::new(),
        done_effect: None,
        wake_at: None,
        approval: None,
        confirmation: None,
        request: None,
        begin_answer: None,
        task: None,
        settled_task: None,
        webhooks: Vec::new(),
        audit: Vec::new(),
    }
}

/// A task about effect `n` of a payment.
pub fn task(n: u128, payment: PaymentId) -> OperatorTask {
    OperatorTask {
        effect: EffectId::from_u128(n),
        payment,
        booking: Booking::Release,
        amount_minor: 0,
        reason: "the bank refused it for good".into(),
        since: NOW,
        settled_at: None,
    }
}

/// Webhook endpoint `n` of merchant 1.
pub fn webhook_endpoint(n: u128) -> WebhookEndpoint {
    WebhookEndpoint {
        id: WebhookEndpointId::from_u128(n),
        merchant: MerchantId::from_u128(1),
        version: 1,
        url: format!("https://shop.example/hooks/{n}"),
        sealed_secret: vec![3; 60],
        previous_secret: None,
        status: EndpointStatus::Enabled,
        created_at: NOW,
    }
}

/// Webhook `n` for endpoint `endpoint`, that tells of `payment` as it stands.
pub fn webhook(n: u128, endpoint: u128, payment: &Payment) -> Webhook {
    Webhook {
        id: WebhookId::from_u128(n),
        endpoint: WebhookEndpointId::from_u128(endpoint),
        payment: payment.id,
        sequence: payment.version,
        at: NOW,
        event_type: "payment.sampled".into(),
        body: b"{}".to_vec(),
        state: WebhookState::Waiting(Waiting::from(NOW, NOW.plus_s(86_400))),
    }
}
