//! `batzen admin rules`: what the sensors of phones look for.

use super::{OperatorClient, show};
use crate::failure::Failure;
use crate::output::Output;
use crate::service::read_named;
use api::rules::{RulesPage, RulesRequest, RulesView};
use clap::Subcommand;
use model::Timestamp;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum RulesCommand {
    /// Sign and publish a list; it takes the place of the one before, and phones fetch it when they are online next.
    ///
    /// The file is JSON: {"days": 90, "entries": {"package": ["com.example.bad"], "path": ["/system/xbin/su"],
    /// "library": [], "thread": [], "port": ["27042"], "sha256": [], "installer": []}}.
    Publish {
        /// The file.
        file: PathBuf,
    },
    /// List what was published, latest first.
    List,
}

pub(super) async fn run(
    client: &OperatorClient,
    command: RulesCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        RulesCommand::Publish { file } => {
            let asked: RulesRequest = serde_json::from_slice(&read_named(&file)?)
                .map_err(|error| Failure::new(format!("{} is no list of rules: {error}", file.display())))?;
            let view: RulesView = client.post("/v1/admin/rules", &asked).await?;
            show(output, &view, line(&view));
        }
        RulesCommand::List => {
            let page: RulesPage = client.get("/v1/admin/rules").await?;
            let lines: Vec<String> = page.lists.iter().map(line).collect();
            let text = if lines.is_empty() { "no list was published".to_owned() } else { lines.join("\n") };
            show(output, &page, text);
        }
    }
    Ok(())
}

fn line(view: &RulesView) -> String {
    let (issued, expires) = (Timestamp::from_ms(view.issued_at_ms), Timestamp::from_ms(view.expires_at_ms));
    format!("version {}: {} entries, published {issued}, good until {expires}", view.version, view.entries)
}
