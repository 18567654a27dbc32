//! What operators ask of the books: sums, terms, tasks, disputes.

use model::{Currency, EffectId, PaymentId, ProviderId, SettledWith};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A sum of the ledger, for operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalanceView {
    /// The account, such as `merchant mer_…`.
    pub account: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Pending debits less pending credits, minor units.
    pub pending_minor: i64,
    /// Posted debits less posted credits, minor units.
    pub posted_minor: i64,
}

/// All sums of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalancePage {
    /// The sums.
    pub balances: Vec<BalanceView>,
}

/// `PUT /v1/admin/merchants/{id}/terms`: all that a merchant pays for sales from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsRequest {
    /// One entry for each provider and currency; where none fits, nothing is paid.
    pub terms: Vec<TermsView>,
}

/// What a merchant pays for sales by one provider in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsView {
    /// By whom customers pay.
    #[schema(value_type = String, example = "bank")]
    pub provider: ProviderId,
    /// ISO 4217 code.
    #[schema(value_type = String, example = "CHF")]
    pub currency: Currency,
    /// The fee for each payment of which something is captured, minor units.
    #[serde(default)]
    pub fee_fixed_minor: u32,
    /// The fee for what is captured, in hundredths of a percent, at most 10 000.
    #[serde(default)]
    pub fee_basis_points: u16,
    /// What the customer shall have of what the merchant keeps, in hundredths of a percent, at most 10 000.
    #[serde(default)]
    pub incentive_basis_points: u16,
}

/// Something that a provider refused for good and that an operator must settle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: EffectId,
    /// The payment concerned.
    #[schema(value_type = String)]
    pub payment: PaymentId,
    /// `capture`, `refund` or `release`.
    pub booking: String,
    /// Minor units in suspense because of it; 0 for a release.
    pub amount_minor: i64,
    /// The provider's words.
    pub reason: String,
    /// Since when.
    pub since_ms: i64,
    /// When it was settled.
    pub settled_at_ms: Option<i64>,
}

/// A page of tasks, settled ones included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskPage {
    /// The tasks.
    pub tasks: Vec<TaskView>,
    /// What to pass as `after` for the next page; none at the end.
    #[schema(value_type = Option<String>)]
    pub next_after: Option<EffectId>,
}

/// `POST /v1/admin/tasks/{id}/settlement`: where the money goes that a refused booking left in suspense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementRequest {
    /// Of a refused capture, who bears the loss; of a refused refund, who has the money: `provider` (it paid, or
    /// paid out, after all), `merchant`, or `operator` (the operator's own fees).
    #[schema(value_type = String, example = "merchant")]
    pub with: SettledWith,
}

/// `POST /v1/admin/payments/{id}/dispute`: the customer disputes the payment at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputeRequest {
    /// How much, in minor units; all that the merchant still has of it if absent.
    #[serde(default)]
    pub amount_minor: Option<i64>,
}
