//! `batzen checkout`.

use crate::failure::Failure;
use crate::output::Output;
use std::process::ExitCode;

/// Arguments of `batzen checkout`.
#[derive(clap::Args)]
pub(crate) struct CheckoutArgs {}

pub(crate) fn run(_arguments: CheckoutArgs, _output: &Output) -> Result<ExitCode, Failure> {
    Err(Failure::usage("see `batzen checkout --help`"))
}
