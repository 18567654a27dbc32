//! The port: commands go to the writer, queries read what is durable, where they are asked.
//!
//! A query is a few look-ups in B-trees that are mostly in memory: microseconds, less than handing it to
//! another thread would take.

mod webhooks;

use crate::EmbeddedStore;
use crate::fault::Fault;
use crate::key::ByTime;
use crate::snapshot::Snapshot;
use crate::stored::StoredEvent;
use crate::tables as t;
use core::ops::Bound::{Excluded, Included, Unbounded};
use model::{
    CheckoutId, Counter, CustomerId, EffectId, EnrolmentId, IdempotencyKey, MerchantId, MethodSlot, Payment,
    PaymentId, TerminalNumber, Timestamp, WebhookEndpointId, WebhookId,
};
use records::{
    ActivationCodeRow, AuditHead, AuditRow, Balance, CheckMark, Checkout, CodeUse, Command, ConfirmationRow,
    Customer, Effect, Enrolment, EventRow, IdempotencyRow, Merchant, Method, OperatorTask, Outcome, Page,
    PostingRow, Queries, Store, StoreFuture, VerdictRow, Webhook, WebhookEndpoint, WebhookTotals,
};

impl Store for EmbeddedStore {
    fn commit(&self, command: Command) -> StoreFuture<'_, Outcome> {
        Box::pin(self.send(command))
    }

    fn snapshot(&self) -> StoreFuture<'_, Box<dyn Queries>> {
        Box::pin(async { Ok(Box::new(self.frozen()?) as Box<dyn Queries>) })
    }
}

impl EmbeddedStore {
    fn ask<'a, T: Send + 'a>(
        &'a self,
        ask: impl FnOnce(&Snapshot) -> Result<T, Fault> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move { self.engine().read(ask) })
    }
}

