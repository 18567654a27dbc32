//! What platforms attest of a phone that is activated, and how far it is trusted for it (docs/attestation.md).
//!
//! A phone that sends nothing may be enrolled with less trust, unless policy demands an attestation; so may one whose
//! attestation is genuine and not good enough. One that is forged, of another phone or another app is refused: whoever
//! sends that is not a customer.

use std::sync::Arc;

use attestation::{Level, Refusal, RevocationList, Roots, android, apple, play_integrity};
use model::Timestamp;
use protocol::{
    activation::{derive_app_attestation_hash, derive_key_attestation_challenge},
    activation_request::{ActivationRequest, Attestation, IntegrityToken},
    key_bundle::Der,
    realm::Realm,
};
use records::TrustLevel;

use crate::{ActivationRefusal, Security, apps::AttestedApp};

/// What `os` says of itself in a browser.
const BROWSER_OS: &str = "web";

/// The list of revoked certificates, as the operator keeps it up to date.
pub trait Revocations: Send + Sync + 'static {
    /// The list as it is now; none if there is none.
    fn current(&self) -> Option<Arc<RevocationList>>;
}

/// By whom, and for which apps, phones may be attested. Without it no phone is trusted as hardware.
#[derive(Clone)]
pub struct Attesters {
    /// What is asked of Android phones; none if theirs are not looked at.
    pub android: Option<android::Expectations>,
    /// Whom chains of Android phones end at; [`Roots::google`].
    pub android_roots: Roots,
    /// What is asked of Google's word on Android apps.
    pub play_integrity: Vec<PlayApp>,
    /// What is asked of Apple's apps; none if theirs are not looked at.
    pub apple: Option<apple::Expectations>,
    /// Whom objects of Apple's end at; [`Roots::apple`].
    pub apple_roots: Roots,
    /// Which of Android's certificates are revoked.
    pub revocations: Arc<dyn Revocations>,
    /// Whether only attested hardware, and browsers, are enrolled.
    pub required: bool,
}

/// An Android app on which Google's word is asked for.
#[derive(Clone, Debug)]
pub struct PlayApp {
    /// What opens its tokens.
    pub keys: play_integrity::Keys,
    /// What they must say.
    pub expected: play_integrity::Expectations,
    /// Whether a phone needs one to be trusted as hardware, beside its key's attestation.
    pub needed: bool,
}

/// How far a phone is trusted, and what is written down of why.
pub(crate) struct Attested {
    pub(crate) level: TrustLevel,
    pub(crate) why: String,
    /// The app, if it was attested.
    pub(crate) app: Option<AttestedApp>,
}

impl Security {
    /// Looks at phones' attestations from now on.
    #[must_use]
    pub fn attested_by(mut self, attesters: Attesters) -> Self {
        self.attesters = Some(attesters);
        self
    }

    pub(crate) fn attested(
        &self,
        opened: &ActivationRequest,
        now: Timestamp,
    ) -> Result<Attested, ActivationRefusal> {
        let trusted = |level, why: &str| Attested { level, why: why.to_owned(), app: None };
        if opened.platform.os.as_str() == BROWSER_OS {
            return Ok(trusted(TrustLevel::Browser, "a browser attests nothing"));
        }
        let Some(attesters) = &self.attesters else {
            return Ok(trusted(TrustLevel::Software, "attestations are not looked at"));
        };
        let why = match attesters.look(opened, self.keys.realm(), now) {
            None => "not attested".to_owned(),
            Some(Ok((level, app))) => {
                let (why, app) = (format!("attested: {level:?}"), Some(app));
                if level.is_hardware() {
                    return Ok(Attested { level: TrustLevel::Hardware, why, app });
                }
                if !attesters.required {
                    return Ok(Attested { level: TrustLevel::Software, why, app });
                }
                why
            }
            Some(Err(refusal)) if is_only_less(&refusal) => format!("attested, but {refusal}"),
            Some(Err(refusal)) => return Err(ActivationRefusal::Attestation(refusal)),
        };
        if attesters.required {
            return Err(ActivationRefusal::NotAttested(why));
        }
        Ok(trusted(TrustLevel::Software, &why))
    }
}

