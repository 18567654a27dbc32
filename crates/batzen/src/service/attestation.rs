//! Which phones may be attested: the configuration's part, and the list of revoked certificates as the operator keeps it.

use super::{read_secret, read_text};
use crate::failure::Failure;
use attestation::{RevocationList, Roots, android, apple, play_integrity};
use data_encoding::HEXLOWER_PERMISSIVE;
use model::Timestamp;
use security::{Attesters, PlayApp, Revocations};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// What of phones' attestations is looked at (docs/attestation.md).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttestationConfig {
    /// The apps of Android phones; theirs are not looked at if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    android_apps: Vec<AndroidApp>,
    /// The oldest security updates of an Android phone that is trusted as hardware, year and month: 202512.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    os_patch_level_min: Option<u32>,
    /// The app of Apple's phones; theirs are not looked at if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    apple_app: Option<AppleApp>,
    /// Android's list of revoked certificates, as it was fetched; it is of when the file was last changed, and read again
    /// when that is another time.
    revoked: PathBuf,
    /// How long that list is good, in seconds.
    #[serde(default = "default_revoked_age_s_max")]
    revoked_age_s_max: u32,
    /// Whether only attested hardware, and browsers, are enrolled.
    #[serde(default)]
    required: bool,
    /// PEM: whom Android's attestations end at; those that Google has published if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    android_roots: Option<PathBuf>,
    /// PEM: whom Apple's attestations end at; the one that Apple has published if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    apple_roots: Option<PathBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AndroidApp {
    package: String,
    /// SHA-256 of the certificates that it is signed with, hex.
    signers: Vec<String>,
    /// What Google must say of it; not asked if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    play_integrity: Option<PlayIntegrity>,
}

/// What is asked of an app's integrity tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayIntegrity {
    /// The app's decryption key, as the developer console shows it. A secret.
    decryption_key: PathBuf,
    /// The app's verification key, likewise.
    verification_key: PathBuf,
    /// The least that Google must say of the device.
    #[serde(default)]
    device_min: Device,
    /// Whether the account must have the app from Google Play.
    #[serde(default)]
    licence_needed: bool,
    /// The oldest token, in seconds.
    #[serde(default = "default_token_age_s_max")]
    age_s_max: u32,
    /// Whether a phone needs a token to be trusted as hardware, beside its key's attestation.
    #[serde(default)]
    needed: bool,
}

/// What Google says of devices: `MEETS_BASIC_INTEGRITY`, `MEETS_DEVICE_INTEGRITY`, `MEETS_STRONG_INTEGRITY`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Device {
    Basic,
    #[default]
    Genuine,
    Strong,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AppleApp {
    /// With the team's id before it: `ABCDE12345.example.app`.
    app_id: String,
    /// Whether it comes from the app's makers, not from the store.
    #[serde(default)]
    is_development: bool,
}

const fn default_revoked_age_s_max() -> u32 {
    86_400
}

const fn default_token_age_s_max() -> u32 {
    600
}

impl AttestationConfig {
    /// The files that it names.
    pub(super) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let play = self.android_apps.iter_mut().filter_map(|app| app.play_integrity.as_mut());
        core::iter::once(&mut self.revoked)
            .chain(play.flat_map(|play| [&mut play.decryption_key, &mut play.verification_key]))
            .chain(self.android_roots.as_mut())
            .chain(self.apple_roots.as_mut())
    }

    /// What security management is given.
    pub(super) fn to_attesters(&self) -> Result<Attesters, Failure> {
        let apps = self.android_apps.iter().map(AndroidApp::to_app).collect::<Result<Vec<_>, _>>()?;
        let play_integrity = self
            .android_apps
            .iter()
            .zip(&apps)
            .filter_map(|(one, app)| one.play_integrity.as_ref().map(|play| play.to_app(app)));
        let play_integrity = play_integrity.collect::<Result<_, _>>()?;
        let android = (!apps.is_empty()).then(|| android::Expectations {
            os_patch_level_min: self.os_patch_level_min,
            ..android::Expectations::of_apps(apps)
        });
        let apple = self.apple_app.as_ref().map(|app| apple::Expectations {
            app_id: app.app_id.clone(),
            environment: match app.is_development {
                true => apple::Environment::Development,
                false => apple::Environment::Production,
            },
        });
        let revocations = RevokedFile {
            path: self.revoked.clone(),
            age_s_max: self.revoked_age_s_max,
            read: Mutex::default(),
        };
        if android.is_some() {
            // A server whose list cannot be read would only later, and quietly, trust nobody.
            revocations.read_now()?;
        }
        Ok(Attesters {
            android,
            android_roots: roots(self.android_roots.as_ref(), Roots::google)?,
            play_integrity,
            apple,
            apple_roots: roots(self.apple_roots.as_ref(), Roots::apple)?,
            revocations: Arc::new(revocations),
            required: self.required,
        })
    }
}

