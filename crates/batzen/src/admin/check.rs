//! Checking what is stored while payments go on.

use super::{OperatorClient, show};
use crate::failure::Failure;
use crate::output::Output;
use api::check::{CheckRequest, CheckView, ChecksView};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::sleep;

const PATH: &str = "/v1/admin/checks";
/// How often the server is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(client: &OperatorClient, whole: bool, output: &Output) -> Result<ExitCode, Failure> {
    let before = of_kind(client.get(PATH).await?, whole).map(|last| last.ended_at_ms);
    let mut view: ChecksView = client.post(PATH, &CheckRequest { whole }).await?;
    let mut told = 0;
    while let Some(rows) = view.running_rows {
        if rows > told {
            output.note(format_args!("{rows} rows read"));
            told = rows;
        }
        sleep(ASK_EVERY).await;
        view = client.get(PATH).await?;
    }
    let found = of_kind(view, whole).filter(|last| Some(last.ended_at_ms) != before);
    let found = found.ok_or_else(|| Failure::new("the server ended the check early; ask again"))?;
    show(output, &found, text(&found));
    if let Some(failure) = found.failure {
        return Err(Failure::new(failure));
    }
    Ok(if found.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn of_kind(view: ChecksView, whole: bool) -> Option<CheckView> {
    if whole { view.whole } else { view.changes }
}

fn text(found: &CheckView) -> String {
    let rate = found.rows * 1_000 / found.took_ms.max(1);
    let mut text = format!(
        "{} rows read, {rate} rows/s; {} payments read, {} not settled yet\n",
        found.rows, found.payments, found.unsettled
    );
    if found.findings.is_empty() {
        text.push_str("what is stored is sound");
    } else {
        text.push_str("what is stored is WRONG:");
        found.findings.iter().for_each(|finding| text.push_str(&format!("\n  {finding}")));
    }
    text
}
