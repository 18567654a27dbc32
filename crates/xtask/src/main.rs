//! `cargo xtask`: the chores of this repository, so that a developer and CI run exactly the same thing.
//!
//! `test` installs what the tests need and runs them all, `tidy` checks style and floors, `vectors` writes the test
//! vectors anew, `sim` runs the simulator, `fuzz` runs the fuzz targets, `storm` lets the real binaries be killed under
//! load. This room knows the repository's layout; it must not know what the crates do.

#![forbid(unsafe_code)]

mod check;
mod fuzz;
mod rust_text;
mod tidy;
mod tree;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The chores of the Batzen repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what the tests need, then run every check and every test, as CI does.
    Test(check::Options),
    /// Check floors, sizes, words and links; one line per finding.
    Tidy,
    /// Sell on the real binaries while server and bank are killed, stopped, cut off and filled up; then check all.
    Storm {
        /// How often server or bank are killed.
        #[arg(long, default_value_t = 100)]
        kills: u32,
        /// What everything is drawn from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Lose the primary of a PostgreSQL database instead, by `kill -9`, by a cut cable and by `SIGSTOP`.
        #[arg(long, conflicts_with = "kills")]
        failover: bool,
        /// Write what the tills saw to this file, one operation a line.
        #[arg(long, value_name = "FILE")]
        history: Option<PathBuf>,
    },
    /// Write the test vectors under spec/vectors anew.
    Vectors,
    /// Make the pages' WebAssembly anew, or with `--check` compare it with its source.
    Wasm {
        /// Write nothing: compare.
        #[arg(long)]
        check: bool,
    },
    /// Run simulated histories; `cargo xtask sim -- --help` lists what can be chosen.
    Sim {
        /// For the simulator.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the fuzz targets, two at a time, and say what they found and reached.
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Test(options) => check::run(&options),
        Chore::Tidy => tidy::run(),
        Chore::Storm { kills, seed, failover, history } => {
            check::storm((!failover).then_some(kills), seed, history.as_deref())
        }
        Chore::Vectors => check::make_vectors(),
        Chore::Wasm { check } => check::make_wasm(check),
        Chore::Sim { arguments } => check::simulate(&arguments),
        Chore::Fuzz(options) => fuzz::run(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
