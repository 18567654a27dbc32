//! The port to a store: one door for changes, named queries for looking, at what is durable now or was at one moment.

use crate::{
    ActivationCodeRow, App, Approval, AuditHead, AuditRow, Balance, CertificateRow, CheckMark, Checkout,
    CodeUse, Command, ConfirmationRow, Customer, Devices, Effect, Enrolment, EventRow, IdempotencyRow,
    Merchant, Method, NoticeRow, OperatorTask, Outcome, Page, PolicyRow, PostingRow, RuleListRow, Velocity,
    VerdictRow, Webhook, WebhookEndpoint, WebhookTotals,
};
use core::future::Future;
use core::pin::Pin;
use model::{
    ApprovalId, CheckoutId, Counter, CustomerId, EffectId, EnrolmentId, IdempotencyKey, MerchantId,
    MethodSlot, Payment, PaymentId, TerminalNumber, Timestamp, WebhookEndpointId, WebhookId,
};
use std::sync::Arc;

/// What went wrong in a store. Whoever is told so must not assume that nothing happened, unless it says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// More is waiting than may wait; nothing was changed.
    #[error("the store is busy; try again in a moment")]
    Busy,
    /// No room on the disk; nothing was changed.
    #[error("the store's disk is full; free some room")]
    DiskFull,
    /// The store is shutting down; nothing was changed.
    #[error("the store is closed")]
    Closed,
    /// The engine failed; whether the command happened is known only after looking again.
    #[error("the store failed: {0}")]
    Failed(String),
    /// A row does not read as what it should be.
    #[error("a stored row is damaged: {0}")]
    Damaged(String),
}

/// Work that one server at a time does for all. Twice at once does no harm, and costs double.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Telling providers what they do not know yet, and letting deadlines pass.
    Payments,
    /// Sending webhooks.
    Webhooks,
    /// Signing the audit chain.
    Audit,
    /// Checking what changed.
    Check,
}

impl Work {
    /// Its name in stores and for operators.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::Webhooks => "webhooks",
            Self::Audit => "audit",
            Self::Check => "check",
        }
    }
}

/// Something that was committed, here or by another server on the same store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// A confirmation, or a question, for this phone.
    Confirmation(EnrolmentId),
    /// Something that a provider must learn.
    Effects,
    /// Something that a merchant must learn.
    Webhooks,
}

/// Who wants to hear what is committed. Some of it may come twice, late or never.
pub trait Listener: Send + Sync + 'static {
    /// This was committed.
    fn heard(&self, committed: Committed);
}

/// What every store call gives back.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store. Every implementation passes one suite (`store::conformance`).
pub trait Store: Queries {
    /// Does `command` wholly and durably, or not at all.
    fn commit(&self, command: Command) -> StoreFuture<'_, Outcome>;

    /// All that is durable now, as it stays for whoever looks at it, however much is committed meanwhile. Keeping it
    /// for long keeps the room of what is deleted meanwhile.
    fn snapshot(&self) -> StoreFuture<'_, Box<dyn Queries>>;

    /// Takes, or keeps, work that one server at a time does for all who share the store; false while another one has
    /// it. Whoever has it takes it again before each round, for after some seconds another one may have it.
    fn take(&self, work: Work) -> StoreFuture<'_, bool>;

    /// Lets `listener` hear what other servers commit, for as long as the store is open.
    fn listen(&self, listener: Arc<dyn Listener>);
}

