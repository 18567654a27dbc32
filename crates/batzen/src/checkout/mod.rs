//! `batzen checkout`: a till on the command line. Its folder holds the configuration and the journal; what is
//! decided there, and in which order, is the `checkout` room's.

mod archive;
mod change;
mod code;
mod config;
mod journal_file;
mod pay;
mod report;
mod resume;
mod show;
mod steady_clock;

use crate::failure::Failure;
use crate::output::Output;
use crate::service::runtime;
use clap::{Args, Subcommand};
use config::Config;
use journal_file::JournalFile;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes, for scripts:
  0  paid, or done
  1  failed: not paid, or not done; nothing is unknown
  2  wrong usage
  3  declined: tell the customer what is printed (`customer_action` in JSON)
  4  misread: scan the code again
  5  not known yet whether it came about: run `resume` before you ask the customer again
  6  the payment server cannot be reached, and surely nothing happened

A sale is paid only when this command says so: then its capture is in the journal.
After a crash, a power cut or exit code 5, `resume` finishes or cancels what was left;
running the same `pay` with the same code again does so too.";

/// Arguments of `batzen checkout`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct CheckoutArgs {
    /// The till's folder: configuration, journal.
    #[arg(long, global = true, env = "BATZEN_CHECKOUT_STATE", value_name = "DIR")]
    state: Option<PathBuf>,
    /// The configuration; `checkout.json` in the till's folder if absent.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the configuration; the API key comes from standard input.
    Setup(config::SetupArgs),
    /// Read a payment code, have it authorised, capture.
    #[command(after_help = EXIT_CODES)]
    Pay(pay::PayArgs),
    /// Take held money.
    #[command(after_help = EXIT_CODES)]
    Capture(change::CaptureArgs),
    /// Give held money back; cancel a sale whose answer is not known.
    #[command(after_help = EXIT_CODES)]
    Void(change::VoidArgs),
    /// Give captured money back.
    #[command(after_help = EXIT_CODES)]
    Refund(change::RefundArgs),
    /// Finish or cancel what a crash or a broken network left.
    Resume(resume::ResumeArgs),
    /// List sales, or look at one.
    Show(show::ShowArgs),
    /// Check configuration, journal and server.
    Status,
}

/// Runs the command.
pub(crate) fn run(arguments: CheckoutArgs, output: &Output) -> Result<ExitCode, Failure> {
    let state = arguments.state.ok_or_else(|| {
        Failure::usage("name the till's folder with --state DIR, or in the variable BATZEN_CHECKOUT_STATE")
    })?;
    let config = arguments.config.unwrap_or_else(|| state.join("checkout.json"));
    let till = Till { state: &state, config: &config, output };
    match arguments.command {
        Command::Setup(setup) => config::setup(&till, &setup),
        Command::Pay(pay) => runtime()?.block_on(pay::pay(&till, &pay)),
        Command::Capture(capture) => runtime()?.block_on(change::capture(&till, &capture)),
        Command::Void(void) => runtime()?.block_on(change::void(&till, &void)),
        Command::Refund(refund) => runtime()?.block_on(change::refund(&till, &refund)),
        Command::Resume(resume) => runtime()?.block_on(resume::resume(&till, &resume)),
        Command::Show(show) => runtime()?.block_on(show::show(&till, &show)),
        Command::Status => runtime()?.block_on(show::status(&till)),
    }
}

/// Where this till is, and whom it talks to.
struct Till<'a> {
    state: &'a Path,
    config: &'a Path,
    output: &'a Output,
}

impl Till<'_> {
    fn config(&self) -> Result<Config, Failure> {
        Config::from_file(self.config)
    }

    /// The journal, for this process alone.
    fn journal(&self) -> Result<JournalFile, Failure> {
        JournalFile::open(self.state, self.output)
    }
}
