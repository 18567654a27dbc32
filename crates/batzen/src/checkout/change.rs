//! `batzen checkout capture`, `void` and `refund`.

use super::report::{Report, UNKNOWN, UNREACHABLE, amount_of, finish};
use super::steady_clock::SteadyClock;
use super::{Config, JournalFile, Till};
use crate::failure::Failure;
use api::payment::PaymentView;
use checkout::{Action, Answer, BeginError, Outcome, Request, Run, Sale, SaleRef, make_key};
use clap::Args;
use core::time::Duration;
use crypto::SystemRandom;
use model::{Clock, Currency, Money, PaymentId};
use std::process::ExitCode;

/// Longest wait for one answer about a payment that the journal does not know.
const ASK_DEADLINE: Duration = Duration::from_secs(10);

/// Arguments of `batzen checkout capture`.
#[derive(Args)]
pub(super) struct CaptureArgs {
    /// The sale (S42) or the payment (pay_…).
    sale: SaleRef,
    /// How much; all that is left if absent.
    #[arg(long)]
    amount: Option<String>,
    /// Keep the rest held for another capture, instead of giving it back.
    #[arg(long)]
    not_final: bool,
}

/// Arguments of `batzen checkout void`.
#[derive(Args)]
pub(super) struct VoidArgs {
    /// The sale (S42) or the payment (pay_…).
    sale: SaleRef,
}

/// Arguments of `batzen checkout refund`.
#[derive(Args)]
pub(super) struct RefundArgs {
    /// The sale (S42) or the payment (pay_…).
    sale: SaleRef,
    /// How much; all that is left if absent.
    #[arg(long)]
    amount: Option<String>,
}

/// Takes held money.
pub(super) async fn capture(till: &Till<'_>, arguments: &CaptureArgs) -> Result<ExitCode, Failure> {
    let is_final = !arguments.not_final;
    let action = |amount_minor| Action::Capture { amount_minor, is_final };
    change(till, arguments.sale, arguments.amount.as_deref(), action).await
}

/// Gives held money back.
pub(super) async fn void(till: &Till<'_>, arguments: &VoidArgs) -> Result<ExitCode, Failure> {
    change(till, arguments.sale, None, |_| Action::Void).await
}

/// Gives captured money back.
pub(super) async fn refund(till: &Till<'_>, arguments: &RefundArgs) -> Result<ExitCode, Failure> {
    change(till, arguments.sale, arguments.amount.as_deref(), |amount_minor| Action::Refund { amount_minor })
        .await
}

async fn change(
    till: &Till<'_>,
    name: SaleRef,
    amount: Option<&str>,
    action: impl Fn(Option<i64>) -> Action,
) -> Result<ExitCode, Failure> {
    let config = till.config()?;
    let mut journal = till.journal()?;
    let clock = SteadyClock::start();
    let (run, action) = match (journal.book().find(name), name) {
        (Some(sale), _) => {
            let currency = amount_of(sale).map_or(config.currency, |amount| amount.currency);
            let action = action(minor(amount, currency)?);
            (Run::act(sale, action).map_err(|error| not_begun(&error))?, action)
        }
        (None, SaleRef::Sale(number)) => {
            return Err(Failure::new(format!(
                "there is no sale {number} in this till's journal; name an archived one by its payment (pay_…)"
            )));
        }
        (None, SaleRef::Payment(id)) => {
            let payment = match ask(&config, id).await? {
                Ok(payment) => payment,
                Err(report) => return Ok(report.print(till.output)),
            };
            let action = action(minor(amount, payment.currency)?);
            (adopt(&journal, payment, action, &clock), action)
        }
    };
    let (report, _) = finish(till.output, &config.client, &mut journal, &clock, run, Some(action)).await?;
    Ok(report.print(till.output))
}

fn minor(amount: Option<&str>, currency: Currency) -> Result<Option<i64>, Failure> {
    let Some(text) = amount else { return Ok(None) };
    let money = Money::parse(text, currency).map_err(Failure::usage)?;
    if money.amount_minor <= 0 {
        return Err(Failure::usage("the amount must be above zero"));
    }
    Ok(Some(money.amount_minor))
}

fn not_begun(error: &BeginError) -> Failure {
    match error {
        BeginError::Unfinished(_) => Failure::new(error).with_code(UNKNOWN),
        _ => Failure::new(error),
    }
}

fn adopt(journal: &JournalFile, payment: PaymentView, action: Action, clock: &SteadyClock) -> Run {
    let key = make_key(&mut SystemRandom);
    Run::adopt(journal.book().next_number(), key, payment, action, clock.now())
}

/// Where a payment stands that the journal does not know. Asking changes nothing, so that whatever goes wrong,
/// nothing happened.
async fn ask(config: &Config, id: PaymentId) -> Result<Result<PaymentView, Report>, Failure> {
    match config.client.send(&Request::payment(id), ASK_DEADLINE).await {
        Answer::Payment(payment) if payment.id == id => Ok(Ok(payment)),
        Answer::Problem(problem) => Err(Failure::new(format!("{}: {}", problem.title, problem.detail))),
        Answer::NotSent { cause } | Answer::Lost { cause } => {
            Ok(Err(Report::of_outcome(&Outcome::Unreachable(cause), None)))
        }
        _ => Err(Failure::new("the server's answer is not what its API promises").with_code(UNREACHABLE)),
    }
}

/// What the server says of a sale's payment now, or why it does not.
pub(super) async fn ask_about(config: &Config, sale: &Sale) -> Result<PaymentView, String> {
    let request = match sale.payment() {
        Some(payment) => Request::payment(payment.id),
        None => Request::payment_by_key(sale.key().clone()),
    };
    match config.client.send(&request, ASK_DEADLINE).await {
        Answer::Payment(payment) => Ok(payment),
        Answer::Problem(problem) => match problem.payment {
            Some(payment) => Ok(payment),
            None => Err(format!("{}: {}", problem.title, problem.detail)),
        },
        Answer::NotSent { cause } | Answer::Lost { cause } => Err(cause),
        _ => Err("the server's answer is not what its API promises".to_owned()),
    }
}
