//! `batzen wallet approvals`, `approve`, `refuse`: what this wallet is asked, and the answer.

use super::devices::present_pin;
use super::folder::{Folder, OpenWallet};
use super::online::{client_of, phone_failure, refresh, signer_of};
use crate::failure::Failure;
use crate::output::Output;
use api::approval::QuestionView;
use client::phone::PhoneClient;
use crypto::SystemRandom;
use model::{ApprovalId, Timestamp};
use protocol::approval::{ApprovalKind, OpenedQuestion, Question};
use wallet::Vault;

/// Arguments of `batzen wallet approve`.
#[derive(clap::Args)]
pub(super) struct ApproveArgs {
    /// Which, as `batzen wallet approvals` lists it; the only one that waits if absent.
    approval: Option<ApprovalId>,
    /// Take this wallet's PIN from the first line of standard input.
    #[arg(long)]
    pin_stdin: bool,
}

pub(super) async fn approvals(folder: &Folder, output: &Output) -> Result<(), Failure> {
    let (client, wallet) = online(folder).await?;
    let asked = fetch(&client, &wallet).await?;
    let questions: Vec<&Question> = asked.iter().map(|opened| &opened.question).collect();
    let text = || match questions.as_slice() {
        [] => "Nothing waits for your answer.".to_owned(),
        asked => asked.iter().map(|question| line(question)).collect::<Vec<_>>().join("\n"),
    };
    output.result(text, &serde_json::json!({ "approvals": &questions }));
    Ok(())
}

pub(super) async fn approve(
    folder: &Folder,
    arguments: &ApproveArgs,
    output: &Output,
) -> Result<(), Failure> {
    let (client, wallet) = online(folder).await?;
    let opened = choose(&client, &wallet, arguments.approval).await?;
    output.note(format_args!("{}", line(&opened.question)));
    let pin = present_pin(arguments.pin_stdin)?;
    let answer = wallet.state.draft_approval(&opened, &pin, &mut SystemRandom)?.sign(&wallet.vault)?;
    send(&client, &wallet, &opened, answer, output).await
}

pub(super) async fn refuse(
    folder: &Folder,
    approval: Option<ApprovalId>,
    output: &Output,
) -> Result<(), Failure> {
    let (client, wallet) = online(folder).await?;
    let opened = choose(&client, &wallet, approval).await?;
    let answer = wallet.state.draft_refusal(&opened)?.sign(&wallet.vault)?;
    send(&client, &wallet, &opened, answer, output).await
}

async fn online(folder: &Folder) -> Result<(PhoneClient, OpenWallet), Failure> {
    let mut wallet = folder.open()?;
    let client = client_of(&wallet)?;
    refresh(&client, &mut wallet).await?;
    Ok((client, wallet))
}

async fn fetch(client: &PhoneClient, wallet: &OpenWallet) -> Result<Vec<OpenedQuestion>, Failure> {
    let page = client.questions(signer_of(wallet)?).await.map_err(phone_failure)?;
    page.approvals.iter().map(|view| open(wallet, view)).collect()
}

/// Opens a question that came for this wallet.
pub(super) fn open(wallet: &OpenWallet, view: &QuestionView) -> Result<OpenedQuestion, Failure> {
    Ok(wallet.state.open_question(view, wallet.vault.confirmation_key())?)
}

async fn choose(
    client: &PhoneClient,
    wallet: &OpenWallet,
    approval: Option<ApprovalId>,
) -> Result<OpenedQuestion, Failure> {
    let mut waiting = fetch(client, wallet).await?;
    if let Some(id) = approval {
        waiting.retain(|opened| opened.question.id == id);
    }
    match (waiting.pop(), waiting.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => {
            Err(Failure::usage("several wait for your answer; name one of `batzen wallet approvals`"))
        }
        (None, _) => Err(Failure::usage("nothing like that waits for your answer; perhaps its time is over")),
    }
}

async fn send(
    client: &PhoneClient,
    wallet: &OpenWallet,
    opened: &OpenedQuestion,
    answer: Vec<u8>,
    output: &Output,
) -> Result<(), Failure> {
    let sent = client.answer_question(signer_of(wallet)?, opened.question.id, answer).await;
    let view = sent.map_err(phone_failure)?;
    let state = serde_json::to_value(view.state).map_err(Failure::new)?;
    let word = state.as_str().unwrap_or_default().to_owned();
    output.result(|| format!("{word}: {}", line(&opened.question)), &view);
    Ok(())
}

/// A question in one line.
pub(super) fn line(question: &Question) -> String {
    let what = match question.kind {
        ApprovalKind::Payment => "pay",
        ApprovalKind::Transfer => "transfer",
        ApprovalKind::Login => "log in",
        ApprovalKind::Other => "approve",
    };
    let amount = question.amount().map(|amount| format!(" {amount}")).unwrap_or_default();
    let join = if question.kind == ApprovalKind::Payment { "at" } else { "to" };
    let payee = question.payee.as_ref().map(|payee| format!(" {join} {payee}")).unwrap_or_default();
    let text = question.text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    let till = question.terminal.map(|till| format!(", till {till}")).unwrap_or_default();
    let until: Timestamp = question.expires_at_ms;
    format!("{}  {what}{amount}{payee}{till}{text}; until {until}", question.id)
}
