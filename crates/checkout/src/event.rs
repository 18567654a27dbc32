//! What a till writes down: one entry before each thing it sends, one after each thing it learns.

use crate::SaleNumber;
use api::payment::PaymentView;
use api::problem::{Problem, ProblemType};
use core::fmt;
use model::{CustomerAction, IdempotencyKey, Money, TerminalNumber, Timestamp};
use serde::{Deserialize, Serialize};

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The sale that it belongs to.
    pub sale: SaleNumber,
    /// When it was written, by the till's clock.
    pub at: Timestamp,
    /// What happened, or is about to.
    pub event: Event,
}

/// What is about to happen to a sale, or has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Event {
    /// About to ask for authorisation.
    Opened(Opening),
    /// A payment that another till (or an archived journal) began, taken over to be changed from here.
    Adopted {
        /// How long its operations' keys begin; made for this adoption.
        key: IdempotencyKey,
        /// The payment as the server told it.
        payment: PaymentView,
    },
    /// The server told where the payment stands.
    Answered {
        /// The payment.
        payment: PaymentView,
    },
    /// The payment was declined.
    Declined {
        /// The neutral thing to tell the customer.
        customer_action: CustomerAction,
        /// The payment, if there is one.
        payment: Option<PaymentView>,
    },
    /// The server refused the request; nothing came of it.
    Refused(Refusal),
    /// No request ever left the till, and none will.
    Abandoned {
        /// Why not.
        cause: String,
    },
    /// About to cancel what was asked, whether it has arrived or not.
    CancelIntended {
        /// Why.
        reason: CancelReason,
    },
    /// The cancel is known to the server: nothing is held, nothing will be.
    Cancelled {
        /// The payment, if the request had arrived.
        payment: Option<PaymentView>,
    },
    /// About to capture, void or refund.
    Intended(Operation),
    /// The operation under way was done.
    Done {
        /// Minor units taken or given back; 0 for a void.
        amount_minor: i64,
        /// The payment after it.
        payment: PaymentView,
    },
    /// The operation under way was not done, and will not be.
    Failed(Failure),
}

/// What an authorisation asks for. The code itself is not stored, only its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The key under which it is asked, however often.
    pub key: IdempotencyKey,
    /// SHA-256 of the code, in hex.
    pub code: String,
    /// How much.
    pub amount: Money,
    /// The till.
    pub terminal: TerminalNumber,
    /// What follows the authorisation.
    pub plan: Plan,
    /// The till's own name for the sale, such as a receipt's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// What follows an authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Capture all of it at once: the usual sale.
    Capture,
    /// Leave it held; the till captures or voids later.
    Hold,
}

/// Why a sale is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// No answer within the sale's time.
    Deadline,
    /// The request may be on its way, and nobody can send it again.
    Interrupted,
    /// The server refused a repetition of what it may have received before.
    Refused,
    /// The cashier wanted it.
    Asked,
}

/// A capture, void or refund, with the key under which it is asked, however often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// 1 for the sale's first operation, and so on.
    pub ordinal: u32,
    /// Its idempotency key.
    pub key: IdempotencyKey,
    /// What to do.
    pub action: Action,
}

/// What can be done to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Take held money.
    Capture {
        /// Minor units; all that is left if absent.
        amount_minor: Option<i64>,
        /// Whether what is left is given back at once.
        is_final: bool,
    },
    /// Give the hold, or what is left of it, back.
    Void,
    /// Give captured money back.
    Refund {
        /// Minor units; all that is left if absent.
        amount_minor: Option<i64>,
    },
}

impl Action {
    /// The usual capture: everything, at once.
    pub const CAPTURE_ALL: Self = Self::Capture { amount_minor: None, is_final: true };

    /// The action's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture { .. } => "capture",
            Self::Void => "void",
            Self::Refund { .. } => "refund",
        }
    }

    pub(crate) const fn letter(self) -> char {
        match self {
            Self::Capture { .. } => 'c',
            Self::Void => 'v',
            Self::Refund { .. } => 'r',
        }
    }
}

/// The server's refusal, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which kind of problem.
    pub problem: ProblemType,
    /// What the server said.
    pub detail: String,
}

/// Longest text from outside that is kept, bytes: a journal entry has a limit.
const TEXT_BYTES_MAX: usize = 1024;

/// Text from outside on one line and of bounded length.
pub(crate) fn tidy(text: &str) -> String {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].chars().filter(|c| !c.is_control()).collect()
}

impl From<&Problem> for Refusal {
    fn from(problem: &Problem) -> Self {
        let detail = if problem.detail.is_empty() { &problem.title } else { &problem.detail };
        Self { problem: problem.problem_type, detail: tidy(detail) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.problem.title();
        if self.detail.is_empty() || self.detail == title {
            return f.write_str(title);
        }
        write!(f, "{title}: {}", self.detail)
    }
}

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Failure {
    /// The server refused it.
    Refused(Refusal),
    /// It never left the till.
    NotSent {
        /// Why not.
        cause: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotSent { cause } => f.write_str(cause),
        }
    }
}
