//! How the app on a phone stands (docs/apps.md): a pure function of the registry, what the phone said and the time.

use model::{AppVersion, EnrolmentId, Timestamp};
use records::{App, CustomerTexts, InstalledApp, VersionState};

/// How the app on a phone stands, and what its customer is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppStanding {
    /// How.
    pub state: AppState,
    /// The newest version that this phone is offered, if it has an older one.
    pub offered: Option<AppVersion>,
    /// The operator's words for the customer.
    pub message: CustomerTexts,
}

/// How the app on a phone stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AppState {
    /// There is nothing newer for it.
    UpToDate,
    /// There is something newer, and no hurry.
    UpdateAvailable,
    /// It must be updated before this moment; from then on it is blocked.
    UpdateNeeded(Timestamp),
    /// It may not pay.
    Blocked(AppFault),
}

/// Why an app is not good. What operators and logs are told; customers have the operator's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppFault {
    /// The app is not registered: for activations only.
    #[error("the app is not registered")]
    UnknownApp,
    /// The version is not listed, and only listed ones are good.
    #[error("the app's version is not registered")]
    UnknownVersion,
    /// An operator blocked the version.
    #[error("the app's version is blocked")]
    BlockedVersion,
    /// The version's time is over.
    #[error("the app's version has ended")]
    EndedVersion,
    /// The phone tells another digest than the registry has of its version: it was built or changed by others.
    #[error("the app's build is not one of its version's")]
    UnknownBuild,
    /// The phone tells no digest, and the registry wants one of its version.
    #[error("the app's build is not told")]
    UntoldBuild,
    /// Older than the oldest good version.
    #[error("the app's version is older than the minimum")]
    TooOld,
    /// The platform attests another app than the phone says.
    #[error("another app is attested than the one that the phone names")]
    OtherApp,
    /// The platform attests an app that others signed: it was repackaged.
    #[error("the attested app is signed by others")]
    OtherSigner,
    /// The platform attests another version of the app than the phone says.
    #[error("another version is attested than the one that the phone names")]
    OtherVersion,
}

impl AppFault {
    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownApp => "unknown_app",
            Self::UnknownVersion => "unknown_version",
            Self::BlockedVersion => "blocked_version",
            Self::EndedVersion => "ended_version",
            Self::UnknownBuild => "unknown_build",
            Self::UntoldBuild => "untold_build",
            Self::TooOld => "too_old",
            Self::OtherApp => "other_app",
            Self::OtherSigner => "other_signer",
            Self::OtherVersion => "other_version",
        }
    }
}

/// How a phone stands that was enrolled with this app.
pub(crate) fn standing(
    app: &App,
    installed: &InstalledApp,
    enrolment: EnrolmentId,
    now: Timestamp,
) -> AppStanding {
    let offered = app.offered_to(enrolment).filter(|offered| *offered > installed.version);
    let state = match (fault(app, installed, now), needed_before(app, installed.version)) {
        (Some(fault), _) => AppState::Blocked(fault),
        (None, Some(at)) => AppState::UpdateNeeded(at),
        (None, None) if offered.is_some() => AppState::UpdateAvailable,
        (None, None) => AppState::UpToDate,
    };
    AppStanding { state, offered, message: app.message.clone() }
}

/// What is wrong with an app at `now`.
pub(crate) fn fault(app: &App, installed: &InstalledApp, now: Timestamp) -> Option<AppFault> {
    let version = installed.version;
    let is_too_old = app.minimum.is_some_and(|minimum| version < minimum.version && minimum.from <= now);
    match app.known(version).map(|known| &known.state) {
        Some(VersionState::Blocked { .. }) => Some(AppFault::BlockedVersion),
        Some(VersionState::Deprecated { ends_at }) if *ends_at <= now => Some(AppFault::EndedVersion),
        _ if is_too_old => Some(AppFault::TooOld),
        None if app.only_known => Some(AppFault::UnknownVersion),
        _ => build_fault(app, installed),
    }
}