impl AndroidApp {
    fn to_app(&self) -> Result<android::App, Failure> {
        let signer = |hex: &String| {
            let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok();
            bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
                Failure::new(format!(
                    "the signers of {} must be SHA-256 of its certificates: 64 hex digits each",
                    self.package
                ))
            })
        };
        let signers = self.signers.iter().map(signer).collect::<Result<_, _>>()?;
        Ok(android::App { package: self.package.clone(), signers })
    }
}

impl PlayIntegrity {
    fn to_app(&self, app: &android::App) -> Result<PlayApp, Failure> {
        let (decryption, verification) =
            (read_secret(&self.decryption_key)?, read_text(&self.verification_key)?);
        let keys = play_integrity::Keys::from_console(&decryption, &verification);
        Ok(PlayApp {
            keys: keys.map_err(|refusal| Failure::new(format!("{}: {refusal}", app.package)))?,
            expected: play_integrity::Expectations {
                package: app.package.clone(),
                signers: app.signers.clone(),
                age_s_max: self.age_s_max,
                device_min: match self.device_min {
                    Device::Basic => play_integrity::Device::Basic,
                    Device::Genuine => play_integrity::Device::Genuine,
                    Device::Strong => play_integrity::Device::Strong,
                },
                is_licence_needed: self.licence_needed,
            },
            needed: self.needed,
        })
    }
}

fn roots(file: Option<&PathBuf>, published: fn() -> Roots) -> Result<Roots, Failure> {
    let Some(file) = file else { return Ok(published()) };
    Roots::from_pem(&read_text(file)?)
        .map_err(|refusal| Failure::new(format!("{} is not usable: {refusal}", file.display())))
}

/// The list in a file, read again when the file was changed.
struct RevokedFile {
    path: PathBuf,
    age_s_max: u32,
    read: Mutex<Option<(SystemTime, Arc<RevocationList>)>>,
}

/// The largest file; the published list has some hundred kilobytes.
const LIST_BYTES_MAX: u64 = 16 * 1024 * 1024;

impl RevokedFile {
    fn read_now(&self) -> Result<Arc<RevocationList>, Failure> {
        let not_usable = |cause: String| {
            Failure::new(format!(
                "the list of revoked certificates {} is not usable: {cause}; fetch \
                 https://android.googleapis.com/attestation/status and keep it there",
                self.path.display()
            ))
        };
        let facts = std::fs::metadata(&self.path).map_err(|error| not_usable(error.to_string()))?;
        let changed_at = facts.modified().map_err(|error| not_usable(error.to_string()))?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, list)) = read.as_ref().filter(|(at, _)| *at == changed_at) {
            return Ok(Arc::clone(list));
        }
        if facts.len() > LIST_BYTES_MAX {
            return Err(not_usable("it is too large".to_owned()));
        }
        let text = std::fs::read_to_string(&self.path).map_err(|error| not_usable(error.to_string()))?;
        let ms = changed_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let as_of = Timestamp::from_ms(i64::try_from(ms).unwrap_or(i64::MAX));
        let list = RevocationList::from_json(&text, as_of, self.age_s_max)
            .map_err(|refusal| not_usable(refusal.to_string()))?;
        let list = Arc::new(list);
        *read = Some((changed_at, Arc::clone(&list)));
        Ok(list)
    }
}

impl Revocations for RevokedFile {
    fn current(&self) -> Option<Arc<RevocationList>> {
        self.read_now().map_err(|failure| tracing::warn!(%failure, "no phone is trusted as hardware")).ok()
    }
}
