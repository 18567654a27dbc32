//! Floor 3: security management. Who may pay, with which device, how far it is trusted; the sole maker of
//! [`VerifiedCode`].
//!
//! It looks things up and commits through the store's port, reaches keys through [`KeyStore`], and is given the
//! time and randomness. It must not know payments, SQL or HTTP.
#![forbid(unsafe_code)]

mod activation;
mod app_changes;
mod app_standing;
mod approvals;
mod apps;
mod attesting;
mod audit_head;
mod bundle;
mod certificates;
mod devices;
mod erasure;
mod error;
mod judge;
mod keys;
mod life;
mod methods;
mod moving;
mod nonces;
mod pin;
mod pin_reset;
mod policy;
mod rate;
mod reseal;
mod rules;
mod security;
mod verified;
mod verify;

pub use activation::IssuedCode;
pub use app_changes::{AppChange, CUSTOMER_TEXT_CHARS_MAX};
pub use app_standing::{AppFault, AppStanding, AppState};
pub use approvals::{APPROVALS_WAITING_MAX, Answered, AnsweredApproval, AnsweredParts, ApprovalRequest};
pub use attesting::{Attesters, PlayApp, Revocations};
pub use devices::{AuthenticatedDevice, HighestCounter, PhoneTold};
pub use erasure::Erasure;
pub use error::{ActivationRefusal, AuthenticationRefusal, SecurityError};
pub use judge::{Alarm, Judgement, PastUse, PreviousPin, Snapshot, judge};
pub use keys::{Authority, KeyStore, PaymentEpoch, Wrapped};
pub use life::{Asker, KnownDevice, model_of};
pub use methods::ProvedAccount;
pub use policy::{
    Amounts, Category, Claims, Condition, Conditions, DOCUMENT_BYTES_MAX, Decided, DeclineAs, Difference,
    DisplayRule, Effect, Example, Explanation, Finding, Limits, OfflineRule, Policy, PolicyDocument,
    PolicyInForce, PolicyNews, PolicyRefusal, RULES_MAX, Rate, Recorded, Rule, Rules, SignedPolicy, Trial,
    TrialReport, TrustLimits,
};
pub use reseal::Resealed;
pub use rules::{RULE_LIST_DAYS_MAX, ServedRules, Wanted};
pub use security::Security;
pub use verified::{RefusedCode, RefusedParts, Verification, VerifiedCode, VerifiedParts};
pub use verify::CHECKS;
