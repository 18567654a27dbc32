//! `storm`: lets a storm come over a town that sells, and tells what came of it. `cargo xtask storm` runs it.
#![forbid(unsafe_code)]

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use storm::{Options, fail_over, run};

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
    /// Lose the primary of a PostgreSQL database instead, by `kill -9`, by a cut cable and by `SIGSTOP`; wants root, and PostgreSQL,
    /// Patroni, etcd and iproute2.
    #[arg(long, conflicts_with = "kills")]
    failover: bool,
    /// Write what the tills saw to this file, one operation a line.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { kills, seed, failover, history } = Arguments::parse();
    let options = Options { history, ..Options::of(seed, kills) };
    let tell = |misfortune: &str| println!("{misfortune}");
    let report = if failover {
        let (report, outages) = fail_over(&options, tell);
        outages.iter().for_each(|outage| println!("{outage}"));
        report
    } else {
        run(&options, tell)
    };
    println!("{report}");
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
