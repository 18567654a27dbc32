//! `batzen checkout pay`.

use super::Till;
use super::code::{Reading, ScanAgain, read_code};
use super::report::{DECLINED, Report, SaleReport, UNKNOWN, finish};
use super::steady_clock::SteadyClock;
use crate::failure::Failure;
use checkout::{Begin, BeginError, End, Order, Plan, SaleRef, make_key};
use clap::Args;
use crypto::SystemRandom;
use model::{Clock, Currency, CustomerAction, Money};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `batzen checkout pay`.
#[derive(Args)]
pub(super) struct PayArgs {
    /// The code: a PNG or JPEG picture, or a file of digits; `-` reads either from standard input.
    #[arg(long, value_name = "FILE")]
    code: PathBuf,
    /// How much, like 12.50.
    #[arg(long)]
    amount: String,
    /// The amount's currency; the till's own if absent.
    #[arg(long, value_name = "CODE")]
    currency: Option<Currency>,
    /// Take the money at once; this is what happens anyway.
    #[arg(long, conflicts_with = "no_capture")]
    capture: bool,
    /// Only hold the money; `capture` or `void` it later.
    #[arg(long)]
    no_capture: bool,
    /// The till's own name for the sale, such as the receipt's number. Once a sale of this name is paid, asking
    /// again pays nothing and tells the same.
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
}

/// Reads the code, has it authorised, captures.
pub(super) async fn pay(till: &Till<'_>, arguments: &PayArgs) -> Result<ExitCode, Failure> {
    let config = till.config()?;
    let currency = arguments.currency.unwrap_or(config.currency);
    let amount = Money::parse(&arguments.amount, currency).map_err(Failure::usage)?;
    // The journal first: where nothing can be written, the customer's code is not used up.
    let mut journal = till.journal()?;
    let code = match read_code(&arguments.code, config.emv_profile.as_ref())? {
        Reading::Code(code) => code,
        Reading::ScanAgain(ScanAgain::Misread(misread)) => {
            return Ok(Report::scan_again(&misread, Some(misread)).print(till.output));
        }
        Reading::ScanAgain(why) => return Ok(Report::scan_again(&why, None).print(till.output)),
    };
    let plan = if arguments.no_capture { Plan::Hold } else { Plan::Capture };
    let order = Order { amount, terminal: config.terminal, plan, reference: arguments.reference.clone() };
    let clock = SteadyClock::start();
    let open_count = journal.book().open().count();
    if open_count > 0 {
        till.output
            .note(format!("{open_count} earlier sale(s) are unfinished; run `resume` when there is time."));
    }
    let begun = Begin::pay(journal.book(), &order, code, make_key(&mut SystemRandom), clock.now());
    let run = match begun {
        Ok(Begin::Run(run)) => run,
        Ok(Begin::Already(number)) => {
            let sale = journal.book().find(SaleRef::Sale(number));
            let sale = sale.ok_or_else(|| Failure::new(format!("sale {number} is not in the journal")))?;
            return Ok(Report::of(sale, &End::Settled, None).print(till.output));
        }
        Err(error) => return refused(till, &journal, &error),
    };
    let (report, _) = finish(till.output, &config.client, &mut journal, &clock, run, None).await?;
    Ok(report.print(till.output))
}

/// Nothing was stored or sent.
fn refused(till: &Till<'_>, journal: &super::JournalFile, error: &BeginError) -> Result<ExitCode, Failure> {
    match error {
        BeginError::CodeUsed(number) => {
            let report = Report {
                outcome: "declined",
                exit_code: DECLINED,
                message: format!("Declined: {error}."),
                customer_action: Some(CustomerAction::EnterAgain),
                sale: journal.book().find(SaleRef::Sale(*number)).map(SaleReport::from),
            };
            Ok(report.print(till.output))
        }
        BeginError::CodeInUse(_) | BeginError::ReferenceInUse(_) => {
            Err(Failure::new(error).with_code(UNKNOWN))
        }
        _ => Err(Failure::usage(error)),
    }
}
