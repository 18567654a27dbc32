//! What operators change in the registry of apps. Every change is on record with its words.

use data_encoding::HEXLOWER;
use model::{AppId, AppVersion, Timestamp};
use protocol::short_text::is_showable;
use records::{
    APP_VERSIONS_MAX, APPS_MAX, Actor, App, AuditEntry, Command, CustomerTexts, KnownVersion, MinimumVersion,
    Outcome, PutApp, VersionState,
};

use crate::{Security, SecurityError, security::TRIES_MAX};

/// The most characters of a customer's text in one language.
pub const CUSTOMER_TEXT_CHARS_MAX: usize = 280;
const NAME_CHARS_MAX: usize = 64;
const REASON_CHARS_MAX: usize = 200;
const SIGNERS_MAX: usize = 8;
const DIGESTS_MAX: usize = 16;

/// What an operator wants of an app.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AppChange {
    /// Registers it, or changes what it is called, who signs it, and whether versions that are not listed are good.
    Put {
        /// What operators call it.
        name: String,
        /// SHA-256 of the certificates that it may be signed with.
        signers: Vec<[u8; 32]>,
        /// Whether versions that are not listed are refused.
        only_known: bool,
        /// Whether phones are refused that tell no digest, where their version has digests.
        digests_required: bool,
    },
    /// Lists a version, or changes how far it is.
    Version {
        /// Which.
        version: AppVersion,
        /// Its number on the platform; as it is, if none.
        number: Option<u64>,
        /// SHA-256 of its packages; as they are, if none.
        digests: Option<Vec<[u8; 32]>>,
        /// How far it is.
        state: VersionState,
    },
    /// Sets the oldest good version, or takes it away.
    Minimum(Option<MinimumVersion>),
    /// Sets what customers are told.
    Message(CustomerTexts),
}

impl Security {
    /// All registered apps, as they are stored now.
    ///
    /// # Errors
    /// [`SecurityError::Store`].
    pub async fn registered_apps(&self) -> Result<Vec<App>, SecurityError> {
        Ok(self.store.apps().await?)
    }

    /// Changes an app as an operator wants it. Gives it as it is then. This server knows at once, others within seconds.
    ///
    /// # Errors
    /// [`SecurityError::BadApp`] for what no app may be; [`SecurityError::NotFound`] for one that is not registered;
    /// [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn change_app(
        &self,
        id: &AppId,
        change: AppChange,
        operator: &str,
        now: Timestamp,
    ) -> Result<App, SecurityError> {
        check(&change)?;
        for _ in 0..TRIES_MAX {
            let apps = self.store.apps().await?;
            let seen = apps.iter().find(|app| app.id == *id);
            if seen.is_none() && apps.len() >= APPS_MAX {
                return Err(SecurityError::BadApp("there are 64 apps already; no more fit"));
            }
            let (mut app, what) = changed(id, seen, change.clone(), now)?;
            let expected_version = seen.map_or(0, |seen| seen.version);
            app.version = expected_version.saturating_add(1);
            let audit = AuditEntry {
                at: now,
                actor: Actor::Operator(operator.to_owned()),
                action: what.action.to_owned(),
                subject: id.to_string(),
                detail: what.detail,
            };
            let put = PutApp { expected_version, app: app.clone(), audit };
            if self.store.commit(Command::PutApp(Box::new(put))).await? == Outcome::Done {
                self.apps.forget();
                return Ok(app);
            }
        }
        Err(SecurityError::Contended)
    }
}

/// What is written down of a change.
struct Recorded {
    action: &'static str,
    detail: String,
}

