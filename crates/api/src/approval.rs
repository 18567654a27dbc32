//! Approvals on the phone (`spec/approval.md`): what phones are asked and answer, and what banks ask for.

use model::{ApprovalId, Currency, EnrolmentId, PaymentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A question that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuestionView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ApprovalId,
    /// The question, signed and sealed to the phone, base64url.
    pub sealed: String,
    /// From then on no answer is taken.
    pub expires_at_ms: i64,
}

/// `GET /v1/approvals`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuestionPage {
    /// What waits for this phone's answer, latest first.
    pub approvals: Vec<QuestionView>,
}

/// How an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStateName {
    /// Asked.
    Waiting,
    /// Approved, with the PIN.
    Approved,
    /// Refused.
    Refused,
    /// Not answered in time.
    Expired,
    /// Taken back by whoever asked.
    Withdrawn,
}

/// The answer to a phone's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnsweredView {
    /// Which.
    #[schema(value_type = String)]
    pub id: ApprovalId,
    /// How it stands now.
    pub state: ApprovalStateName,
}

/// What kinds of requests a bank has approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A transfer; has amount and payee.
    Transfer,
    /// A login.
    Login,
    /// Something else; has a text.
    Other,
}

/// `POST /v1/admin/customers/{id}/approvals`: asks a customer on the phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRequest {
    /// The bank's own name for it, 1 to 64 printable ASCII characters: the same again asks once.
    pub reference: String,
    /// What is to be approved.
    pub kind: RequestKind,
    /// How much, in minor units.
    #[serde(default)]
    pub amount_minor: Option<i64>,
    /// ISO 4217 code.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub currency: Option<Currency>,
    /// To whom, or where; 1 to 64 characters.
    #[serde(default)]
    pub payee: Option<String>,
    /// What else the customer shall read; 1 to 64 characters.
    #[serde(default)]
    pub text: Option<String>,
    /// The device that is asked; the one that was online last if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub enrolment: Option<EnrolmentId>,
    /// How long the customer may take, 15 to 86 400 seconds.
    #[serde(default = "five_minutes")]
    pub within_s: u32,
}

const fn five_minutes() -> u32 {
    300
}

/// An approval, as banks and operators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ApprovalId,
    /// The device that is asked.
    #[schema(value_type = String)]
    pub enrolment: EnrolmentId,
    /// How it stands.
    pub state: ApprovalStateName,
    /// The payment that it is for; absent for a request of the bank.
    #[schema(value_type = Option<String>)]
    pub payment: Option<PaymentId>,
    /// The bank's own name for it; absent for a payment.
    pub reference: Option<String>,
    /// From then on no answer is taken.
    pub expires_at_ms: i64,
    /// When it was answered or taken back.
    pub answered_at_ms: Option<i64>,
    /// The question's bytes, base64url: JSON as `spec/approval.md` says.
    pub question: String,
    /// The device's signature over question and answer, base64url.
    pub signature: Option<String>,
    /// The device's certificate, DER, base64url: whose key the signature is by.
    pub certificate: String,
}
