//! The payment server's configuration file.

use super::attestation::AttestationConfig;
use crate::failure::Failure;
use data_encoding::HEXLOWER_PERMISSIVE;
use model::ProviderId;
use protocol::payment_code::EmvProfile;
use protocol::realm::Realm;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Largest configuration file, bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// All that the payment server must be told. Paths are relative to the file's folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerConfig {
    /// Where checkouts, phones and operators connect.
    pub(crate) listen: SocketAddr,
    /// The server's certificate and key.
    pub(crate) identity: PemFiles,
    /// The store: the path of its file, or which PostgreSQL database it is in.
    pub(crate) store: StoreConfig,
    /// The server's keys: the path of a sealed file, or which token they are in.
    pub(crate) key_store: KeyStoreConfig,
    /// The file with its pass phrase or the token's PIN, readable by its owner only.
    pub(crate) key_store_passphrase: PathBuf,
    /// The file with the operator's API key, readable by its owner only.
    pub(crate) operator_key: PathBuf,
    /// Security policy; the defaults if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<PathBuf>,
    /// Which phones' attestations are looked at; without it no phone is trusted as hardware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attestation: Option<AttestationConfig>,
    /// How long a till may take to capture, in seconds: 1 to 604 800.
    #[serde(default = "default_capture_window_s")]
    pub(crate) capture_window_s: u32,
    /// How often what changed in the store is checked, in seconds; 0 for never.
    #[serde(default = "default_check_every_s")]
    pub(crate) check_every_s: u32,
    /// EMV consumer-presented envelopes that are taken beside digits; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) emv_profile: Option<EmvText>,
    /// Wallet and checkout as web pages at the same address; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pages: Option<PagesConfig>,
    /// How merchants' webhook endpoints are called; without it no webhooks are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) webhooks: Option<WebhooksConfig>,
    /// Banks that customers' accounts are at.
    pub(crate) banks: Vec<BankLink>,
}

/// Where the server's keys are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum KeyStoreConfig {
    /// In this sealed file.
    File(PathBuf),
    /// In a PKCS#11 token.
    Token(TokenConfig),
}

/// How a PKCS#11 token is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenConfig {
    /// The token's PKCS#11 library.
    pub(crate) module: PathBuf,
    /// The token's label.
    pub(crate) token: String,
    /// Whose keys in it: a token may have those of several.
    pub(crate) realm: Realm,
}

impl KeyStoreConfig {
    /// The file that it names.
    const fn file(&mut self) -> &mut PathBuf {
        match self {
            Self::File(file) => file,
            Self::Token(token) => &mut token.module,
        }
    }
}

/// Where everything is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum StoreConfig {
    /// In this file on the server's own disk.
    File(PathBuf),
    /// In a database that other servers may share.
    Postgres(PostgresConfig),
}

/// How a PostgreSQL database is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostgresConfig {
    /// Its address, without a password: `postgresql://USER@HOST:PORT,HOST:PORT/NAME`.
    pub(crate) postgres: String,
    /// The file with the user's password, readable by its owner only; none if the database asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<PathBuf>,
    /// PEM: who issued the certificates of the database's hosts. Without it connections are not protected, and only
    /// hosts on this machine are connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) roots: Option<PathBuf>,
    /// Connections are not protected although hosts are elsewhere: the network between protects them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) unprotected: bool,
    /// Transactions under way at once. One makes larger batches, which is best where cores are few.
    #[serde(default = "default_writers")]
    pub(crate) writers: u8,
    /// Connections that answer questions.
    #[serde(default = "default_readers")]
    pub(crate) readers: u8,
    /// Over how many homes new customers are spread, where the database is a cluster that spreads its tables by them.
    #[serde(default = "default_homes")]
    pub(crate) homes: u16,
}

impl StoreConfig {
    /// Over how many homes customers are spread.
    pub(crate) const fn homes(&self) -> u16 {
        match self {
            Self::File(_) => 1,
            Self::Postgres(postgres) => postgres.homes,
        }
    }

    /// The size of its file.
    pub(crate) fn file_bytes(&self) -> Result<u64, Failure> {
        use std::os::unix::fs::MetadataExt;
        match self {
            Self::File(file) => Ok(std::fs::metadata(file)?.blocks() * 512),
            Self::Postgres(_) => Err(Failure::new("a store in PostgreSQL is no file")),
        }
    }

    /// The files that it names.
    fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let (file, postgres) = match self {
            Self::File(file) => (Some(file), None),
            Self::Postgres(postgres) => (None, Some(postgres)),
        };
        let named = postgres
            .into_iter()
            .flat_map(|postgres| postgres.password.as_mut().into_iter().chain(postgres.roots.as_mut()));
        file.into_iter().chain(named)
    }
}

/// What the web pages need to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PagesConfig {
    /// The realm file: what the wallet trusts from the start.
    pub(crate) realm_file: PathBuf,
}

