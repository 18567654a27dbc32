//! The till's configuration file, and the command that writes it.

use super::Till;
use crate::failure::Failure;
use crate::service::{EmvText, read_named, read_secret};
use clap::Args;
use client::checkout::{ApiKey, CheckoutClient, ServerAddress};
use crypto::SecretString;
use https::Roots;
use model::{Currency, TerminalNumber};
use protocol::payment_code::EmvProfile;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{IsTerminal, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Longest API key read, with line end, bytes.
const API_KEY_BYTES_MAX: u64 = 1024;

/// All that a till must be told. Paths are relative to the file's folder.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    server_url: String,
    /// The key itself; then the file must be readable by its owner only. Or its own file:
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_key_file: Option<PathBuf>,
    /// Who issued the server's certificate: PEM. Or its file:
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls_roots_pem: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls_roots_file: Option<PathBuf>,
    terminal: TerminalNumber,
    currency: Currency,
    /// EMV consumer-presented envelopes that are read beside digits; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    emv_profile: Option<EmvText>,
}

/// The configuration, ready for use.
pub(super) struct Config {
    pub(super) client: CheckoutClient,
    pub(super) server: ServerAddress,
    pub(super) terminal: TerminalNumber,
    pub(super) currency: Currency,
    pub(super) emv_profile: Option<EmvProfile>,
}

impl Config {
    /// Reads the file.
    pub(super) fn from_file(path: &Path) -> Result<Self, Failure> {
        if !path.exists() {
            let path = path.display();
            return Err(Failure::new(format!("{path} is not there; write it with `batzen checkout setup`")));
        }
        let wrong = |cause: String| {
            Failure::new(format!("the configuration {} is not usable: {cause}", path.display()))
        };
        let file: ConfigFile =
            serde_json::from_slice(&read_named(path)?).map_err(|error| wrong(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let api_key = match (file.api_key, file.api_key_file) {
            (Some(key), None) => {
                expect_private(path)?;
                key
            }
            (None, Some(key_file)) => read_secret(&folder.join(key_file))?,
            _ => return Err(wrong("give either `api_key` or `api_key_file`".to_owned())),
        };
        let pem = match (file.tls_roots_pem, file.tls_roots_file) {
            (Some(pem), None) => pem.into_bytes(),
            (None, Some(roots_file)) => read_named(&folder.join(roots_file))?,
            _ => return Err(wrong("give either `tls_roots_pem` or `tls_roots_file`".to_owned())),
        };
        let roots = Roots::from_pem(&pem).map_err(|error| wrong(format!("TLS roots: {error}")))?;
        let api_key =
            ApiKey::from_text(SecretString::from_string(api_key)).map_err(|e| wrong(e.to_string()))?;
        let server = ServerAddress::from_text(&file.server_url).map_err(|e| wrong(e.to_string()))?;
        let client = CheckoutClient::new(server.clone(), api_key, roots);
        let emv_profile = file.emv_profile.as_ref().map(EmvText::to_profile).transpose();
        let emv_profile = emv_profile.map_err(|failure| wrong(failure.message))?;
        Ok(Self { client, server, terminal: file.terminal, currency: file.currency, emv_profile })
    }
}

fn expect_private(path: &Path) -> Result<(), Failure> {
    let mode = fs::metadata(path).map(|facts| facts.permissions().mode()).unwrap_or(0o777);
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(Failure::new(format!("{path} holds the API key and can be read by others; run `chmod 600 {path}`")))
}

/// Arguments of `batzen checkout setup`.
#[derive(Args)]
pub(super) struct SetupArgs {
    /// The payment server: https://HOST[:PORT].
    #[arg(long, value_name = "URL")]
    server: String,
    /// Who issued the server's certificate, PEM; a copy goes into the configuration.
    #[arg(long, value_name = "FILE")]
    roots: PathBuf,
    /// The number on the till's label.
    #[arg(long, value_name = "NUMBER")]
    terminal: TerminalNumber,
    /// What amounts are in, if `pay` does not say otherwise.
    #[arg(long, value_name = "CODE")]
    currency: Currency,
    /// Write over a configuration that is there.
    #[arg(long)]
    force: bool,
}

/// Writes the configuration.
pub(super) fn setup(till: &Till<'_>, arguments: &SetupArgs) -> Result<ExitCode, Failure> {
    if till.config.exists() && !arguments.force {
        let path = till.config.display();
        return Err(Failure::new(format!("{path} is there already; `--force` writes over it")));
    }
    let server = ServerAddress::from_text(&arguments.server).map_err(Failure::usage)?;
    let pem = read_named(&arguments.roots)?;
    let not_usable = |error| Failure::new(format!("{} is not usable: {error}", arguments.roots.display()));
    Roots::from_pem(&pem).map_err(not_usable)?;
    let api_key = read_api_key()?;
    ApiKey::from_text(SecretString::from_string(api_key.clone()))?;
    let file = ConfigFile {
        server_url: server.as_str().to_owned(),
        api_key: Some(api_key),
        api_key_file: None,
        tls_roots_pem: Some(String::from_utf8_lossy(&pem).into_owned()),
        tls_roots_file: None,
        terminal: arguments.terminal,
        currency: arguments.currency,
        emv_profile: None,
    };
    make_folder(till.state)?;
    write_private(till.config, &serde_json::to_vec_pretty(&file)?)?;
    let document = serde_json::json!({
        "config": till.config, "server": server.as_str(), "terminal": arguments.terminal, "currency": arguments.currency,
    });
    let text = || format!("{} is written. `batzen checkout status` tries it.", till.config.display());
    till.output.result(text, &document);
    Ok(ExitCode::SUCCESS)
}

fn read_api_key() -> Result<String, Failure> {
    let cannot = |error| Failure::new(format!("the API key cannot be read: {error}"));
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("API key: ").map(|key| key.trim().to_owned()).map_err(cannot);
    }
    let mut text = String::new();
    std::io::stdin().take(API_KEY_BYTES_MAX).read_to_string(&mut text).map_err(cannot)?;
    Ok(text.trim().to_owned())
}

/// Makes the till's folder, for its owner alone, if it is not there.
pub(super) fn make_folder(folder: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Failure::new(format!("the folder {} cannot be made: {error}", folder.display())))
}

/// Writes a file that only its owner can read: whole or not at all.
fn write_private(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let beside = path.with_extension("new");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))
}
