//! Programs that run until they are told to end: the payment server and the reference bank.

mod attestation;
mod bank;
mod config;
mod log;
mod open_files;
mod server;
pub(crate) mod stop;
mod stores;

pub(crate) use bank::{BankArgs, SeedAccount, bank, seed_bank};
pub(crate) use config::{
    BankLink, EmvText, KeyStoreConfig, PagesConfig, PemFiles, PostgresConfig, ServerConfig, StoreConfig,
    WebhooksConfig, read_named, read_secret, read_text,
};
pub(crate) use server::{ServerArgs, SystemClock, open_keys, parts, read_realm, server, signed_by};
pub(crate) use stores::{AnyStore, database};

use crate::failure::Failure;
use tokio::runtime::Runtime;

/// The runtime that services and clients run on.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::new(format!("no threads could be started: {error}")))
}
