//! What a sale is told as: a sentence for the cashier, a document for the till's script, an exit code for both.

use super::journal_file::JournalFile;
use super::steady_clock::SteadyClock;
use crate::failure::Failure;
use crate::output::Output;
use api::payment::{PaymentStateName, PaymentView};
use checkout::{Action, Closing, End, Entry, Event, Journal, Misread, Outcome, Run, Sale, Stage};
use client::checkout::CheckoutClient;
use client::checkout_drive::drive;
use model::{CustomerAction, Money, PaymentId, TerminalNumber, Timestamp};
use serde::Serialize;
use std::process::ExitCode;

pub(super) const FAILED: u8 = 1;
pub(super) const DECLINED: u8 = 3;
pub(super) const SCAN_AGAIN: u8 = 4;
pub(super) const UNKNOWN: u8 = 5;
pub(super) const UNREACHABLE: u8 = 6;

/// A sale with what became of it.
#[derive(Serialize)]
pub(super) struct Report {
    /// In one word: paid, held, captured, voided, refunded, declined, scan_again, not_paid, not_done,
    /// unreachable, unknown.
    pub(super) outcome: &'static str,
    pub(super) exit_code: u8,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer_action: Option<CustomerAction>,
    #[serde(flatten)]
    pub(super) sale: Option<SaleReport>,
}

/// A sale as the journal has it.
#[derive(Serialize)]
pub(super) struct SaleReport {
    pub(super) sale: String,
    pub(super) payment: Option<PaymentId>,
    /// The payment's state as the server last told it.
    pub(super) state: Option<PaymentStateName>,
    pub(super) amount: Option<String>,
    pub(super) amount_minor: Option<i64>,
    pub(super) currency: Option<String>,
    pub(super) captured_minor: i64,
    pub(super) refunded_minor: i64,
    pub(super) terminal: Option<TerminalNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
    /// Whether `resume` has something to end.
    pub(super) is_open: bool,
    pub(super) is_paid: bool,
    pub(super) scanned_at: String,
    pub(super) answered_at: Option<String>,
    pub(super) captured_at: Option<String>,
    /// From the scan to the answer's entry in the journal.
    pub(super) answer_ms: Option<i64>,
    /// From the scan to the capture's entry in the journal.
    pub(super) capture_ms: Option<i64>,
}

/// How much the sale is about.
pub(super) fn amount_of(sale: &Sale) -> Option<Money> {
    let of_payment = |payment: &PaymentView| Money::new(payment.amount_minor, payment.currency);
    sale.opening().map(|opening| opening.amount).or(sale.payment().map(of_payment))
}

impl From<&Sale> for SaleReport {
    fn from(sale: &Sale) -> Self {
        let payment = sale.payment();
        let amount = amount_of(sale);
        let since = |at: Option<Timestamp>| at.map(|at| at.ms_since(sale.opened_at()));
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let terminal = sale.opening().map(|opening| opening.terminal);
        Self {
            sale: sale.number().to_string(),
            payment: payment.map(|payment| payment.id),
            state: payment.map(|payment| payment.state),
            amount: amount.map(|amount| amount.to_string()),
            amount_minor: amount.map(|amount| amount.amount_minor),
            currency: amount.map(|amount| amount.currency.to_string()),
            captured_minor: payment.map_or(0, |payment| payment.captured_minor),
            refunded_minor: payment.map_or(0, |payment| payment.refunded_minor),
            terminal: terminal.or(payment.map(|payment| payment.terminal)),
            reference: sale.opening().and_then(|opening| opening.reference.clone()),
            is_open: sale.is_open(),
            is_paid: sale.is_paid(),
            scanned_at: sale.opened_at().to_string(),
            answered_at: text(sale.answered_at()),
            captured_at: text(sale.captured_at()),
            answer_ms: since(sale.answered_at()),
            capture_ms: since(sale.captured_at()),
        }
    }
}

impl Report {
    /// What became of `sale`; `action` as for [`Outcome::of`].
    pub(super) fn of(sale: &Sale, end: &End, action: Option<Action>) -> Self {
        let outcome = Outcome::of(sale, end, action);
        let told_amount = match (&outcome, sale.done().last()) {
            (Outcome::Done(_), Some(done)) => {
                amount_of(sale).map(|amount| Money::new(done.amount_minor, amount.currency))
            }
            _ => amount_of(sale),
        };
        let mut report = Self::of_outcome(&outcome, told_amount);
        report.sale = Some(SaleReport::from(sale));
        report
    }

    /// What `outcome` is told as.
    pub(super) fn of_outcome(outcome: &Outcome, amount: Option<Money>) -> Self {
        let (name, exit_code) = match outcome {
            Outcome::Paid => ("paid", 0),
            Outcome::Held => ("held", 0),
            Outcome::Done(Action::Capture { .. }) => ("captured", 0),
            Outcome::Done(Action::Void) => ("voided", 0),
            Outcome::Done(Action::Refund { .. }) => ("refunded", 0),
            Outcome::Declined(_) => ("declined", DECLINED),
            Outcome::ScanAgain => ("scan_again", SCAN_AGAIN),
            Outcome::NotPaid(_) => ("not_paid", FAILED),
            Outcome::NotDone(_) => ("not_done", FAILED),
            Outcome::Unreachable(_) => ("unreachable", UNREACHABLE),
            _ => ("unknown", UNKNOWN),
        };
        let customer_action = match outcome {
            Outcome::Declined(action) => Some(*action),
            _ => None,
        };
        Self { outcome: name, exit_code, message: outcome.words(amount), customer_action, sale: None }
    }

