//! The closed set of commands. Each commits wholly or not at all; an outcome is told only once durable.

use crate::{
    ActivationCodeRow, ActivationUse, Answer, App, ApprovalChange, AuditEntry, AuditHead, CertificateRow,
    ChangeDevices, Checkout, CodeUse, Customer, Device, Devices, DevicesChange, Effect, Enrolment,
    EraseCustomer, EventRow, IdempotencyRow, Merchant, MerchantTerms, Method, MoveCheckMark, NewConfirmation,
    NewNotice, NoticeBy, NoticeKind, OperatorTask, PolicyRow, PutApproval, RequestId, RuleListRow, Velocity,
    VerdictRow, Webhook, WebhookEndpoint, WebhookState,
};
use model::{
    EffectId, MerchantCategory, MerchantId, Payment, PaymentId, Posting, Timestamp, WebhookEndpointId,
    WebhookId,
};

/// Everything that can change what is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// A new customer.
    CreateCustomer(Customer, AuditEntry),
    /// A new merchant.
    CreateMerchant(Merchant, AuditEntry),
    /// Sets what a merchant pays for sales.
    SetTerms {
        /// Whose.
        merchant: MerchantId,
        /// All of its terms from now on.
        terms: Vec<MerchantTerms>,
        /// For the record.
        audit: AuditEntry,
    },
    /// Sets what a merchant sells.
    SetMerchantCategory {
        /// Which.
        merchant: MerchantId,
        /// What; none if that is not known.
        category: Option<MerchantCategory>,
        /// For the record.
        audit: AuditEntry,
    },
    /// Adds a policy, and the audit entry that it makes of itself; [`Outcome::Conflict`] unless its version is above all
    /// that are there.
    ActivatePolicy(Box<PolicyRow>),
    /// A new checkout with its tills; [`Outcome::Exists`] if a till is taken.
    CreateCheckout(Checkout, AuditEntry),
    /// A new activation code.
    IssueActivationCode(ActivationCodeRow, AuditEntry),
    /// Uses an activation code.
    Enrol(Box<Enrol>),
    /// Resynchronises or hears of an enrolment, changes its PIN.
    ChangeEnrolment(Box<ChangeEnrolment>),
    /// Locks, unlocks, revokes, names or renews a customer's devices, sets a PIN anew.
    ChangeDevices(Box<ChangeDevices>),
    /// Wipes what names a customer.
    EraseCustomer(Box<EraseCustomer>),
    /// Adds or changes a method.
    PutMethod(Box<PutMethod>),
    /// Registers or changes an app.
    PutApp(Box<PutApp>),
    /// Publishes a list of rules for sensors; [`Outcome::Conflict`] if it does not follow the last one.
    PublishRules(Box<PublishRules>),
    /// Asks for an approval of the bank's own, answers it or withdraws it; [`Outcome::Conflict`] if it was answered before.
    PutApproval(Box<PutApproval>),
    /// Consumes a code and writes what is to happen.
    BeginPayment(Box<BeginPayment>),
    /// Moves a payment by one event.
    ChangePayment(Box<ChangePayment>),
    /// Remembers that a request not yet seen is cancelled: when it comes it is refused.
    Cancel(RequestId, Timestamp),
    /// Sets when an effect is sent again.
    DelayEffect {
        /// Of which payment.
        payment: PaymentId,
        /// Which.
        effect: EffectId,
        /// How often it was sent by now.
        attempts: u32,
        /// When next.
        due_at: Timestamp,
    },
    /// Moves the mark of the incremental check on.
    MoveCheckMark(Box<MoveCheckMark>),
    /// Adds a signature under the audit chain.
    SignAudit(AuditHead),
    /// A new webhook endpoint.
    CreateWebhookEndpoint(Box<CreateWebhookEndpoint>),
    /// Rotates the secret of a webhook endpoint, disables or enables it.
    ChangeWebhookEndpoint(Box<ChangeWebhookEndpoint>),
    /// Takes a webhook endpoint away. What waits for it stays, for whoever sends webhooks to give up.
    RemoveWebhookEndpoint(WebhookEndpointId, AuditEntry),
    /// Writes down what an attempt to deliver a webhook led to.
    SettleWebhook(Box<SettleWebhook>),
    /// Lets a webhook that was delivered or given up wait again; [`Outcome::Conflict`] if it waits already.
    ResendWebhook {
        /// Of which payment.
        payment: PaymentId,
        /// Which.
        webhook: WebhookId,
        /// When.
        at: Timestamp,
        /// When it is given up if it still fails.
        give_up_at: Timestamp,
    },
    /// Forgets those of these webhooks that were delivered or given up.
    ForgetWebhooks(Vec<WebhookId>),
    /// Something happened that changes nothing but must be on record.
    Record(AuditEntry),
}

