//! What a scanner gave: only its form is checked here, so that a misread costs no trip to the server.

use core::fmt;
use model::CustomerAction;
use protocol::payment_code::{EmvProfile, FormError, PaymentCode};
use protocol::verdict::Verdict;

/// What was scanned has not the form of a payment code that this till knows. The server was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misread(FormError);

impl Misread {
    /// The neutral thing to tell the customer.
    #[must_use]
    pub fn customer_action(self) -> CustomerAction {
        Verdict::from(self.0).customer_action().unwrap_or(CustomerAction::EnterAgain)
    }

    /// What is wrong with the form.
    #[must_use]
    pub const fn form(self) -> FormError {
        self.0
    }
}

/// A well-formed payment code. Its content is not for logs, so `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ScannedCode(PaymentCode);

impl ScannedCode {
    /// Reads what a scanner typed or a picture held: 365 digits, or the envelope of the realm's EMV profile where
    /// it has one; space and line ends around them do no harm.
    ///
    /// # Errors
    /// [`Misread`]: scan again, nothing is sent.
    pub fn from_text(text: &str, emv: Option<&EmvProfile>) -> Result<Self, Misread> {
        PaymentCode::from_text(text, emv).map(Self).map_err(Misread)
    }

    /// The code's name for the journal: SHA-256 in hex. The code itself is never stored.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.hash().to_string()
    }

    /// The digits as the server takes them, the same whichever symbol they were read from.
    pub(crate) fn to_digits(&self) -> String {
        self.0.to_digits()
    }
}

impl fmt::Debug for ScannedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScannedCode(redacted)")
    }
}
