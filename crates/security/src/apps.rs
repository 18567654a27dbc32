//! The registry of apps as this server knows it, and where it bites: at activation, at each payment, and when a phone
//! asks how it stands. An installation without registered apps asks nothing.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use model::{AppId, AppVersion, Timestamp};
use protocol::activation_request::Platform;
use records::{App, Enrolment, InstalledApp, Store};

use crate::{
    ActivationRefusal, AuthenticatedDevice, Security, SecurityError,
    app_standing::{AppFault, AppStanding, AppState, fault_at_activation, standing},
};

/// How old this server's copy may be: so soon does it learn of what another server was told.
const COPY_AGE_MS_MAX: i64 = 2_000;

/// This server's copy of the registry: payments look at it alone.
#[derive(Default)]
pub(crate) struct AppsCopy(RwLock<Option<Copied>>);

struct Copied {
    at: Timestamp,
    apps: Arc<Apps>,
}

/// Every registered app.
#[derive(Debug, Default)]
pub(crate) struct Apps(HashMap<AppId, App>);

impl AppsCopy {
    /// The copy if it is fresh, and who is to make a new one. Whoever finds it old first does so; the others go on with
    /// the old one meanwhile.
    fn look(&self, now: Timestamp) -> (Option<Arc<Apps>>, bool) {
        let is_fresh = |at: Timestamp| (0..COPY_AGE_MS_MAX).contains(&now.ms_since(at));
        if let Some(copied) = &*self.0.read().unwrap_or_else(PoisonError::into_inner)
            && is_fresh(copied.at)
        {
            return (Some(copied.apps.clone()), false);
        }
        match &mut *self.0.write().unwrap_or_else(PoisonError::into_inner) {
            None => (None, true),
            Some(copied) if is_fresh(copied.at) => (Some(copied.apps.clone()), false),
            Some(copied) => {
                copied.at = now;
                (Some(copied.apps.clone()), true)
            }
        }
    }

    fn keep(&self, apps: Arc<Apps>, now: Timestamp) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Copied { at: now, apps });
    }

    /// Forgets the copy: something was changed.
    pub(crate) fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The registry, at most some seconds old. If the store fails, the last copy is good for as long again.
    pub(crate) async fn current(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Arc<Apps>, SecurityError> {
        let (known, is_to_renew) = self.look(now);
        if let (Some(known), false) = (&known, is_to_renew) {
            return Ok(known.clone());
        }
        match (store.apps().await, known) {
            (Ok(apps), _) => {
                let apps = Arc::new(Apps(apps.into_iter().map(|app| (app.id.clone(), app)).collect()));
                self.keep(apps.clone(), now);
                Ok(apps)
            }
            (Err(_), Some(known)) => Ok(known),
            (Err(error), None) => Err(error.into()),
        }
    }
}

/// What a platform attests of the app that asked it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum AttestedApp {
    /// Android: the packages that share the key, with their version codes, and who signed them.
    Android {
        /// Name and, as far as it is said, version code.
        packages: Vec<(String, Option<u64>)>,
        /// SHA-256 of the certificates.
        signers: Vec<Vec<u8>>,
    },
    /// Apple: the app's id, with its team's before it.
    Apple {
        /// It.
        app_id: String,
    },
}

impl Apps {
    /// How the app of an enrolled phone stands; none if it is not judged.
    pub(crate) fn standing(&self, enrolment: &Enrolment, now: Timestamp) -> Option<AppStanding> {
        let installed = enrolment.app.as_ref()?;
        Some(standing(self.0.get(&installed.id)?, installed, enrolment.id, now))
    }

    pub(crate) fn is_blocked(&self, enrolment: &Enrolment, now: Timestamp) -> bool {
        let standing = self.standing(enrolment, now);
        standing.is_some_and(|standing| matches!(standing.state, AppState::Blocked(_)))
    }

