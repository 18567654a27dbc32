//! `batzen wallet devices`, `revoke`, `rename`, `move`, `notices`, `reset-pin`, and the certificate's renewal.

use super::folder::{Folder, OpenWallet};
use super::online::{client_of, now, phone_failure, refresh, signer_of};
use super::secret_input::{ask, ask_new_pin};
use crate::failure::Failure;
use crate::output::Output;
use api::device::{DevicePage, DeviceView};
use api::phone::EnrolmentStatusName;
use client::phone::PhoneClient;
use crypto::SystemRandom;
use model::{EnrolmentId, Timestamp};
use protocol::activation_code::ActivationCode;
use protocol::notice::{NoticeBy, NoticeKind};
use protocol::payment_code::Pin;
use wallet::{KeptNotice, Vault};

/// Arguments of `batzen wallet revoke`.
#[derive(clap::Args)]
pub(super) struct RevokeArgs {
    /// Which device, as `batzen wallet devices` lists it.
    device: EnrolmentId,
    /// It is lost or stolen.
    #[arg(long)]
    lost: bool,
    /// Also if it is the last one: then only your bank can give you a new one.
    #[arg(long)]
    last: bool,
    /// Take this wallet's PIN from the first line of standard input.
    #[arg(long)]
    pin_stdin: bool,
}

/// Arguments of `batzen wallet rename`.
#[derive(clap::Args)]
pub(super) struct RenameArgs {
    /// Which device, as `batzen wallet devices` lists it.
    device: EnrolmentId,
    /// What to call it; empty for nothing.
    name: String,
}

/// Arguments of `batzen wallet move`.
#[derive(clap::Args)]
pub(super) struct MoveArgs {
    /// Take this wallet's PIN from the first line of standard input.
    #[arg(long)]
    pin_stdin: bool,
}

/// Arguments of `batzen wallet reset-pin`.
#[derive(clap::Args)]
pub(super) struct ResetPinArgs {
    /// The code that your bank gave you; asked for if absent.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Take the new PIN from the first line of standard input.
    #[arg(long)]
    pin_stdin: bool,
}

pub(super) async fn devices(folder: &Folder, output: &Output) -> Result<(), Failure> {
    let wallet = folder.open()?;
    let client = client_of(&wallet)?;
    let page = client.devices(signer_of(&wallet)?).await.map_err(phone_failure)?;
    told(&wallet, page, output)
}

pub(super) async fn lock(folder: &Folder, device: EnrolmentId, output: &Output) -> Result<(), Failure> {
    let wallet = folder.open()?;
    let client = client_of(&wallet)?;
    let page = client.lock_device(signer_of(&wallet)?, device).await.map_err(phone_failure)?;
    told(&wallet, page, output)
}

pub(super) async fn rename(folder: &Folder, arguments: RenameArgs, output: &Output) -> Result<(), Failure> {
    let wallet = folder.open()?;
    let client = client_of(&wallet)?;
    let asked = client.rename_device(signer_of(&wallet)?, arguments.device, arguments.name);
    let page = asked.await.map_err(phone_failure)?;
    told(&wallet, page, output)
}

pub(super) async fn revoke(folder: &Folder, arguments: &RevokeArgs, output: &Output) -> Result<(), Failure> {
    let wallet = folder.open()?;
    let client = client_of(&wallet)?;
    let RevokeArgs { device, lost, last, pin_stdin } = *arguments;
    let pin = present_pin(pin_stdin)?;
    let request = wallet.state.revoke_request(device, lost, last, &pin, &mut SystemRandom)?;
    let page = client.revoke_device(signer_of(&wallet)?, device, &request).await.map_err(phone_failure)?;
    told(&wallet, page, output)
}

pub(super) async fn begin_move(
    folder: &Folder,
    arguments: &MoveArgs,
    output: &Output,
) -> Result<(), Failure> {
    let wallet = folder.open()?;
    let client = client_of(&wallet)?;
    let pin = present_pin(arguments.pin_stdin)?;
    let request = wallet.state.move_request(&pin, &mut SystemRandom)?;
    let code = client.begin_move(signer_of(&wallet)?, &request).await.map_err(phone_failure)?;
    let text = || {
        format!(
            "{}\ngood until {}; activate the new phone with it, and this one is revoked",
            code.activation_code,
            Timestamp::from_ms(code.expires_at_ms)
        )
    };
    output.result(text, &code);
    Ok(())
}

pub(super) async fn reset_pin(
    folder: &Folder,
    arguments: ResetPinArgs,
    output: &Output,
) -> Result<(), Failure> {
    let mut wallet = folder.open()?;
    let client = client_of(&wallet)?;
    // Whatever is under way is brought to its end first.
    refresh(&client, &mut wallet).await?;
    if wallet.state.pin_request_under_way().is_none() {
        let typed = match arguments.code {
            Some(code) => crypto::SecretString::from_string(code),
            None => ask("The code that your bank gave you", false)?,
        };
        let code: ActivationCode = typed.expose().parse().map_err(|_| {
            Failure::usage("that is not such a code; one looks like 7K3M-9QXA-T2WD, without 'u'")
        })?;
        let new = ask_new_pin("Choose a new PIN of 6 to 12 digits", arguments.pin_stdin)?;
        wallet.state.begin_pin_reset(code, &new, &mut SystemRandom)?;
        // Both secrets are kept before anything is sent: whichever the server has, it is here.
        wallet.store()?;
    }
    super::pin::send(&client, &mut wallet).await?;
    output.result(|| "the PIN is set anew".to_owned(), &serde_json::json!({ "reset": true }));
    Ok(())
}

