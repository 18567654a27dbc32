//! What a run measured, for people and for programs.

use super::ceilings::Disk;
use super::figures::{Figures, Percentiles};
use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

/// Everything that a run measured: a row for each number of connections.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
}

/// What was measured close together, with as many connections.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) disk: Disk,
    pub(super) http: Figures,
    pub(super) http_and_crypto: Figures,
    pub(super) instant: Measured,
    pub(super) bank: Measured,
}

/// What a payment server is compared with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    /// What HTTP and cryptography alone let through.
    pub(super) payments_per_s: f64,
    /// One small append, made durable.
    pub(super) sync_ms: f64,
}

/// A load on the whole server, beside what bounds it.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    #[serde(flatten)]
    figures: Figures,
    /// Payments per second, of those that HTTP and cryptography alone let through.
    rate_to_ceiling: f64,
    /// The slower request's p99, as a multiple of one sync's time.
    p99_to_sync: f64,
    /// How long after the load the provider knew of every booking.
    settled_after_s: f64,
}

impl Measured {
    pub(super) fn new(figures: Figures, bound: Bound, settled_after: Duration) -> Self {
        Self {
            rate_to_ceiling: figures.payments_per_s / bound.payments_per_s,
            p99_to_sync: figures.authorise.p99_ms.max(figures.capture.p99_ms) / bound.sync_ms,
            settled_after_s: settled_after.as_secs_f64(),
            figures,
        }
    }
}

impl Report {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for Row { disk, http, http_and_crypto, instant, bank } in &self.rows {
            let Disk { syncs_per_s, sync_ms, sync } = disk;
            let _ = writeln!(
                text,
                "{} connections; the disk makes {syncs_per_s:.0} small appends/s durable, one in {sync_ms:.2} ms \
                 (p50 {:.2}, p99 {:.2})",
                http.connections, sync.p50_ms, sync.p99_ms
            );
            let _ = writeln!(
                text,
                "  {:<17}{:>10}  {:>6}  {:>8}  {:^23}  {:^23}  {:>8}  {:>7}",
                "",
                "payments/s",
                "CPU µs",
                "of bound",
                "authorise p50 99 99.9",
                "capture p50 99 99.9",
                "p99/sync",
                "settled"
            );
            line(&mut text, "HTTP alone", http, None);
            line(&mut text, "HTTP + crypto", http_and_crypto, None);
            line(&mut text, "instant provider", &instant.figures, Some(instant));
            line(&mut text, "reference bank", &bank.figures, Some(bank));
        }
        text.push_str(
            "CPU: of servers, bank and load, for each payment; times in ms; of bound: against HTTP + crypto; p99/sync: the slower request's p99 against one durable \
             append; settled: s after the load until the provider knew of every booking",
        );
        text
    }
}

fn line(text: &mut String, name: &str, figures: &Figures, measured: Option<&Measured>) {
    let times = |times: Percentiles| format!("{:.2} {:.2} {:.2}", times.p50_ms, times.p99_ms, times.p999_ms);
    let [share, tail, settled] = match measured {
        None => [const { String::new() }; 3],
        Some(measured) => [
            format!("{:.0} %", measured.rate_to_ceiling * 100.0),
            format!("{:.0}×", measured.p99_to_sync),
            format!("{:.2}", measured.settled_after_s),
        ],
    };
    let _ = writeln!(
        text,
        "  {name:<17}{:>10.0}  {:>6.0}  {share:>8}  {:>23}  {:>23}  {tail:>8}  {settled:>7}",
        figures.payments_per_s,
        figures.cpu_us_per_payment,
        times(figures.authorise),
        times(figures.capture),
    );
}