impl Queries for EmbeddedStore {
    fn customer(&self, id: CustomerId) -> StoreFuture<'_, Option<Customer>> {
        self.ask(move |snapshot| snapshot.get(t::CUSTOMERS, &id))
    }

    fn customers(&self, page: Page<CustomerId>) -> StoreFuture<'_, Vec<Customer>> {
        self.ask(move |snapshot| snapshot.page(t::CUSTOMERS, page))
    }

    fn activation_code(&self, code_hash: [u8; 32]) -> StoreFuture<'_, Option<ActivationCodeRow>> {
        self.ask(move |snapshot| snapshot.get(t::ACTIVATION_CODES, &code_hash))
    }

    fn enrolment(&self, id: EnrolmentId) -> StoreFuture<'_, Option<Enrolment>> {
        self.ask(move |snapshot| snapshot.get(t::ENROLMENTS, &id))
    }

    fn enrolments(&self, page: Page<EnrolmentId>) -> StoreFuture<'_, Vec<Enrolment>> {
        self.ask(move |snapshot| snapshot.page(t::ENROLMENTS, page))
    }

    fn method(&self, customer: CustomerId, slot: MethodSlot) -> StoreFuture<'_, Option<Method>> {
        self.ask(move |snapshot| snapshot.get(t::METHODS, &(customer, slot)))
    }

    fn methods(&self, customer: CustomerId) -> StoreFuture<'_, Vec<Method>> {
        let (first, last) = ((customer, MethodSlot(0)), (customer, MethodSlot(u8::MAX)));
        self.ask(move |snapshot| snapshot.all(t::METHODS, Included(first), Included(last)))
    }

    fn merchant(&self, id: MerchantId) -> StoreFuture<'_, Option<Merchant>> {
        self.ask(move |snapshot| snapshot.get(t::MERCHANTS, &id))
    }

    fn merchants(&self, page: Page<MerchantId>) -> StoreFuture<'_, Vec<Merchant>> {
        self.ask(move |snapshot| snapshot.page(t::MERCHANTS, page))
    }

    fn checkout(&self, id: CheckoutId) -> StoreFuture<'_, Option<Checkout>> {
        self.ask(move |snapshot| snapshot.get(t::CHECKOUTS, &id))
    }

    fn checkout_by_key(&self, api_key_hash: [u8; 32]) -> StoreFuture<'_, Option<Checkout>> {
        self.ask(move |snapshot| {
            let id = snapshot.get(t::CHECKOUT_BY_KEY, &api_key_hash)?;
            id.map(|id| snapshot.pointed(t::CHECKOUTS, &id)).transpose()
        })
    }

    fn checkout_of_terminal(&self, terminal: TerminalNumber) -> StoreFuture<'_, Option<CheckoutId>> {
        self.ask(move |snapshot| snapshot.get(t::CHECKOUT_OF_TERMINAL, &terminal))
    }

    fn code_use(&self, enrolment: EnrolmentId, counter: Counter) -> StoreFuture<'_, Option<CodeUse>> {
        self.ask(move |snapshot| snapshot.get(t::CODE_USES, &(enrolment, counter)))
    }

    fn payment(&self, id: PaymentId) -> StoreFuture<'_, Option<Payment>> {
        self.ask(move |snapshot| Ok(snapshot.get(t::PAYMENTS, &id)?.map(|stored| stored.payment)))
    }

    fn payments(&self, page: Page<PaymentId>) -> StoreFuture<'_, Vec<Payment>> {
        self.ask(move |snapshot| {
            let stored = snapshot.page(t::PAYMENTS, page)?;
            Ok(stored.into_iter().map(|stored| stored.payment).collect())
        })
    }

    fn payments_of_merchant(
        &self,
        merchant: MerchantId,
        page: Page<PaymentId>,
    ) -> StoreFuture<'_, Vec<Payment>> {
        let first = Included((merchant, ByTime::FIRST));
        let last = match page.after {
            Some(seen) => Excluded((merchant, ByTime(seen))),
            None => Included((merchant, ByTime::LAST)),
        };
        self.ask(move |snapshot| {
            let ids = snapshot.list_back(t::PAYMENTS_OF_MERCHANT, first, last, page.size())?;
            ids.iter().map(|id| Ok(snapshot.pointed(t::PAYMENTS, id)?.payment)).collect()
        })
    }

    fn verdict(&self, payment: PaymentId) -> StoreFuture<'_, Option<VerdictRow>> {
        self.ask(move |snapshot| Ok(snapshot.get(t::VERDICTS, &payment)?.map(|stored| stored.verdict)))
    }

    fn events(&self, payment: PaymentId) -> StoreFuture<'_, Vec<EventRow>> {
        self.ask(move |snapshot| {
            let stored = events(snapshot, payment)?;
            Ok(stored.into_iter().map(|stored| stored.event).collect())
        })
    }

    fn postings(&self, payment: PaymentId) -> StoreFuture<'_, Vec<PostingRow>> {
        self.ask(move |snapshot| {
            let stored = events(snapshot, payment)?;
            Ok(stored.into_iter().flat_map(StoredEvent::into_postings).collect())
        })
    }

    fn begin_request(&self, payment: PaymentId) -> StoreFuture<'_, Option<IdempotencyRow>> {
        self.ask(move |snapshot| {
            let stored = snapshot.get(t::VERDICTS, &payment)?;
            stored.map(|stored| snapshot.pointed(t::REQUESTS, &stored.request)).transpose()
        })
    }

    fn request(&self, checkout: CheckoutId, key: IdempotencyKey) -> StoreFuture<'_, Option<IdempotencyRow>> {
        self.ask(move |snapshot| {
            let row = snapshot.get(t::REQUESTS, &(checkout, key))?;
            #[cfg(feature = "broken-rules")]
            let row =
                row.filter(|row| !(row.is_tombstone() && model::BrokenRule::TombstoneIgnored.is_broken()));
            Ok(row)
        })
    }

    fn payments_to_wake(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<PaymentId>> {
        let last = Included((now, PaymentId::from_u128(u128::MAX)));
        let limit = Page::<PaymentId>::first(limit).size();
        self.ask(move |snapshot| snapshot.list(t::WAKES, Unbounded, last, limit))
    }

    fn effects_due(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, Vec<Effect>> {
        let last = Included((now, PaymentId::from_u128(u128::MAX), EffectId::from_u128(u128::MAX)));
        let limit = Page::<EffectId>::first(limit).size();
        self.ask(move |snapshot| {
            let due = snapshot.list(t::EFFECTS_DUE, Unbounded, last, limit)?;
            due.into_iter().map(|(payment, id)| effect(snapshot, payment, id)).collect()
        })
    }

    fn effects_of(&self, payment: PaymentId) -> StoreFuture<'_, Vec<Effect>> {
        self.ask(move |snapshot| {
            let stored = snapshot.get(t::PAYMENTS, &payment)?;
            Ok(stored.map_or_else(Vec::new, |stored| stored.effects))
        })
    }

    fn task(&self, id: EffectId) -> StoreFuture<'_, Option<OperatorTask>> {
        self.ask(move |snapshot| snapshot.get(t::TASKS, &id))
    }

    fn tasks(&self, page: Page<EffectId>) -> StoreFuture<'_, Vec<OperatorTask>> {
        self.ask(move |snapshot| snapshot.page(t::TASKS, page))
    }

    fn confirmations(
        &self,
        enrolment: EnrolmentId,
        page: Page<u32>,
    ) -> StoreFuture<'_, Vec<ConfirmationRow>> {
        let first = match page.after {
            Some(seen) => Excluded((enrolment, seen)),
            None => Included((enrolment, 0)),
        };
        let last = Included((enrolment, u32::MAX));
        self.ask(move |snapshot| snapshot.list(t::CONFIRMATIONS, first, last, page.size()))
    }

    fn balances(&self) -> StoreFuture<'_, Vec<Balance>> {
        self.ask(move |snapshot| snapshot.all(t::BALANCES, Unbounded, Unbounded))
    }

    fn audit(&self, page: Page<u64>) -> StoreFuture<'_, Vec<AuditRow>> {
        self.ask(move |snapshot| snapshot.page(t::AUDIT, page))
    }

    fn audit_heads(&self, page: Page<u64>) -> StoreFuture<'_, Vec<AuditHead>> {
        self.ask(move |snapshot| snapshot.page(t::AUDIT_HEADS, page))
    }

    fn changed(&self, page: Page<PaymentId>) -> StoreFuture<'_, Vec<(PaymentId, u32)>> {
        self.ask(move |snapshot| snapshot.page(t::CHANGED, page))
    }

    fn check_mark(&self) -> StoreFuture<'_, Option<CheckMark>> {
        self.ask(move |snapshot| snapshot.get(t::CHECK_MARK, &()))
    }

    fn webhook_endpoint(&self, id: WebhookEndpointId) -> StoreFuture<'_, Option<WebhookEndpoint>> {
        self.ask(move |snapshot| snapshot.get(t::WEBHOOK_ENDPOINTS, &id))
    }

    fn webhook_endpoints(&self, merchant: MerchantId) -> StoreFuture<'_, Vec<WebhookEndpoint>> {
        self.ask(move |snapshot| webhooks::endpoints(snapshot, merchant))
    }

    fn webhook(&self, id: WebhookId) -> StoreFuture<'_, Option<Webhook>> {
        self.ask(move |snapshot| snapshot.get(t::WEBHOOKS, &id))
    }

    fn webhooks_due(
        &self,
        now: Timestamp,
        each_max: usize,
        page: Page<WebhookEndpointId>,
    ) -> StoreFuture<'_, Vec<Webhook>> {
        self.ask(move |snapshot| webhooks::due(snapshot, now, each_max, page))
    }

    fn webhooks_settled(
        &self,
        until: Timestamp,
        page: Page<(Timestamp, WebhookId)>,
    ) -> StoreFuture<'_, Vec<Webhook>> {
        self.ask(move |snapshot| webhooks::settled(snapshot, until, page))
    }

    fn dead_webhooks(&self, page: Page<(WebhookEndpointId, WebhookId)>) -> StoreFuture<'_, Vec<Webhook>> {
        self.ask(move |snapshot| webhooks::dead(snapshot, page))
    }

    fn webhook_totals(&self) -> StoreFuture<'_, WebhookTotals> {
        self.ask(webhooks::totals)
    }
}

fn events(snapshot: &Snapshot, payment: PaymentId) -> Result<Vec<StoredEvent>, Fault> {
    snapshot.all(t::EVENTS, Included((payment, 0)), Included((payment, u32::MAX)))
}

/// The effect that `effects_due` points to.
fn effect(snapshot: &Snapshot, payment: PaymentId, id: EffectId) -> Result<Effect, Fault> {
    let stored = snapshot.pointed(t::PAYMENTS, &payment)?;
    stored.effect(id).cloned().ok_or_else(|| t::PAYMENTS.leads_nowhere())
}
