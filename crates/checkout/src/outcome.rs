//! What the cashier is told.

use crate::event::{Action, Failure};
use crate::run::End;
use crate::sale::{Closing, Sale, Stage};
use api::payment::PaymentStateName;
use api::problem::ProblemType;
use model::{CustomerAction, Money};

/// How a sale stands for the cashier.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The capture is in the journal.
    Paid,
    /// The money is held, as planned; nothing is taken yet.
    Held,
    /// The action was done.
    Done(Action),
    /// Declined; this is the neutral thing to tell the customer.
    Declined(CustomerAction),
    /// The server could not read the code as one: scan again.
    ScanAgain,
    /// No money is held or taken; this is why.
    NotPaid(String),
    /// What was asked was refused, for this reason; the payment stands as before.
    NotDone(String),
    /// The server could not be reached, and surely nothing happened.
    Unreachable(String),
    /// Unknown, for this reason; a later `resume` ends it.
    Unknown(String),
}

impl Outcome {
    /// How the sale stands after a run that ended so. `action` is what the run was to do to a payment, if
    /// it was to do something other than pay.
    #[must_use]
    pub fn of(sale: &Sale, end: &End, action: Option<Action>) -> Self {
        if let End::Open { cause, .. } = end
            && sale.is_open()
        {
            return Self::Unknown(cause.clone());
        }
        match (sale.stage(), action) {
            (Stage::Asking | Stage::Cancelling, _) => Self::Unknown("it was interrupted".to_owned()),
            (Stage::Closed(Closing::Cancelled), Some(Action::Void)) => Self::Done(Action::Void),
            (Stage::Closed(closing), _) => Self::of_closing(closing),
            (Stage::Known, _) if sale.operation().is_some() => Self::Unknown("it was interrupted".to_owned()),
            (Stage::Known, Some(action)) => match sale.failed() {
                Some(Failure::NotSent { cause }) => Self::Unreachable(cause.clone()),
                Some(Failure::Refused(refusal)) => Self::NotDone(refusal.to_string()),
                None if has_done(sale, action) => Self::Done(action),
                None => Self::of_known(sale),
            },
            (Stage::Known, None) => Self::of_known(sale),
        }
    }

    fn of_closing(closing: &Closing) -> Self {
        match closing {
            Closing::Declined(action) => Self::Declined(*action),
            Closing::Refused(refusal) => match refusal.problem {
                ProblemType::CodeMisread => Self::ScanAgain,
                ProblemType::CodeUnsupported | ProblemType::CodeUnknownKey => {
                    Self::Declined(CustomerAction::OpenAppOnline)
                }
                _ => Self::NotPaid(refusal.to_string()),
            },
            Closing::Cancelled => Self::NotPaid("the payment was cancelled; nothing is held".to_owned()),
            Closing::Abandoned(cause) => Self::Unreachable(cause.clone()),
        }
    }

    fn of_known(sale: &Sale) -> Self {
        if sale.is_paid() {
            return Self::Paid;
        }
        if sale.awaits_capture() {
            let cause =
                sale.failed().map_or_else(|| "it is not captured yet".to_owned(), ToString::to_string);
            return Self::Unknown(cause);
        }
        let words = match sale.payment().map(|payment| payment.state) {
            Some(PaymentStateName::Authorised | PaymentStateName::PartlyCaptured) => return Self::Held,
            Some(PaymentStateName::Voided) => "the money was given back before it was taken",
            Some(PaymentStateName::Expired) => {
                "the payment was not captured in time; the money is given back"
            }
            Some(PaymentStateName::Reversing | PaymentStateName::Reversed) => {
                "the bank's answer came too late; the money is given back"
            }
            Some(PaymentStateName::Captured | PaymentStateName::Disputed | PaymentStateName::ChargedBack) => {
                "it was captured by another till"
            }
            Some(
                PaymentStateName::Declined
                | PaymentStateName::Received
                | PaymentStateName::Unknown
                | PaymentStateName::AwaitingApproval,
            )
            | None => "the payment did not come about",
        };
        Self::NotPaid(words.to_owned())
    }

    /// The outcome in a sentence for the cashier; `amount` is that of the sale.
    #[must_use]
    pub fn words(&self, amount: Option<Money>) -> String {
        let amount = amount.map_or_else(String::new, |amount| format!(" {amount}"));
        match self {
            Self::Paid => format!("Paid{amount}."),
            Self::Held => format!("Authorised{amount}; capture or void it in time."),
            Self::Done(Action::Capture { .. }) => format!("Captured{amount}."),
            Self::Done(Action::Void) => "Given back; nothing is taken.".to_owned(),
            Self::Done(Action::Refund { .. }) => format!("Refunded{amount}."),
            Self::Declined(action) => format!("Declined. {}", customer_words(*action)),
            Self::ScanAgain => "The code was misread. Scan it again.".to_owned(),
            Self::NotPaid(why) => format!("Not paid: {why}."),
            Self::NotDone(why) => format!("Not done: {why}"),
            Self::Unreachable(why) => {
                format!("The payment server cannot be reached; nothing happened: {why}")
            }
            Self::Unknown(why) => {
                format!(
                    "Not known yet whether it came about: {why}. Run `resume` before you ask the customer again."
                )
            }
        }
    }
}

/// Whether the last thing done to the payment is this one: what was asked for may have turned out to be impossible.
fn has_done(sale: &Sale, action: Action) -> bool {
    sale.done().last().is_some_and(|done| done.action.name() == action.name())
}

/// The neutral action in words for the customer. Each is shared by several causes.
#[must_use]
pub const fn customer_words(action: CustomerAction) -> &'static str {
    match action {
        CustomerAction::EnterAgain => "Ask the customer to make a new code.",
        CustomerAction::OpenAppOnline => "Ask the customer to open the app where there is a network.",
        CustomerAction::OtherMethod => "Ask the customer to pay with another method.",
    }
}
