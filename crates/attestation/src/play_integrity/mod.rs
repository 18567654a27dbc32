//! Play Integrity: Google's verdict on app and device, as a token that the app fetches and the server opens.
//!
//! It vouches for no key. So it never raises a level above [`Level::Software`]; it can show that an app was repackaged
//! or runs where it should not. Whoever wants it bound to a device key puts a hash of that key into what the token is
//! bound to. The token is opened here, with the keys of the developer console, and Google is not asked.

mod token;
mod verdict;

pub use token::Keys;
pub use verdict::{AccountDetails, AppIntegrity, DeviceIntegrity, RequestDetails, TestingDetails, Verdict};

use crate::{Level, Refusal};
use data_encoding::BASE64URL_NOPAD;
use model::Timestamp;
use serde::Serialize;

/// How far ahead of the clock a verdict may be dated, s.
const AHEAD_S_MAX: i64 = 60;
const RECOGNISED: &str = "PLAY_RECOGNIZED";
const LICENSED: &str = "LICENSED";

/// What a verdict must be about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding<'a> {
    /// Of a classic request: the bytes whose base64url the app gave.
    Nonce(&'a [u8]),
    /// Of a standard request: the text that the app gave.
    RequestHash(&'a str),
}

/// What Google may say of a device. Each includes those before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// Nothing good, or that it is a known emulator.
    Unknown,
    /// It may run anything, but looks like a device.
    Basic,
    /// A device with Google's services that passes its tests.
    Genuine,
    /// The same, by its hardware's word, with security updates of the last year.
    Strong,
}

/// What the operator asks of verdicts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expectations {
    /// The app's package.
    pub package: String,
    /// SHA-256 of the certificates that it may be signed with.
    pub signers: Vec<[u8; 32]>,
    /// The oldest verdict, s.
    pub age_s_max: u32,
    /// The least that Google must say of the device.
    pub device_min: Device,
    /// Whether the account must have the app from Google Play.
    pub is_licence_needed: bool,
}

/// What Google says, held against what was asked for. Only [`verify`] makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Evidence {
    /// [`Level::Software`], or [`Level::None`] if Google does not vouch for the device.
    pub level: Level,
    /// What it says of the device.
    pub device: Device,
    /// The app's package.
    pub package: String,
    /// The app's version code, if Google says it.
    pub version: Option<u64>,
    /// SHA-256 of the certificates that it is signed with: one or more, all of them expected.
    pub signers: Vec<[u8; 32]>,
    /// When Google was asked.
    pub asked_at: Timestamp,
}

/// Opens a token and reads it, for people who look into a case.
///
/// # Errors
/// [`Refusal`]: [`Refusal::BadToken`] if it is not Google's for this app, and what is wrong with its form.
pub fn read(token: &str, keys: &Keys) -> Result<Verdict, Refusal> {
    Verdict::read(&token::open(token.trim(), keys)?)
}

/// Opens a token and holds what it says against what was asked for: binding and time first, then app, device, account.
///
/// # Errors
/// [`Refusal`]: the first thing that is wrong.
pub fn verify(
    token: &str,
    binding: Binding<'_>,
    at: Timestamp,
    keys: &Keys,
    expected: &Expectations,
) -> Result<Evidence, Refusal> {
    let verdict = read(token, keys)?;
    if verdict.testing_details.is_some() {
        return Err(Refusal::ForDevelopment);
    }
    if !is_bound(&verdict.request_details, binding) {
        return Err(Refusal::OtherChallenge);
    }
    let asked_at = Timestamp::from_ms(verdict.asked_at_ms()?);
    let age_s = at.ms_since(asked_at) / 1000;
    if !(-AHEAD_S_MAX..=i64::from(expected.age_s_max)).contains(&age_s) {
        return Err(Refusal::NotFresh(age_s));
    }
    let signers = check_app(&verdict, expected)?;
    let device = Device::of(&verdict.device_integrity);
    if device < expected.device_min {
        return Err(Refusal::DeviceNotRecognised);
    }
    if expected.is_licence_needed && verdict.account_details.app_licensing_verdict != LICENSED {
        return Err(Refusal::AppNotRecognised(verdict.account_details.app_licensing_verdict));
    }
    let level = if device >= Device::Genuine { Level::Software } else { Level::None };
    let version = verdict.app_integrity.version_code.and_then(|code| code.parse().ok());
    Ok(Evidence { level, device, package: expected.package.clone(), version, signers, asked_at })
}

impl Device {
    /// The best that the labels say. One that is not known says nothing.
    #[must_use]
    pub fn of(said: &DeviceIntegrity) -> Self {
        let labels = said.device_recognition_verdict.iter().map(|label| match label.as_str() {
            "MEETS_BASIC_INTEGRITY" => Self::Basic,
            "MEETS_DEVICE_INTEGRITY" => Self::Genuine,
            "MEETS_STRONG_INTEGRITY" => Self::Strong,
            _ => Self::Unknown,
        });
        labels.max().unwrap_or(Self::Unknown)
    }
}

/// One of the two is there, and is the one that was asked for. Some libraries fill base64 up with `=`.
fn is_bound(said: &RequestDetails, binding: Binding<'_>) -> bool {
    match (binding, &said.nonce, &said.request_hash) {
        (Binding::Nonce(asked), Some(nonce), None) => {
            nonce.trim_end_matches('=') == BASE64URL_NOPAD.encode(asked)
        }
        (Binding::RequestHash(asked), None, Some(hash)) => hash == asked,
        _ => false,
    }
}

/// Gives who signed it.
fn check_app(verdict: &Verdict, expected: &Expectations) -> Result<Vec<[u8; 32]>, Refusal> {
    let app = &verdict.app_integrity;
    if app.app_recognition_verdict != RECOGNISED {
        return Err(Refusal::AppNotRecognised(app.app_recognition_verdict.clone()));
    }
    let named = [Some(&verdict.request_details.request_package_name), app.package_name.as_ref()];
    for name in named {
        if name != Some(&expected.package) {
            return Err(Refusal::OtherApp(name.cloned().unwrap_or_default()));
        }
    }
    let digests = &app.certificate_sha256_digest;
    let known = |digest: &String| {
        let digest = digest.trim_end_matches('=');
        expected.signers.iter().copied().find(|signer| BASE64URL_NOPAD.encode(signer) == digest)
    };
    let signers: Option<Vec<_>> = digests.iter().map(known).collect();
    signers.filter(|signers| !signers.is_empty()).ok_or_else(|| Refusal::OtherSigner(digests.join(", ")))
}
