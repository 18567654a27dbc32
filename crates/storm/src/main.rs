//! `storm`: lets a storm come over a town that sells, and tells what came of it. `cargo xtask storm` runs it.
#![forbid(unsafe_code)]

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use storm::{Options, run};

/// Sell while server and bank are killed, stopped, cut off and filled up; then check everything.
#[derive(Parser)]
#[command(name = "storm")]
struct Arguments {
    /// How often server or bank are killed.
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// What everything is drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write what the tills saw to this file, one operation a line.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { kills, seed, history } = Arguments::parse();
    let report = run(&Options { history, ..Options::of(seed, kills) }, |misfortune| println!("{misfortune}"));
    println!("{report}");
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
