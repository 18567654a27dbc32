//! `batzen wallet confirmations`: what became of payments.

use super::approvals;
use super::folder::{Folder, OpenWallet};
use super::online::{client_of, is_passing, now, phone_failure, refresh, signer_of};
use crate::failure::Failure;
use crate::output::Output;
use client::phone::{ConfirmationStream, Heard, PhoneClient};
use std::time::Duration;
use wallet::{KeptConfirmation, Received, Vault};

/// The pauses before listening again: the first, and the longest.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Arguments of `batzen wallet confirmations`.
#[derive(clap::Args)]
pub(super) struct ConfirmationsArgs {
    /// Stay and show each as it comes.
    #[arg(long)]
    follow: bool,
    /// Only those after this one.
    #[arg(long, default_value_t = 0, value_name = "SEQUENCE")]
    since: u32,
    /// Ask nobody: show what is here.
    #[arg(long, conflicts_with = "follow")]
    offline: bool,
}

pub(super) async fn confirmations(
    folder: &Folder,
    arguments: &ConfirmationsArgs,
    output: &Output,
) -> Result<(), Failure> {
    let mut wallet = folder.open()?;
    if !arguments.offline {
        let client = client_of(&wallet)?;
        refresh(&client, &mut wallet).await?;
        fetch(&client, &mut wallet, output).await?;
        if arguments.follow {
            return follow(folder, &client, wallet, arguments.since, output).await;
        }
    }
    let kept: Vec<&KeptConfirmation> = wallet.state.confirmations(arguments.since).collect();
    let document =
        serde_json::json!({ "confirmations": kept.iter().map(|one| document(one)).collect::<Vec<_>>() });
    let text = || match kept.as_slice() {
        [] => "No confirmations yet.".to_owned(),
        kept => kept.iter().map(|one| line(one)).collect::<Vec<_>>().join("\n"),
    };
    output.result(text, &document);
    Ok(())
}

/// Fetches all that have not come yet; each page is stored before the next is asked for.
async fn fetch(client: &PhoneClient, wallet: &mut OpenWallet, output: &Output) -> Result<(), Failure> {
    loop {
        let after = wallet.state.confirmed_through();
        let page = client.confirmations(signer_of(wallet)?, after).await.map_err(phone_failure)?;
        let outcome =
            wallet.state.receive_page(&page.confirmations, wallet.vault.confirmation_key(), now())?;
        wallet.store()?;
        for (sequence, why) in &outcome.unreadable {
            output.note(format_args!("Confirmation {sequence} cannot be trusted and is passed over: {why}"));
        }
        if !page.has_more || wallet.state.confirmed_through() == after {
            return Ok(());
        }
    }
}

/// Shows confirmations as they come, through lost connections. The wallet is free for other commands meanwhile: it
/// is opened anew for each confirmation, so that what they changed is not undone.
async fn follow(
    folder: &Folder,
    client: &PhoneClient,
    mut wallet: OpenWallet,
    since: u32,
    output: &Output,
) -> Result<(), Failure> {
    let mut shown = since;
    let mut pause = PAUSE_MIN;
    loop {
        show_new(&wallet, &mut shown, output);
        let before = shown;
        let after = wallet.state.confirmed_through();
        let listening = client.listen(signer_of(&wallet)?, after).await.map_err(phone_failure);
        drop(wallet);
        let ended = match listening {
            Ok(stream) => listen(folder, stream, &mut shown, output).await,
            Err(failure) => Err(failure),
        };
        match ended {
            Err(failure) if !is_passing(&failure) => return Err(failure),
            Err(failure) => output.note(format_args!("{failure}; trying again")),
            Ok(()) => {}
        }
        if shown != before {
            pause = PAUSE_MIN;
        }
        wallet = loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
            match catch_up(folder, client, output).await {
                Ok(wallet) => break wallet,
                Err(failure) if is_passing(&failure) => {}
                Err(failure) => return Err(failure),
            }
        };
    }
}

/// Takes what a stream brings, until it ends or brings something that only a new look at the server explains.
async fn listen(
    folder: &Folder,
    mut stream: ConfirmationStream,
    shown: &mut u32,
    output: &Output,
) -> Result<(), Failure> {
    while let Some(heard) = stream.next().await.map_err(phone_failure)? {
        let mut wallet = folder.open()?;
        let view = match heard {
            Heard::Confirmation(view) => view,
            Heard::Question(view) => {
                let Ok(opened) = approvals::open(&wallet, &view) else { return Ok(()) };
                output.note(format_args!("You are asked: {}", approvals::line(&opened.question)));
                continue;
            }
            _ => continue,
        };
        match wallet.state.receive_view(&view, wallet.vault.confirmation_key(), now()) {
            Ok(Received::New { .. }) => wallet.store()?,
            Ok(Received::Known { .. }) => {}
            Err(_) => return Ok(()),
        }
        show_new(&wallet, shown, output);
    }
    Ok(())
}

/// The server's present keys, and all that came meanwhile.
async fn catch_up(folder: &Folder, client: &PhoneClient, output: &Output) -> Result<OpenWallet, Failure> {
    let mut wallet = folder.open()?;
    refresh(client, &mut wallet).await?;
    fetch(client, &mut wallet, output).await?;
    Ok(wallet)
}

fn show_new(wallet: &OpenWallet, shown: &mut u32, output: &Output) {
    for kept in wallet.state.confirmations(*shown) {
        output.result(|| line(kept), &document(kept));
        *shown = kept.sequence;
    }
}

fn document(kept: &KeptConfirmation) -> serde_json::Value {
    serde_json::json!({
        "sequence": kept.sequence,
        "kind": kept.kind,
        "payment": kept.payment,
        "counter": kept.counter,
        "at_ms": kept.at.ms(),
        "amount": kept.amount.map(|amount| amount.to_string()),
        "amount_minor": kept.amount.map(|amount| amount.amount_minor),
        "currency": kept.amount.map(|amount| amount.currency),
        "cause": kept.cause,
        "terminal": kept.terminal,
        "merchant": kept.merchant,
    })
}

fn line(kept: &KeptConfirmation) -> String {
    let amount = kept.amount.map(|amount| format!(" {amount}")).unwrap_or_default();
    let merchant = if kept.merchant.is_empty() { String::new() } else { format!(" at {}", kept.merchant) };
    let till = kept.terminal.map(|till| format!(", till {till}")).unwrap_or_default();
    let cause =
        kept.cause.as_deref().map(|cause| format!(": {}", cause.replace('_', " "))).unwrap_or_default();
    format!("{:>4}  {}  {}{amount}{merchant}{till}{cause}", kept.sequence, kept.at, kept.kind)
}
