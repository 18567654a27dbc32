//! What operators ask for, with the operator's key.

use crate::policy::DecisionView;
use model::{CheckoutId, CustomerId, EnrolmentId, MerchantCategory, MerchantId, PaymentId, TerminalNumber};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/admin/customers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerRequest {
    /// How the customer is called, 1 to 64 bytes.
    pub name: String,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerView {
    /// The id.
    #[schema(value_type = String)]
    pub id: CustomerId,
    /// The name.
    pub name: String,
}

/// `POST /v1/admin/customers/{id}/activation-codes`: the code is told once, here, and never again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActivationCodeView {
    /// The code, for the customer's eyes only.
    pub activation_code: String,
    /// Until when it may be used.
    pub expires_at_ms: i64,
}

impl core::fmt::Debug for ActivationCodeView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ActivationCodeView(…, expires_at_ms: {})", self.expires_at_ms)
    }
}

/// `POST /v1/admin/merchants`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MerchantRequest {
    /// The name that customers see, 1 to 64 bytes.
    pub name: String,
    /// What the merchant sells: a merchant category code (ISO 18245), four digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub category: Option<MerchantCategory>,
}

/// A merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MerchantView {
    /// The id.
    #[schema(value_type = String)]
    pub id: MerchantId,
    /// The name.
    pub name: String,
    /// What it sells: a merchant category code, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub category: Option<MerchantCategory>,
}

/// `POST /v1/admin/checkouts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckoutRequest {
    /// Whose.
    #[schema(value_type = String)]
    pub merchant: MerchantId,
    /// What to call it, 1 to 64 bytes.
    pub name: String,
    /// The numbers of its tills without check digits; each may belong to one checkout only.
    pub terminals: Vec<u32>,
}

/// A new checkout: the API key is told once, here, and never again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewCheckoutView {
    /// The id.
    #[schema(value_type = String)]
    pub id: CheckoutId,
    /// The key for `Authorization: Bearer`.
    pub api_key: String,
    /// Its tills, as on their labels.
    #[schema(value_type = Vec<String>)]
    pub terminals: Vec<TerminalNumber>,
}

impl core::fmt::Debug for NewCheckoutView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "NewCheckoutView({}, …)", self.id)
    }
}

/// An enrolment, for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentAdminView {
    /// The id.
    #[schema(value_type = String)]
    pub id: EnrolmentId,
    /// Whose.
    #[schema(value_type = String)]
    pub customer: CustomerId,
    /// Whether it may pay.
    pub status: crate::phone::EnrolmentStatusName,
    /// Wrong PINs since the last right one.
    pub pin_failures: u8,
    /// The highest counter consumed.
    pub counter: u32,
    /// What kind of device it says it is.
    pub platform: String,
    /// When it was activated.
    pub activated_at_ms: i64,
    /// When it was last heard of.
    pub last_online_at_ms: i64,
    /// What the customer calls it; empty if nothing, or where many are listed.
    pub name: String,
    /// Since when it is in this state; none while it may pay.
    pub status_since_ms: Option<i64>,
    /// Why it was revoked.
    pub revoked_for: Option<String>,
    /// The serial number of its certificate, hex; empty once it was erased.
    pub certificate_serial: String,
    /// When that certificate ends.
    pub certificate_not_after_ms: i64,
}

/// `POST /v1/admin/enrolments/{id}/revoke`: for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationRequest {
    /// Why: `lost`, `key_compromise`, `retired` or `unspecified`. Banks are told it.
    pub reason: RevocationReasonName,
}

/// Why an operator revokes a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReasonName {
    /// It is not said why.
    Unspecified,
    /// It is lost or stolen.
    Lost,
    /// Its keys may be somebody else's too.
    KeyCompromise,
    /// The customer has no more use for it.
    Retired,
}

/// A page of enrolments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentAdminPage {
    /// The enrolments.
    pub enrolments: Vec<EnrolmentAdminView>,
    /// What to pass as `after` for the next page; none at the end.
    #[schema(value_type = Option<String>)]
    pub next_after: Option<EnrolmentId>,
}

/// Why a payment went as it did: for operators only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentStory {
    /// The payment.
    #[schema(value_type = String)]
    pub id: PaymentId,
    /// What security management found.
    pub verdict: String,
    /// What policy decided; none where it was not asked, since something else was wrong before.
    pub decision: Option<DecisionView>,
    /// Each event with its time, in order.
    pub events: Vec<String>,
    /// What the provider still has to be told.
    pub open_effects: Vec<String>,
}

/// `GET /v1/admin/steps`: the last payments, latest first, with the time of each step. A till must never see it:
/// it tells a right PIN from a wrong one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepsPage {
    /// The payments.
    pub payments: Vec<PaymentSteps>,
}

/// How long each step of a payment took at the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentSteps {
    /// The payment; none if the code began none.
    #[schema(value_type = Option<String>)]
    pub payment: Option<PaymentId>,
    /// When it was answered.
    pub at_ms: i64,
    /// `ok`, or what security management or the provider refused it for.
    pub verdict: String,
    /// The steps in order, up to the one that failed; `store` is the sum of all commits.
    pub steps: Vec<StepView>,
    /// From the code in hand to the answer, in microseconds.
    pub total_us: u64,
}

/// A step of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// `open`, `signature`, `pin`, `policy`, `store` or `bank`.
    pub step: String,
    /// How long it took, in microseconds.
    pub us: u64,
    /// Whether it went well.
    pub ok: bool,
}
