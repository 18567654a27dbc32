//! What a phone's attestation says, for support staff who were sent one.

use super::show;
use crate::failure::Failure;
use crate::output::Output;
use crate::service::{SystemClock, read_named, read_secret, read_text};
use attestation::android::{self, AuthorizationList, RootOfTrust};
use attestation::{Level, Refusal, RevocationList, Roots, apple, play_integrity};
use clap::Subcommand;
use crypto::hash::sha256;
use data_encoding::{BASE64_MIME_PERMISSIVE, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use model::{Clock, Timestamp};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// The longest recording read, bytes.
const RECORDING_BYTES_MAX: usize = 256 * 1024;
const PEM_BEGINS: &str = "-----BEGIN CERTIFICATE-----";

#[derive(Subcommand)]
pub(super) enum AttestationCommand {
    /// Read a recording: the chain of Android Key Attestation as PEM, the object of Apple's App Attest, as it is or in
    /// base64, or a token of Play Integrity; exits with 1 if it is refused.
    ///
    /// This asks nobody. It checks what can be checked without knowing the phone: certificates, dates, form, and the
    /// challenge if it is given.
    Read {
        /// The recording.
        file: PathBuf,
        /// When it shall be good, such as 2026-06-01T12:00:00Z; now if absent. Recordings of before have expired since.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// What it must be bound to. For App Attest the client data, or its hash.
        #[arg(long, value_name = "HEX")]
        challenge: Option<String>,
        /// Google's list of revoked certificates, JSON; taken to be of the time asked about.
        #[arg(long, value_name = "FILE")]
        revoked: Option<PathBuf>,
        /// PEM: whom to believe instead of the platform's published roots.
        #[arg(long, value_name = "FILE")]
        platform_roots: Option<PathBuf>,
        /// For a token of Play Integrity: the app's decryption key, as the developer console shows it. A secret.
        #[arg(long, value_name = "FILE", requires = "verification_key")]
        decryption_key: Option<PathBuf>,
        /// For a token of Play Integrity: the app's verification key, likewise.
        #[arg(long, value_name = "FILE", requires = "decryption_key")]
        verification_key: Option<PathBuf>,
    },
}

/// What to hold a recording against.
struct Question {
    console_keys: Option<play_integrity::Keys>,
    at: Timestamp,
    challenge: Option<Vec<u8>>,
    revoked: Option<RevocationList>,
    roots: Option<Roots>,
}

pub(super) fn run(command: AttestationCommand, output: &Output) -> Result<ExitCode, Failure> {
    let AttestationCommand::Read {
        file,
        at,
        challenge,
        revoked,
        platform_roots,
        decryption_key,
        verification_key,
    } = command;
    let at = at.as_deref().map_or_else(|| Ok(SystemClock.now()), moment)?;
    let revoked = revoked.map(|path| read_text(&path)).transpose()?;
    let platform_roots = platform_roots.map(|path| read_text(&path)).transpose()?;
    let console_keys = match (decryption_key, verification_key) {
        (Some(decryption), Some(verification)) => {
            Some(play_integrity::Keys::from_console(&read_secret(&decryption)?, &read_text(&verification)?)?)
        }
        _ => None,
    };
    let question = Question {
        console_keys,
        at,
        challenge: challenge.as_deref().map(bytes_of_hex).transpose()?,
        revoked: revoked.map(|text| RevocationList::from_json(&text, at, 0)).transpose()?,
        roots: platform_roots.map(|text| Roots::from_pem(&text)).transpose()?,
    };
    let bytes = read_named(&file)?;
    if bytes.len() > RECORDING_BYTES_MAX {
        return Err(Failure::new(format!("{} is too long to be a recording", file.display())));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) if text.trim_start().starts_with(PEM_BEGINS) => read_chain(text, &question, output)?,
        Ok(text) if text.contains('.') && !text.trim().contains(char::is_whitespace) => {
            read_token(text, &question, output)?;
        }
        Ok(text) => {
            let object = BASE64_MIME_PERMISSIVE.decode(text.as_bytes()).map_err(|_| {
                let file = file.display();
                Failure::new(format!(
                    "{file} is neither certificates in PEM nor an App Attest object nor an integrity token"
                ))
            })?;
            read_object(&object, &question, output)?;
        }
        Err(_) => read_object(&bytes, &question, output)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read_chain(text: &str, question: &Question, output: &Output) -> Result<(), Failure> {
    let chain = android::chain_from_pem(text.trim_start())?;
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let roots = question.roots.clone().unwrap_or_else(Roots::google);
    let reading = android::read(&chain, question.at, &roots, question.revoked.as_ref())?;
    let said = &reading.key_description;
    if question.challenge.as_ref().is_some_and(|challenge| challenge != &said.challenge) {
        return Err(Refusal::OtherChallenge.into());
    }
    let mut lines = vec![
        format!("Android Key Attestation, genuine at {}", question.at),
        line("key kept", level_words(reading.level)),
        line("challenge", &challenge_words(&HEXLOWER.encode(&said.challenge), question)),
    ];
    lines.extend(app_lines(&said.software_enforced));
    let held_to = if reading.level.is_hardware() { &said.hardware_enforced } else { &said.software_enforced };
    lines.push(line("system", &system_words(held_to.root_of_trust.as_ref())));
    lines.push(line("versions", &version_words(held_to)));
    lines.push(line(
        "revoked",
        &match reading.compared_with_revoked {
            Some(count) => format!("none of these certificates is among the {count} listed"),
            None => "not compared with a list; name one with --revoked".to_owned(),
        },
    ));
    lines.extend(chain_lines(&reading.subjects));
    let document = json!({ "kind": "android_key", "at": question.at.to_string(), "reading": reading });
    show(output, &document, lines.join("\n"));
    Ok(())
}

fn read_object(object: &[u8], question: &Question, output: &Output) -> Result<(), Failure> {
    let roots = question.roots.clone().unwrap_or_else(Roots::apple);
    let reading = apple::read(object, question.at, &roots)?;
    if let Some(challenge) = &question.challenge {
        let as_hash = challenge.as_slice().try_into().is_ok_and(|hash| reading.is_bound_to(hash));
        if !as_hash && !reading.is_bound_to(&sha256(&[challenge])) {
            return Err(Refusal::OtherChallenge.into());
        }
    }
    let environment = match reading.environment {
        apple::Environment::Development => "development: an app on its maker's own phone",
        apple::Environment::Production => "production",
    };
    let mut lines = vec![
        format!("Apple App Attest, genuine at {}", question.at),
        line("key kept", level_words(reading.level)),
        line("challenge", &challenge_words("only its hash is in it", question)),
        line("environment", environment),
        line("app id", &format!("SHA-256 {}", HEXLOWER.encode(&reading.app_id_hash))),
        line("key id", &HEXLOWER.encode(&reading.key_id)),
    ];
    lines.extend(chain_lines(&reading.subjects));
    let document = json!({ "kind": "app_attest", "at": question.at.to_string(), "reading": reading });
    show(output, &document, lines.join("\n"));
    Ok(())
}

fn read_token(text: &str, question: &Question, output: &Output) -> Result<(), Failure> {
    let keys = question.console_keys.as_ref().ok_or_else(|| {
        Failure::usage(
            "to open an integrity token, name the app's keys with --decryption-key and --verification-key",
        )
    })?;
    let said = play_integrity::read(text, keys)?;
    let request = &said.request_details;
    let bound_to = request.nonce.as_deref().or(request.request_hash.as_deref()).unwrap_or_default();
    if let Some(challenge) = &question.challenge
        && bound_to.trim_end_matches('=') != BASE64URL_NOPAD.encode(challenge)
    {
        return Err(Refusal::OtherChallenge.into());
    }
    let app = &said.app_integrity;
    let or_nothing = |text: Option<&String>| text.map_or_else(|| "not said".to_owned(), String::clone);
    let listed = |all: &[String]| if all.is_empty() { "not said".to_owned() } else { all.join(", ") };
    let asked_at = request.timestamp_millis.parse().map(Timestamp::from_ms);
    let mut lines = vec![
        "Play Integrity, signed by Google for this app".to_owned(),
        line("asked at", &asked_at.map_or_else(|_| "not said".to_owned(), |at| at.to_string())),
        line("challenge", &challenge_words(bound_to, question)),
        line(
            "app",
            &format!("{}, version {}", app.app_recognition_verdict, or_nothing(app.version_code.as_ref())),
        ),
        line("package", &or_nothing(app.package_name.as_ref())),
        line("signed by", &format!("SHA-256 in base64url {}", listed(&app.certificate_sha256_digest))),
        line("device", &listed(&said.device_integrity.device_recognition_verdict)),
        line("licence", &said.account_details.app_licensing_verdict),
    ];
    if said.testing_details.is_some() {
        lines.push(line("NOTE", "made to order, for a test: activation refuses it"));
    }
    let document = json!({ "kind": "play_integrity", "verdict": said });
    show(output, &document, lines.join("\n"));
    Ok(())
}

fn line(name: &str, words: &str) -> String {
    format!("  {name:<12}{words}")
}

fn level_words(level: Level) -> &'static str {
    match level {
        Level::StrongBox => "in a secure element of its own (StrongBox)",
        Level::SecureEnclave => "in the Secure Enclave",
        Level::TrustedEnvironment => "in the processor's trusted environment",
        Level::Software => "in software",
        _ => "nobody vouches for it",
    }
}

fn challenge_words(found: &str, question: &Question) -> String {
    match &question.challenge {
        Some(_) => "the one that was asked about".to_owned(),
        None => format!("{found}; compare one with --challenge"),
    }
}

fn app_lines(list: &AuthorizationList) -> Vec<String> {
    let Some(id) = &list.application_id else { return vec![line("app", "none is named")] };
    let packages =
        id.packages.iter().map(|one| line("app", &format!("{}, version {}", one.name, one.version)));
    let signers =
        id.signers.iter().map(|one| line("signed by", &format!("SHA-256 {}", HEXLOWER.encode(one))));
    packages.chain(signers).collect()
}

fn system_words(root: Option<&RootOfTrust>) -> String {
    let Some(root) = root else { return "it does not say".to_owned() };
    let verified = match root.verified_boot_state {
        android::VerifiedBoot::Verified => "verified by its maker",
        android::VerifiedBoot::SelfSigned => "verified by a key that somebody put in",
        android::VerifiedBoot::Unverified => "NOT verified",
        android::VerifiedBoot::Failed => "found to be CHANGED",
    };
    let locked = if root.device_locked { "boot loader locked" } else { "boot loader UNLOCKED" };
    format!("{verified}; {locked}")
}

fn version_words(list: &AuthorizationList) -> String {
    let number = |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), |value| value.to_string());
    format!(
        "system {}, security updates {}, of the maker {}, of the boot loader {}",
        number(list.os_version),
        number(list.os_patch_level),
        number(list.vendor_patch_level),
        number(list.boot_patch_level)
    )
}

fn chain_lines(subjects: &[String]) -> impl Iterator<Item = String> {
    (1..)
        .zip(subjects)
        .map(|(number, subject)| line(&format!("certificate {number}"), &format!(" {subject}")))
}

pub(super) fn moment(text: &str) -> Result<Timestamp, Failure> {
    let read: Result<jiff::Timestamp, _> = text.parse();
    let read =
        read.map_err(|_| Failure::usage(format!("`{text}` is no time such as 2026-06-01T12:00:00Z")))?;
    Ok(Timestamp::from_ms(read.as_millisecond()))
}

fn bytes_of_hex(text: &str) -> Result<Vec<u8>, Failure> {
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|_| Failure::usage("the challenge is not in hexadecimal digits, two for each byte"))
}
