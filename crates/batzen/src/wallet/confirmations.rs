//! `batzen wallet confirmations`: what became of payments.

use super::folder::{Folder, OpenWallet};
use super::online::{client_of, now, phone_failure, refresh, signer_of};
use crate::failure::Failure;
use crate::output::Output;
use client::phone::PhoneClient;
use wallet::{KeptConfirmation, Received};

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
            return follow(&client, &mut wallet, arguments.since, output).await;
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
        let outcome = wallet.state.receive_page(&page.confirmations, &wallet.vault, now())?;
        wallet.store()?;
        for (sequence, why) in &outcome.unreadable {
            output.note(format_args!("Confirmation {sequence} cannot be trusted and is passed over: {why}"));
        }
        if !page.has_more || wallet.state.confirmed_through() == after {
            return Ok(());
        }
    }
}

async fn follow(
    client: &PhoneClient,
    wallet: &mut OpenWallet,
    since: u32,
    output: &Output,
) -> Result<(), Failure> {
    for kept in wallet.state.confirmations(since).cloned().collect::<Vec<_>>() {
        output.result(|| line(&kept), &document(&kept));
    }
    loop {
        let after = wallet.state.confirmed_through();
        let mut stream = client.listen(signer_of(wallet)?, after).await.map_err(phone_failure)?;
        while let Some(view) = stream.next().await.map_err(phone_failure)? {
            let received = wallet.state.receive_view(&view, &wallet.vault, now())?;
            wallet.store()?;
            if let Received::New { confirmation, .. } = received {
                output.result(|| line(&confirmation), &document(&confirmation));
            }
        }
        output.note("The server ended the stream; listening again.");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
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
