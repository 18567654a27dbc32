//! `batzen server`: puts the payment server together and runs it.

use super::config::{
    BankLink, EmvText, KeyStoreConfig, PagesConfig, PemFiles, ServerConfig, TokenConfig, WebhooksConfig,
    read_named, read_secret,
};
use super::log::{self, LogFormat};
use super::stores::AnyStore;
use super::{open_files, runtime, stop};
use crate::failure::Failure;
use crypto::SecretString;
use crypto::hash::sha256;
use https::{Client, Identity, Reach, Roots, ServerTls};
use keystore::{RealmKeys, TokenAddress};
use model::{Clock, ProviderId, Timestamp};
use pages::{Front, Pages, PagesSettings};
use payments::check::SignedBy;
use payments::{Provider, Terms};
use protocol::realm_file::RealmFile;
use providers::{BankAddress, BankProvider};
use security::{KeyStore, Policy, Security};
use server::{Listener, Parts, ServerLimits};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

/// An operator's key has so many bytes: too many to be guessed, and no more than a request may carry.
const OPERATOR_KEY_BYTES: RangeInclusive<usize> = 24..=256;

/// The payment server: checks codes, asks banks, keeps the ledger.
///
/// Runs until SIGINT or SIGTERM, then finishes what it has taken on. `batzen init` makes a configuration. With
/// `pages` in it, the wallet and the checkout are web pages at the same address: /wallet/ and /checkout/.
#[derive(clap::Args)]
pub(crate) struct ServerArgs {
    /// The configuration file (JSON).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How to write the log, on standard error. `BATZEN_LOG` says how much.
    #[arg(long, value_enum, default_value = "text")]
    log: LogFormat,
    /// End also when standard input ends.
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

pub(crate) fn server(arguments: ServerArgs) -> Result<ExitCode, Failure> {
    log::start(arguments.log);
    open_files::raise_limit();
    let config = ServerConfig::from_file(&arguments.config)?;
    runtime()?.block_on(async {
        let stop = stop::stop(arguments.until_stdin_ends)?;
        let listener = listen(&config).await?;
        let store = AnyStore::open(&config.store).await?;
        let parts = parts(&config, &store)?;
        if store.port().apps().await?.is_empty() {
            tracing::info!("no app is registered, so no app is looked at; see `batzen admin app --help`");
        }
        tracing::info!(listen = %config.listen, "the payment server is open");
        server::run(parts, listener, stop).await?;
        // The last holder closes the store; all routes and workers have ended.
        store.close().await?;
        tracing::info!("the payment server is closed");
        Ok(ExitCode::SUCCESS)
    })
}

/// The machine's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

async fn listen(config: &ServerConfig) -> Result<Listener, Failure> {
    let identity = read_identity(&config.identity)?;
    let socket = TcpListener::bind(config.listen).await.map_err(|error| {
        let advice = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "; another program has this port: choose another or end that program"
            }
            _ => "",
        };
        Failure::new(format!("cannot listen on {}: {error}{advice}", config.listen))
    })?;
    Ok(Listener { socket, tls: Some(ServerTls { identity, client_roots: None, require_client: false }) })
}

fn read_identity(files: &PemFiles) -> Result<Identity, Failure> {
    let (chain, key) = (read_named(&files.certificate_chain)?, read_secret(&files.private_key)?);
    Identity::from_pem(&chain, key.as_bytes()).map_err(|error| {
        let (chain, key) = (files.certificate_chain.display(), files.private_key.display());
        Failure::new(format!("{chain} with {key} is not usable: {error}"))
    })
}

/// Opens the server's keys.
pub(crate) fn open_keys(config: &ServerConfig) -> Result<RealmKeys, Failure> {
    let secret = SecretString::from_string(read_secret(&config.key_store_passphrase)?);
    Ok(match &config.key_store {
        KeyStoreConfig::File(path) => RealmKeys::open_file(path, secret.expose())?,
        KeyStoreConfig::Token(TokenConfig { module, token, realm }) => {
            let address = TokenAddress { module: module.clone(), token: token.clone(), pin: secret };
            RealmKeys::open_in_token(address, realm)?
        }
    })
}

