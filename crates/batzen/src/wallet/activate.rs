//! `batzen wallet activate`.

use super::folder::{Folder, OpenWallet};
use super::online::{client_of, now, phone_failure};
use super::secret_input::{ask, ask_new_pin};
use crate::failure::Failure;
use crate::output::Output;
use crate::service::read_named;
use api::problem::ProblemType;
use client::phone::PhoneClient;
use crypto::{SecretString, SystemRandom};
use protocol::activation_code::ActivationCode;
use protocol::activation_request::{AppDigest, Attestation, Platform};
use protocol::evidence::Evidence;
use protocol::realm_file::{AppIdentity, RealmFile};
use protocol::short_text::ShortText;
use std::path::PathBuf;
use wallet::{Applicant, DevicePublicKeys, State, Vault};

/// Arguments of `batzen wallet activate`.
#[derive(clap::Args)]
pub(super) struct ActivateArgs {
    /// The file that the app ships with: the realm, its server and its keys.
    #[arg(long, value_name = "FILE")]
    realm: PathBuf,
    /// The activation code that you were given; asked for if absent.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Take the new PIN from the first line of standard input.
    #[arg(long)]
    pin_stdin: bool,
    /// Forget an activation that was begun and never answered, and begin anew.
    #[arg(long)]
    again: bool,
}

pub(super) async fn activate(
    folder: &Folder,
    arguments: ActivateArgs,
    output: &Output,
) -> Result<(), Failure> {
    let realm = RealmFile::parse(&read_named(&arguments.realm)?)
        .map_err(|error| Failure::new(format!("{}: {error}", arguments.realm.display())))?;
    let mut wallet = folder.open_or_make(State::new(realm.clone()))?;
    if arguments.again && wallet.state.pending_activation().is_some() {
        wallet.state.abandon_activation()?;
    }
    if *wallet.state.realm_file() != realm && wallet.state.enrolment().is_none() {
        if wallet.state.pending_activation().is_some() {
            return Err(Failure::new(
                "an activation that was begun with another realm file waits for its reply; use that file, or \
                 --again to forget it",
            ));
        }
        wallet.state = State::new(realm);
    }
    let client = client_of(&wallet)?;
    let request = match wallet.state.pending_activation() {
        Some((request, _)) => {
            output.note("An activation was begun before; its request is sent again.");
            request.to_vec()
        }
        None => begin(&client, &mut wallet, &arguments).await?,
    };
    send(&client, &mut wallet, request, output).await?;
    super::online::refresh(&client, &mut wallet).await?;
    told(&wallet, output);
    Ok(())
}

/// Makes and stores a request; only then may it be sent.
async fn begin(
    client: &PhoneClient,
    wallet: &mut OpenWallet,
    arguments: &ActivateArgs,
) -> Result<Vec<u8>, Failure> {
    if wallet.state.enrolment().is_some() {
        return Err(wallet::WalletError::AlreadyActivated.into());
    }
    let code = match &arguments.code {
        Some(code) => SecretString::from_string(code.clone()),
        None => ask("Activation code", false)?,
    };
    let activation_code: ActivationCode = code.expose().parse().map_err(|_| {
        Failure::usage("that is not an activation code; one looks like 7K3M-9QXA-T2WD, without 'u'")
    })?;
    let pin = ask_new_pin("Choose a PIN of 6 to 12 digits", arguments.pin_stdin)?;
    let challenge = client.challenge().await.map_err(phone_failure)?;
    let applicant = Applicant {
        activation_code,
        challenge,
        pin,
        platform: platform(&wallet.state.realm_file().app)?,
        attestation: Attestation::None {},
        // No sensor runs on the command line, and none is claimed to have.
        evidence: Evidence::empty(),
    };
    let keys = DevicePublicKeys::of(&wallet.vault)?;
    let draft = wallet.state.draft_activation(applicant, &keys, now(), &mut SystemRandom)?;
    let signatures = draft.sign(&wallet.vault)?;
    let unsent = wallet.state.begin_activation(draft, &signatures, &mut SystemRandom)?;
    wallet.store()?;
    Ok(unsent.stored())
}

async fn send(
    client: &PhoneClient,
    wallet: &mut OpenWallet,
    request: Vec<u8>,
    output: &Output,
) -> Result<(), Failure> {
    let sent_at = now();
    let reply = match client.activate(request).await {
        Ok(reply) => reply,
        Err(error) => {
            // Refused for good: the next try begins anew. Anything else: the same request is sent again.
            let refused = [
                ProblemType::ActivationRefused,
                ProblemType::AppRefused,
                ProblemType::ChallengeExpired,
                ProblemType::MalformedRequest,
                ProblemType::TooManyDevices,
            ];
            if error.problem().is_some_and(|problem| refused.contains(&problem)) {
                wallet.state.abandon_activation()?;
                wallet.store()?;
            } else {
                output.note(
                    "The activation may have reached the server; run the same command again to finish it.",
                );
            }
            return Err(phone_failure(error));
        }
    };
    let device_key = wallet.vault.device_key().verifying_key().clone();
    wallet.state.complete_activation(&reply, &device_key, sent_at, now())?;
    wallet.store()
}

fn platform(app: &AppIdentity) -> Result<Platform, Failure> {
    let text = |text: &str| ShortText::new(text).map_err(Failure::new);
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = if release.trim().is_empty() {
        "unknown".to_owned()
    } else {
        release.trim().chars().take(64).collect()
    };
    Ok(Platform {
        os: text(std::env::consts::OS)?,
        os_version: text(&release)?,
        model: text("command line")?,
        app_id: text(&app.id)?,
        app_version: text(&app.version)?,
        app_digest: super::program::digest().map(AppDigest),
    })
}

fn told(wallet: &OpenWallet, output: &Output) {
    let status = wallet.state.status(now());
    let enrolment = status.enrolment.map(|id| id.to_string()).unwrap_or_default();
    let document = serde_json::json!({ "enrolment": enrolment, "status": status });
    let text = || {
        let name = status.customer_name.as_deref().map(|name| format!(" for {name}")).unwrap_or_default();
        format!("Activated{name}. Add a payment method next: batzen wallet methods add --provider bank")
    };
    output.result(text, &document);
}
