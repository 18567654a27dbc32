//! `batzen admin app`: which apps phones may run, in which versions, and what their customers are told.

use super::{OperatorClient, show};
use crate::failure::Failure;
use crate::output::Output;
use api::app::{
    AppList, AppRequest, AppView, CustomerTexts, MinimumRequest, MinimumView, VersionRequest,
    VersionStateView, VersionView,
};
use clap::Subcommand;
use model::{AppId, AppVersion, Timestamp};

#[derive(Subcommand)]
pub(super) enum AppCommand {
    /// List the registered apps. Where there are none, no app is looked at.
    List,
    /// Show an app with its versions.
    Show {
        /// Which: PLATFORM:ID, such as android:com.example.wallet.
        app: AppId,
    },
    /// Register an app, or change what it is called, who signs it, and which versions and builds are good.
    ///
    /// From the first one on, nobody is enrolled with an app that is not registered: register those of all platforms
    /// before telling customers, the web page and the command line too.
    Put {
        /// Which.
        app: AppId,
        /// What to call it.
        #[arg(long)]
        name: String,
        /// SHA-256 of a certificate that it may be signed with, hex; repeat it for each. Attested phones are compared
        /// with it.
        #[arg(long = "signer", value_name = "HEX")]
        signers: Vec<String>,
        /// Refuse versions that are not listed.
        #[arg(long)]
        only_known_versions: bool,
        /// Refuse phones that do not tell the digest of their app, where their version has digests.
        #[arg(long)]
        require_digests: bool,
    },
    /// List a version, or say anew what it is: offered to all, unless one of the states is given.
    Version {
        /// Of which app.
        app: AppId,
        /// Which, such as 2.14.1.
        version: AppVersion,
        /// Its number on the platform, such as Android's version code: what a platform attests.
        #[arg(long)]
        number: Option<u64>,
        /// SHA-256 of a package of it, hex; repeat it for each. A phone that tells another is treated as one whose version
        /// is blocked.
        #[arg(long = "digest", value_name = "HEX")]
        digests: Vec<String>,
        /// It is not offered any more and ends then, in milliseconds since 1970: from then on it is blocked.
        #[arg(long, value_name = "MS")]
        ends_at_ms: Option<i64>,
    },
    /// Block a version: phones that run it may not pay, and nobody is enrolled with it.
    Block {
        /// Of which app.
        app: AppId,
        /// Which.
        version: AppVersion,
        /// Why, for the audit trail.
        #[arg(long)]
        reason: String,
    },
    /// Offer a version to a share of the phones; always the same ones, and more as the share grows.
    Rollout {
        /// Of which app.
        app: AppId,
        /// Which.
        version: AppVersion,
        /// The share, 0 to 100.
        #[arg(value_parser = clap::value_parser!(u8).range(0..=100))]
        percent: u8,
    },
    /// Set the oldest good version.
    #[command(group = clap::ArgGroup::new("what").required(true))]
    Minimum {
        /// Of which app.
        app: AppId,
        /// Which.
        #[arg(group = "what")]
        version: Option<AppVersion>,
        /// Phones with an older one may pay until then, in milliseconds since 1970; not at all, if absent.
        #[arg(long, value_name = "MS", requires = "version")]
        from_ms: Option<i64>,
        /// Take the minimum away.
        #[arg(long, group = "what")]
        none: bool,
    },
    /// Set what customers are told who must update the app; give all four languages, or none to take it away.
    Message {
        /// Of which app.
        app: AppId,
        /// English.
        #[arg(long, default_value = "")]
        en: String,
        /// German.
        #[arg(long, default_value = "")]
        de: String,
        /// French.
        #[arg(long, default_value = "")]
        fr: String,
        /// Italian.
        #[arg(long, default_value = "")]
        it: String,
    },
}

