//! `batzen wallet status`, `resync`, `update-app` and `lock`.

use super::devices::line;
use super::folder::{Folder, OpenWallet};
use super::online::{client_of, now, phone_failure, refresh, signer_of};
use crate::failure::Failure;
use crate::output::Output;
use crate::service::{read_named, runtime};
use api::app::{AppNotice, AppStateName};
use model::Timestamp;
use protocol::realm_file::RealmFile;
use std::path::PathBuf;
use wallet::{Phase, Status};

/// How many of the latest notices are shown with the status.
const NOTICES_SHOWN: usize = 3;

/// Arguments of `batzen wallet status`.
#[derive(clap::Args)]
pub(super) struct StatusArgs {
    /// Ask the server first.
    #[arg(long)]
    online: bool,
}

pub(super) fn status(folder: &Folder, arguments: &StatusArgs, output: &Output) -> Result<(), Failure> {
    let mut wallet = folder.open()?;
    if arguments.online {
        runtime()?.block_on(async {
            let client = client_of(&wallet)?;
            refresh(&client, &mut wallet).await
        })?;
    }
    tell(&wallet, output);
    Ok(())
}

pub(super) async fn resync(folder: &Folder, output: &Output) -> Result<(), Failure> {
    let mut wallet = folder.open()?;
    let client = client_of(&wallet)?;
    let (request, sent_at) = (wallet.state.resync_request()?, now());
    let view = client.resync(signer_of(&wallet)?, &request).await.map_err(phone_failure)?;
    wallet.state.apply_enrolment(&view, sent_at, now())?;
    wallet.store()?;
    tell(&wallet, output);
    Ok(())
}

/// Arguments of `batzen wallet update-app`.
#[derive(clap::Args)]
pub(super) struct UpdateAppArgs {
    /// The file that the updated app ships with.
    #[arg(long, value_name = "FILE")]
    realm: PathBuf,
}

pub(super) async fn update_app(
    folder: &Folder,
    arguments: &UpdateAppArgs,
    output: &Output,
) -> Result<(), Failure> {
    let path = &arguments.realm;
    let realm = RealmFile::parse(&read_named(path)?)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    let mut wallet = folder.open()?;
    wallet.state.update_app(realm)?;
    wallet.store()?;
    let client = client_of(&wallet)?;
    refresh(&client, &mut wallet).await?;
    tell(&wallet, output);
    Ok(())
}

pub(super) async fn lock(folder: &Folder, output: &Output) -> Result<(), Failure> {
    let mut wallet = folder.open()?;
    let client = client_of(&wallet)?;
    let sent_at = now();
    let view = client.lock(signer_of(&wallet)?).await.map_err(phone_failure)?;
    wallet.state.apply_enrolment(&view, sent_at, now())?;
    wallet.store()?;
    tell(&wallet, output);
    Ok(())
}

fn tell(wallet: &OpenWallet, output: &Output) {
    let status = wallet.state.status(now());
    let latest =
        wallet.state.notices().rev().take(NOTICES_SHOWN).map(|notice| line(notice, status.enrolment));
    let text = || [text(&status)].into_iter().chain(latest).collect::<Vec<_>>().join("\n");
    output.result(text, &status);
}

fn text(status: &Status) -> String {
    let phase = match status.phase {
        Phase::New => "not activated",
        Phase::Activating => "an activation waits for its reply; run `activate` again",
        Phase::Enrolled => "activated",
    };
    let mut lines = vec![format!("{phase}, realm {}, server {}", status.realm, status.server_url)];
    if let Some(enrolment) = status.enrolment {
        let name = status.customer_name.as_deref().unwrap_or("no name given");
        lines.push(format!("enrolment {enrolment} ({name}), last code number {}", status.counter));
    }
    let standing = status.standing.and_then(|standing| serde_json::to_value(standing).ok());
    if let Some(standing) = standing.as_ref().and_then(|standing| standing.as_str()) {
        let tries =
            status.pin_tries_left.map(|tries| format!(", {tries} PIN tries left")).unwrap_or_default();
        lines.push(format!("the server says: {}{tries}", standing.replace('_', " ")));
    }
    if let Some(app) = &status.app {
        lines.push(app_line(app, &status.app_version));
    }
    if let Some(version) = status.rules_version {
        lines.push(format!("list of rules for sensors: version {version}"));
    }
    if let Some(at) = status.last_online_at {
        lines.push(format!("last online {at}"));
    }
    if let Some(at) = status.certificate_ends_at {
        lines.push(format!("certificate until {at}"));
    }
    lines.extend(status.hints.iter().map(ToString::to_string));
    lines.join("\n")
}

fn app_line(app: &AppNotice, version: &str) -> String {
    let stands = match app.state {
        AppStateName::UpToDate => "up to date".to_owned(),
        AppStateName::UpdateAvailable => "an update is available".to_owned(),
        AppStateName::UpdateNeeded => {
            let before = app.needed_before_ms.map(|ms| format!(" before {}", Timestamp::from_ms(ms)));
            format!("an update is needed{}", before.unwrap_or_default())
        }
        AppStateName::Blocked => {
            format!("blocked ({})", app.cause.as_deref().unwrap_or("no cause given").replace('_', " "))
        }
    };
    let offered = app.offered_version.map(|version| format!("; version {version} is offered"));
    let message = app.message.as_ref().map(|message| format!("\n{}", message.en));
    let (offered, message) = (offered.unwrap_or_default(), message.unwrap_or_default());
    format!("app version {version}: {stands}{offered}{message}")
}
