//! A store that tells lies: the real one, with rows changed on their way out, and commits that fail.

use model::{
    ApprovalId, CheckoutId, Counter, CustomerId, EffectId, EnrolmentId, IdempotencyKey, MerchantId,
    MethodSlot, Payment, PaymentId, TerminalNumber, Timestamp, WebhookEndpointId, WebhookId,
};
use records::{
    ActivationCodeRow, App, Approval, AuditHead, AuditRow, Balance, CertificateRow, CheckMark, Checkout,
    CodeUse, Command, ConfirmationRow, Customer, Devices, Effect, Enrolment, EventRow, IdempotencyRow,
    Listener, Merchant, Method, NoticeRow, OperatorTask, Outcome, Page, PolicyRow, PostingRow, Queries,
    RuleListRow, Store, StoreError, StoreFuture, Velocity, VerdictRow, Webhook, WebhookEndpoint,
    WebhookTotals, Work,
};
use std::sync::Arc;

/// Changes what a query found.
pub(crate) type Lie<T> = Option<Box<dyn Fn(&mut T) + Send + Sync>>;

/// Whether, and how, a commit fails.
pub(crate) type Refuse = Box<dyn Fn(&Command) -> Option<StoreError> + Send + Sync>;

/// The real store, and what it is made to say.
pub(crate) struct Falsified {
    pub(crate) real: Arc<dyn Store>,
    pub(crate) refuse: Option<Refuse>,
    pub(crate) events: Lie<Vec<EventRow>>,
    pub(crate) postings: Lie<Vec<PostingRow>>,
    pub(crate) effects_of: Lie<Vec<Effect>>,
    pub(crate) balances: Lie<Vec<Balance>>,
    pub(crate) audit: Lie<Vec<AuditRow>>,
    pub(crate) audit_heads: Lie<Vec<AuditHead>>,
    pub(crate) confirmations: Lie<Vec<ConfirmationRow>>,
    pub(crate) tasks: Lie<Vec<OperatorTask>>,
    pub(crate) payments: Lie<Vec<Payment>>,
    pub(crate) enrolments: Lie<Vec<Enrolment>>,
    pub(crate) devices: Lie<Option<Devices>>,
    pub(crate) notices: Lie<Vec<NoticeRow>>,
    pub(crate) code_use: Lie<Option<CodeUse>>,
    pub(crate) verdict: Lie<Option<VerdictRow>>,
    pub(crate) begin_request: Lie<Option<IdempotencyRow>>,
    pub(crate) policies: Lie<Vec<PolicyRow>>,
    pub(crate) approval: Lie<Option<Approval>>,
    pub(crate) rule_list: Lie<Option<RuleListRow>>,
}

impl Falsified {
    /// A store that says what `real` says.
    pub(crate) fn new(real: Arc<dyn Store>) -> Self {
        Self {
            real,
            refuse: None,
            events: None,
            postings: None,
            effects_of: None,
            balances: None,
            audit: None,
            audit_heads: None,
            confirmations: None,
            tasks: None,
            payments: None,
            enrolments: None,
            devices: None,
            notices: None,
            code_use: None,
            verdict: None,
            begin_request: None,
            policies: None,
            approval: None,
            rule_list: None,
        }
    }
}

fn tell<'a, T: Send + 'a>(lie: &'a Lie<T>, found: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
    Box::pin(async move {
        let mut found = found.await?;
        if let Some(lie) = lie {
            lie(&mut found);
        }
        Ok(found)
    })
}

impl Store for Falsified {
    fn commit(&self, command: Command) -> StoreFuture<'_, Outcome> {
        if let Some(error) = self.refuse.as_ref().and_then(|refuse| refuse(&command)) {
            return Box::pin(async { Err(error) });
        }
        self.real.commit(command)
    }

    fn snapshot(&self) -> StoreFuture<'_, Box<dyn Queries>> {
        self.real.snapshot()
    }

    fn take(&self, work: Work) -> StoreFuture<'_, bool> {
        self.real.take(work)
    }

    fn listen(&self, listener: Arc<dyn Listener>) {
        self.real.listen(listener);
    }
}

