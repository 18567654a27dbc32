//! Policy: which holds, checking and signing a new one, trying it on what was decided, activating it.

use super::attestation::moment;
use super::{OperatorClient, show};
use crate::failure::Failure;
use crate::output::Output;
use crate::service::{ServerConfig, open_keys, read_text};
use api::policy::{
    DecisionView, DifferenceView, PolicyEntry, PolicyPage, PolicyRequest, PolicyView, TrialRequest, TrialView,
};
use clap::Subcommand;
use model::Timestamp;
use security::{KeyStore, PolicyDocument, SignedPolicy};
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// In the order in which a policy is changed: show, check, sign, try, activate.
#[derive(Subcommand)]
pub(super) enum PolicyCommand {
    /// Print the policy in force, or another version; a new document begins as a copy of it.
    Show {
        /// Which; 0 is the one of the server's configuration. The one in force if absent.
        #[arg(value_name = "VERSION")]
        number: Option<u32>,
    },
    /// Read a document, signed or not, and say what is wrong with it. Asks no server.
    Check {
        /// The document.
        file: PathBuf,
    },
    /// Sign a document with the realm's rule-signing key, on the machine that has the key store. Asks no server.
    Sign {
        /// The document.
        file: PathBuf,
        /// The server's configuration file, which names the key store.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Where the signed policy is written; it must not exist. Printed if absent.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Try a document, signed or not, on payments that were decided: print which would be decided otherwise, and why.
    /// Nothing is changed.
    Try {
        /// The document.
        file: PathBuf,
        /// How many of the latest payments, at most 100000.
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        last: u32,
        /// Only payments judged since then, such as 2026-06-01T12:00:00Z.
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
    },
    /// Activate a signed policy: from the time that it names it holds on every server of the store, without a restart.
    Activate {
        /// The signed policy.
        file: PathBuf,
    },
    /// List every policy that was activated.
    History {
        /// Those after this version.
        #[arg(long)]
        after: Option<u32>,
    },
}

impl PolicyCommand {
    /// Does what asks no server; none if it does.
    pub(super) fn run_here(&self, output: &Output) -> Option<Result<ExitCode, Failure>> {
        match self {
            Self::Check { file } => Some(check(file, output)),
            Self::Sign { file, config, out } => Some(sign(file, config, out.as_deref(), output)),
            _ => None,
        }
    }
}

pub(super) async fn run(
    client: &OperatorClient,
    command: PolicyCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        // These were done without a server.
        PolicyCommand::Check { .. } | PolicyCommand::Sign { .. } => {}
        PolicyCommand::Show { number } => {
            let path = number.map(|version| format!("/v1/admin/policies/{version}"));
            let view: PolicyView = client.get(path.as_deref().unwrap_or("/v1/admin/policy")).await?;
            output.note(entry_line(&view.entry));
            show(output, &view, view.document.clone());
        }
        PolicyCommand::Try { file, last, since } => {
            let since = since.as_deref().map(moment).transpose()?;
            let document = document_of(&read_text(&file)?);
            let asked = TrialRequest { document, last: Some(last), since_ms: since.map(Timestamp::ms) };
            let view: TrialView = client.post("/v1/admin/policy/trials", &asked).await?;
            show(output, &view, trial_text(&view));
        }
        PolicyCommand::Activate { file } => {
            let SignedPolicy { document, signature } = SignedPolicy::parse(&read_text(&file)?)?;
            let asked = PolicyRequest { document, signature };
            let entry: PolicyEntry = client.post("/v1/admin/policies", &asked).await?;
            show(output, &entry, entry_line(&entry));
        }
        PolicyCommand::History { after } => {
            let query = after.map(|version| format!("?after={version}")).unwrap_or_default();
            let page: PolicyPage = client.get(&format!("/v1/admin/policies{query}")).await?;
            let mut lines: Vec<String> = page.policies.iter().map(entry_line).collect();
            if lines.is_empty() {
                lines.push("none was activated; the configuration's policy is in force".to_owned());
            }
            lines.extend(page.next_after.map(|version| format!("more: --after {version}")));
            show(output, &page, lines.join("\n"));
        }
    }
    Ok(())
}