impl Attesters {
    /// What was sent, if it is something that is looked at.
    fn look(&self, opened: &ActivationRequest, realm: &Realm, now: Timestamp) -> Option<Found> {
        match &opened.attestation {
            Attestation::None {} => None,
            Attestation::AndroidKey { chain, integrity_token } => {
                let key = self.look_at_chain(chain, opened, realm, now);
                // Which app it is the hardware knows better than the phone.
                let attested = match &key {
                    Some(Ok((_, AttestedApp::Android { packages, .. }))) => packages.as_slice(),
                    _ => &[],
                };
                let app = attested.iter().find_map(|(name, _)| self.play_app(name));
                let app = app.or_else(|| self.play_app(opened.platform.app_id.as_str()));
                let token = app.and_then(|app| match integrity_token {
                    Some(token) => Some(look_at_token(app, token, opened, realm, now)),
                    None => app.needed.then_some(Err(Refusal::NoIntegrityToken)),
                });
                match (key, token) {
                    (Some(key), Some(token)) => Some(both(key, token)),
                    (key, token) => key.or(token),
                }
            }
            Attestation::PlayIntegrity { integrity_token } => {
                let app = self.play_app(opened.platform.app_id.as_str())?;
                Some(look_at_token(app, integrity_token, opened, realm, now))
            }
            Attestation::AppAttest { key_id, object } => {
                let expected = self.apple.as_ref()?;
                let hash = derive_app_attestation_hash(realm, &opened.challenge, &opened.device_key);
                let binding = apple::Binding { client_data_hash: &hash, key_id };
                let found = apple::verify(object, &binding, now, &self.apple_roots, expected);
                let app_id = expected.app_id.clone();
                Some(found.map(|evidence| (evidence.level, AttestedApp::Apple { app_id })))
            }
        }
    }

    fn look_at_chain(
        &self,
        chain: &[Der],
        opened: &ActivationRequest,
        realm: &Realm,
        now: Timestamp,
    ) -> Option<Found> {
        let expected = self.android.as_ref()?;
        let challenge = derive_key_attestation_challenge(realm, &opened.challenge);
        let binding = android::Binding { challenge: &challenge, key: &opened.device_key };
        let chain: Vec<&[u8]> = chain.iter().map(|one| one.as_bytes()).collect();
        let revoked = self.revocations.current();
        let found = android::verify(&chain, &binding, now, &self.android_roots, revoked.as_deref(), expected);
        Some(found.map(|evidence| {
            let packages = evidence.packages.into_iter().map(|one| (one.name, Some(one.version))).collect();
            (evidence.level, AttestedApp::Android { packages, signers: evidence.signers })
        }))
    }

    fn play_app(&self, package: &str) -> Option<&PlayApp> {
        self.play_integrity.iter().find(|app| app.expected.package == package)
    }
}

fn look_at_token(
    app: &PlayApp,
    token: &IntegrityToken,
    opened: &ActivationRequest,
    realm: &Realm,
    now: Timestamp,
) -> Found {
    let nonce = derive_app_attestation_hash(realm, &opened.challenge, &opened.device_key);
    let binding = play_integrity::Binding::Nonce(&nonce);
    let evidence = play_integrity::verify(token.as_str(), binding, now, &app.keys, &app.expected)?;
    let packages = vec![(evidence.package, evidence.version)];
    let signers = evidence.signers.into_iter().map(Vec::from).collect();
    Ok((evidence.level, AttestedApp::Android { packages, signers }))
}

/// What is found where a key is attested and Google vouches for the app, too: the key's level if both are good, since
/// Google says nothing of where a key is; else the worse of what is wrong.
fn both(key: Found, token: Found) -> Found {
    match (key, token) {
        (Err(key), Err(token)) => Err(if is_only_less(&key) { token } else { key }),
        (key, token) => token.and(key),
    }
}

/// What was found, if it was looked at.
type Found = Result<(Level, AttestedApp), Refusal>;

/// What Google says of an app on a device for which it does not vouch, and of one that was not got from its store.
const IS_ONLY_LESS: [&str; 2] = ["UNEVALUATED", "UNLICENSED"];

/// Whether the phone is genuine and its attestation proves less than was asked for, or the operator has not what is
/// needed to tell.
fn is_only_less(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::LevelTooLow
            | Refusal::NoRootOfTrust
            | Refusal::Unlocked
            | Refusal::BootNotVerified
            | Refusal::OldPatchLevel { .. }
            | Refusal::NoRevocationList
            | Refusal::OldRevocationList(_)
            | Refusal::FutureRevocationList
            | Refusal::NoIntegrityToken
            | Refusal::DeviceNotRecognised
    ) || matches!(refusal, Refusal::AppNotRecognised(said) if IS_ONLY_LESS.contains(&said.as_str()))
}
