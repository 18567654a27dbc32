//! A checkout's own registration.

use model::{CheckoutId, MerchantId, TerminalNumber};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /v1/checkout`: who the server takes the caller for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckoutView {
    /// The checkout.
    #[schema(value_type = String)]
    pub id: CheckoutId,
    /// What the operator calls it.
    pub name: String,
    /// Its merchant.
    #[schema(value_type = String)]
    pub merchant: MerchantId,
    /// The name that customers see.
    pub merchant_name: String,
    /// Its tills, as on their labels.
    #[schema(value_type = Vec<String>)]
    pub terminals: Vec<TerminalNumber>,
}