impl Queries for Falsified {
    fn customer(&self, id: CustomerId) -> StoreFuture<'_, Option<Customer>> {
        self.real.customer(id)
    }

    fn customers(&self, page: Page<CustomerId>) -> StoreFuture<'_, Vec<Customer>> {
        self.real.customers(page)
    }

    fn activation_code(&self, code_hash: [u8; 32]) -> StoreFuture<'_, Option<ActivationCodeRow>> {
        self.real.activation_code(code_hash)
    }

    fn activation_codes_of(&self, customer: CustomerId) -> StoreFuture<'_, Vec<ActivationCodeRow>> {
        self.real.activation_codes_of(customer)
    }

    fn devices(&self, customer: CustomerId) -> StoreFuture<'_, Option<Devices>> {
        tell(&self.devices, self.real.devices(customer))
    }

    fn notices(&self, customer: CustomerId, page: Page<u32>) -> StoreFuture<'_, Vec<NoticeRow>> {
        tell(&self.notices, self.real.notices(customer, page))
    }

    fn certificate(&self, serial: [u8; 16]) -> StoreFuture<'_, Option<CertificateRow>> {
        self.real.certificate(serial)
    }

    fn code_uses(&self, enrolment: EnrolmentId, page: Page<Counter>) -> StoreFuture<'_, Vec<CodeUse>> {
        self.real.code_uses(enrolment, page)
    }

    fn enrolment(&self, id: EnrolmentId) -> StoreFuture<'_, Option<Enrolment>> {
        self.real.enrolment(id)
    }

    fn enrolments(&self, page: Page<EnrolmentId>) -> StoreFuture<'_, Vec<Enrolment>> {
        tell(&self.enrolments, self.real.enrolments(page))
    }

    fn method(&self, customer: CustomerId, slot: MethodSlot) -> StoreFuture<'_, Option<Method>> {
        self.real.method(customer, slot)
    }

    fn methods(&self, customer: CustomerId) -> StoreFuture<'_, Vec<Method>> {
        self.real.methods(customer)
    }

    fn merchant(&self, id: MerchantId) -> StoreFuture<'_, Option<Merchant>> {
        self.real.merchant(id)
    }

    fn merchants(&self, page: Page<MerchantId>) -> StoreFuture<'_, Vec<Merchant>> {
        self.real.merchants(page)
    }

    fn checkout(&self, id: CheckoutId) -> StoreFuture<'_, Option<Checkout>> {
        self.real.checkout(id)
    }

    fn checkout_by_key(&self, api_key_hash: [u8; 32]) -> StoreFuture<'_, Option<Checkout>> {
        self.real.checkout_by_key(api_key_hash)
    }

    fn checkout_of_terminal(&self, terminal: TerminalNumber) -> StoreFuture<'_, Option<CheckoutId>> {
        self.real.checkout_of_terminal(terminal)
    }

    fn code_use(&self, enrolment: EnrolmentId, counter: Counter) -> StoreFuture<'_, Option<CodeUse>> {
        tell(&self.code_use, self.real.code_use(enrolment, counter))
    }

    fn payment(&self, id: PaymentId) -> StoreFuture<'_, Option<Payment>> {
        self.real.payment(id)
    }

    fn payments(&self, page: Page<PaymentId>) -> StoreFuture<'_, Vec<Payment>> {
        tell(&self.payments, self.real.payments(page))
    }

    fn payments_of_merchant(
        &self,
        merchant: MerchantId,
        page: Page<PaymentId>,
    ) -> StoreFuture<'_, Vec<Payment>> {
        self.real.payments_of_merchant(merchant, page)
    }

    fn verdict(&self, payment: PaymentId) -> StoreFuture<'_, Option<VerdictRow>> {
        tell(&self.verdict, self.real.verdict(payment))
    }

    fn judged(&self, shard: u16, page: Page<PaymentId>) -> StoreFuture<'_, Vec<(Payment, VerdictRow)>> {
        self.real.judged(shard, page)
    }

    fn velocity(&self, enrolment: EnrolmentId) -> StoreFuture<'_, Option<Velocity>> {
        self.real.velocity(enrolment)
    }

    fn policies(&self, page: Page<u32>) -> StoreFuture<'_, Vec<PolicyRow>> {
        tell(&self.policies, self.real.policies(page))
    }

    fn policy(&self, version: u32) -> StoreFuture<'_, Option<PolicyRow>> {
        self.real.policy(version)
    }

    fn events(&self, payment: PaymentId) -> StoreFuture<'_, Vec<EventRow>> {
        tell(&self.events, self.real.events(payment))
    }

    fn postings(&self, payment: PaymentId) -> StoreFuture<'_, Vec<PostingRow>> {
        tell(&self.postings, self.real.postings(payment))
    }

    fn begin_request(&self, payment: PaymentId) -> StoreFuture<'_, Option<IdempotencyRow>> {
        tell(&self.begin_request, self.real.begin_request(payment))
    }

    fn request(&self, checkout: CheckoutId, key: IdempotencyKey) -> StoreFuture<'_, Option<IdempotencyRow>> {
        self.real.request(checkout, key)
    }

    fn payments_to_wake(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<PaymentId>> {
        self.real.payments_to_wake(now, limit)
    }

    fn effects_due(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<Effect>> {
        self.real.effects_due(now, limit)
    }

    fn effects_of(&self, payment: PaymentId) -> StoreFuture<'_, Vec<Effect>> {
        tell(&self.effects_of, self.real.effects_of(payment))
    }

    fn task(&self, id: EffectId) -> StoreFuture<'_, Option<OperatorTask>> {
        self.real.task(id)
    }

    fn tasks(&self, page: Page<EffectId>) -> StoreFuture<'_, Vec<OperatorTask>> {
        tell(&self.tasks, self.real.tasks(page))
    }

    fn confirmations(
        &self,
        enrolment: EnrolmentId,
        page: Page<u32>,
    ) -> StoreFuture<'_, Vec<ConfirmationRow>> {
        tell(&self.confirmations, self.real.confirmations(enrolment, page))
    }

    fn approval(&self, enrolment: EnrolmentId, id: ApprovalId) -> StoreFuture<'_, Option<Approval>> {
        tell(&self.approval, self.real.approval(enrolment, id))
    }

    fn approvals(&self, enrolment: EnrolmentId, page: Page<ApprovalId>) -> StoreFuture<'_, Vec<Approval>> {
        self.real.approvals(enrolment, page)
    }

    fn balances(&self) -> StoreFuture<'_, Vec<Balance>> {
        tell(&self.balances, self.real.balances())
    }

    fn audit(&self, page: Page<u64>) -> StoreFuture<'_, Vec<AuditRow>> {
        tell(&self.audit, self.real.audit(page))
    }

    fn changed(&self, page: Page<PaymentId>) -> StoreFuture<'_, Vec<(PaymentId, u32)>> {
        self.real.changed(page)
    }

    fn check_mark(&self) -> StoreFuture<'_, Option<CheckMark>> {
        self.real.check_mark()
    }

    fn apps(&self) -> StoreFuture<'_, Vec<App>> {
        self.real.apps()
    }

    fn rule_list(&self, version: u32) -> StoreFuture<'_, Option<RuleListRow>> {
        tell(&self.rule_list, self.real.rule_list(version))
    }

    fn latest_rule_list(&self) -> StoreFuture<'_, Option<RuleListRow>> {
        tell(&self.rule_list, self.real.latest_rule_list())
    }

    fn audit_heads(&self, page: Page<u64>) -> StoreFuture<'_, Vec<AuditHead>> {
        tell(&self.audit_heads, self.real.audit_heads(page))
    }

    fn webhook_endpoint(&self, id: WebhookEndpointId) -> StoreFuture<'_, Option<WebhookEndpoint>> {
        self.real.webhook_endpoint(id)
    }

    fn webhook_endpoints(&self, merchant: MerchantId) -> StoreFuture<'_, Vec<WebhookEndpoint>> {
        self.real.webhook_endpoints(merchant)
    }

    fn webhook(&self, id: WebhookId) -> StoreFuture<'_, Option<Webhook>> {
        self.real.webhook(id)
    }

    fn webhooks_due(
        &self,
        now: Timestamp,
        each_max: usize,
        page: Page<WebhookEndpointId>,
    ) -> StoreFuture<'_, Vec<Webhook>> {
        self.real.webhooks_due(now, each_max, page)
    }

    fn webhooks_settled(
        &self,
        until: Timestamp,
        page: Page<(Timestamp, WebhookId)>,
    ) -> StoreFuture<'_, Vec<Webhook>> {
        self.real.webhooks_settled(until, page)
    }

    fn dead_webhooks(&self, page: Page<(WebhookEndpointId, WebhookId)>) -> StoreFuture<'_, Vec<Webhook>> {
        self.real.dead_webhooks(page)
    }

    fn webhook_totals(&self) -> StoreFuture<'_, WebhookTotals> {
        self.real.webhook_totals()
    }
}
