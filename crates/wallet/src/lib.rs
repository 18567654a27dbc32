//! Floor 3: the phone, sans-I/O.
//!
//! All that a wallet decides is here: activation, PIN rules, payment codes and their renewal, confirmations,
//! what the server's answers change. Time, randomness, the stored state and the vault's signatures come in as
//! arguments; what to store, send or show goes out. So the same core runs on a phone, in a browser, on the
//! command line and in the simulator. This room must not know files, sockets, clocks or threads.
//!
//! The order that keeps a payment safe is in the types: [`State::make_code`] gives a [`PendingCode`], and only
//! [`PendingCode::stored`], the caller's word that the state is durable, leads to a [`ShownCode`]. Likewise
//! [`UnsentRequest::stored`] stands between an activation request and its bytes.
#![forbid(unsafe_code)]

mod activation;
mod approvals;
mod certificate;
mod clock;
mod code;
mod confirmations;
mod devices;
mod error;
mod online;
mod pin_change;
mod pin_session;
mod rules;
mod seal;
mod secret_text;
mod state;
mod status;
mod vault;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use activation::{
    ActivationDraft, ActivationSignatures, ActivationToSign, Applicant, DevicePublicKeys, UnsentRequest,
};
pub use approvals::{AnswerDraft, unwrap_question};
pub use certificate::RenewalDraft;
pub use clock::CLOCK_OFFSET_S_MAX;
pub use code::{CodeRequest, DEFAULT_CAP_MINOR, PendingCode, ShownCode, SignableCode};
pub use confirmations::{
    CONFIRMATIONS_KEPT_MAX, KeptConfirmation, PageOutcome, Received, unwrap_confirmation,
};
pub use devices::{KeptNotice, NOTICES_KEPT_MAX, NoticesOutcome, unwrap_notice};
pub use error::WalletError;
pub use online::EnrolmentChange;
pub use pin_change::PinRequest;
pub use pin_session::{PinSession, RENEW_WITHIN_S, RENEWALS_MAX};
pub use rules::RulesWanted;
pub use seal::{STATE_LEN_MAX, SealError, StateKey};
pub use state::{METHODS_MAX, State};
pub use status::{Hint, Phase, Status};
pub use vault::{MemoryVault, Vault};