/// What is wrong with the build, going by the digest that the phone tells. It can only do harm to who tells it: a good one
/// lifts nothing.
fn build_fault(app: &App, installed: &InstalledApp) -> Option<AppFault> {
    let digests = app.known(installed.version).map_or(&[][..], |known| &known.digests);
    match &installed.digest {
        _ if digests.is_empty() => None,
        Some(told) => (!digests.contains(told)).then_some(AppFault::UnknownBuild),
        None => app.digests_required.then_some(AppFault::UntoldBuild),
    }
}

/// What is wrong with an app that somebody wants to be enrolled with: an older one than the minimum is refused before its
/// time, too.
pub(crate) fn fault_at_activation(app: &App, installed: &InstalledApp, now: Timestamp) -> Option<AppFault> {
    let is_too_old = app.minimum.is_some_and(|minimum| installed.version < minimum.version);
    fault(app, installed, now).or(is_too_old.then_some(AppFault::TooOld))
}

/// When a version that is good now ends.
fn needed_before(app: &App, version: AppVersion) -> Option<Timestamp> {
    let ends_at = match app.known(version).map(|known| &known.state) {
        Some(VersionState::Deprecated { ends_at }) => Some(*ends_at),
        _ => None,
    };
    let too_old_at = app.minimum.filter(|minimum| version < minimum.version).map(|minimum| minimum.from);
    ends_at.into_iter().chain(too_old_at).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::{KnownVersion, MinimumVersion};

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn version(text: &str) -> AppVersion {
        text.parse().unwrap()
    }

    fn app(versions: &[(&str, VersionState)]) -> App {
        let known = |(text, state): &(&str, VersionState)| KnownVersion {
            version: version(text),
            number: None,
            digests: Vec::new(),
            state: state.clone(),
        };
        App {
            id: "android:com.example.wallet".parse().unwrap(),
            version: 1,
            name: "Wallet".into(),
            signers: Vec::new(),
            only_known: false,
            digests_required: false,
            minimum: None,
            message: CustomerTexts::default(),
            versions: versions.iter().map(known).collect(),
            created_at: NOW,
        }
    }

    fn installed(app: &App, version: AppVersion) -> InstalledApp {
        InstalledApp { id: app.id.clone(), version, digest: None }
    }

    fn state(app: &App, installed_version: &str, now: Timestamp) -> (AppState, Option<String>) {
        let installed = installed(app, version(installed_version));
        let standing = standing(app, &installed, EnrolmentId::derive(0, 1), now);
        (standing.state, standing.offered.map(|offered| offered.to_string()))
    }

    #[test]
    fn a_version_is_offered_to_who_has_an_older_one() {
        let app = app(&[("1.0", VersionState::Full), ("1.1", VersionState::Full)]);
        assert_eq!(state(&app, "1.0", NOW), (AppState::UpdateAvailable, Some("1.1".into())));
        assert_eq!(state(&app, "1.1", NOW), (AppState::UpToDate, None));
        assert_eq!(state(&app, "1.2", NOW), (AppState::UpToDate, None));
    }

    #[test]
    fn a_version_that_is_rolled_out_is_good_where_it_is_not_offered() {
        let app = app(&[("1.0", VersionState::Full), ("1.1", VersionState::Rollout { percent: 0 })]);
        assert_eq!(state(&app, "1.0", NOW), (AppState::UpToDate, None));
        assert_eq!(state(&app, "1.1", NOW), (AppState::UpToDate, None));
    }

    #[test]
    fn a_blocked_version_is_blocked_and_told_what_is_newer() {
        let blocked = VersionState::Blocked { reason: "leaks".into(), since: NOW };
        let app = app(&[("1.0", blocked), ("1.1", VersionState::Full)]);
        let told = (AppState::Blocked(AppFault::BlockedVersion), Some("1.1".into()));
        assert_eq!(state(&app, "1.0", NOW), told);
    }

    #[test]
    fn a_version_is_good_until_it_ends() {
        let ends_at = NOW.plus_ms(1);
        let app = app(&[("1.0", VersionState::Deprecated { ends_at }), ("1.1", VersionState::Full)]);
        assert_eq!(state(&app, "1.0", NOW).0, AppState::UpdateNeeded(ends_at));
        assert_eq!(state(&app, "1.0", ends_at).0, AppState::Blocked(AppFault::EndedVersion));
        assert_eq!(fault_at_activation(&app, &installed(&app, version("1.0")), NOW), None);
        assert_eq!(
            fault_at_activation(&app, &installed(&app, version("1.0")), ends_at),
            Some(AppFault::EndedVersion)
        );
    }

    #[test]
    fn what_is_older_than_the_minimum_has_its_time_and_enrols_nobody() {
        let from = NOW.plus_ms(1);
        let minimum = Some(MinimumVersion { version: version("1.1"), from });
        let app = App { minimum, ..app(&[]) };
        assert_eq!(state(&app, "1.0.9", NOW).0, AppState::UpdateNeeded(from));
        assert_eq!(state(&app, "1.0.9", from).0, AppState::Blocked(AppFault::TooOld));
        assert_eq!(state(&app, "1.1", from).0, AppState::UpToDate);
        assert_eq!(
            fault_at_activation(&app, &installed(&app, version("1.0.9")), NOW),
            Some(AppFault::TooOld)
        );
        assert_eq!(fault_at_activation(&app, &installed(&app, version("1.1")), NOW), None);
        assert_eq!(
            fault_at_activation(&app, &installed(&app, AppVersion::NONE), NOW),
            Some(AppFault::TooOld)
        );
    }

    #[test]
    fn of_two_ends_the_earlier_one_counts() {
        let (early, late) = (NOW.plus_ms(5), NOW.plus_ms(9));
        for (ends_at, from) in [(early, late), (late, early)] {
            let minimum = Some(MinimumVersion { version: version("2.0"), from });
            let app = App { minimum, ..app(&[("1.0", VersionState::Deprecated { ends_at })]) };
            assert_eq!(state(&app, "1.0", NOW).0, AppState::UpdateNeeded(early));
        }
    }

    #[test]
    fn versions_that_are_not_listed_are_refused_only_where_that_is_asked_for() {
        let app = App { only_known: true, ..app(&[("1.0", VersionState::Full)]) };
        assert_eq!(fault(&app, &installed(&app, version("1.0")), NOW), None);
        assert_eq!(fault(&app, &installed(&app, version("1.1")), NOW), Some(AppFault::UnknownVersion));
        let app = App { only_known: false, ..app };
        assert_eq!(fault(&app, &installed(&app, version("1.1")), NOW), None);
        assert_eq!(fault(&app, &installed(&app, AppVersion::NONE), NOW), None);
    }

    #[test]
    fn a_build_is_looked_at_where_its_version_has_digests() {
        let mut app = app(&[("1.0", VersionState::Full), ("1.1", VersionState::Full)]);
        app.versions[0].digests = vec![[1; 32], [2; 32]];
        let of = |app: &App, text: &str, digest| {
            fault(app, &InstalledApp { digest, ..installed(app, version(text)) }, NOW)
        };
        assert_eq!(of(&app, "1.0", Some([2; 32])), None);
        assert_eq!(of(&app, "1.0", Some([3; 32])), Some(AppFault::UnknownBuild));
        assert_eq!(of(&app, "1.0", None), None, "silence is no fault where nobody asked");
        app.digests_required = true;
        assert_eq!(of(&app, "1.0", Some([1; 32])), None);
        assert_eq!(of(&app, "1.0", None), Some(AppFault::UntoldBuild));
        // A version without digests is judged by its number alone, as one that is not listed.
        for text in ["1.1", "1.2"] {
            assert_eq!((of(&app, text, None), of(&app, text, Some([3; 32]))), (None, None), "{text}");
        }
    }

    #[test]
    fn a_good_build_lifts_nothing() {
        let blocked = VersionState::Blocked { reason: "leaks".into(), since: NOW };
        let mut app = app(&[("1.0", blocked)]);
        app.versions[0].digests = vec![[1; 32]];
        let told = InstalledApp { digest: Some([1; 32]), ..installed(&app, version("1.0")) };
        assert_eq!(fault(&app, &told, NOW), Some(AppFault::BlockedVersion));
    }
}
