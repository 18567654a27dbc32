//! `batzen checkout resume`.

use super::Till;
use super::report::{Report, UNKNOWN, finish};
use super::steady_clock::SteadyClock;
use crate::failure::Failure;
use checkout::{End, Run, Sale, SaleNumber, SaleRef};
use clap::Args;
use std::process::ExitCode;

/// Arguments of `batzen checkout resume`.
#[derive(Args)]
pub(super) struct ResumeArgs {
    /// Only this sale (S42).
    sale: Option<SaleNumber>,
}

/// Finishes or cancels what is open, oldest first.
pub(super) async fn resume(till: &Till<'_>, arguments: &ResumeArgs) -> Result<ExitCode, Failure> {
    let config = till.config()?;
    let mut journal = till.journal()?;
    let clock = SteadyClock::start();
    let open: Vec<Sale> = match arguments.sale {
        None => journal.book().open().cloned().collect(),
        Some(number) => {
            let sale = journal.book().find(SaleRef::Sale(number));
            let sale =
                sale.ok_or_else(|| Failure::new(format!("there is no sale {number} in this journal")))?;
            vec![sale.clone()]
        }
    };
    let mut reports = Vec::new();
    for sale in &open {
        let run = Run::resume(sale)?;
        let (report, end) = finish(till.output, &config.client, &mut journal, &clock, run, None).await?;
        reports.push(report);
        if matches!(end, End::Open { is_unreachable: true, .. }) {
            break;
        }
    }
    let open_count = journal.book().open().count();
    let exit_code = if open_count == 0 { 0 } else { UNKNOWN };
    let document = serde_json::json!({ "sales": reports, "open": open_count, "exit_code": exit_code });
    till.output.result(|| text(&reports, open_count), &document);
    Ok(ExitCode::from(exit_code))
}

fn text(reports: &[Report], open_count: usize) -> String {
    let mut lines: Vec<String> = reports.iter().map(Report::text).collect();
    lines.push(match (reports.len(), open_count) {
        (0, 0) => "Nothing is unfinished.".to_owned(),
        (_, 0) => "Nothing is unfinished any more.".to_owned(),
        (_, left) => format!("{left} sale(s) are still unfinished; run `resume` again."),
    });
    lines.join("\n")
}