/// Whose signatures are good under what is stored.
pub(crate) fn signed_by(keys: &dyn KeyStore) -> SignedBy {
    SignedBy { realm: keys.realm().clone(), audit_keys: keys.audit_keys(), rule_keys: keys.rule_keys_ever() }
}

/// What the server of this configuration is put together from, over its store.
pub(crate) fn parts(config: &ServerConfig, store: &AnyStore) -> Result<Parts, Failure> {
    let keys = Arc::new(open_keys(config)?);
    if let Some(warning) = keys.warning() {
        tracing::warn!("{warning}");
    }
    let policy = match &config.policy {
        Some(path) => serde_json::from_slice(&read_named(path)?)
            .map_err(|error| Failure::new(format!("the policy {} is not usable: {error}", path.display())))?,
        None => Policy::default(),
    };
    let mut security = Security::new(store.port(), keys.clone(), policy)?;
    if let Some(attestation) = &config.attestation {
        security = security.attested_by(attestation.to_attesters()?);
    }
    let mut providers: HashMap<ProviderId, Arc<dyn Provider>> = HashMap::new();
    for link in &config.banks {
        if providers.insert(link.id.clone(), Arc::new(bank_provider(link)?)).is_some() {
            return Err(Failure::new(format!("the configuration names the bank `{}` twice", link.id)));
        }
    }
    let operator_key = read_secret(&config.operator_key)?;
    if !OPERATOR_KEY_BYTES.contains(&operator_key.len()) {
        let (path, least) = (config.operator_key.display(), OPERATOR_KEY_BYTES.start());
        let most = OPERATOR_KEY_BYTES.end();
        return Err(Failure::new(format!(
            "the operator's key in {path} is no key: it must have {least} to {most} bytes, drawn at random"
        )));
    }
    let terms = Terms { capture_window_s: config.capture_window_s.into(), ..Terms::default() };
    Ok(Parts {
        store: store.port(),
        keys,
        security: Arc::new(security),
        providers,
        clock: Arc::new(SystemClock),
        terms,
        operator_key_hash: sha256(&[operator_key.as_bytes()]),
        limits: ServerLimits { homes: config.store.homes(), ..ServerLimits::default() },
        check_every: (config.check_every_s > 0).then(|| Duration::from_secs(config.check_every_s.into())),
        emv_profile: config.emv_profile.as_ref().map(EmvText::to_profile).transpose()?,
        webhooks: config.webhooks.as_ref().map(webhook_client).transpose()?,
        pages: config.pages.as_ref().map(pages).transpose()?,
    })
}

fn pages(config: &PagesConfig) -> Result<axum::Router, Failure> {
    let realm_json = read_realm(&config.realm_file)?;
    Ok(Pages::new(PagesSettings { realm_json, may_be_framed: false, front: Front::Absent }))
}

fn webhook_client(config: &WebhooksConfig) -> Result<Client, Failure> {
    let reach = if config.may_reach_private_addresses { Reach::Anywhere } else { Reach::PublicOnly };
    Ok(Client::with_reach(read_roots(&config.roots)?, None, reach))
}

fn read_roots(path: &Path) -> Result<Roots, Failure> {
    Roots::from_pem(&read_named(path)?)
        .map_err(|error| Failure::new(format!("{} is not usable: {error}", path.display())))
}

/// The realm file as it stands, if it is one.
pub(crate) fn read_realm(path: &Path) -> Result<Vec<u8>, Failure> {
    let text = read_named(path)?;
    RealmFile::parse(&text)
        .map_err(|error| Failure::new(format!("{} is not usable: {error}", path.display())))?;
    Ok(text)
}

fn bank_provider(link: &BankLink) -> Result<BankProvider, Failure> {
    let roots = read_roots(&link.roots)?;
    let identity = read_identity(&link.identity)?;
    let address = BankAddress {
        partner_url: link.partner_url.clone(),
        customer_url: link.customer_url.clone(),
        customer_page_url: link.customer_page_url.clone(),
        partner_name: link.partner_name.clone(),
    };
    Ok(BankProvider::new(address, Client::new(roots, Some(identity))))
}