fn changed(
    id: &AppId,
    seen: Option<&App>,
    change: AppChange,
    now: Timestamp,
) -> Result<(App, Recorded), SecurityError> {
    let known = || seen.cloned().ok_or(SecurityError::NotFound("app"));
    match change {
        AppChange::Put { name, signers, only_known, digests_required } => {
            let signed_by: Vec<String> = signers.iter().map(|signer| HEXLOWER.encode(signer)).collect();
            let good = if only_known { "listed versions are good" } else { "every version is good" };
            let untold = if digests_required { "refused" } else { "good" };
            let signed_by = signed_by.join(", ");
            let detail = format!("{name}; {good}; without a digest: {untold}; signers: {signed_by}");
            let app = seen.cloned().unwrap_or_else(|| new_app(id.clone(), now));
            let app = App { name, signers, only_known, digests_required, ..app };
            Ok((app, Recorded { action: "app.put", detail }))
        }
        AppChange::Version { version, number, digests, state } => {
            let mut app = known()?;
            let detail = format!("{version}: {}", words(&state));
            put_version(&mut app, version, number, digests, state)?;
            Ok((app, Recorded { action: "app.version_put", detail }))
        }
        AppChange::Minimum(minimum) => {
            let detail = minimum.map_or_else(
                || "none".to_owned(),
                |minimum| format!("{} from {}", minimum.version, minimum.from),
            );
            Ok((App { minimum, ..known()? }, Recorded { action: "app.minimum_set", detail }))
        }
        AppChange::Message(message) => {
            let detail = format!("in English: {}", message.en);
            Ok((App { message, ..known()? }, Recorded { action: "app.message_set", detail }))
        }
    }
}

fn new_app(id: AppId, now: Timestamp) -> App {
    App {
        id,
        version: 0,
        name: String::new(),
        signers: Vec::new(),
        only_known: false,
        digests_required: false,
        minimum: None,
        message: CustomerTexts::default(),
        versions: Vec::new(),
        created_at: now,
    }
}

fn put_version(
    app: &mut App,
    version: AppVersion,
    number: Option<u64>,
    digests: Option<Vec<[u8; 32]>>,
    state: VersionState,
) -> Result<(), SecurityError> {
    match app.versions.binary_search_by_key(&version, |known| known.version) {
        Ok(at) => {
            let known = &mut app.versions[at];
            known.number = number.or(known.number);
            known.digests = digests.unwrap_or_else(|| core::mem::take(&mut known.digests));
            known.state = state;
        }
        Err(_) if app.versions.len() >= APP_VERSIONS_MAX => {
            return Err(SecurityError::BadApp("the app has 200 versions already; set a minimum instead"));
        }
        Err(at) => {
            let known = KnownVersion { version, number, digests: digests.unwrap_or_default(), state };
            app.versions.insert(at, known);
        }
    }
    Ok(())
}

fn words(state: &VersionState) -> String {
    match state {
        VersionState::Rollout { percent } => format!("rolled out to {percent} %"),
        VersionState::Full => "offered to all".to_owned(),
        VersionState::Deprecated { ends_at } => format!("ends {ends_at}"),
        VersionState::Blocked { reason, .. } => format!("blocked: {reason}"),
    }
}

/// Whether what an operator wants can be at all.
fn check(change: &AppChange) -> Result<(), SecurityError> {
    let bad = |words| Err(SecurityError::BadApp(words));
    match change {
        AppChange::Put { name, signers, .. } => {
            if !is_text(name, 1, NAME_CHARS_MAX) {
                return bad("an app's name has 1 to 64 characters that can be shown");
            }
            if signers.len() > SIGNERS_MAX {
                return bad("an app has at most 8 signers");
            }
        }
        AppChange::Version { version, digests, state, .. } => {
            if *version == AppVersion::NONE {
                return bad("version 0 stands for phones that tell none; it cannot be listed");
            }
            if digests.as_ref().is_some_and(|digests| digests.len() > DIGESTS_MAX) {
                return bad("a version has at most 16 digests");
            }
            match state {
                VersionState::Rollout { percent: 101.. } => return bad("a share is 0 to 100 percent"),
                VersionState::Blocked { reason, .. } if !is_text(reason, 1, REASON_CHARS_MAX) => {
                    return bad("say why in 1 to 200 characters that can be shown");
                }
                _ => {}
            }
        }
        AppChange::Minimum(_) => {}
        AppChange::Message(CustomerTexts { en, de, fr, it }) => {
            if ![en, de, fr, it].into_iter().all(|text| is_text(text, 0, CUSTOMER_TEXT_CHARS_MAX)) {
                return bad(
                    "a message has at most 280 characters in each language, all of which can be shown",
                );
            }
            let is_there = [en, de, fr, it].map(|text| !text.is_empty());
            if is_there != [true; 4] && is_there != [false; 4] {
                return bad("write the message in all of en, de, fr and it, or in none to take it away");
            }
        }
    }
    Ok(())
}

fn is_text(text: &str, chars_min: usize, chars_max: usize) -> bool {
    (chars_min..=chars_max).contains(&text.chars().count()) && text.chars().all(is_showable)
}
