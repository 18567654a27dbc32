//! `batzen bench pay`: how many payments a server makes on this machine, and what bounds it.
//!
//! Everything is measured in one run on one machine, load generator included, so that the ratios last longer than
//! the figures. `docs/performance.md` explains them.

mod ceilings;
mod figures;
mod growth;
mod load;
mod memory;
mod postgres;
mod process;
mod reference_bank;
mod report;
mod sales;
mod scene;
mod system;

use crate::failure::Failure;
use crate::output::Output;
use crate::service::runtime;
use ceilings::Disk;
use figures::Figures;
use load::Stock;
use report::{Bound, Measured, Report, Row};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use system::{Keeping, Paying, System};

/// The most connections of a load.
const CONNECTIONS_MAX: u16 = 512;
/// How many sales a ceiling's connections share; they are sold again and again.
const CEILING_SALES: usize = 2_000;
/// A load runs this part of its length before it is measured.
const WARM_UP_PART: u32 = 5;

#[derive(clap::Args)]
pub(super) struct PayArgs {
    /// How many connections, one figure for each number.
    #[arg(long, value_delimiter = ',', default_value = "1,8,64",
        value_parser = clap::value_parser!(u16).range(1..=CONNECTIONS_MAX as i64))]
    connections: Vec<u16>,
    /// How long each load runs, in seconds. Codes must not grow old meanwhile.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=30))]
    seconds: u16,
    /// How many enrolled phones pay in turn; at least one for each connection.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    enrolments: u32,
    /// Where the stores are made: a folder on the disk to be measured; the system's temporary folder if absent.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Measure instead how memory grows with so many enrolments.
    #[arg(long, value_name = "ENROLMENTS", num_args = 0..=1, default_missing_value = "100000",
        value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    memory: Option<u32>,
    /// Measure instead how rate and room change from 10 000 to so many stored payments; takes long.
    #[arg(long, value_name = "PAYMENTS", num_args = 0..=1, default_missing_value = "1000000",
        value_parser = clap::value_parser!(u32).range(10_000..=100_000_000), conflicts_with = "memory")]
    growth: Option<u32>,
    /// Measure instead with the store in this PostgreSQL server, beside its own `pgbench`, with one server and with
    /// two. The user must be allowed to make databases; what is made is dropped again.
    #[arg(long, value_name = "URL", conflicts_with_all = ["memory", "growth"])]
    postgres: Option<String>,
    /// With `--postgres`: how many transactions each server has under way.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    writers: u8,
    /// With `--postgres`: how many connections of each server answer questions.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    readers: u8,
    /// Look every enrolment of this configuration's store up: what `--memory` starts.
    #[arg(long, value_name = "CONFIG", hide = true)]
    look_up: Option<PathBuf>,
}

pub(super) fn bench(arguments: &PayArgs, output: &Output) -> Result<ExitCode, Failure> {
    if let Some(config) = &arguments.look_up {
        runtime()?.block_on(memory::look_up(config))?;
        return Ok(ExitCode::SUCCESS);
    }
    let dir = arguments.dir.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new().prefix("batzen-bench-").tempdir_in(dir);
    let folder = folder.map_err(|error| Failure::new(format!("no folder for the stores: {error}")))?;
    runtime()?.block_on(async {
        match (arguments.memory, arguments.growth, &arguments.postgres) {
            (Some(count), ..) => memory::measure(folder.path(), count, output).await,
            (None, Some(count), _) => growth::measure(folder.path(), count, output).await,
            (None, None, Some(url)) => postgres::measure(folder.path(), url, arguments, output).await,
            (None, None, None) => measure(folder.path(), arguments, output).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn measure(folder: &Path, arguments: &PayArgs, output: &Output) -> Result<(), Failure> {
    let most = arguments.connections.iter().max().copied().unwrap_or(1).into();
    let enrolments = arguments.enrolments as usize;
    output.note("making two payment servers, one with an instant provider, one with the reference bank");
    let mut instant =
        System::start(&folder.join("instant"), Keeping::File, Paying::Instant, enrolments, most).await?;
    let mut bank = System::start(&folder.join("bank"), Keeping::File, Paying::Bank, enrolments, most).await?;
    let length = Duration::from_secs(arguments.seconds.into());
    let mut report = Report::default();
    // All that is compared is measured close together: a busy machine's speed changes by the minute.
    for connections in arguments.connections.iter().copied().map(usize::from) {
        output.note(format_args!("{connections} connections: disk, ceilings, payments"));
        let disk = Disk::measure(folder, length / WARM_UP_PART)?;
        let http = ceiling(&mut instant, Ceiling::Http, connections, length).await?;
        let http_and_crypto = ceiling(&mut instant, Ceiling::HttpAndCrypto, connections, length).await?;
        let bound = Bound { payments_per_s: http_and_crypto.payments_per_s, sync_ms: disk.sync_ms };
        let with_instant = load(&mut instant, connections, length, bound).await?;
        let with_bank = load(&mut bank, connections, length, bound).await?;
        report.rows.push(Row { disk, http, http_and_crypto, instant: with_instant, bank: with_bank });
    }
    instant.end_and_check().await?;
    bank.end_and_check().await?;
    output.result(|| report.text(), &report);
    Ok(())
}

/// Runs a load with real codes, each used once.
async fn load(
    system: &mut System,
    connections: usize,
    length: Duration,
    bound: Bound,
) -> Result<Measured, Failure> {
    let mut run = async |length: Duration| {
        let sales =
            system.make_sales(connections, sales_needed(bound.payments_per_s, length, connections))?;
        load::run(&system.addresses(), sales, length, Stock::Once).await
    };
    run(length / WARM_UP_PART).await?;
    let (figures, _) = run(length).await?;
    let settled_after = system.settle().await?;
    Ok(Measured::new(figures, bound, settled_after))
}

/// How many sales each connection needs so that none runs out before the time does.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is a small positive number"
)]
fn sales_needed(per_s: f64, length: Duration, connections: usize) -> usize {
    let all = (per_s * length.as_secs_f64()).ceil() as usize;
    all.div_ceil(connections) + 10
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ceiling {
    Http,
    HttpAndCrypto,
}

async fn ceiling(
    system: &mut System,
    ceiling: Ceiling,
    connections: usize,
    length: Duration,
) -> Result<Figures, Failure> {
    let sales = system.make_sales(connections, CEILING_SALES.div_ceil(connections))?;
    let codes = (ceiling == Ceiling::HttpAndCrypto).then(|| system.codes());
    let serving = ceilings::serve(codes, &system.tills[0]).await?;
    let (_, sales) = load::run(&[serving.address], sales, length / WARM_UP_PART, Stock::Again).await?;
    let (figures, _) = load::run(&[serving.address], sales, length, Stock::Again).await?;
    serving.end().await?;
    Ok(figures)
}
