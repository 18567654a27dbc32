//! What can go wrong, by whose fault it is.

use crate::step::NotAllowed;
use model::MoneyError;
use records::StoreError;

/// Why a payment could not be begun or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// The caller's: no such payment of this merchant.
    #[error("there is no such payment")]
    NotFound,
    /// The caller's: the event is refused.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The caller's: the amount is not possible.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The caller's: the key was used for something else.
    #[error("the idempotency key was used for another request")]
    OtherRequest,
    /// The caller's: the request was cancelled before it came.
    #[error("the request was cancelled before it came")]
    Cancelled,
    /// Ours: the provider is not configured.
    #[error("no provider `{0}` is configured")]
    NoProvider(String),
    /// Ours: too many changed the same payment at once; nothing happened.
    #[error("the payment is being changed by others; try again")]
    Contended,
    /// Ours: the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Ours: a stored row contradicts another.
    #[error("stored rows contradict each other: {0}")]
    Inconsistent(String),
}
