//! How a store that fills changes the rate, and how much room a payment takes.

use super::figures::Figures;
use super::load::{self, Stock};
use super::system::{Keeping, Paying, System};
use crate::failure::Failure;
use crate::output::Output;
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

const CONNECTIONS: usize = 64;
const ENROLMENTS: usize = 1_000;
/// Payments whose codes are made ready together, and measured together.
const LOT: u32 = 10_000;
/// The longest that a lot may take: its codes would grow old.
const LOT_TIME_MAX: Duration = Duration::from_secs(90);

/// The store at one size.
#[derive(Serialize)]
struct Grown {
    payments: u32,
    store_bytes: u64,
    /// Of the last lot.
    figures: Figures,
}

pub(super) async fn measure(path: &Path, count: u32, output: &Output) -> Result<(), Failure> {
    let mut system =
        System::start(path, Keeping::File, Paying::Instant, ENROLMENTS, u32::try_from(CONNECTIONS)?).await?;
    let mut grown = Vec::new();
    let mut next = LOT;
    let mut payments = 0;
    while payments < count {
        let sales = system.make_sales(CONNECTIONS, (LOT as usize).div_ceil(CONNECTIONS))?;
        let (figures, _) = load::run(&system.addresses(), sales, LOT_TIME_MAX, Stock::Once).await?;
        payments += u32::try_from(figures.payments)?;
        if payments >= next.min(count) {
            system.settle().await?;
            output.note(format_args!("{payments} payments stored: {:.0} payments/s", figures.payments_per_s));
            grown.push(Grown { payments, store_bytes: system.store_bytes()?, figures });
            next = next.saturating_mul(10);
        }
    }
    system.end_and_check().await?;
    output.result(|| text(&grown), &grown);
    Ok(())
}

fn text(grown: &[Grown]) -> String {
    let mut text = format!(
        "{:>10} {:>11} {:>17} {:>12} {:>11}\n",
        "stored", "payments/s", "authorise p99 ms", "store MiB", "bytes each"
    );
    for Grown { payments, store_bytes, figures } in grown {
        let _ = writeln!(
            text,
            "{payments:>10} {:>11.0} {:>17.2} {:>12.0} {:>11.0}",
            figures.payments_per_s,
            figures.authorise.p99_ms,
            *store_bytes as f64 / f64::from(1 << 20),
            *store_bytes as f64 / f64::from(*payments),
        );
    }
    text.truncate(text.trim_end().len());
    text
}
