//! The map of the store: every table, what its rows are found by and what they hold.
//!
//! Names and places are part of the stored forms: a table is never renamed nor moved, new ones come last, and one that is
//! no longer needed keeps its place until a migration removes it.

use crate::fault::Fault;
use crate::key::{ByTime, Key};
use crate::row::Row;
use crate::stored::{Series, StoredEvent, StoredPayment};
use core::marker::PhantomData;
use model::{
    AccountKey, AppId, ApprovalId, CheckoutId, Counter, Currency, CustomerId, EffectId, EnrolmentId,
    IdempotencyKey, MerchantId, MethodSlot, PaymentId, TerminalNumber, Timestamp, WebhookEndpointId,
    WebhookId,
};
use records::{
    ActivationCodeRow, App, Approval, AuditHead, AuditRow, Balance, CertificateRow, CheckMark, Checkout,
    CodeUse, ConfirmationRow, Customer, Devices, Enrolment, IdempotencyRow, Merchant, Method, NoticeRow,
    OperatorTask, PolicyRow, RuleListRow, StoreError, Velocity, Webhook, WebhookEndpoint,
};
use redb::TableDefinition;

/// How the engine sees every table.
pub(crate) type Bytes = &'static [u8];

/// How the rows of a table live: PostgreSQL keeps those together that live alike, so that a batch needs few statements
/// and what comes and goes does not lie among what stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Life {
    /// Few, for years, changed now and then: who takes part.
    Party,
    /// One for each sale, changed while it is under way.
    Sale,
    /// Written once.
    Fact,
    /// Come and go.
    Queue,
}

impl Life {
    /// Every one.
    pub(crate) const ALL: [Self; 4] = [Self::Party, Self::Sale, Self::Fact, Self::Queue];
}

/// A table whose rows `R` are found by `K`.
pub(crate) struct Map<K, R> {
    /// Its name in the engine.
    pub(crate) name: &'static str,
    /// Its place in [`NAMES`] and [`HOMES_AT`].
    pub(crate) place: usize,
    types: PhantomData<fn(K) -> R>,
}

impl<K, R> Clone for Map<K, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, R> Copy for Map<K, R> {}

impl<K: Key, R: Row> Map<K, R> {
    const fn new(name: &'static str, place: usize) -> Self {
        Self { name, place, types: PhantomData }
    }

    /// An index points to a row of this table that is not there.
    pub(crate) fn leads_nowhere(self) -> Fault {
        let what = format!("`{}`: an index points to a row that is not there", self.name);
        Fault::Refused(StoreError::Damaged(what))
    }
}

/// The engine's definition of the table called `name`.
pub(crate) const fn definition(name: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(name)
}

/// What the store says of itself: `kind`, `schema`, `batch`. Not rows, but plain bytes.
pub(crate) const META: TableDefinition<'static, Bytes, Bytes> = definition("meta");

macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident: $key:ty => $row:ty, $name:literal, $home:expr, $life:ident;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "one for each table, named as it is")]
        enum Place { $($table,)* }

        $($(#[$doc])* pub(crate) const $table: Map<$key, $row> = Map::new($name, Place::$table as usize);)*

        /// Every table but [`META`], by place.
        pub(crate) const NAMES: &[&str] = &[$($name,)*];

        /// Where in a key of each table the home of its row stands: the shard, two bytes, of the payer's ids. None
        /// where rows are of nobody in particular; their home is 0.
        pub(crate) const HOMES_AT: &[Option<usize>] = &[$($home,)*];

        /// How the rows of each table live.
        pub(crate) const LIVES: &[Life] = &[$(Life::$life,)*];
    };
}