    /// What is wrong with the app of somebody who wants to be enrolled, going by what the phone says.
    pub(crate) fn check_claimed(&self, platform: &Platform, now: Timestamp) -> Result<(), ActivationRefusal> {
        if self.0.is_empty() {
            return Ok(());
        }
        let claimed = installed(platform);
        let app = claimed.as_ref().and_then(|claimed| self.0.get(&claimed.id));
        let (Some(claimed), Some(app)) = (&claimed, app) else {
            return Err(ActivationRefusal::app(AppFault::UnknownApp, None));
        };
        match fault_at_activation(app, claimed, now) {
            Some(fault) => Err(ActivationRefusal::app(fault, Some(app))),
            None => Ok(()),
        }
    }

    /// What is wrong with it, going by what its platform attests.
    pub(crate) fn check_attested(
        &self,
        platform: &Platform,
        attested: Option<&AttestedApp>,
    ) -> Result<(), ActivationRefusal> {
        let claimed = installed(platform);
        let (Some(claimed), Some(attested)) = (claimed, attested) else { return Ok(()) };
        let Some(app) = self.0.get(&claimed.id) else { return Ok(()) };
        match attested_fault(app, &claimed, attested) {
            Some(fault) => Err(ActivationRefusal::app(fault, Some(app))),
            None => Ok(()),
        }
    }
}

fn attested_fault(app: &App, claimed: &InstalledApp, attested: &AttestedApp) -> Option<AppFault> {
    match attested {
        AttestedApp::Apple { app_id } => {
            let is_this = app.id.platform() == "ios" && app_id == app.id.name();
            (!is_this).then_some(AppFault::OtherApp)
        }
        AttestedApp::Android { packages, signers } => {
            let package = packages.iter().find(|(name, _)| name == app.id.name());
            let Some((_, number)) = package.filter(|_| app.id.platform() == "android") else {
                return Some(AppFault::OtherApp);
            };
            let is_known = |signer: &Vec<u8>| app.signers.iter().any(|known| known[..] == signer[..]);
            if !app.signers.is_empty() && (signers.is_empty() || !signers.iter().all(is_known)) {
                return Some(AppFault::OtherSigner);
            }
            let known = app.known(claimed.version).and_then(|known| known.number);
            let is_other = |known: u64| number.is_some_and(|number| number != known);
            known.is_some_and(is_other).then_some(AppFault::OtherVersion)
        }
    }
}

/// The app that a phone says it runs; none if what it says names no app.
pub(crate) fn installed(platform: &Platform) -> Option<InstalledApp> {
    let id = AppId::new(platform.os.as_str(), platform.app_id.as_str()).ok()?;
    let version = AppVersion::of_phone(platform.app_version.as_str()).unwrap_or(AppVersion::NONE);
    Some(InstalledApp { id, version, digest: platform.app_digest.map(|digest| digest.0) })
}

impl Security {
    /// The registry, at most some seconds old.
    pub(crate) async fn apps(&self, now: Timestamp) -> Result<Arc<Apps>, SecurityError> {
        self.apps.current(&*self.store, now).await
    }

    /// How the app of a device stands; none if it is not judged: nothing is registered, or not this app.
    ///
    /// # Errors
    /// [`SecurityError::Store`].
    pub async fn app_standing(
        &self,
        enrolment: &Enrolment,
        now: Timestamp,
    ) -> Result<Option<AppStanding>, SecurityError> {
        Ok(self.apps(now).await?.standing(enrolment, now))
    }

    /// Refuses a device whose app is blocked: for what it may not do until it is updated.
    ///
    /// # Errors
    /// [`SecurityError::AppRefused`]; [`SecurityError::Store`].
    pub async fn refuse_blocked_app(
        &self,
        device: &AuthenticatedDevice,
        now: Timestamp,
    ) -> Result<(), SecurityError> {
        match self.app_standing(device.enrolment(), now).await? {
            Some(standing) if matches!(standing.state, AppState::Blocked(_)) => {
                Err(SecurityError::AppRefused(Box::new(standing)))
            }
            _ => Ok(()),
        }
    }
}