pub(super) async fn run(
    client: &OperatorClient,
    command: AppCommand,
    output: &Output,
) -> Result<(), Failure> {
    let app: AppView = match command {
        AppCommand::List => {
            let list: AppList = client.get("/v1/admin/apps").await?;
            show(output, &list, list_text(&list));
            return Ok(());
        }
        AppCommand::Show { app } => client.get(&path(&app, "")).await?,
        AppCommand::Put { app, name, signers, only_known_versions, require_digests: digests_required } => {
            let asked = AppRequest { name, signers, only_known_versions, digests_required };
            client.put(&path(&app, ""), &asked).await?
        }
        AppCommand::Version { app, version, number, digests, ends_at_ms } => {
            let state = ends_at_ms
                .map_or(VersionStateView::Full {}, |ends_at_ms| VersionStateView::Deprecated { ends_at_ms });
            let digests = (!digests.is_empty()).then_some(digests);
            put_version(client, &app, version, VersionRequest { number, digests, state }).await?
        }
        AppCommand::Block { app, version, reason } => {
            put_version(client, &app, version, in_state(VersionStateView::Blocked { reason })).await?
        }
        AppCommand::Rollout { app, version, percent } => {
            put_version(client, &app, version, in_state(VersionStateView::Rollout { percent })).await?
        }
        AppCommand::Minimum { app, version, from_ms, none: _ } => {
            let minimum =
                version.map(|version| MinimumView { version, from_ms: from_ms.unwrap_or_default() });
            client.put(&path(&app, "/minimum"), &MinimumRequest { minimum }).await?
        }
        AppCommand::Message { app, en, de, fr, it } => {
            client.put(&path(&app, "/message"), &CustomerTexts { en, de, fr, it }).await?
        }
    };
    show(output, &app, app_text(&app));
    Ok(())
}

fn path(app: &AppId, rest: &str) -> String {
    format!("/v1/admin/apps/{app}{rest}")
}

fn in_state(state: VersionStateView) -> VersionRequest {
    VersionRequest { number: None, digests: None, state }
}

async fn put_version(
    client: &OperatorClient,
    app: &AppId,
    version: AppVersion,
    request: VersionRequest,
) -> Result<AppView, Failure> {
    client.put(&path(app, &format!("/versions/{version}")), &request).await
}

fn list_text(list: &AppList) -> String {
    if list.apps.is_empty() {
        return "no app is registered, so no app is looked at: phones are enrolled and pay with any"
            .to_owned();
    }
    let lines = list.apps.iter().map(|app| {
        let newest = app.versions.last().map_or("no versions".to_owned(), version_line);
        format!("{} ({}): {newest}", app.id, app.name)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn app_text(app: &AppView) -> String {
    let mut lines = vec![format!("{} ({})", app.id, app.name)];
    let signers = if app.signers.is_empty() { "not looked at".to_owned() } else { app.signers.join(", ") };
    lines.push(format!("  signers: {signers}"));
    let others = if app.only_known_versions { "refused" } else { "good" };
    lines.push(format!("  versions that are not listed: {others}"));
    let untold = if app.digests_required { "refused" } else { "good" };
    lines.push(format!("  phones that tell no digest of a version with digests: {untold}"));
    if let Some(minimum) = &app.minimum {
        let from = Timestamp::from_ms(minimum.from_ms);
        lines.push(format!("  minimum: {}; older ones may not pay from {from}", minimum.version));
    }
    let CustomerTexts { en, de, fr, it } = &app.message;
    let told = [("en", en), ("de", de), ("fr", fr), ("it", it)];
    let told = told.into_iter().filter(|(_, text)| !text.is_empty());
    lines.extend(told.map(|(language, text)| format!("  message {language}: {text}")));
    lines.extend(app.versions.iter().map(|known| format!("  {}", version_line(known))));
    lines.join("\n")
}

fn version_line(known: &VersionView) -> String {
    let number = known.number.map(|number| format!(" ({number})")).unwrap_or_default();
    let digests = match known.digests.len() {
        0 => String::new(),
        count => format!(", with {count} digest{}", if count == 1 { "" } else { "s" }),
    };
    let state = match &known.state {
        VersionStateView::Rollout { percent } => format!("offered to {percent} %"),
        VersionStateView::Full {} => "offered to all".to_owned(),
        VersionStateView::Deprecated { ends_at_ms } => format!("ends {}", Timestamp::from_ms(*ends_at_ms)),
        VersionStateView::Blocked { reason } => format!("blocked: {reason}"),
    };
    format!("{}{number}: {state}{digests}", known.version)
}