tables! {
    // Who takes part.
    /// Customers.
    CUSTOMERS: CustomerId => Customer, "customers", Some(0), Party;
    /// Activation codes by their hash, used ones included.
    ACTIVATION_CODES: [u8; 32] => ActivationCodeRow, "activation_codes", None, Party;
    /// Enrolments.
    ENROLMENTS: EnrolmentId => Enrolment, "enrolments", Some(0), Party;
    /// A customer's methods, removed ones included.
    METHODS: (CustomerId, MethodSlot) => Method, "methods", Some(0), Party;
    /// Merchants.
    MERCHANTS: MerchantId => Merchant, "merchants", Some(0), Party;
    /// Checkouts.
    CHECKOUTS: CheckoutId => Checkout, "checkouts", Some(0), Party;
    /// Index: the checkout with an API key of this SHA-256.
    CHECKOUT_BY_KEY: [u8; 32] => CheckoutId, "checkout_by_key", None, Party;
    /// Index: the checkout that serves a till.
    CHECKOUT_OF_TERMINAL: TerminalNumber => CheckoutId, "checkout_of_terminal", None, Party;

    // Sales.
    /// Consumed codes: each (enrolment, counter) once, ever.
    CODE_USES: (EnrolmentId, Counter) => CodeUse, "code_uses", Some(0), Fact;
    /// Payments as they stand.
    PAYMENTS: PaymentId => StoredPayment, "payments", Some(0), Sale;
    /// Index: a merchant's payments by time.
    PAYMENTS_OF_MERCHANT: (MerchantId, ByTime) => PaymentId, "payments_of_merchant", Some(30), Fact;
    /// Nothing any more: what it held stands in the payment's own row.
    _VERDICTS: PaymentId => PaymentId, "verdicts", Some(0), Fact;
    /// The events that do not stand in the payment's own row, with their postings, by the version that the last of each
    /// chunk led to.
    EVENTS: (PaymentId, u32) => Series<StoredEvent>, "events", Some(0), Fact;
    /// Tills' requests and their answers.
    REQUESTS: (CheckoutId, IdempotencyKey) => IdempotencyRow, "requests", Some(0), Sale;
    /// Index: payments by when they must be looked at.
    WAKES: (Timestamp, PaymentId) => PaymentId, "wakes", Some(8), Queue;

    // What is still to be done.
    /// Index: effects by when they are due.
    EFFECTS_DUE: (Timestamp, PaymentId, EffectId) => (PaymentId, EffectId), "effects_due", Some(8), Queue;
    /// Operators' tasks, settled ones included.
    TASKS: EffectId => OperatorTask, "tasks", Some(0), Sale;

    // What was told and booked.
    /// An enrolment's confirmations by sequence.
    CONFIRMATIONS: (EnrolmentId, u32) => ConfirmationRow, "confirmations", Some(0), Fact;
    /// The sums of each account, derived from the postings.
    BALANCES: (AccountKey, Currency) => Balance, "balances", None, Party;
    /// The audit chain.
    AUDIT: u64 => AuditRow, "audit", None, Fact;
    /// Signatures under the audit chain by the row they cover.
    AUDIT_HEADS: u64 => AuditHead, "audit_heads", None, Fact;

    // What is still to be checked.
    /// Payments that the check has not read as they stand, with the version that it has read.
    CHANGED: PaymentId => (PaymentId, u32), "changed", Some(0), Queue;
    /// Where the check stands: one row.
    CHECK_MARK: () => CheckMark, "check_mark", None, Party;

    // What merchants' systems are told.
    /// Webhook endpoints.
    WEBHOOK_ENDPOINTS: WebhookEndpointId => WebhookEndpoint, "webhook_endpoints", Some(0), Party;
    /// Index: a merchant's webhook endpoints.
    WEBHOOK_ENDPOINTS_OF_MERCHANT: (MerchantId, WebhookEndpointId) => WebhookEndpointId, "webhook_endpoints_of_merchant", Some(0), Party;
    /// Webhooks, also those delivered or given up until they are forgotten.
    WEBHOOKS: WebhookId => Webhook, "webhooks", Some(0), Sale;
    /// Index: those that wait, by endpoint, payment and the version that they tell of.
    WEBHOOKS_WAITING: (WebhookEndpointId, PaymentId, u32) => WebhookId, "webhooks_waiting", Some(16), Queue;
    /// Index: the first of each endpoint and payment among those that wait, by when it is due.
    WEBHOOKS_DUE: (WebhookEndpointId, Timestamp, WebhookId) => WebhookId, "webhooks_due", Some(24), Queue;
    /// Index: those that wait, by since when.
    WEBHOOKS_OLDEST: (Timestamp, WebhookId) => WebhookId, "webhooks_oldest", Some(8), Queue;
    /// Index: those delivered or given up, by when.
    WEBHOOKS_SETTLED: (Timestamp, WebhookId) => WebhookId, "webhooks_settled", Some(8), Queue;
    /// Index: dead letters by endpoint.
    WEBHOOKS_DEAD: (WebhookEndpointId, WebhookId) => WebhookId, "webhooks_dead", Some(16), Queue;

    // Policy.
    /// Policies as they were activated, by version.
    POLICIES: u32 => PolicyRow, "policies", None, Party;
    /// What phones paid lately, while a policy asks for it.
    VELOCITIES: EnrolmentId => Velocity, "velocities", Some(0), Party;
    // The life of devices.
    /// All devices that a customer ever had.
    DEVICES: CustomerId => Devices, "devices", Some(0), Party;
    /// A customer's notices by sequence.
    NOTICES: (CustomerId, u32) => NoticeRow, "notices", Some(0), Party;
    /// Device certificates by serial number, replaced and expired ones included.
    CERTIFICATES: [u8; 16] => CertificateRow, "certificates", None, Party;
    /// Index: a customer's activation codes.
    CODES_OF_CUSTOMER: (CustomerId, [u8; 32]) => [u8; 32], "codes_of_customer", Some(0), Party;
    // What phones run.
    /// Registered apps.
    APPS: AppId => App, "apps", None, Party;
    /// Lists of rules for sensors by version, the latest ones.
    RULE_LISTS: u32 => RuleListRow, "rule_lists", None, Party;
    // What customers are asked.
    /// What devices were asked to approve.
    APPROVALS: (EnrolmentId, ApprovalId) => Approval, "approvals", Some(0), Sale;
}

/// The places of tables that every sale asks and that hardly ever change: checkouts, merchants and their webhook
/// endpoints.
pub(crate) const PARTIES_ASKED_OFTEN: [usize; 5] = [
    MERCHANTS.place,
    CHECKOUTS.place,
    CHECKOUT_BY_KEY.place,
    WEBHOOK_ENDPOINTS.place,
    WEBHOOK_ENDPOINTS_OF_MERCHANT.place,
];
