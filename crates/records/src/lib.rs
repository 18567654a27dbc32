//! Floor 2: what is stored, the closed set of commands that change it, and the port to whatever stores it.
//!
//! A command is one payer's unit of work: it happens wholly and durably, or not at all. Callers bring ids,
//! times and the versions they saw; a store checks those and decides nothing else. This room knows no engine.
#![forbid(unsafe_code)]

mod app;
mod approval;
mod audit;
mod check;
mod command;
mod decision;
mod device;
mod effect;
mod enrolment;
mod identity;
mod page;
mod policy;
mod rules;
mod sale;
mod store;
mod velocity;
mod webhook;

pub use app::{
    APP_VERSIONS_MAX, APPS_MAX, App, CustomerTexts, InstalledApp, KnownVersion, MinimumVersion, VersionState,
};
pub use approval::{Approval, ApprovalChange, ApprovalPurpose, ApprovalState, ApprovalWanted, PutApproval};
pub use audit::{Actor, AuditEntry, AuditHead, AuditRow};
pub use check::{CheckMark, CheckedSum, MoveCheckMark};
pub use command::{
    BeginPayment, ChangeEnrolment, ChangePayment, ChangeWebhookEndpoint, Command, CreateWebhookEndpoint,
    Enrol, EnrolmentChange, Outcome, PublishRules, PutApp, PutMethod, SettleWebhook,
};
pub use decision::{DecisionRow, Facts, Ground, Ruling};
pub use device::{
    CertificateRow, ChangeDevices, DEVICE_NAME_BYTES_MAX, DEVICES_EVER_MAX, Device, Devices, DevicesChange,
    EraseCustomer, NOTICES_KEPT_MAX, NewNotice, NoticeBy, NoticeKind, NoticeRow,
};
pub use effect::{Effect, EffectKind, OperatorTask};
pub use enrolment::{
    Enrolment, EnrolmentStatus, LockReason, PinState, ReplacedPinKey, RevocationReason, TrustLevel,
};
pub use identity::{
    ActivationCodeRow, ActivationPurpose, ActivationUse, Checkout, Customer, Merchant, MerchantTerms, Method,
    MethodState,
};
pub use page::{PAGE_LIMIT_MAX, Page};
pub use policy::PolicyRow;
pub use rules::{RULE_LISTS_KEPT, RuleListRow};
pub use sale::{
    Answer, Balance, CodeUse, ConfirmationRow, EventRow, IdempotencyRow, NewConfirmation, PostingRow,
    RequestId, VerdictRow,
};
pub use store::{Committed, Listener, Queries, Store, StoreError, StoreFuture, Work};
pub use velocity::{Lately, Spent, Velocity, Window};
pub use webhook::{
    EndpointStatus, PreviousSecret, WEBHOOK_ENDPOINTS_MAX, Waiting, Webhook, WebhookEndpoint, WebhookState,
    WebhookTotals,
};