/// What sending webhooks needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhooksConfig {
    /// PEM: who issued the certificates of merchants' endpoints. The system's own trust is not asked.
    pub(crate) roots: PathBuf,
    /// Whether endpoints may be on this machine and in private networks. Where others choose the addresses this must
    /// stay off, or they reach what only this server should.
    #[serde(default)]
    pub(crate) may_reach_private_addresses: bool,
}

/// A certificate chain and its key, PEM.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PemFiles {
    /// Own certificate first.
    pub(crate) certificate_chain: PathBuf,
    /// PKCS#8.
    pub(crate) private_key: PathBuf,
}

/// How the server reaches a bank.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BankLink {
    /// The provider's name in methods and ledger.
    pub(crate) id: ProviderId,
    /// Its partner API.
    pub(crate) partner_url: String,
    /// Its customer API, told to phones.
    pub(crate) customer_url: String,
    /// The name that the bank knows this server by: its certificate's common name.
    pub(crate) partner_name: String,
    /// Its page where customers prove accounts in a browser, absolute or relative to the server's own address; none
    /// if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) customer_page_url: Option<String>,
    /// PEM: who issued the bank's certificate.
    pub(crate) roots: PathBuf,
    /// What the server shows the bank.
    pub(crate) identity: PemFiles,
}

/// A realm's EMV profile (`spec/payment-code.md`, chapter 8), as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmvText {
    /// The registered application id, hex, 5 to 16 bytes.
    application_id: String,
    /// The application's label, 1 to 16 printable ASCII characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// A constant `5A` for readers that insist on one, hex, 1 to 10 bytes; never a customer's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constant_5a: Option<String>,
}

impl EmvText {
    /// The profile, if it is one.
    pub(crate) fn to_profile(&self) -> Result<EmvProfile, Failure> {
        let hex = |text: &str| {
            let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes());
            bytes.map_err(|_| Failure::new("the EMV profile's application_id and constant_5a are hex digits"))
        };
        let constant_5a = self.constant_5a.as_deref().map(hex).transpose()?;
        let application_id = hex(&self.application_id)?;
        Ok(EmvProfile::new(&application_id, self.label.as_deref(), constant_5a.as_deref())?)
    }
}

const fn default_capture_window_s() -> u32 {
    3_600
}

const fn default_readers() -> u8 {
    2
}

const fn default_writers() -> u8 {
    1
}

const fn default_homes() -> u16 {
    1
}

const fn is_false(value: &bool) -> bool {
    !*value
}

const fn default_check_every_s() -> u32 {
    60
}

impl ServerConfig {
    /// Reads the file.
    pub(crate) fn from_file(path: &Path) -> Result<Self, Failure> {
        let wrong = |cause: String| {
            Failure::new(format!("the configuration {} is not usable: {cause}", path.display()))
        };
        let text = read_limited(path).map_err(|error| wrong(error.to_string()))?;
        let mut config: Self = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        if !(1..=604_800).contains(&config.capture_window_s) {
            return Err(wrong("capture_window_s may be 1 to 604800".to_owned()));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let links = config.banks.iter_mut().flat_map(|bank| {
            [&mut bank.roots, &mut bank.identity.certificate_chain, &mut bank.identity.private_key]
        });
        let own = [
            &mut config.identity.certificate_chain,
            &mut config.identity.private_key,
            config.key_store.file(),
            &mut config.key_store_passphrase,
            &mut config.operator_key,
        ];
        let realm_file = config.pages.as_mut().map(|pages| &mut pages.realm_file);
        let webhook_roots = config.webhooks.as_mut().map(|webhooks| &mut webhooks.roots);
        let attestation = config.attestation.iter_mut().flat_map(AttestationConfig::files);
        let named =
            config.policy.as_mut().into_iter().chain(realm_file).chain(webhook_roots).chain(attestation);
        for file in own.into_iter().chain(config.store.files()).chain(named).chain(links) {
            *file = folder.join(&*file);
        }
        Ok(config)
    }
}

/// Reads a file that cannot be large.
pub(crate) fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(std::io::Error::other("the file is too large"));
    }
    std::fs::read(path)
}

/// Reads a file, or says which one could not be read.
pub(crate) fn read_named(path: &Path) -> Result<Vec<u8>, Failure> {
    read_limited(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))
}

/// Reads a text, or says which file it could not be read from.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    text_of(path, read_named(path)?)
}

fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| Failure::new(format!("{} is not text", path.display())))
}

/// Reads a secret of one line, and refuses one that others on this machine can read.
pub(crate) fn read_secret(path: &Path) -> Result<String, Failure> {
    use std::os::unix::fs::PermissionsExt;
    let bytes = read_named(path)?;
    let mode = std::fs::metadata(path).map(|facts| facts.permissions().mode()).unwrap_or(0);
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(Failure::new(format!("{path} can be read by others; run `chmod 600 {path}`")));
    }
    Ok(text_of(path, bytes)?.trim().to_owned())
}
