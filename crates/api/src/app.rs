//! The registry of apps: what phones are told of the app that they run, and what operators change.

use model::{AppId, AppVersion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the app on a phone stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppStateName {
    /// There is nothing newer for it.
    UpToDate,
    /// There is something newer, and no hurry.
    UpdateAvailable,
    /// It must be updated before a moment; from then on it is blocked.
    UpdateNeeded,
    /// It may not pay.
    Blocked,
}

/// What a phone is told of the app that it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppNotice {
    /// How it stands.
    pub state: AppStateName,
    /// The newest version that this phone is offered, if it has an older one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub offered_version: Option<AppVersion>,
    /// Before when it must be updated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_before_ms: Option<i64>,
    /// Why it is blocked: `blocked_version`, `too_old`, `ended_version`, `unknown_version`, `unknown_build`,
    /// `untold_build`, `unknown_app`, `other_app`, `other_signer`, `other_version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What the customer is told, where something is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<CustomerTexts>,
}

/// A text for customers, in each language of the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerTexts {
    /// English, at most 280 characters, as the others.
    pub en: String,
    /// German.
    pub de: String,
    /// French.
    pub fr: String,
    /// Italian.
    pub it: String,
}

/// `PUT /v1/admin/apps/{app}`: registers an app or changes it; its versions stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppRequest {
    /// What operators call it, 1 to 64 characters.
    pub name: String,
    /// SHA-256, hex, of the certificates that it may be signed with, at most 8; none if nobody looks.
    #[serde(default)]
    pub signers: Vec<String>,
    /// Whether versions that are not listed are refused.
    #[serde(default)]
    pub only_known_versions: bool,
    /// Whether phones are refused that tell no digest, where their version has digests.
    #[serde(default)]
    pub digests_required: bool,
}

/// `PUT /v1/admin/apps/{app}/versions/{version}`: lists a version or changes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionRequest {
    /// Its number on the platform, such as Android's version code; as it was, if absent.
    #[serde(default)]
    pub number: Option<u64>,
    /// SHA-256, hex, of its packages, at most 16: what phones tell of theirs is compared with them. As they were, if
    /// absent.
    #[serde(default)]
    pub digests: Option<Vec<String>>,
    /// How far it is.
    pub state: VersionStateView,
}

/// How far a version is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum VersionStateView {
    /// Offered to a share of the phones, and good on all.
    Rollout {
        /// 0 to 100.
        percent: u8,
    },
    /// Offered to all.
    // With braces, because serde lets unknown names pass beside a bare variant.
    Full {},
    /// Not offered any more, and good until it ends.
    Deprecated {
        /// When it ends.
        ends_at_ms: i64,
    },
    /// Not good.
    Blocked {
        /// Why, for operators, 1 to 200 characters.
        reason: String,
    },
}

/// `PUT /v1/admin/apps/{app}/minimum`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MinimumRequest {
    /// The oldest good version; none to take it away.
    pub minimum: Option<MinimumView>,
}

/// The oldest good version of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MinimumView {
    /// It.
    #[schema(value_type = String)]
    pub version: AppVersion,
    /// From when on phones with an older one may not pay. Nobody is enrolled with an older one from now on.
    pub from_ms: i64,
}

/// A registered app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppView {
    /// Its platform and its name there: `android:com.example.wallet`.
    #[schema(value_type = String)]
    pub id: AppId,
    /// What operators call it.
    pub name: String,
    /// SHA-256, hex, of the certificates that it may be signed with.
    pub signers: Vec<String>,
    /// Whether versions that are not listed are refused.
    pub only_known_versions: bool,
    /// Whether phones are refused that tell no digest, where their version has digests.
    pub digests_required: bool,
    /// The oldest good version.
    pub minimum: Option<MinimumView>,
    /// What customers are told who must do something.
    pub message: CustomerTexts,
    /// Its versions, oldest first.
    pub versions: Vec<VersionView>,
    /// Since when it is registered.
    pub created_at_ms: i64,
}

/// A version of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionView {
    /// Its number for people.
    #[schema(value_type = String)]
    pub version: AppVersion,
    /// Its number on the platform.
    pub number: Option<u64>,
    /// SHA-256, hex, of its packages.
    pub digests: Vec<String>,
    /// How far it is.
    pub state: VersionStateView,
}

/// `GET /v1/admin/apps`. Where no app is registered no app is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppList {
    /// All of them, by id.
    pub apps: Vec<AppView>,
}
