//! The `batzen` command: the whole platform in one binary, one subcommand for each part.
//!
//! This room wires parts together and talks to people; it decides nothing about payments.
#![forbid(unsafe_code)]

mod admin;
mod bench;
mod check;
mod checkout;
mod demo;
mod failure;
mod messages;
mod output;
mod service;
mod setup;
mod wallet;

use clap::{Parser, Subcommand};
use failure::Failure;
use output::Output;
use std::process::ExitCode;

/// Services make many small allocations on many threads; see the crate's reason in the workspace's table.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An open mobile payment platform: the phone shows a code, the till scans it, the bank pays.
#[derive(Parser)]
#[command(name = "batzen", version, max_term_width = 110)]
struct Batzen {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// The whole system on this machine, to try it out; this is what `batzen` alone does.
    Demo(demo::DemoArgs),
    /// The phone: activate, add a bank account, make payment codes, see confirmations.
    Wallet(wallet::WalletArgs),
    /// The till: read a code, ask for payment, capture, void, refund.
    Checkout(checkout::CheckoutArgs),
    /// The payment server: checks codes, asks banks, keeps the ledger.
    Server(service::ServerArgs),
    /// The reference bank: accounts, holds and bookings of its own.
    Bank(service::BankArgs),
    /// Make keys, certificates and configurations for this machine.
    Init(setup::InitArgs),
    /// What operators do: register, lock and unlock, look into payments.
    Admin(admin::AdminArgs),
    /// Replay the server's store and verify every invariant.
    Check(check::CheckArgs),
    /// Card hosts' messages (ISO 8583), for support staff: from bytes to fields, and back.
    Iso8583(messages::MessagesArgs),
    /// Measure hot paths against what bounds them.
    Bench(bench::BenchArgs),
}

fn main() -> ExitCode {
    // Held until the end: dropping it would forget the points that FAILPOINTS names.
    #[cfg(feature = "failpoints")]
    let _scenario = fail::FailScenario::setup();
    let arguments = Batzen::parse();
    let output = Output::new(arguments.json);
    match run(arguments.command, &output) {
        Ok(code) => code,
        Err(failure) => output.failure(&failure),
    }
}

fn run(command: Option<Command>, output: &Output) -> Result<ExitCode, Failure> {
    match command {
        Some(Command::Wallet(arguments)) => wallet::run(arguments, output),
        Some(Command::Checkout(arguments)) => checkout::run(arguments, output),
        Some(Command::Server(arguments)) => service::server(arguments),
        Some(Command::Bank(arguments)) => service::bank(arguments, output),
        Some(Command::Init(arguments)) => setup::init(arguments, output),
        Some(Command::Admin(arguments)) => admin::admin(arguments, output),
        Some(Command::Check(arguments)) => check::check(arguments, output),
        Some(Command::Iso8583(arguments)) => messages::run(arguments, output),
        Some(Command::Bench(arguments)) => bench::bench(arguments, output),
        Some(Command::Demo(arguments)) => demo::demo(arguments, output),
        None => demo::demo(demo::DemoArgs::by_default(), output),
    }
}
