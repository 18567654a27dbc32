//! The same payments with the store in PostgreSQL, beside PostgreSQL's own measure: `pgbench`, whose transaction, three
//! updates, a query and an insert, is roughly TPC-B's. Both ask the same server, with as many clients, one after the other.

use super::ceilings::Disk;
use super::figures::{Figures, Percentiles};
use super::load::{self, Stock};
use super::system::{Keeping, Paying, System};
use super::{Ceiling, PayArgs, WARM_UP_PART, ceiling, sales_needed};
use crate::failure::Failure;
use crate::output::Output;
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use store::postgres::Address;

/// How many branches `pgbench` has: more than clients, so that they seldom wait for each other's rows.
const SCALE: u32 = 100;

/// Everything that a run measured.
#[derive(Default, Serialize)]
struct Report {
    rows: Vec<Row>,
}

/// What was measured close together, with as many connections.
#[derive(Serialize)]
struct Row {
    sync_ms: f64,
    http_and_crypto: Figures,
    pgbench_transactions_per_s: f64,
    one_server: Measured,
    two_servers: Measured,
}

#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    figures: Figures,
    /// Payments per second, of `pgbench`'s transactions per second.
    rate_to_pgbench: f64,
    settled_after_s: f64,
}

pub(super) async fn measure(
    folder: &Path,
    url: &str,
    arguments: &PayArgs,
    output: &Output,
) -> Result<(), Failure> {
    let server: Address = url.parse()?;
    let most = arguments.connections.iter().max().copied().unwrap_or(1).into();
    let length = Duration::from_secs(arguments.seconds.into());
    let names = ["pgbench", "one", "two"].map(|what| format!("batzen_bench_{}_{what}", std::process::id()));
    let database = |place: usize| server.of_database(&names[place]);
    for name in &names {
        server.create_database(name).await?;
    }
    output.note("filling a database for pgbench, and making one payment server and then two on databases of their own");
    let made = async {
        pgbench(&["-q", "-i", "-s", &SCALE.to_string()], &database(0).url())?;
        let start = async |place: usize, servers: usize| {
            let (writers, readers) = (arguments.writers, arguments.readers);
            let keeping = Keeping::Postgres { url: database(place).url(), servers, writers, readers };
            let enrolments = arguments.enrolments as usize;
            System::start(&folder.join(&names[place]), keeping, Paying::Instant, enrolments, most).await
        };
        let (mut one, mut two) = (start(1, 1).await?, start(2, 2).await?);
        let mut report = Report::default();
        for connections in arguments.connections.iter().copied().map(usize::from) {
            output.note(format_args!("{connections} connections: pgbench, payments"));
            let disk = Disk::measure(folder, length / WARM_UP_PART)?;
            let http_and_crypto = ceiling(&mut one, Ceiling::HttpAndCrypto, connections, length).await?;
            let transactions_per_s = run_pgbench(&database(0).url(), connections, length)?;
            let per_s = http_and_crypto.payments_per_s;
            let one_server = sell(&mut one, connections, length, per_s, transactions_per_s).await?;
            let two_servers = sell(&mut two, connections, length, per_s, transactions_per_s).await?;
            report.rows.push(Row {
                sync_ms: disk.sync_ms,
                http_and_crypto,
                pgbench_transactions_per_s: transactions_per_s,
                one_server,
                two_servers,
            });
        }
        one.end_and_check().await?;
        two.end_and_check().await?;
        Ok::<_, Failure>(report)
    };
    let made = made.await;
    for name in &names {
        server.drop_database(name).await?;
    }
    let report = made?;
    output.result(|| report.text(), &report);
    Ok(())
}

async fn sell(
    system: &mut System,
    connections: usize,
    length: Duration,
    bound_per_s: f64,
    transactions_per_s: f64,
) -> Result<Measured, Failure> {
    let mut run = async |length: Duration| {
        let sales = system.make_sales(connections, sales_needed(bound_per_s, length, connections))?;
        load::run(&system.addresses(), sales, length, Stock::Once).await
    };
    run(length / WARM_UP_PART).await?;
    let (figures, _) = run(length).await?;
    let settled_after_s = system.settle().await?.as_secs_f64();
    let rate_to_pgbench = figures.payments_per_s / transactions_per_s;
    Ok(Measured { figures, rate_to_pgbench, settled_after_s })
}

/// Runs the transactions on as many clients; gives how many a second.
fn run_pgbench(url: &str, clients: usize, length: Duration) -> Result<f64, Failure> {
    let (clients, seconds) = (clients.to_string(), length.as_secs().max(1).to_string());
    let threads = clients.parse().unwrap_or(1).min(2).to_string();
    let told = pgbench(&["-n", "-c", &clients, "-j", &threads, "-T", &seconds], url)?;
    let rate =
        told.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    rate.ok_or_else(|| Failure::new("pgbench tells no transactions per second"))
}

fn pgbench(arguments: &[&str], url: &str) -> Result<String, Failure> {
    let ran = Command::new("pgbench").args(arguments).arg(url).output().map_err(|error| {
        Failure::new(format!("pgbench cannot be started ({error}); it comes with PostgreSQL, add it to PATH"))
    })?;
    if !ran.status.success() {
        let told = String::from_utf8_lossy(&ran.stderr);
        return Err(Failure::new(format!("pgbench failed: {}", told.trim())));
    }
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}

impl Report {
    fn text(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let connections = row.http_and_crypto.connections;
            let _ = writeln!(text, "{connections} connections; one sync takes {:.2} ms", row.sync_ms);
            let _ = writeln!(
                text,
                "  {:<17}{:>8}  {:>6}  {:>10}  {:^23}  {:^23}  {:>7}",
                "",
                "each/s",
                "CPU µs",
                "of pgbench",
                "authorise p50 99 99.9",
                "capture p50 99 99.9",
                "settled"
            );
            let line = |text: &mut String, name: &str, figures: &Figures, ratio: &str, settled: &str| {
                let _ = writeln!(
                    text,
                    "  {name:<17}{:>8.0}  {:>6.0}  {ratio:>10}  {:>23}  {:>23}  {settled:>7}",
                    figures.payments_per_s,
                    figures.cpu_us_per_payment,
                    times(figures.authorise),
                    times(figures.capture),
                );
            };
            line(&mut text, "HTTP + crypto", &row.http_and_crypto, "", "");
            let _ = writeln!(text, "  {:<17}{:>8.0}", "pgbench", row.pgbench_transactions_per_s);
            for (name, measured) in [("one server", &row.one_server), ("two servers", &row.two_servers)] {
                let ratio = format!("{:.2} x", measured.rate_to_pgbench);
                let settled = format!("{:.1} s", measured.settled_after_s);
                line(&mut text, name, &measured.figures, &ratio, &settled);
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn times(Percentiles { p50_ms, p99_ms, p999_ms }: Percentiles) -> String {
    format!("{p50_ms:.2} {p99_ms:.2} {p999_ms:.2}")
}
