//! What can go wrong, by whose fault it is.

use crypto::CryptoError;
use records::{StoreError, WEBHOOK_ENDPOINTS_MAX};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The caller's: what is named is not there.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The caller's: the address cannot be an endpoint's.
    #[error("the url cannot be an endpoint's: {0}")]
    BadUrl(String),
    /// The caller's: the merchant has as many endpoints as it may.
    #[error("a merchant has at most {WEBHOOK_ENDPOINTS_MAX} webhook endpoints; remove one first")]
    TooMany,
    /// The caller's: it stands in the way that things are as they are.
    #[error("{0}")]
    WrongState(&'static str),
    /// Others change the same; nothing happened.
    #[error("others are changing this endpoint; try again")]
    Contended,
    /// Ours: the key store.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// Ours: the store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
