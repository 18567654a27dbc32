//! What a batch must read before its commands can be carried out: foreseen from the commands, so that one round trip
//! does for almost all, or found missing while they are carried out.

use crate::key::Key;
use crate::look::Order;
use crate::postgres::home::placed;
use crate::postgres::session::Bytes;
use crate::row::Row;
use crate::tables::{self as t, Map};
use core::ops::Bound;
use records::{
    ApprovalChange, BeginPayment, ChangeDevices, ChangePayment, Command, Enrol, NewNotice, RequestId, Webhook,
};
use std::collections::BTreeSet;

/// Rows of a table from one key to another, as PostgreSQL has them.
#[derive(Clone, Debug)]
pub(super) struct SpanWish {
    pub(super) first: Bytes,
    pub(super) last: Bytes,
    pub(super) order: Order,
    /// No more than these.
    pub(super) limit: usize,
}

impl SpanWish {
    /// As many as are read where the outermost is looked for: the batch itself may have removed some.
    pub(super) const FEW: usize = 2;
    /// As many as are read where all are counted.
    pub(super) const MANY: usize = 1_000;

    pub(super) fn new<K: Key>(place: usize, first: &K, last: &K, order: Order, limit: usize) -> Self {
        Self { first: placed(place, first), last: placed(place, last), order, limit }
    }

    pub(super) fn is_same_span(&self, other: &Self) -> bool {
        self.order == other.order && self.first == other.first && self.last == other.last
    }

    pub(super) fn from(&self) -> Bound<&[u8]> {
        Bound::Included(&self.first)
    }

    pub(super) fn to(&self) -> Bound<&[u8]> {
        Bound::Included(&self.last)
    }
}

/// Rows and spans to be read; rows are locked in the order in which they stand here, by table and key, a payer's row
/// first.
#[derive(Default, Debug)]
pub(super) struct Wishes {
    pub(super) rows: BTreeSet<Bytes>,
    pub(super) spans: Vec<SpanWish>,
    /// Keys drawn just now, at which nothing is expected.
    pub(super) trusted: Vec<Bytes>,
}

