//! `batzen bench`: how fast the hot paths are, as ratios to what bounds them.

mod code;
mod pay;
mod token;

use crate::failure::Failure;
use crate::output::Output;
use clap::Subcommand;
use std::process::ExitCode;

/// Measure hot paths against what bounds them, in the same run.
#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Make a payment code, and open and verify one, beside the bare primitives.
    Code {
        /// How many rounds to take the median of.
        #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(10..=100_000))]
        rounds: u32,
        #[command(flatten)]
        token: token::TokenArgs,
    },
    /// Authorise and capture over HTTP with a durable store, beside what bounds it: the disk's syncs, HTTP alone, HTTP
    /// with the cryptography of codes.
    ///
    /// Makes servers, stores and a bank of its own, in a folder that is removed at the end. Codes are made before the
    /// clock runs; load generator and servers share this machine.
    Pay(pay::PayArgs),
}

pub(crate) fn bench(arguments: BenchArgs, output: &Output) -> Result<ExitCode, Failure> {
    match arguments.bench {
        Bench::Code { rounds, token } => match token.address()? {
            Some(address) => token::bench(rounds, address, output),
            None => code::bench(rounds, output),
        },
        Bench::Pay(arguments) => pay::bench(&arguments, output),
    }
}