/// What can be asked of a store. Queries see only what is durable. A page's rows come in key order.
pub trait Queries: Send + Sync + 'static {
    /// A customer.
    fn customer(&self, id: CustomerId) -> StoreFuture<'_, Option<Customer>>;
    /// Customers by id.
    fn customers(&self, page: Page<CustomerId>) -> StoreFuture<'_, Vec<Customer>>;
    /// What an activation code is for.
    fn activation_code(&self, code_hash: [u8; 32]) -> StoreFuture<'_, Option<ActivationCodeRow>>;
    /// A customer's activation codes, used and expired ones included, in no particular order.
    fn activation_codes_of(&self, customer: CustomerId) -> StoreFuture<'_, Vec<ActivationCodeRow>>;
    /// All devices that a customer ever had; none if there never was one.
    fn devices(&self, customer: CustomerId) -> StoreFuture<'_, Option<Devices>>;
    /// A customer's notices after a sequence.
    fn notices(&self, customer: CustomerId, page: Page<u32>) -> StoreFuture<'_, Vec<NoticeRow>>;
    /// The device certificate with this serial number.
    fn certificate(&self, serial: [u8; 16]) -> StoreFuture<'_, Option<CertificateRow>>;
    /// An enrolment.
    fn enrolment(&self, id: EnrolmentId) -> StoreFuture<'_, Option<Enrolment>>;
    /// Enrolments by id.
    fn enrolments(&self, page: Page<EnrolmentId>) -> StoreFuture<'_, Vec<Enrolment>>;
    /// A customer's method.
    fn method(&self, customer: CustomerId, slot: MethodSlot) -> StoreFuture<'_, Option<Method>>;
    /// All of a customer's methods, removed ones included.
    fn methods(&self, customer: CustomerId) -> StoreFuture<'_, Vec<Method>>;
    /// A merchant.
    fn merchant(&self, id: MerchantId) -> StoreFuture<'_, Option<Merchant>>;
    /// Merchants by id.
    fn merchants(&self, page: Page<MerchantId>) -> StoreFuture<'_, Vec<Merchant>>;
    /// A checkout.
    fn checkout(&self, id: CheckoutId) -> StoreFuture<'_, Option<Checkout>>;
    /// The checkout whose API key has this SHA-256.
    fn checkout_by_key(&self, api_key_hash: [u8; 32]) -> StoreFuture<'_, Option<Checkout>>;
    /// The checkout that serves a till.
    fn checkout_of_terminal(&self, terminal: TerminalNumber) -> StoreFuture<'_, Option<CheckoutId>>;
    /// All registered apps.
    fn apps(&self) -> StoreFuture<'_, Vec<App>>;
    /// A list of rules for sensors, if it is kept.
    fn rule_list(&self, version: u32) -> StoreFuture<'_, Option<RuleListRow>>;
    /// The latest list of rules for sensors.
    fn latest_rule_list(&self) -> StoreFuture<'_, Option<RuleListRow>>;

    /// What a phone paid lately; none if that was never counted.
    fn velocity(&self, enrolment: EnrolmentId) -> StoreFuture<'_, Option<Velocity>>;
    /// Policies by version.
    fn policies(&self, page: Page<u32>) -> StoreFuture<'_, Vec<PolicyRow>>;
    /// A policy.
    fn policy(&self, version: u32) -> StoreFuture<'_, Option<PolicyRow>>;

    /// A consumed code.
    fn code_use(&self, enrolment: EnrolmentId, counter: Counter) -> StoreFuture<'_, Option<CodeUse>>;
    /// An enrolment's consumed codes by counter.
    fn code_uses(&self, enrolment: EnrolmentId, page: Page<Counter>) -> StoreFuture<'_, Vec<CodeUse>>;
    /// A payment.
    fn payment(&self, id: PaymentId) -> StoreFuture<'_, Option<Payment>>;
    /// Payments by id.
    fn payments(&self, page: Page<PaymentId>) -> StoreFuture<'_, Vec<Payment>>;
    /// A merchant's payments, latest first; `after` names the last one seen.
    fn payments_of_merchant(
        &self,
        merchant: MerchantId,
        page: Page<PaymentId>,
    ) -> StoreFuture<'_, Vec<Payment>>;
    /// What security management found when a payment was asked for.
    fn verdict(&self, payment: PaymentId) -> StoreFuture<'_, Option<VerdictRow>>;
    /// Payments of a shard with what security management found, latest first; `after` names the last one seen.
    fn judged(&self, shard: u16, page: Page<PaymentId>) -> StoreFuture<'_, Vec<(Payment, VerdictRow)>>;
    /// A payment's events in order.
    fn events(&self, payment: PaymentId) -> StoreFuture<'_, Vec<EventRow>>;
    /// A payment's postings in order.
    fn postings(&self, payment: PaymentId) -> StoreFuture<'_, Vec<PostingRow>>;
    /// The request that began a payment.
    fn begin_request(&self, payment: PaymentId) -> StoreFuture<'_, Option<IdempotencyRow>>;
    /// What is known of a till's request.
    fn request(&self, checkout: CheckoutId, key: IdempotencyKey) -> StoreFuture<'_, Option<IdempotencyRow>>;
    /// Payments whose time to be looked at has come, soonest first.
    fn payments_to_wake(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<PaymentId>>;
    /// Effects that are due, soonest first.
    fn effects_due(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<Effect>>;
    /// A payment's effects that are not known to be done.
    fn effects_of(&self, payment: PaymentId) -> StoreFuture<'_, Vec<Effect>>;
    /// An operators' task, settled or not.
    fn task(&self, id: EffectId) -> StoreFuture<'_, Option<OperatorTask>>;
    /// Operators' tasks by id, settled ones included.
    fn tasks(&self, page: Page<EffectId>) -> StoreFuture<'_, Vec<OperatorTask>>;

    /// An enrolment's confirmations after a sequence.
    fn confirmations(&self, enrolment: EnrolmentId, page: Page<u32>)
    -> StoreFuture<'_, Vec<ConfirmationRow>>;
    /// What a device was asked to approve.
    fn approval(&self, enrolment: EnrolmentId, id: ApprovalId) -> StoreFuture<'_, Option<Approval>>;
    /// What a device was asked to approve, latest first, answered or not; `after` names the last one seen.
    fn approvals(&self, enrolment: EnrolmentId, page: Page<ApprovalId>) -> StoreFuture<'_, Vec<Approval>>;
    /// All balances.
    fn balances(&self) -> StoreFuture<'_, Vec<Balance>>;
    /// The audit chain.
    fn audit(&self, page: Page<u64>) -> StoreFuture<'_, Vec<AuditRow>>;
    /// Signatures under the audit chain, by the row they cover.
    fn audit_heads(&self, page: Page<u64>) -> StoreFuture<'_, Vec<AuditHead>>;

    /// Payments that the check has not read as they stand, by id, each with the version that it has read; 0 for none.
    fn changed(&self, page: Page<PaymentId>) -> StoreFuture<'_, Vec<(PaymentId, u32)>>;
    /// Where the check stands; none if there has been none yet.
    fn check_mark(&self) -> StoreFuture<'_, Option<CheckMark>>;

    /// A webhook endpoint.
    fn webhook_endpoint(&self, id: WebhookEndpointId) -> StoreFuture<'_, Option<WebhookEndpoint>>;
    /// All of a merchant's webhook endpoints.
    fn webhook_endpoints(&self, merchant: MerchantId) -> StoreFuture<'_, Vec<WebhookEndpoint>>;
    /// A webhook.
    fn webhook(&self, id: WebhookId) -> StoreFuture<'_, Option<Webhook>>;
    /// Webhooks that are due and before which nothing of their payment waits: endpoint by endpoint, of each at
    /// most `each_max`, soonest first.
    fn webhooks_due(
        &self,
        now: Timestamp,
        each_max: usize,
        page: Page<WebhookEndpointId>,
    ) -> StoreFuture<'_, Vec<Webhook>>;
    /// Webhooks that were delivered or given up, at `until` the latest, by that moment.
    fn webhooks_settled(
        &self,
        until: Timestamp,
        page: Page<(Timestamp, WebhookId)>,
    ) -> StoreFuture<'_, Vec<Webhook>>;
    /// Dead letters by endpoint.
    fn dead_webhooks(&self, page: Page<(WebhookEndpointId, WebhookId)>) -> StoreFuture<'_, Vec<Webhook>>;
    /// How webhooks stand altogether.
    fn webhook_totals(&self) -> StoreFuture<'_, WebhookTotals>;
}