impl Wishes {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.spans.is_empty()
    }

    pub(super) fn row(&mut self, key: Bytes) {
        self.rows.insert(key);
    }

    pub(super) fn span(&mut self, wish: SpanWish) {
        if !self.spans.iter().any(|span| span.is_same_span(&wish) && span.limit >= wish.limit) {
            self.spans.push(wish);
        }
    }

    fn get<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) {
        self.row(placed(map.place, key));
    }

    fn trust<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) {
        self.trusted.push(placed(map.place, key));
    }

    /// What `command` will look at, as far as it says so itself.
    pub(super) fn foresee(&mut self, command: &Command) {
        match command {
            Command::BeginPayment(command) => self.foresee_begin(command),
            Command::ChangePayment(command) => self.foresee_change(command),
            Command::DelayEffect { payment, .. } => self.get(t::PAYMENTS, payment),
            Command::Cancel(request, _) => self.request(request),
            Command::ChangeEnrolment(command) => {
                self.get(t::ENROLMENTS, &command.change.enrolment.id);
                self.notice(command.change.notice.as_ref());
            }
            Command::ChangeDevices(command) => self.foresee_devices(command),
            Command::EraseCustomer(command) => {
                self.foresee_devices(&command.devices);
                let customer = command.devices.customer;
                command.methods.iter().for_each(|method| self.get(t::METHODS, &(customer, method.slot)));
                command.notices.iter().for_each(|row| self.get(t::NOTICES, &(customer, row.sequence)));
                let devices = command.devices.enrolments.iter().map(|change| change.enrolment.id);
                devices.for_each(|device| self.get(t::VELOCITIES, &device));
            }
            Command::Enrol(command) => self.foresee_enrol(command),
            Command::PutMethod(command) => {
                self.get(t::METHODS, &(command.method.customer, command.method.slot));
            }
            Command::PutApp(command) => self.get(t::APPS, &command.app.id),
            Command::PutApproval(command) => self.approval(Some(&command.change)),
            Command::SettleWebhook(command) => {
                self.get(t::PAYMENTS, &command.payment);
                self.get(t::WEBHOOKS, &command.webhook);
            }
            Command::ResendWebhook { payment, webhook, .. } => {
                self.get(t::PAYMENTS, payment);
                self.get(t::WEBHOOKS, webhook);
            }
            Command::ForgetWebhooks(ids) => ids.iter().for_each(|id| self.get(t::WEBHOOKS, id)),
            Command::MoveCheckMark(command) => {
                self.get(t::CHECK_MARK, &());
                command.payments.iter().for_each(|(id, _)| self.get(t::PAYMENTS, id));
            }
            Command::CreateCheckout(checkout, _) => {
                checkout.terminals.iter().for_each(|terminal| self.get(t::CHECKOUT_OF_TERMINAL, terminal));
            }
            // Seldom, and soon found out.
            Command::CreateCustomer(..)
            | Command::CreateMerchant(..)
            | Command::SetTerms { .. }
            | Command::SetMerchantCategory { .. }
            | Command::ActivatePolicy(_)
            | Command::IssueActivationCode(..)
            | Command::SignAudit(_)
            | Command::CreateWebhookEndpoint(_)
            | Command::ChangeWebhookEndpoint(_)
            | Command::RemoveWebhookEndpoint(..)
            | Command::PublishRules(_)
            | Command::Record(_) => {}
        }
    }

    fn foresee_begin(&mut self, command: &BeginPayment) {
        let id = command.payment.id;
        self.trust(t::REQUESTS, &(command.request.checkout, command.request.key.clone()));
        self.trust(t::PAYMENTS, &id);
        if let Some(change) = &command.enrolment {
            self.get(t::ENROLMENTS, &change.enrolment.id);
            self.notice(change.notice.as_ref());
        }
        if let Some(code_use) = &command.code_use {
            self.trust(t::CODE_USES, &(code_use.enrolment, code_use.counter));
        }
        if let Some(velocity) = &command.velocity {
            self.get(t::VELOCITIES, &velocity.enrolment);
        }
        self.approval(command.approval.as_ref());
        self.confirmation(command.confirmation.as_ref());
        self.webhooks(&command.webhooks);
    }

    fn foresee_change(&mut self, command: &ChangePayment) {
        self.get(t::PAYMENTS, &command.payment.id);
        if let Some((request, _)) = &command.request {
            self.trust(t::REQUESTS, &(request.checkout, request.key.clone()));
        }
        if let Some((request, _)) = &command.begin_answer {
            self.request(request);
        }
        if let Some(task) = &command.task {
            self.trust(t::TASKS, &task.effect);
        }
        if let Some(task) = &command.settled_task {
            self.get(t::TASKS, task);
        }
        self.approval(command.approval.as_ref());
        self.confirmation(command.confirmation.as_ref());
        self.webhooks(&command.webhooks);
    }

    fn foresee_enrol(&mut self, command: &Enrol) {
        self.get(t::ACTIVATION_CODES, &command.code_hash);
        self.trust(t::ENROLMENTS, &command.enrolment.id);
        self.trust(t::CERTIFICATES, &command.certificate.serial);
        self.get(t::DEVICES, &command.enrolment.customer);
        if let Some(change) = &command.replaced {
            self.get(t::ENROLMENTS, &change.enrolment.id);
        }
        self.notice(Some(&command.notice));
    }

    fn foresee_devices(&mut self, command: &ChangeDevices) {
        self.get(t::CUSTOMERS, &command.customer);
        if command.devices.is_some() {
            self.get(t::DEVICES, &command.customer);
        }
        for change in &command.enrolments {
            self.get(t::ENROLMENTS, &change.enrolment.id);
            self.notice(change.notice.as_ref());
        }
        if let Some((code_hash, _)) = &command.used_code {
            self.get(t::ACTIVATION_CODES, code_hash);
        }
        if let Some(certificate) = &command.certificate {
            self.trust(t::CERTIFICATES, &certificate.serial);
        }
    }

    fn notice(&mut self, told: Option<&NewNotice>) {
        let Some(customer) = told.map(|told| told.customer) else { return };
        self.get(t::CUSTOMERS, &customer);
        let (first, last) = ((customer, 0), (customer, u32::MAX));
        self.span(SpanWish::new(t::NOTICES.place, &first, &last, Order::Falling, SpanWish::FEW));
    }

    fn request(&mut self, request: &RequestId) {
        self.get(t::REQUESTS, &(request.checkout, request.key.clone()));
    }

    fn confirmation(&mut self, told: Option<&records::NewConfirmation>) {
        let Some(enrolment) = told.map(|told| told.enrolment) else { return };
        self.get(t::ENROLMENTS, &enrolment);
        let (first, last) = ((enrolment, 0), (enrolment, u32::MAX));
        self.span(SpanWish::new(t::CONFIRMATIONS.place, &first, &last, Order::Falling, SpanWish::FEW));
    }

    fn approval(&mut self, change: Option<&ApprovalChange>) {
        let Some(approval) = change.map(|change| &change.approval) else { return };
        self.get(t::ENROLMENTS, &approval.enrolment);
        self.get(t::APPROVALS, &(approval.enrolment, approval.id));
    }

    fn webhooks(&mut self, webhooks: &[Webhook]) {
        for webhook in webhooks {
            self.trust(t::WEBHOOKS, &webhook.id);
            let (endpoint, payment) = (webhook.endpoint, webhook.payment);
            let (first, last) = ((endpoint, payment, 0), (endpoint, payment, u32::MAX));
            self.span(SpanWish::new(t::WEBHOOKS_WAITING.place, &first, &last, Order::Rising, SpanWish::FEW));
        }
    }
}