/// A decision in words, for `admin payment`.
pub(super) fn decision_lines(decision: &DecisionView) -> Vec<String> {
    let DecisionView { policy_version, ground, ruling, .. } = decision;
    let mut lines = vec![format!("  policy {policy_version}: {ruling} by {ground}")];
    lines.extend(decision.reasons.iter().map(|reason| format!("    because {reason}")));
    lines.push(format!("    otherwise {}", decision.next));
    lines.extend(decision.facts.iter().map(|fact| format!("    fact: {fact}")));
    lines
}

fn check(file: &Path, output: &Output) -> Result<ExitCode, Failure> {
    let text = read_text(file)?;
    let is_signed = SignedPolicy::parse(&text).is_ok();
    let document = PolicyDocument::parse_for_any(&document_of(&text))
        .map_err(|error| Failure::new(error).context(file.display()))?;
    let rules = document.policy.rules.iter().count();
    let signed =
        if is_signed { "carries a signature, which only the server can judge" } else { "is not signed" };
    let text =
        format!("policy {} for {}: usable, {rules} rules; it {signed}", document.version, document.realm);
    let found =
        json!({ "version": document.version, "realm": document.realm, "rules": rules, "signed": is_signed });
    show(output, &found, text);
    Ok(ExitCode::SUCCESS)
}

fn sign(file: &Path, config: &Path, out: Option<&Path>, output: &Output) -> Result<ExitCode, Failure> {
    let document = read_text(file)?;
    let keys = open_keys(&ServerConfig::from_file(config)?)?;
    let signed = SignedPolicy::sign(&document, keys.realm(), &*keys.rule_signer())
        .map_err(|error| Failure::new(error).context(file.display()))?;
    let Some(out) = out else {
        // For a program and for people alike: this is the file.
        output.result(|| serde_json::to_string_pretty(&signed).unwrap_or_default(), &signed);
        return Ok(ExitCode::SUCCESS);
    };
    let written = OpenOptions::new().write(true).create_new(true).open(out);
    let mut written = written.map_err(|error| Failure::new(error).context(out.display()))?;
    written.write_all(serde_json::to_string_pretty(&signed)?.as_bytes())?;
    show(output, &json!({ "signed": out }), format!("{} is signed: {}", file.display(), out.display()));
    Ok(ExitCode::SUCCESS)
}

/// The document in a signed policy, or what is one itself.
fn document_of(text: &str) -> String {
    SignedPolicy::parse(text).map_or_else(|_| text.to_owned(), |signed| signed.document)
}

fn entry_line(entry: &PolicyEntry) -> String {
    let from = match entry.valid_from_ms {
        ..=0 => "at once".to_owned(),
        ms => format!("from {}", Timestamp::from_ms(ms)),
    };
    let by = match (&entry.activated_by, entry.activated_at_ms) {
        (Some(by), Some(at)) => format!("activated by {by} at {}", Timestamp::from_ms(at)),
        _ => "of the server's configuration".to_owned(),
    };
    let in_force = if entry.is_in_force { ", IN FORCE" } else { "" };
    format!("policy {}: {by}, holds {from}{in_force}", entry.version)
}

fn trial_text(view: &TrialView) -> String {
    let mut lines = vec![format!(
        "policy {} tried on {} decisions: {} the same, {} would differ ({} payments would be stopped, {} let through)",
        view.version, view.tried, view.same, view.differing, view.stopped, view.let_through
    )];
    if view.undecided > 0 {
        lines.push(format!("policy was not asked about {} more, refused for other reasons", view.undecided));
    }
    if view.sums_derived > 0 {
        let derived = view.sums_derived;
        lines
            .push(format!("for {derived} the sums were taken from the payments before them that were tried"));
    }
    view.differences.iter().for_each(|difference| difference_lines(difference, &mut lines));
    lines.join("\n")
}

fn difference_lines(difference: &DifferenceView, lines: &mut Vec<String>) {
    let DifferenceView { was, would_be, payments, examples } = difference;
    lines.push(format!("{payments} × {was} → {would_be}"));
    for example in examples {
        let at = Timestamp::from_ms(example.at_ms);
        lines.push(format!("    {} at {at}, {}: {}", example.payment, example.amount, example.why));
    }
}