/// A new webhook endpoint, if its merchant has as many others as was seen; [`Outcome::Conflict`] otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreateWebhookEndpoint {
    /// How many endpoints its merchant was seen to have.
    pub expected_others: usize,
    /// The endpoint, at version 1.
    pub endpoint: WebhookEndpoint,
    /// For the record.
    pub audit: AuditEntry,
}

/// Changes a webhook endpoint by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeWebhookEndpoint {
    /// The version seen.
    pub expected_version: u32,
    /// As it shall be; its version is `expected_version + 1`.
    pub endpoint: WebhookEndpoint,
    /// For the record.
    pub audit: AuditEntry,
}

/// What an attempt to deliver a webhook led to; [`Outcome::Conflict`] if it no longer waits as it was seen to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettleWebhook {
    /// Of which payment.
    pub payment: PaymentId,
    /// Which.
    pub webhook: WebhookId,
    /// How often it was seen to have been sent.
    pub expected_attempts: u32,
    /// What became of it. Once it no longer waits, the next one of the same payment and endpoint may be sent.
    pub state: WebhookState,
}

/// Uses an activation code: the code is marked used and the enrolment made, together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enrol {
    /// Which code; it must be unused.
    pub code_hash: [u8; 32],
    /// What it is used for.
    pub used: ActivationUse,
    /// The enrolment made.
    pub enrolment: Enrolment,
    /// The customer's devices with it among them; [`Outcome::Conflict`] if they have changed since they were seen.
    pub devices: DevicesChange,
    /// Its certificate.
    pub certificate: CertificateRow,
    /// The enrolment whose place it takes, revoked.
    pub replaced: Option<EnrolmentChange>,
    /// What the customer's devices shall learn of it.
    pub notice: NewNotice,
    /// For the record.
    pub audit: AuditEntry,
}

impl Enrol {
    /// The first device of a customer, whose certificate has this serial number.
    #[must_use]
    pub fn first_device(
        code_hash: [u8; 32],
        used: ActivationUse,
        enrolment: Enrolment,
        serial: [u8; 16],
        audit: AuditEntry,
    ) -> Self {
        let (id, customer, at) = (enrolment.id, enrolment.customer, enrolment.activated_at);
        let device = Device { enrolment: id, name: String::new(), notices_after: 0, ended_at: None };
        let devices = Devices { version: 1, devices: vec![device], ..Devices::none(customer) };
        let not_after = enrolment.certificate_not_after;
        let notice = NewNotice {
            customer,
            kind: NoticeKind::Activated,
            about: id,
            device_name: String::new(),
            by: NoticeBy::Device(id),
            at,
        };
        Self {
            code_hash,
            used,
            enrolment,
            devices: DevicesChange { expected_version: 0, devices },
            certificate: CertificateRow { serial, enrolment: id, not_before: at, not_after },
            replaced: None,
            notice,
            audit,
        }
    }
}

/// Changes an enrolment by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeEnrolment {
    /// The change.
    pub change: EnrolmentChange,
    /// For the record.
    pub audit: Vec<AuditEntry>,
}

/// An enrolment as it shall be, if it still is as it was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnrolmentChange {
    /// The version seen.
    pub expected_version: u32,
    /// As it shall be; its version is `expected_version + 1`.
    pub enrolment: Enrolment,
    /// What the customer's devices shall learn of it.
    pub notice: Option<NewNotice>,
}

