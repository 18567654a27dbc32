//! The verdict: JSON in Google's words. What counts is read strictly; what Google adds beside it does not disturb.
//!
//! <https://developer.android.com/google/play/integrity/verdicts>

use crate::Refusal;
use serde::{Deserialize, Serialize};

const PART: &str = "integrity verdict";

/// What Google says. Names are Google's, so that support staff find them in its documentation.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What was asked.
    pub request_details: RequestDetails,
    /// About the app.
    pub app_integrity: AppIntegrity,
    /// About the device.
    pub device_integrity: DeviceIntegrity,
    /// About the account.
    pub account_details: AccountDetails,
    /// There if Google was asked to answer like this, for a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub testing_details: Option<TestingDetails>,
}

/// What was asked, and when.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestDetails {
    /// Which app asked.
    pub request_package_name: String,
    /// When, ms since 1970, in digits.
    pub timestamp_millis: String,
    /// Of classic requests: what the app gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Of standard requests: what the app gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_hash: Option<String>,
}

/// About the app.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppIntegrity {
    /// `PLAY_RECOGNIZED`, `UNRECOGNIZED_VERSION`, `UNEVALUATED`.
    pub app_recognition_verdict: String,
    /// Absent if nothing was evaluated, as the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_name: Option<String>,
    /// SHA-256 of the certificates that it is signed with, base64url.
    #[serde(default)]
    pub certificate_sha256_digest: Vec<String>,
    /// Digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_code: Option<String>,
}

/// About the device.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceIntegrity {
    /// Labels, such as `MEETS_DEVICE_INTEGRITY`; none for an emulator or a changed system.
    #[serde(default)]
    pub device_recognition_verdict: Vec<String>,
}

/// About the account.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountDetails {
    /// `LICENSED`, `UNLICENSED`, `UNEVALUATED`.
    pub app_licensing_verdict: String,
}

/// That this answer was made to order.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestingDetails {
    /// Whether it was.
    #[serde(default)]
    pub is_testing_response: bool,
}

impl Verdict {
    pub(super) fn read(json: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(json).map_err(|_| Refusal::malformed(PART, "not as it is documented"))
    }

    /// When Google was asked, ms since 1970.
    pub(super) fn asked_at_ms(&self) -> Result<i64, Refusal> {
        let digits = &self.request_details.timestamp_millis;
        let is_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let read = digits.parse().ok().filter(|_| is_digits);
        read.ok_or(Refusal::malformed(PART, "its time is no number"))
    }
}
