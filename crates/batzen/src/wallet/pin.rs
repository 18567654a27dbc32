//! `batzen wallet change-pin`.

use super::folder::{Folder, OpenWallet};
use super::online::{client_of, now, phone_failure, signer_of};
use super::secret_input::{ask, ask_new_pin};
use crate::failure::Failure;
use crate::output::Output;
use client::phone::{PhoneClient, PhoneError};
use crypto::SystemRandom;
use protocol::payment_code::Pin;
use serde::Serialize;
use wallet::PinRequest;

/// Arguments of `batzen wallet change-pin`.
#[derive(clap::Args)]
pub(super) struct ChangePinArgs {
    /// Take the PIN so far from the first line of standard input, the new one from the second.
    #[arg(long)]
    pin_stdin: bool,
}

/// What became of it.
#[derive(Serialize)]
struct ChangedPin {
    changed: bool,
}

pub(super) async fn change_pin(
    folder: &Folder,
    arguments: &ChangePinArgs,
    output: &Output,
) -> Result<(), Failure> {
    let mut wallet = folder.open()?;
    let client = client_of(&wallet)?;
    if wallet.state.pin_request_under_way().is_some() {
        output.note("A PIN change was begun before; its request is sent again.");
    } else {
        let present = ask("Your PIN so far", arguments.pin_stdin)?;
        let present = Pin::parse(present.expose()).map_err(Failure::usage)?;
        let new = ask_new_pin("Choose a new PIN of 6 to 12 digits", arguments.pin_stdin)?;
        wallet.state.begin_pin_change(&present, &new, &mut SystemRandom)?;
        // Both secrets are kept before anything is sent: whichever the server has, it is here.
        wallet.store()?;
    }
    send(&client, &mut wallet).await?;
    output.result(|| "the PIN is changed".to_owned(), &ChangedPin { changed: true });
    Ok(())
}

/// Sends a change that is under way, if one is, and takes the answer in.
pub(super) async fn send(client: &PhoneClient, wallet: &mut OpenWallet) -> Result<(), Failure> {
    let sent_at = now();
    let answer = match wallet.state.pin_request_under_way() {
        None => return Ok(()),
        Some(PinRequest::Change(request)) => client.change_pin(signer_of(wallet)?, request.to_vec()).await,
        Some(PinRequest::Reset(request)) => client.reset_pin(signer_of(wallet)?, request.to_vec()).await,
    };
    match answer {
        Ok(view) => {
            wallet.state.apply_enrolment(&view, sent_at, now())?;
            wallet.store()
        }
        Err(error) => {
            match fate(&error) {
                Fate::NotChanged => wallet.state.roll_back_pin_change(),
                Fate::Refused => {
                    // An answer before may have been lost: then this phone's standing tells of the new PIN.
                    let asked_at = now();
                    let view = client.enrolment(signer_of(wallet)?, asked_at).await.map_err(phone_failure)?;
                    wallet.state.apply_enrolment(&view, asked_at, now())?;
                    if wallet.state.pin_request_under_way().is_none() {
                        return wallet.store();
                    }
                    wallet.state.roll_back_pin_change();
                }
                Fate::Unknown => {}
            }
            wallet.store()?;
            Err(phone_failure(error))
        }
    }
}

/// What is known of a change that was not answered as done.
enum Fate {
    /// The server did not change the PIN, and will not.
    NotChanged,
    /// The server refused it now; it may have done it before.
    Refused,
    Unknown,
}

fn fate(error: &PhoneError) -> Fate {
    match error {
        PhoneError::Refused(problem) if problem.status == 403 => Fate::NotChanged,
        PhoneError::NoAnswer(error) if error.surely_not_sent() => Fate::NotChanged,
        PhoneError::Refused(problem) if matches!(problem.status, 400 | 409) => Fate::Refused,
        _ => Fate::Unknown,
    }
}
