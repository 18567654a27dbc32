//! Floor 3: security management. Who may pay, with which device, how far it is trusted; the sole maker of
//! [`VerifiedCode`].
//!
//! It looks things up and commits through the store's port, reaches keys through [`KeyStore`], and is given the
//! time and randomness. It must not know payments, SQL or HTTP.
#![forbid(unsafe_code)]

mod activation;
mod app_changes;
mod app_standing;
mod apps;
mod attesting;
mod audit_head;
mod bundle;
mod devices;
mod error;
mod judge;
mod keys;
mod methods;
mod nonces;
mod pin;
mod policy;
mod rate;
mod rules;
mod security;
mod verified;
mod verify;

pub use activation::IssuedCode;
pub use app_changes::{AppChange, CUSTOMER_TEXT_CHARS_MAX};
pub use app_standing::{AppFault, AppStanding, AppState};
pub use attesting::{Attesters, Revocations};
pub use devices::{AuthenticatedDevice, HighestCounter, PhoneTold};
pub use error::{ActivationRefusal, AuthenticationRefusal, SecurityError};
pub use judge::{Alarm, Judgement, PastUse, PreviousPin, Snapshot, judge};
pub use keys::{KeyStore, PaymentEpoch};
pub use methods::ProvedAccount;
pub use policy::{DisplayRule, Limits, OfflineRule, Policy, Rate, TrustLimits};
pub use rules::{RULE_LIST_DAYS_MAX, ServedRules, Wanted};
pub use security::Security;
pub use verified::{RefusedCode, RefusedParts, Verification, VerifiedCode, VerifiedParts};
pub use verify::CHECKS;
