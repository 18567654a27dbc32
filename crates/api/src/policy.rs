//! What operators ask of policy: which holds, which held, what a new one would change.

use model::{MerchantCategory, PaymentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/admin/policies`: a signed policy, as `batzen admin policy sign` makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRequest {
    /// The document, byte for byte as it was signed; JSON.
    pub document: String,
    /// The rule-signing key's signature, base64.
    pub signature: String,
}

/// A policy that holds, held or is to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyEntry {
    /// Its version; 0 for the one of the server's configuration.
    pub version: u32,
    /// Whether it holds, on the server that was asked.
    pub is_in_force: bool,
    /// From when it holds; 0 for at once.
    pub valid_from_ms: i64,
    /// When it was activated; none for the one of the configuration.
    pub activated_at_ms: Option<i64>,
    /// By whom.
    pub activated_by: Option<String>,
}

/// A page of policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyPage {
    /// The policies by version, oldest first.
    pub policies: Vec<PolicyEntry>,
    /// What to pass as `after` for the next page; none at the end.
    pub next_after: Option<u32>,
}

/// A policy with what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyView {
    /// Which.
    #[serde(flatten)]
    pub entry: PolicyEntry,
    /// The document, JSON; of version 0 the policy alone.
    pub document: String,
}

/// `POST /v1/admin/policy/trials`: what a policy would have decided otherwise. Nothing is changed by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialRequest {
    /// The document, JSON; it need not be signed.
    pub document: String,
    /// How many of the latest payments are tried at most; 10,000 if absent.
    #[serde(default)]
    pub last: Option<u32>,
    /// Only payments judged at this moment or later.
    #[serde(default)]
    pub since_ms: Option<i64>,
}

/// What a trial showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialView {
    /// The version that was tried.
    pub version: u32,
    /// Decisions that were tried.
    pub tried: u64,
    /// Payments beside them about which policy was not asked, since something else was wrong with them.
    pub undecided: u64,
    /// Decisions that would be the same.
    pub same: u64,
    /// Decisions that would differ.
    pub differing: u64,
    /// Of those, payments that were let through and would not be.
    pub stopped: u64,
    /// Of those, payments that were not let through and would be.
    pub let_through: u64,
    /// Decisions whose sums were not recorded and were taken from the payments tried before them.
    pub sums_derived: u64,
    /// The kinds of difference, most frequent first.
    pub differences: Vec<DifferenceView>,
}

/// Decisions that would differ in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DifferenceView {
    /// What was decided, and by what: `allow by nothing`.
    pub was: String,
    /// What would be.
    pub would_be: String,
    /// How many.
    pub payments: u64,
    /// The first of them.
    pub examples: Vec<ExampleView>,
}

/// A payment that would be decided otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExampleView {
    /// Which.
    #[schema(value_type = String)]
    pub payment: PaymentId,
    /// When it was judged.
    pub at_ms: i64,
    /// How much, for people.
    pub amount: String,
    /// Why it would be decided otherwise.
    pub why: String,
}

/// Why policy decided of a payment as it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionView {
    /// By which policy; 0 is the one of the server's configuration.
    pub policy_version: u32,
    /// What in it decided: a rule's name, or `evidence_refused`, `limits`, `offline`, `nothing`.
    pub ground: String,
    /// `allow`, `cap`, `approve`, `decline` or `lock`.
    pub ruling: String,
    /// Why, one reason each.
    pub reasons: Vec<String>,
    /// All that was known, one fact each.
    pub facts: Vec<String>,
    /// What would have been decided otherwise, and why.
    pub next: String,
}

/// `PUT /v1/admin/merchants/{id}/category`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryRequest {
    /// What the merchant sells: a merchant category code (ISO 18245), four digits; none if that is not known.
    #[schema(value_type = Option<String>)]
    pub category: Option<MerchantCategory>,
}
