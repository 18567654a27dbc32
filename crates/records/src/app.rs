//! The registry of apps: which ones phones may run, in which versions, and what their customers are told.

use crypto::hash::sha256;
use model::{AppId, AppVersion, EnrolmentId, Timestamp};
use serde::{Deserialize, Serialize};

/// The most apps of a registry.
pub const APPS_MAX: usize = 64;
/// The most versions that are kept of an app.
pub const APP_VERSIONS_MAX: usize = 200;

/// An app that phones may run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct App {
    /// Its platform and its name there.
    pub id: AppId,
    /// Rises by one with each change; the first is 1.
    pub version: u32,
    /// What operators call it.
    pub name: String,
    /// SHA-256 of the certificates that it may be signed with; none if nobody looks.
    pub signers: Vec<[u8; 32]>,
    /// Whether versions that are not listed are refused.
    pub only_known: bool,
    /// Whether phones are refused that tell no digest, where their version has digests.
    pub digests_required: bool,
    /// The oldest version that is good.
    pub minimum: Option<MinimumVersion>,
    /// What customers are told who must do something.
    pub message: CustomerTexts,
    /// Versions by number, oldest first.
    pub versions: Vec<KnownVersion>,
    /// Since when it is registered.
    pub created_at: Timestamp,
}

/// The oldest version of an app that is good.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MinimumVersion {
    /// It.
    pub version: AppVersion,
    /// From when on phones with an older one may not pay. Nobody is enrolled with an older one, whatever the time is.
    pub from: Timestamp,
}

/// One version of an app.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownVersion {
    /// Its number for people.
    pub version: AppVersion,
    /// Its number on the platform, such as Android's version code: what a platform attests.
    pub number: Option<u64>,
    /// SHA-256 of its packages: what phones tell of theirs is compared with them; none if nobody looks.
    pub digests: Vec<[u8; 32]>,
    /// How far it is.
    pub state: VersionState,
}

/// How far a version is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum VersionState {
    /// Offered to a share of the phones, and good on all.
    Rollout {
        /// 0 to 100.
        percent: u8,
    },
    /// Offered to all.
    Full,
    /// Not offered any more, and good until it ends.
    Deprecated {
        /// When it ends.
        ends_at: Timestamp,
    },
    /// Not good.
    Blocked {
        /// Why, for operators.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
}

/// A text for customers in the languages of the pages; an empty one is not there.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CustomerTexts {
    /// English.
    pub en: String,
    /// German.
    pub de: String,
    /// French.
    pub fr: String,
    /// Italian.
    pub it: String,
}

/// The app that a phone runs, as it last said: at activation, and in each exchange in which it asks how it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InstalledApp {
    /// Which.
    pub id: AppId,
    /// Its version; [`AppVersion::NONE`] if what the phone said is none.
    pub version: AppVersion,
    /// SHA-256 of its package, where it told that of this version.
    pub digest: Option<[u8; 32]>,
}

impl App {
    /// What is known of one of its versions.
    #[must_use]
    pub fn known(&self, version: AppVersion) -> Option<&KnownVersion> {
        self.versions.binary_search_by_key(&version, |known| known.version).ok().map(|at| &self.versions[at])
    }

    /// The newest version that this phone is offered.
    #[must_use]
    pub fn offered_to(&self, enrolment: EnrolmentId) -> Option<AppVersion> {
        let offered = self.versions.iter().rev().find(|known| match known.state {
            VersionState::Full => true,
            VersionState::Rollout { percent } => {
                roll_out_place(&self.id, known.version, enrolment) < u64::from(percent) * PLACES / 100
            }
            VersionState::Deprecated { .. } | VersionState::Blocked { .. } => false,
        });
        offered.map(|known| known.version)
    }
}

/// Places in the order in which phones are offered a version.
const PLACES: u64 = 10_000;

/// A phone's place in the order in which phones are offered a version, 0 to 9999: always the same, so that who was
/// offered it keeps it as the share grows; another one for each version, so that it is not always the same phones that
/// try what is new.
fn roll_out_place(app: &AppId, version: AppVersion, enrolment: EnrolmentId) -> u64 {
    let version = version.to_string();
    let hash = sha256(&[
        b"batzen app roll-out 1\0",
        app.as_str().as_bytes(),
        b"\0",
        version.as_bytes(),
        b"\0",
        &enrolment.to_bytes(),
    ]);
    let drawn = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    drawn % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(percent: u8) -> App {
        let known = |version: &str, state| KnownVersion {
            version: version.parse().unwrap(),
            number: None,
            digests: Vec::new(),
            state,
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
            versions: vec![
                known("1.0", VersionState::Full),
                known("1.1", VersionState::Full),
                known("1.2", VersionState::Rollout { percent }),
                known("1.3", VersionState::Blocked { reason: "bad".into(), since: Timestamp::from_ms(0) }),
            ],
            created_at: Timestamp::from_ms(0),
        }
    }

    fn offered(percent: u8) -> Vec<u32> {
        let is_offered = |n: &u32| {
            let version = app(percent).offered_to(EnrolmentId::derive(0, *n)).unwrap().to_string();
            assert!(["1.1", "1.2"].contains(&version.as_str()), "{version} was offered");
            version == "1.2"
        };
        (0..2_000).filter(is_offered).collect()
    }

    #[test]
    fn a_share_of_the_phones_is_offered_what_is_rolled_out_and_who_was_keeps_it() {
        assert_eq!(offered(0).len(), 0);
        assert_eq!(offered(100).len(), 2_000);
        let (few, more) = (offered(10), offered(40));
        // Five times the standard deviation of 2,000 draws.
        assert!((133..=267).contains(&few.len()), "{} of 2000 are not a tenth", few.len());
        assert!((690..=910).contains(&more.len()), "{} of 2000 are not two fifths", more.len());
        assert!(few.iter().all(|phone| more.contains(phone)), "a phone lost what it was offered");
        assert_eq!(offered(10), few, "another look, another share");
    }

    #[test]
    fn each_version_is_tried_by_other_phones() {
        let app = app(0).id;
        let place = |version: &str, n| {
            roll_out_place(&app, version.parse().unwrap(), EnrolmentId::derive(0, n)) < PLACES / 10
        };
        let both = (0..2_000).filter(|n| place("1.2", *n) && place("1.3", *n)).count();
        assert!(both < 60, "{both} of 2000 try both");
    }

    #[test]
    fn the_order_is_the_one_of_the_documentation() {
        // docs/apps.md gives this example: whoever changes the hash moves every phone of every roll-out.
        let app: AppId = "android:com.example.wallet".parse().unwrap();
        let enrolment = EnrolmentId::from_bytes([0, 0, 0, 0, 0, 1]);
        assert_eq!(roll_out_place(&app, "1.2".parse().unwrap(), enrolment), 7_220);
    }
}
