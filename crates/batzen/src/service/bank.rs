//! `batzen bank`: the reference bank, a program of its own.

use super::config::{read_limited, read_secret};
use super::log::{self, LogFormat};
use super::{open_files, runtime, stop};
use crate::failure::Failure;
use crate::output::Output;
use bank::{Bank, BankConfig, Clock, Doors, NewAccount, NewCustomer, Settings};
use bank_api::{AccountId, AuthenticationLevel, CustomerNumber, Password};
use clap::Subcommand;
use model::{Currency, Money};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The reference bank: accounts, holds and bookings of its own, and two doors.
///
/// It knows nothing of phones and codes. `batzen init` makes a configuration.
#[derive(clap::Args)]
pub(crate) struct BankArgs {
    #[command(subcommand)]
    command: BankCommand,
}

#[derive(Subcommand)]
enum BankCommand {
    /// Open the bank until SIGINT or SIGTERM.
    Run(RunArgs),
    /// Make customers and accounts that are not there yet; the bank must be closed.
    Seed(SeedArgs),
    /// Read the whole store and verify every sum; the bank must be closed.
    Check(CheckArgs),
}

#[derive(clap::Args)]
struct RunArgs {
    /// The configuration file (JSON).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How to write the log, on standard error. `BATZEN_LOG` says how much.
    #[arg(long, value_enum, default_value = "text")]
    log: LogFormat,
    /// End also when standard input ends.
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

#[derive(clap::Args)]
struct SeedArgs {
    /// The configuration file (JSON).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A JSON file with a list of accounts: customer_number, customer_name, password_file, label, currency,
    /// opening (such as "200.00").
    #[arg(long, value_name = "FILE")]
    accounts: PathBuf,
}

#[derive(clap::Args)]
struct CheckArgs {
    /// The configuration file (JSON).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// An account to be made, with its customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedAccount {
    /// What the customer types to log in.
    pub(crate) customer_number: CustomerNumber,
    /// The customer's name.
    pub(crate) customer_name: String,
    /// The file with the customer's password, relative to this one.
    pub(crate) password_file: PathBuf,
    /// What the customer calls the account.
    pub(crate) label: String,
    /// CHF or EUR.
    pub(crate) currency: Currency,
    /// What is on it at first, such as `200.00`.
    pub(crate) opening: String,
}

pub(crate) fn bank(arguments: BankArgs, output: &Output) -> Result<ExitCode, Failure> {
    match arguments.command {
        BankCommand::Run(arguments) => run(arguments),
        BankCommand::Seed(arguments) => seed(arguments, output),
        BankCommand::Check(arguments) => check(arguments, output),
    }
}

fn run(arguments: RunArgs) -> Result<ExitCode, Failure> {
    log::start(arguments.log);
    open_files::raise_limit();
    let config = BankConfig::from_file(&arguments.config)?;
    runtime()?.block_on(async {
        let stop = stop::stop(arguments.until_stdin_ends)?;
        let doors = Doors::open(&config).await?;
        let bank = open(&config)?;
        doors.serve(bank, stop).await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn open(config: &BankConfig) -> Result<Bank, Failure> {
    let settings = Settings { hold_lifetime_s: i64::from(config.hold_lifetime_s), clock: Clock::system() };
    Ok(Bank::open(&config.data_dir, settings)?)
}

fn seed(arguments: SeedArgs, output: &Output) -> Result<ExitCode, Failure> {
    let made = runtime()?.block_on(seed_bank(&arguments.config, &arguments.accounts))?;
    let document = serde_json::json!({ "accounts": made });
    output.result(|| format!("{} accounts are there", made.len()), &document);
    Ok(ExitCode::SUCCESS)
}

/// Makes the accounts that the file `accounts` lists and that are not there yet; gives the ids of all.
pub(crate) async fn seed_bank(config: &Path, accounts: &Path) -> Result<Vec<AccountId>, Failure> {
    let config = BankConfig::from_file(config)?;
    let wrong = |cause: String| Failure::new(format!("{} is not usable: {cause}", accounts.display()));
    let text = read_limited(accounts).map_err(|error| wrong(error.to_string()))?;
    let listed: Vec<SeedAccount> = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    let folder = accounts.parent().map(PathBuf::from).unwrap_or_default();
    let bank = open(&config)?;
    let mut made = Vec::new();
    for account in listed {
        let password = read_secret(&folder.join(&account.password_file))?;
        let opening = Money::parse(&account.opening, account.currency)?;
        bank.seed_customer(NewCustomer {
            number: account.customer_number.clone(),
            name: account.customer_name,
            password: Password::from_string(password),
        })
        .await?;
        let new = NewAccount {
            customer: account.customer_number,
            label: account.label,
            currency: account.currency,
            opening_minor: opening.amount_minor,
            overdraft_limit_minor: 0,
            least_level: AuthenticationLevel::Browser,
        };
        made.push(bank.seed_account(new).await?);
    }
    Ok(made)
}

fn check(arguments: CheckArgs, output: &Output) -> Result<ExitCode, Failure> {
    let config = BankConfig::from_file(&arguments.config)?;
    runtime()?.block_on(async {
        let report = open(&config)?.check()?;
        let fault = report.first_fault.as_ref().map(ToString::to_string);
        let document = serde_json::json!({
            "is_sound": report.is_clean(),
            "accounts": report.accounts,
            "holds": report.holds,
            "open_holds": report.open_holds,
            "bookings": report.bookings,
            "first_fault": fault,
        });
        let text = || match &fault {
            None => format!(
                "the bank's store is sound: {} accounts, {} holds ({} open), {} bookings",
                report.accounts, report.holds, report.open_holds, report.bookings
            ),
            Some(fault) => format!("the bank's store is WRONG: {fault}"),
        };
        output.result(text, &document);
        Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}
