//! `batzen check`: reads the whole store and proves that nothing is lost, doubled or changed.

use crate::failure::Failure;
use crate::output::Output;
use crate::service::{AnyStore, ServerConfig, open_keys, runtime, signed_by};
use payments::check::{Report, check as check_store};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Replay the payment server's store and verify every invariant; of a store in a file
/// the server must not be running, of one in PostgreSQL it may.
///
/// Exits with 0 if the store is sound, 1 if it is not; prints the first wrong rows and the invariant they break.
#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    /// The server's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Fail also if a payment is not at an end or a provider still has to be told something.
    #[arg(long)]
    settled: bool,
}

pub(crate) fn check(arguments: CheckArgs, output: &Output) -> Result<ExitCode, Failure> {
    let config = ServerConfig::from_file(&arguments.config)?;
    let signed_by = signed_by(&open_keys(&config)?);
    let (report, elapsed_s) = runtime()?.block_on(async {
        let store = AnyStore::open_to_check(&config.store).await?;
        let started = Instant::now();
        // Others may be at work in a database meanwhile: one moment of it is checked.
        let snapshot = store.port().snapshot().await?;
        let report = check_store(&*snapshot, &signed_by).await?;
        let elapsed_s = started.elapsed().as_secs_f64();
        drop(snapshot);
        store.close().await?;
        Ok::<_, Failure>((report, elapsed_s))
    })?;
    let is_good = report.is_sound() && !(arguments.settled && report.unsettled > 0);
    output.result(|| text(&report, elapsed_s), &document(&report));
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(report: &Report, elapsed_s: f64) -> String {
    let Report { rows, payments, unsettled, findings } = report;
    let rate = *rows as f64 / elapsed_s.max(0.000_001);
    let mut text = format!(
        "{rows} rows read, {rate:.0} rows/s; {payments} payments, {unsettled} of them not settled yet\n"
    );
    if findings.is_empty() {
        text.push_str("the store is sound");
    } else {
        text.push_str("the store is WRONG:");
        findings.iter().for_each(|finding| text.push_str(&format!("\n  {finding}")));
    }
    text
}

fn document(report: &Report) -> serde_json::Value {
    serde_json::json!({
        "is_sound": report.is_sound(),
        "rows": report.rows,
        "payments": report.payments,
        "unsettled": report.unsettled,
        "findings": report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
