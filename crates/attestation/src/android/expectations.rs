//! What a server asks of an attested key, and the evidence that it got it.

use super::{AuthorizationList, Package, Reading, RootOfTrust, SecurityLevel, VerifiedBoot};
use crate::{Level, Refusal};
use crypto::p256::VerifyingKey;
use data_encoding::HEXLOWER;

/// KeyMint's numbers.
const PURPOSE_SIGN: u64 = 2;
const PURPOSE_VERIFY: u64 = 3;
const ORIGIN_GENERATED: u64 = 0;

/// What an attestation must be about.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// What the app was told to give when it made the key.
    pub challenge: &'a [u8],
    /// The key that the phone shows.
    pub key: &'a VerifyingKey,
}

/// An app, as Android knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct App {
    /// Its package's name.
    pub package: String,
    /// SHA-256 of the certificates that it may be signed with.
    pub signers: Vec<[u8; 32]>,
}

/// What the operator asks of phones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expectations {
    /// The apps that may have the key.
    pub apps: Vec<App>,
    /// The least level of the key.
    pub level_min: SecurityLevel,
    /// The oldest security updates, year and month as a number: 202512. Anything if absent.
    pub os_patch_level_min: Option<u32>,
    /// Takes phones that started a system which nobody verified, or whose boot loader is open. What they say of app and
    /// system is then the word of whoever made that system.
    pub dangerous_any_system: bool,
}

impl Expectations {
    /// These apps, with keys in hardware, on systems that their maker verified.
    #[must_use]
    pub fn of_apps(apps: Vec<App>) -> Self {
        Self {
            apps,
            level_min: SecurityLevel::TrustedEnvironment,
            os_patch_level_min: None,
            dangerous_any_system: false,
        }
    }
}

/// That a key is the app's on this phone, made for this challenge. Only [`Reading::judge`] makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Evidence {
    /// How well the key is kept.
    pub level: Level,
    /// The key.
    pub key: VerifyingKey,
    /// The packages that share it.
    pub packages: Vec<Package>,
    /// SHA-256 of the certificates that they are signed with.
    pub signers: Vec<Vec<u8>>,
    /// The system that was started; from the hardware, if the level is one of hardware's.
    pub root_of_trust: Option<RootOfTrust>,
    /// The system's version: 140000 is 14.
    pub os_version: Option<u64>,
    /// Year and month of the system's security updates, as a number.
    pub os_patch_level: Option<u64>,
    /// Year, month and day of the maker's part, likewise.
    pub vendor_patch_level: Option<u64>,
    /// Year, month and day of the boot loader's part, likewise.
    pub boot_patch_level: Option<u64>,
}

impl Reading {
    /// Holds what was read against what was asked for: challenge and key first, then the key, the app, the system.
    ///
    /// # Errors
    /// [`Refusal`]: the first thing that is wrong.
    pub fn judge(self, binding: &Binding<'_>, expected: &Expectations) -> Result<Evidence, Refusal> {
        let said = &self.key_description;
        if said.challenge != binding.challenge {
            return Err(Refusal::OtherChallenge);
        }
        if self.public_key_info() != binding.key.to_public_key_info() {
            return Err(Refusal::OtherKey);
        }
        if said.security_level() < expected.level_min {
            return Err(Refusal::LevelTooLow);
        }
        // What hardware does not hold to is only the system's word.
        let held_to =
            if self.level.is_hardware() { &said.hardware_enforced } else { &said.software_enforced };
        check_key(said.software_enforced.all_applications, held_to)?;
        let (packages, signers) = check_app(&said.software_enforced, &expected.apps)?;
        if !expected.dangerous_any_system {
            check_system(held_to.root_of_trust.as_ref())?;
        }
        check_patch_level(held_to.os_patch_level, expected.os_patch_level_min)?;
        Ok(Evidence {
            level: self.level,
            key: binding.key.clone(),
            packages,
            signers,
            root_of_trust: held_to.root_of_trust.clone(),
            os_version: held_to.os_version,
            os_patch_level: held_to.os_patch_level,
            vendor_patch_level: held_to.vendor_patch_level,
            boot_patch_level: held_to.boot_patch_level,
        })
    }
}

fn check_key(is_for_all_by_software: bool, held_to: &AuthorizationList) -> Result<(), Refusal> {
    if held_to.origin != Some(ORIGIN_GENERATED) {
        return Err(Refusal::UnsuitableKey("it was not made there, so others may have it"));
    }
    let purposes = held_to.purposes.as_deref().unwrap_or_default();
    let is_for_signing = purposes.contains(&PURPOSE_SIGN);
    if !is_for_signing || !purposes.iter().all(|one| [PURPOSE_SIGN, PURPOSE_VERIFY].contains(one)) {
        return Err(Refusal::UnsuitableKey("it must be for signing, and for nothing else"));
    }
    if is_for_all_by_software || held_to.all_applications {
        return Err(Refusal::UnsuitableKey("every app may use it"));
    }
    Ok(())
}

/// At least one package is expected, and everybody who signed the packages.
fn check_app(list: &AuthorizationList, expected: &[App]) -> Result<(Vec<Package>, Vec<Vec<u8>>), Refusal> {
    let Some(id) = &list.application_id else { return Err(Refusal::OtherApp("none is named".to_owned())) };
    let mut known =
        expected.iter().filter(|app| id.packages.iter().any(|one| one.name == app.package)).peekable();
    if known.peek().is_none() {
        let names: Vec<&str> = id.packages.iter().map(|package| package.name.as_str()).collect();
        return Err(Refusal::OtherApp(names.join(", ")));
    }
    let is_signed_for = |app: &App| {
        let is_known = |signer: &Vec<u8>| app.signers.iter().any(|known| known[..] == signer[..]);
        !id.signers.is_empty() && id.signers.iter().all(is_known)
    };
    if !known.any(is_signed_for) {
        let signers: Vec<String> = id.signers.iter().map(|signer| HEXLOWER.encode(signer)).collect();
        return Err(Refusal::OtherSigner(signers.join(", ")));
    }
    Ok((id.packages.clone(), id.signers.clone()))
}

fn check_system(root: Option<&RootOfTrust>) -> Result<(), Refusal> {
    let root = root.ok_or(Refusal::NoRootOfTrust)?;
    if !root.device_locked {
        return Err(Refusal::Unlocked);
    }
    if root.verified_boot_state != VerifiedBoot::Verified { Err(Refusal::BootNotVerified) } else { Ok(()) }
}

fn check_patch_level(found: Option<u64>, least: Option<u32>) -> Result<(), Refusal> {
    match least {
        Some(least) if found.is_none_or(|found| found < u64::from(least)) => {
            Err(Refusal::OldPatchLevel { found, least })
        }
        _ => Ok(()),
    }
}