pub(super) async fn notices(folder: &Folder, output: &Output) -> Result<(), Failure> {
    let mut wallet = folder.open()?;
    let client = client_of(&wallet)?;
    refresh(&client, &mut wallet).await?;
    let kept: Vec<&KeptNotice> = wallet.state.notices().collect();
    let own = wallet.state.enrolment();
    let text = || match kept.as_slice() {
        [] => "No notices yet.".to_owned(),
        kept => kept.iter().map(|notice| line(notice, own)).collect::<Vec<_>>().join("\n"),
    };
    output.result(text, &serde_json::json!({ "notices": kept }));
    Ok(())
}

/// Fetches what was told of the customer's devices; each page is stored before the next is asked for.
pub(super) async fn fetch_notices(client: &PhoneClient, wallet: &mut OpenWallet) -> Result<(), Failure> {
    loop {
        let after = wallet.state.noticed_through();
        let page = client.notices(signer_of(wallet)?, after).await.map_err(phone_failure)?;
        wallet.state.receive_notices(&page.notices, wallet.vault.confirmation_key())?;
        wallet.store()?;
        if !page.has_more || wallet.state.noticed_through() == after {
            return Ok(());
        }
    }
}

/// Renews the certificate, if that is due.
pub(super) async fn renew(client: &PhoneClient, wallet: &mut OpenWallet) -> Result<(), Failure> {
    if !wallet.state.is_renewal_due(now()) {
        return Ok(());
    }
    let request = wallet.state.draft_renewal()?.sign(&wallet.vault)?;
    let sent_at = now();
    let view = client.renew_certificate(signer_of(wallet)?, &request).await.map_err(phone_failure)?;
    wallet.state.apply_renewal(&view, sent_at, now())?;
    wallet.store()
}

pub(super) fn present_pin(pin_stdin: bool) -> Result<Pin, Failure> {
    let typed = ask("This wallet's PIN", pin_stdin)?;
    Pin::parse(typed.expose()).map_err(Failure::usage)
}

fn told(wallet: &OpenWallet, page: DevicePage, output: &Output) -> Result<(), Failure> {
    let devices_max = page.devices_max;
    let devices = wallet.state.read_devices(page)?;
    let document = serde_json::json!({ "devices": devices, "devices_max": devices_max });
    let text = || devices.iter().map(device_line).collect::<Vec<_>>().join("\n");
    output.result(text, &document);
    Ok(())
}

fn device_line(device: &DeviceView) -> String {
    let name = if device.name.is_empty() { &device.model } else { &device.name };
    let this = if device.is_this { ", this wallet" } else { "" };
    let status = match device.status {
        EnrolmentStatusName::Active => "active",
        EnrolmentStatusName::Unsynchronised => "must resynchronise",
        EnrolmentStatusName::LockedPin => "locked after wrong PINs",
        EnrolmentStatusName::LockedClone => "locked: two devices seemed to share its keys",
        EnrolmentStatusName::LockedOperator => "locked by the bank",
        EnrolmentStatusName::LockedCustomer => "locked by you",
        EnrolmentStatusName::Revoked => "revoked",
    };
    let last = Timestamp::from_ms(device.last_online_at_ms);
    format!("{}  {name}: {status}, last online {last}{this}", device.id)
}

/// A notice in one line.
pub(super) fn line(notice: &KeptNotice, own: Option<EnrolmentId>) -> String {
    let what = match notice.kind {
        NoticeKind::Activated => "was activated",
        NoticeKind::Locked => "was locked",
        NoticeKind::Unlocked => "was unlocked",
        NoticeKind::Revoked => "was revoked",
        NoticeKind::Renamed => "was given another name",
        NoticeKind::PinChanged => "has a new PIN",
        NoticeKind::PinReset => "has a new PIN, set with a code",
        NoticeKind::CertificateRenewed => "has a new certificate",
        NoticeKind::MoveBegun => "is to be replaced by another phone: a code was given for that",
    };
    let by = match notice.by {
        NoticeBy::Server => "by the server's rules".to_owned(),
        NoticeBy::Operator => "by the bank".to_owned(),
        NoticeBy::Device(id) if Some(id) == own => "by this wallet".to_owned(),
        NoticeBy::Device(id) if id == notice.about => "by itself".to_owned(),
        NoticeBy::Device(id) => format!("by {id}"),
    };
    let name =
        if notice.device_name.is_empty() { String::new() } else { format!(" ({})", notice.device_name) };
    let who =
        if Some(notice.about) == own { "this wallet".to_owned() } else { format!("{}{name}", notice.about) };
    format!("{:>4}  {}  {who} {what}, {by}", notice.sequence, notice.at)
}
