//! `batzen wallet`.

use crate::failure::Failure;
use crate::output::Output;
use std::process::ExitCode;

/// Arguments of `batzen wallet`.
#[derive(clap::Args)]
pub(crate) struct WalletArgs {}

pub(crate) fn run(_arguments: WalletArgs, _output: &Output) -> Result<ExitCode, Failure> {
    Err(Failure::usage("see `batzen wallet --help`"))
}