/// Adds or changes a method.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PutMethod {
    /// The version seen; 0 for a new one.
    pub expected_version: u32,
    /// As it shall be; its version is `expected_version + 1`.
    pub method: Method,
    /// For the record.
    pub audit: AuditEntry,
}

/// Publishes a list of rules for sensors.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublishRules {
    /// The list; its version follows the last one.
    pub row: RuleListRow,
    /// For the record.
    pub audit: AuditEntry,
}

/// Registers or changes an app.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PutApp {
    /// The version seen; 0 for a new one.
    pub expected_version: u32,
    /// As it shall be; its version is `expected_version + 1`.
    pub app: App,
    /// For the record.
    pub audit: AuditEntry,
}

/// Consumes a code: the verdict, the counter and PIN state, and the payment's intent, together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BeginPayment {
    /// The till's request; [`Outcome::Replay`], [`Outcome::OtherRequest`] or [`Outcome::Cancelled`] if known.
    pub request: RequestId,
    /// The payment, at version 1.
    pub payment: Payment,
    /// What was found.
    pub verdict: VerdictRow,
    /// The counter, PIN failures and locks that follow; none if nothing was proved.
    pub enrolment: Option<EnrolmentChange>,
    /// The code consumed; none if nothing was proved or it was consumed before.
    pub code_use: Option<CodeUse>,
    /// What the phone paid lately, this payment included; none if that is not counted. It follows from what was read
    /// after the enrolment was seen, so the enrolment's version guards it.
    pub velocity: Option<Velocity>,
    /// What the provider must learn; none if refused.
    pub effect: Option<Effect>,
    /// When the payment must be looked at if nothing happens.
    pub wake_at: Option<Timestamp>,
    /// What the phone is asked to approve before the provider learns anything.
    pub approval: Option<ApprovalChange>,
    /// What the phone shall learn.
    pub confirmation: Option<NewConfirmation>,
    /// The answer, if it is known already.
    pub answer: Option<Answer>,
    /// What the merchant's systems shall learn: at most one for each endpoint.
    pub webhooks: Vec<Webhook>,
    /// For the record.
    pub audit: Vec<AuditEntry>,
}

/// Moves a payment by one event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangePayment {
    /// The version seen.
    pub expected_version: u32,
    /// As it shall be; its version is `expected_version + 1`.
    pub payment: Payment,
    /// The event that led there.
    pub event: EventRow,
    /// The postings that follow.
    pub postings: Vec<Posting>,
    /// What the provider must learn.
    pub new_effects: Vec<Effect>,
    /// What the provider now knows.
    pub done_effect: Option<EffectId>,
    /// When the payment must be looked at if nothing happens; replaces what was set before.
    pub wake_at: Option<Timestamp>,
    /// The approval that this answers, or that is no longer wanted.
    pub approval: Option<ApprovalChange>,
    /// What the phone shall learn.
    pub confirmation: Option<NewConfirmation>,
    /// The till's request that led here, with its answer.
    pub request: Option<(RequestId, Answer)>,
    /// The answer to the request that began the payment, once known.
    pub begin_answer: Option<(RequestId, Answer)>,
    /// What a person must decide.
    pub task: Option<OperatorTask>,
    /// The task that an operator settled with this; [`Outcome::Conflict`] if it was settled before.
    pub settled_task: Option<EffectId>,
    /// What the merchant's systems shall learn: at most one for each endpoint.
    pub webhooks: Vec<Webhook>,
    /// For the record.
    pub audit: Vec<AuditEntry>,
}

/// What became of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Done and durable.
    Done,
    /// Something changed since it was looked at; look again and decide anew. Nothing was changed.
    Conflict,
    /// What should be new is there already. Nothing was changed.
    Exists,
    /// What should be changed is not there. Nothing was changed.
    Missing,
    /// The same request was seen before; this is what is known of it. Nothing was changed.
    Replay(Box<IdempotencyRow>),
    /// Another request used this key before. Nothing was changed.
    OtherRequest,
    /// The request was cancelled before it came. Nothing was changed.
    Cancelled,
}