    /// What was read is no payment code: nothing was stored or sent.
    pub(super) fn scan_again(why: &dyn std::error::Error, misread: Option<Misread>) -> Self {
        Self {
            outcome: "scan_again",
            exit_code: SCAN_AGAIN,
            message: format!("Scan the code again: {why}."),
            customer_action: misread.map(Misread::customer_action),
            sale: None,
        }
    }

    /// Prints it and ends the command.
    pub(super) fn print(&self, output: &Output) -> ExitCode {
        output.result(|| self.text(), self);
        ExitCode::from(self.exit_code)
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let Some(sale) = &self.sale else { return self.message.clone() };
        let payment = sale.payment.map_or_else(String::new, |payment| format!(" · {payment}"));
        let reference = sale.reference.as_ref().map_or_else(String::new, |name| format!(" · {name}"));
        format!("{}\nsale {}{payment}{reference}\n{}", self.message, sale.sale, sale.times())
    }
}

impl SaleReport {
    /// When what happened.
    pub(super) fn times(&self) -> String {
        let after = |name: &str, ms: Option<i64>| {
            ms.map_or_else(String::new, |ms| format!(" · {name} +{}.{:03} s", ms / 1000, ms.rem_euclid(1000)))
        };
        format!(
            "scanned {}{}{}",
            self.scanned_at,
            after("answered", self.answer_ms),
            after("captured", self.capture_ms)
        )
    }
}

/// One word for where a sale stands, in lists.
pub(super) fn standing(sale: &Sale) -> &'static str {
    match sale.stage() {
        Stage::Asking => "open: answer not known",
        Stage::Cancelling => "open: being cancelled",
        Stage::Closed(Closing::Declined(_)) => "declined",
        Stage::Closed(Closing::Refused(_)) => "refused",
        Stage::Closed(Closing::Cancelled) => "cancelled",
        Stage::Closed(Closing::Abandoned(_)) => "not sent",
        Stage::Known => match sale.operation().map(|operation| operation.action) {
            Some(Action::Capture { .. }) => "open: capture not known",
            Some(Action::Void) => "open: void not known",
            Some(Action::Refund { .. }) => "open: refund not known",
            None if sale.is_open() => "open: not captured yet",
            None => standing_of_payment(sale),
        },
    }
}

fn standing_of_payment(sale: &Sale) -> &'static str {
    let Some(payment) = sale.payment() else { return "unknown" };
    match payment.state {
        PaymentStateName::Captured if payment.refunded_minor > 0 => "paid, refunded",
        PaymentStateName::Captured => "paid",
        PaymentStateName::PartlyCaptured => "partly captured",
        PaymentStateName::Authorised => "held",
        PaymentStateName::Voided => "voided",
        PaymentStateName::Expired => "expired",
        PaymentStateName::Disputed => "paid, disputed",
        PaymentStateName::ChargedBack => "paid, charged back",
        PaymentStateName::Reversing | PaymentStateName::Reversed => "reversed",
        PaymentStateName::Declined => "declined",
        PaymentStateName::AwaitingApproval => "waits for the customer",
        PaymentStateName::Received | PaymentStateName::Unknown => "unknown",
    }
}

/// Drives a run to its end and says what became of its sale.
pub(super) async fn finish(
    output: &Output,
    client: &CheckoutClient,
    journal: &mut JournalFile,
    clock: &SteadyClock,
    mut run: Run,
    action: Option<Action>,
) -> Result<(Report, End), Failure> {
    let mut noted = Noted { output, journal, has_stored: false };
    let driven = drive(client, &mut noted, clock, &mut run).await;
    let end = match driven {
        Ok(end) => end,
        // What could not be stored may have happened; `resume` asks once there is room.
        Err(failure) if noted.has_stored || run.sale().is_open() && noted.knows(&run) => {
            let message = format!("{failure}. Then run `resume`: what happened is not known");
            return Err(Failure::new(message).with_code(UNKNOWN));
        }
        Err(failure) => return Err(failure),
    };
    Ok((Report::of(run.sale(), &end, action), end))
}

/// The journal, and whether anything went into it; the cashier is told whom the sale waits for.
struct Noted<'a> {
    output: &'a Output,
    journal: &'a mut JournalFile,
    has_stored: bool,
}

impl Noted<'_> {
    fn knows(&self, run: &Run) -> bool {
        self.journal.book().find(checkout::SaleRef::Sale(run.sale().number())).is_some()
    }
}

impl Journal for Noted<'_> {
    type Error = Failure;

    fn append(&mut self, entry: &Entry) -> Result<(), Failure> {
        self.journal.append(entry)?;
        self.has_stored = true;
        if let Event::Answered { payment } = &entry.event
            && payment.state == PaymentStateName::AwaitingApproval
        {
            self.output.note("The customer is asked to confirm on the phone; waiting.");
        }
        Ok(())
    }
}
